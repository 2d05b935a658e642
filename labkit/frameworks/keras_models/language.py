"""Models of text in Keras: those that are natural there, whose layers stand in one row."""

import keras
import numpy as np
from keras import layers

from labkit import models
from labkit.frameworks.keras_models.weights import started

_KINDS = {"RNN": layers.SimpleRNN, "LSTM": layers.LSTM, "GRU": layers.GRU}


def RecurrentLM(*, rng, dtype=np.float32, **sizes):
    """Return `labkit.models.RecurrentLM` in Keras, from the same weights for the same rng."""
    ours = models.RecurrentLM(rng=rng, dtype=dtype, **sizes)
    vocabulary, d = ours.tokens.weight.shape
    hidden, p, name = ours.head.weight.shape[0], ours.drop.p, np.dtype(dtype).name
    built = [
        keras.Input((None,), dtype="int64"),
        layers.Embedding(vocabulary, d, dtype=name),
        layers.Dropout(p, dtype=name),
    ]
    for layer in ours.layers:
        kind = _KINDS[type(layer).__name__]
        built += [kind(hidden, return_sequences=True, dtype=name), layers.Dropout(p, dtype=name)]
    return started(keras.Sequential([*built, layers.Dense(vocabulary, dtype=name)]), ours)
