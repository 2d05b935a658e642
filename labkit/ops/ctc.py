"""Connectionist temporal classification: the loss of a sequence whose alignment nobody wrote down.

A frame says a label or nothing (the blank). A *path* is one choice per frame; it reads as the
sequence that is left when repeats are merged and blanks dropped: a a - a b b reads a a b. The
probability of a sequence is that of all its paths together, and a recursion over frames sums
them without naming them.
"""

import numpy as np

from labkit.autograd import primitive
from labkit.ops.activations import log_softmax
from labkit.ops.linear import check_ids


@primitive
def ctc_loss(logits, target, *, blank=0, input_lengths=None, target_lengths=None):
    r"""Return the mean negative log-probability of the target sequences, per label::

        loss = mean over i of  -log P(target_i) / length of target_i
        P(target) = sum over all paths that read as target of the product of their softmaxes

    logits (n, t, k) for t frames, target (n, s) whole numbers in [0, k) other than blank. Where
    sequences are shorter, input_lengths and target_lengths (n,) say so; what lies beyond is not
    looked at. Returns one number, in nats, PyTorch's `reduction="mean"` (an empty target counts as
    of length one); PyTorch wants log-probabilities, frames first.

    Raises ValueError if shapes, lengths or ids do not fit, or if a target has no path: it needs a
    frame for each label, and one more between two equal ones.

    Two frames, half blank and half "1", read as "1" three times out of four:

    >>> ctc_loss(np.zeros((1, 2, 2)), np.array([[1]])).round(4) == -np.log(0.75).round(4)
    np.True_

    [Graves et al. 2006, equations 3 and 5 to 8]
    """
    target, frames, labels = _checked(logits, target, blank, input_lengths, target_lengths)
    _, _, log_probability = _forward(log_softmax(logits), target, blank, frames, labels)
    return np.mean(-log_probability / np.maximum(labels, 1)).astype(logits.dtype)


@ctc_loss.defvjp
def ctc_loss_vjp(g, out, logits, target, *, blank=0, input_lengths=None, target_lengths=None):
    """The softmax, less the share of the paths that say the label there (equation 16)."""
    target, frames, labels = _checked(logits, target, blank, input_lengths, target_lengths)
    n, t, _ = logits.shape
    log_p = log_softmax(logits)
    states, alpha, log_probability = _forward(log_p, target, blank, frames, labels)
    beta = _backward(log_p, states, blank, frames, labels)
    with_path = np.exp(alpha + beta - log_probability[:, np.newaxis])  # (t, n, u)
    share = np.zeros_like(log_p)
    for u in range(states.shape[1]):  # several states may say one label
        share[np.arange(n), :, states[:, u]] += with_path[:, :, u].T
    gradient = np.exp(log_p) - share
    gradient[np.arange(t) >= frames[:, np.newaxis]] = 0  # (n, t) beyond the end
    scale = g / (np.maximum(labels, 1) * n)
    return (gradient * scale[:, np.newaxis, np.newaxis]).astype(logits.dtype), None


def _forward(log_p, target, blank, frames, labels):
    """Return states (n, u), alpha (t, n, u) and the log-probability of each target (n,).

    The states of a b are - a - b -. alpha[t, n, u] is the log-probability of all ways to be in
    state u at frame t, having read what comes before.
    """
    n, t, _ = log_p.shape
    states = np.full((n, 2 * target.shape[1] + 1), blank)
    states[:, 1::2] = target
    said = _emissions(log_p, states)
    alpha = np.full(said.shape, -np.inf, said.dtype)
    alpha[0, :, :2] = said[0, :, :2]  # start in the first blank or the first label
    leap = _may_leap(states, blank)
    for i in range(1, t):
        ways = alpha[i - 1].copy()
        ways[:, 1:] = np.logaddexp(ways[:, 1:], alpha[i - 1, :, :-1])
        ways[:, 2:] = np.logaddexp(ways[:, 2:], np.where(leap, alpha[i - 1, :, :-2], -np.inf))
        alpha[i] = said[i] + ways
    at_end = np.where(_final(states, labels), alpha[frames - 1, np.arange(n)], -np.inf)
    return states, alpha, np.logaddexp.reduce(at_end, axis=1)


def _backward(log_p, states, blank, frames, labels):
    """Return beta (t, n, u): the log-probability of all ways from state u at t to the end."""
    t = log_p.shape[1]
    said = _emissions(log_p, states)
    beta = np.full(said.shape, -np.inf, said.dtype)
    leap = _may_leap(states, blank)
    end = np.where(_final(states, labels), 0, -np.inf)
    for i in reversed(range(t)):
        if i + 1 < t:
            after = said[i + 1] + beta[i + 1]
            ways = after.copy()
            ways[:, :-1] = np.logaddexp(ways[:, :-1], after[:, 1:])
            ways[:, :-2] = np.logaddexp(ways[:, :-2], np.where(leap, after[:, 2:], -np.inf))
            beta[i] = ways
        last = frames == i + 1
        beta[i, last] = end[last]
    return beta


def _emissions(log_p, states):
    """Return the log-probability of what each state says, (t, n, u)."""
    said = np.take_along_axis(log_p, states[:, np.newaxis], axis=2)  # (n, t, u)
    return np.ascontiguousarray(said.transpose(1, 0, 2))


def _may_leap(states, blank):
    """Return (n, u - 2): a blank may be left out between two labels, unless they are equal."""
    return (states[:, 2:] != blank) & (states[:, 2:] != states[:, :-2])


def _final(states, labels):
    """Return (n, u): a path ends in its last label or in the blank behind it."""
    u, last = np.arange(states.shape[1]), 2 * labels[:, np.newaxis]
    return (u == last) | (u == last - 1)


def _checked(logits, target, blank, input_lengths, target_lengths):
    """Return the target, blank beyond its length, and both lengths, or raise ValueError."""
    if logits.ndim != 3 or target.ndim != 2 or len(logits) != len(target) or not logits.size:
        raise ValueError(
            "logits must have the shape (n, t, k) and target (n, s), not empty; "
            f"got {logits.shape} and {target.shape}"
        )
    n, t, k = logits.shape
    if not 0 <= blank < k:
        raise ValueError(f"blank must lie in [0, {k}); got {blank}")
    frames = _lengths("input_lengths", input_lengths, n, 1, t)
    labels = _lengths("target_lengths", target_lengths, n, 0, target.shape[1])
    used = np.arange(target.shape[1]) < labels[:, np.newaxis]  # (n, s)
    check_ids("target", target[used], k=k)
    if (target[used] == blank).any():
        raise ValueError(f"target must not hold the blank, {blank}")
    repeats = ((target[:, 1:] == target[:, :-1]) & used[:, 1:]).sum(axis=1)
    for i in np.flatnonzero(labels + repeats > frames):
        raise ValueError(
            f"target {i} needs at least {labels[i] + repeats[i]} frames, one for each label and "
            f"one between equal ones; got {frames[i]}"
        )
    return np.where(used, target, blank), frames, labels


def _lengths(name, lengths, n, low, high):
    lengths = np.full(n, high) if lengths is None else np.asarray(lengths)
    if lengths.shape != (n,) or lengths.min() < low or lengths.max() > high:
        raise ValueError(f"{name} must be {n} numbers in [{low}, {high}]; got {lengths.tolist()}")
    return lengths
