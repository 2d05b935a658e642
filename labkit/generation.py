"""From logits to text: which token comes next, and how a model is asked again and again.

A model is anything that gives logits (n, t, k) for ids (n, t); with ``new_cache()`` and the keyword
``cache`` it need not read again what it has read, and gives the same tokens sooner.
"""

import numpy as np

from labkit.autograd import Tensor, no_grad
from labkit.ops import log_softmax, softmax


def greedy(logits):
    """Return the likeliest token of each row, the first of equal ones.

    logits (..., k). Returns ids (...).

    >>> greedy(np.array([[0.1, 3.0, 3.0]]))
    array([1])
    """
    return np.argmax(logits, axis=-1)


def top_k(logits, *, k):
    """Return the logits with all but the k largest of each row set to minus infinity.

    Those that equal the k-th largest all stay, so that it does not matter in which order they come.

    Raises ValueError if k is not positive.

    >>> top_k(np.array([1.0, 3.0, 2.0]), k=2)
    array([-inf,   3.,   2.])

    [Fan et al. 2018, section 5.4]
    """
    if k < 1:
        raise ValueError(f"k must be at least 1; got {k}")
    k = min(k, logits.shape[-1])
    least = np.partition(logits, -k, axis=-1)[..., -k, np.newaxis]
    return np.where(logits >= least, logits, -np.inf)


def top_p(logits, *, p):
    """Return the logits with all minus infinity but the likeliest that reach p, :eq:`eq-top-p`.

    Of each row the fewest tokens stay whose probabilities add up to p or more, at least one.

    Raises ValueError if p is not in (0, 1].

    >>> top_p(np.log(np.array([0.1, 0.5, 0.4])), p=0.6).round(4)
    array([   -inf, -0.6931, -0.9163])

    [Holtzman et al. 2020, equation 2]
    """
    if not 0 < p <= 1:
        raise ValueError(f"p must be in (0, 1]; got {p}")
    order = np.argsort(-logits, axis=-1, kind="stable")
    sorted_p = softmax(np.take_along_axis(logits, order, axis=-1))
    before = np.cumsum(sorted_p, axis=-1) - sorted_p  # what likelier tokens have already
    stays = np.empty(logits.shape, bool)
    np.put_along_axis(stays, order, before < p, axis=-1)
    return np.where(stays, logits, -np.inf)


def sample(logits, *, rng, temperature=1.0, k=None, p=None):
    """Return one token of each row, drawn from softmax(logits / temperature).

    logits (..., k). Returns ids (...). With k only the k largest can be drawn, with p only the
    likeliest that together reach p, in this order, after the temperature.

    Raises ValueError if temperature is not positive (`greedy` is what it would tend to), or k or p
    cannot be.

    >>> rng = np.random.default_rng(0)
    >>> sample(np.log(np.array([[0.5, 0.3, 0.2]] * 8)), rng=rng, k=2)
    array([1, 0, 0, 0, 1, 0, 0, 0])
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be positive; got {temperature}")
    logits = logits / temperature
    logits = logits if k is None else top_k(logits, k=k)
    logits = logits if p is None else top_p(logits, p=p)
    # The largest of logit + Gumbel noise is a draw from the softmax, and needs no sum over the row.
    return np.argmax(logits + rng.gumbel(size=logits.shape), axis=-1)


def generate(model, ids, *, count, choose=greedy, cached=True):
    """Return ids with count tokens more, each chosen from the logits behind the ones before.

    ids (n, t) whole numbers, t at least 1; choose takes logits (n, k) and gives ids (n,): `greedy`,
    or ``lambda logits: sample(logits, rng=rng, p=0.9)``. Returns (n, t + count). With cached=False
    the model reads everything again for each token.

    Raises ValueError if there is no token to begin with.

    >>> def next_number(ids):  # says that after i comes i + 1
    ...     return np.eye(5)[(ids + 1) % 5]
    >>> generate(next_number, np.array([[3]]), count=4, cached=False)
    array([[3, 4, 0, 1, 2]])
    """
    ids = _checked(ids)
    read = _Reader(model, cached)
    for _ in range(count):
        chosen = np.asarray(choose(read(ids)))
        ids = np.concatenate([ids, chosen[:, np.newaxis]], axis=1)
    return ids


def beam_search(model, ids, *, width, count, end=None, length_penalty=0.0, cached=True):
    """Return the likeliest continuations that keeping width of them at each step finds.

    ids (1, t). Returns a list of (score, ids), best first: at most width of count tokens more, or
    fewer where ``end`` came, with which a continuation stops. The score is the sum of the tokens'
    log-probabilities, divided by their number to the power length_penalty: 0 likes short ones, 1
    compares means. With a width of all continuations there are, nothing likelier exists.

    Raises ValueError if width is not positive or there is not one row of ids.

    >>> after = np.log([[0.5, 0.5], [0.05, 0.95], [0.6, 0.4]])  # 0 is likelier now, 1 later
    >>> for score, row in beam_search(lambda ids: after[ids], np.array([[2]]), width=2, count=2,
    ...                               cached=False):
    ...     print(row, np.exp(score).round(2))
    [2 1 1] 0.38
    [2 0 0] 0.3

    [Graves 2012, algorithm 1; length: Wu et al. 2016, section 7]
    """
    ids = _checked(ids)
    if width < 1 or len(ids) != 1:
        raise ValueError(f"width must be at least 1 and ids one row; got {width}, {ids.shape}")
    read, start = _Reader(model, cached), ids.shape[1]
    scores, found = np.zeros(1), []

    def finish(score, row):
        found.append((float(score) / (len(row) - start) ** length_penalty, row))

    for _ in range(count):
        totals = scores[:, np.newaxis] + log_softmax(read(ids))  # (beams, k)
        best = np.argsort(-totals, axis=None, kind="stable")[: 2 * width]  # half may be ends
        rows, tokens = np.divmod(best, totals.shape[1])
        ends = tokens == end
        for i in np.flatnonzero(ends[:width]):
            finish(totals.flat[best[i]], np.append(ids[rows[i]], end))
        rows, tokens, best = (a[~ends][:width] for a in (rows, tokens, best))
        scores = totals.flat[best]
        ids = np.concatenate([ids[rows], tokens[:, np.newaxis]], axis=1)
        read.keep(rows)
    for score, row in zip(scores, ids, strict=True):
        if count:
            finish(score, row)
    return sorted(found, key=lambda pair: -pair[0])[:width]


class _Reader:
    """Ask a model for the logits behind the last token, reading only what is new if it can."""

    def __init__(self, model, cached):
        self.model = model
        self.cache = model.new_cache() if cached else None
        self.seen = 0

    def __call__(self, ids):
        with getattr(self.model, "evaluating", no_grad)():
            if self.cache is None:
                logits = self.model(ids)
            else:
                logits = self.model(ids[:, self.seen :], cache=self.cache)
                self.seen = ids.shape[1]
        logits = logits.data if isinstance(logits, Tensor) else logits
        return logits[:, -1]

    def keep(self, rows):
        """Let the cache follow the rows that go on."""
        for part in self.cache or ():
            part.select(rows)


def _checked(ids):
    ids = np.asarray(ids)
    if ids.ndim != 2 or ids.shape[1] < 1 or not np.issubdtype(ids.dtype, np.integer):
        raise ValueError(f"ids must be whole numbers (n, t), t at least 1; got {ids.shape}")
    return ids
