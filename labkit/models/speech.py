"""A speech recogniser: from frames of sound to letters, without being told which frame is which."""

import numpy as np

from labkit import ops
from labkit.autograd import Tensor, concatenate, where
from labkit.nn import GRU, Conv2d, Linear, Module


class Bidirectional(Module):
    """Two recurrent layers, one of which reads each sequence from its end; states side by side.

    x (n, t, d_in). Returns (n, t, 2 d). With lengths (n,), a sequence ends where it ends, and the
    states beyond are zero.

    >>> make = {"rng": np.random.default_rng(0)}
    >>> layer = Bidirectional(GRU(3, 4, **make), GRU(3, 4, **make))
    >>> layer(np.ones((2, 5, 3), np.float32), lengths=[5, 2]).shape
    (2, 5, 8)

    [Schuster and Paliwal 1997]
    """

    def __init__(self, forwards, backwards):
        self.forwards, self.backwards = forwards, backwards

    def forward(self, x, *, lengths=None):
        """Return both directions' states."""
        n, t = x.shape[:2]
        lengths = np.full(n, t) if lengths is None else np.asarray(lengths)
        real, turned = np.arange(t) < lengths[:, np.newaxis], _turned(lengths, t)  # (n, t)
        row = np.arange(n)[:, np.newaxis]
        there, _ = self.forwards(x, lengths=lengths)
        back, _ = self.backwards(x[row, turned], lengths=lengths)
        both = concatenate(there, back[row, turned], axis=2)  # (n, t, 2 d)
        return both * real[:, :, np.newaxis].astype(x.dtype)


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
        return self.head(self.gru(x, lengths=lengths)), lengths


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


def _turned(lengths, t):
    """Where each step of a sequence stands when it is read from its end; (n, t)."""
    steps, lengths = np.arange(t), lengths[:, np.newaxis]
    return np.where(steps < lengths, lengths - 1 - steps, steps)
