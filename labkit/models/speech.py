"""A speech recogniser: from frames of sound to letters, without being told which frame is which."""

import numpy as np

from labkit import ops
from labkit.autograd import Tensor, where
from labkit.nn import GRU, Bidirectional, Conv2d, Linear, Module


class SpeechRecognizer(Module):
    """A convolution over time and pitch, a bidirectional GRU, and logits for every second frame.

    Called with x (n, t, features), for example log-mel spectra, it returns the logits
    (n, t', k) with t' = ceil(t / 2), class 0 being the blank, and how many of these are real, (n,):
    what `labkit.ops.ctc.ctc_loss` and `best_path` take. What lies behind a length is not looked at.

    Raises ValueError if a length is no whole number in [0, t].

    >>> model = SpeechRecognizer(8, 5, channels=2, hidden=6, rng=np.random.default_rng(0))
    >>> logits, lengths = model(np.ones((2, 9, 8), np.float32), lengths=[9, 4])
    >>> logits.shape, lengths.tolist()
    ((2, 5, 5), [5, 2])

    [Amodei et al. 2016 (Deep Speech 2), section 3, with one layer of each kind]
    """

    def __init__(self, features, k, *, channels, hidden, rng, dtype=np.float32):
        make = {"rng": rng, "dtype": dtype}
        self.conv = Conv2d(1, channels, 3, stride=2, padding=1, **make)
        d = channels * _half(features)
        self.gru = Bidirectional(GRU(d, hidden, **make), GRU(d, hidden, **make))
        self.head = Linear(2 * hidden, k, **make)

    def forward(self, x, *, lengths=None):
        """Return the logits and how many of each row are real."""
        n, t, features = x.shape
        lengths = np.full(n, t) if lengths is None else np.asarray(lengths)
        real = ops.padding_mask(lengths, t).reshape(n, t, 1)
        x = where(real, x, np.zeros((), x.dtype))  # what lies behind does not reach the convolution
        x = ops.relu(self.conv(x.reshape(n, 1, t, features)))  # (n, channels, t', features')
        x = x.transpose(0, 2, 1, 3)  # (n, t', channels, features')
        x = x.reshape(*x.shape[:2], x.shape[2] * x.shape[3])  # (n, t', d)
        lengths = _half(lengths)
        states, _ = self.gru(x, lengths=lengths)  # (n, t', 2 hidden)
        return self.head(states), lengths


def best_path(logits, *, lengths=None, blank=0):
    """Return the ids that the likeliest path reads as: repeats are merged, then blanks dropped.

    logits (n, t, k). Returns a list of n lists. Not always the likeliest sequence, which may have
    many paths, each less likely.

    >>> logits = np.eye(3)[[[1, 1, 0, 1, 2, 2]]]
    >>> best_path(logits)
    [[1, 1, 2]]

    [Graves et al. 2006, section 3.2]
    """
    best = (logits.data if isinstance(logits, Tensor) else logits).argmax(axis=2)  # (n, t)
    lengths = [best.shape[1]] * len(best) if lengths is None else lengths
    read = []
    for path, length in zip(best, lengths, strict=True):
        ids = path[:length]
        new = np.append(True, ids[1:] != ids[:-1])[:length]
        read.append(ids[new & (ids != blank)].tolist())
    return read


def _half(size):
    """What a convolution of width 3, stride 2 and padding 1 makes of a size."""
    return (size + 1) // 2
