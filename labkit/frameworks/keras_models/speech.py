"""A speech recogniser, as in `labkit.models.speech`, with Keras's bidirectional layer and mask."""

import keras
import numpy as np
from keras import layers
from keras import ops as kops

from labkit import models
from labkit.frameworks.keras_models.weights import started


class SpeechRecognizer(keras.Model):
    """`labkit.models.SpeechRecognizer`, from the same weights for the same rng.

    What it returns is what ``keras.ops.ctc_loss`` takes; that divides by no length.
    """

    def __init__(self, features, k, *, channels, hidden, rng, dtype=np.float32):
        name = np.dtype(dtype).name
        super().__init__(dtype=name)
        first = {"data_format": "channels_first", "dtype": name}
        self.pad = layers.ZeroPadding2D(1, **first)
        self.conv = layers.Conv2D(channels, 3, strides=2, activation="relu", **first)
        gru = layers.GRU(hidden, return_sequences=True, dtype=name)
        self.gru = layers.Bidirectional(gru, dtype=name)
        self.head = layers.Dense(k, dtype=name)
        sizes = {"channels": channels, "hidden": hidden}
        ours = models.SpeechRecognizer(features, k, rng=rng, dtype=dtype, **sizes)
        started(self, ours, np.zeros((1, 1, features), name))

    def call(self, x, lengths=None):
        """Return the logits and how many of each row are real."""
        n, t, features = x.shape
        lengths = kops.full((n,), t) if lengths is None else kops.convert_to_tensor(lengths)
        x = kops.where(_real(t, lengths)[:, :, None], x, 0)
        x = self.conv(self.pad(kops.reshape(x, (n, 1, t, features))))  # (n, channels, t', f')
        x = kops.transpose(x, (0, 2, 1, 3))
        x = kops.reshape(x, (n, x.shape[1], -1))  # (n, t', d)
        lengths = (lengths + 1) // 2
        return self.head(self.gru(x, mask=_real(x.shape[1], lengths))), lengths


def _real(t, lengths):
    """Return True where a frame is real, (n, t)."""
    return kops.arange(t) < lengths[:, None]
