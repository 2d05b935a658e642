"""From arrays of examples to mini-batches: splitting, scaling, shuffling."""

from collections.abc import Iterator, Sequence

import numpy as np


def batches(
    x: np.ndarray,
    y: np.ndarray,
    *,
    batch_size: int,
    rng: np.random.Generator | None = None,
    drop_last: bool = False,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (x, y) mini-batches that together show every example once, :eq:`eq-mini-batch`.

    x (n, ...), y (n, ...). With an rng the order is shuffled, without one it is that of the
    arrays. The last batch is smaller if batch_size does not divide n, or left out by drop_last.

    Raises ValueError, at once, if the lengths differ or batch_size is not a positive integer.

    >>> x = np.arange(5)
    >>> [part.tolist() for part, _ in batches(x, 10 * x, batch_size=2)]
    [[0, 1], [2, 3], [4]]
    >>> [part.tolist() for _, part in batches(x, 10 * x, batch_size=2, drop_last=True)]
    [[0, 10], [20, 30]]
    """
    n = _same_length(x, y)
    if not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise ValueError(f"batch_size must be a positive integer; got {batch_size!r}")
    order = np.arange(n) if rng is None else rng.permutation(n)
    end = n - n % batch_size if drop_last else n
    parts = (order[start : start + batch_size] for start in range(0, end, batch_size))
    return ((x[part], y[part]) for part in parts)


def train_test_split(
    x: np.ndarray,
    y: np.ndarray,
    *,
    test_size: float | int,
    rng: np.random.Generator,
    stratify: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return x_train, x_test, y_train, y_test: a random part of the examples is kept for testing.

    test_size is a number of examples (int) or a share of them in (0, 1), rounded up. With
    stratify, y holds classes, and each class gives its share of the test examples, to within one.

    Raises ValueError if the lengths differ or a part would be empty.

    >>> x, y = np.arange(10), np.array([0] * 6 + [1] * 4)
    >>> rng = np.random.default_rng(0)
    >>> *_, y_test = train_test_split(x, y, test_size=0.5, rng=rng, stratify=True)
    >>> np.bincount(y_test)
    array([3, 2])
    """
    n = _same_length(x, y)
    n_test = _test_count(n, test_size)
    order = rng.permutation(n)
    if stratify:
        order = _stratified(order, np.asarray(y)[order], n_test)
    test, train = order[:n_test], order[n_test:]
    return x[train], x[test], y[train], y[test]


def _test_count(n: int, test_size: float | int) -> int:
    if isinstance(test_size, int | np.integer) and not isinstance(test_size, bool):
        n_test = int(test_size)
    elif isinstance(test_size, float | np.floating) and 0 < test_size < 1:
        n_test = int(np.ceil(n * test_size))
    else:
        raise ValueError(f"test_size must be an int or a share in (0, 1); got {test_size!r}")
    if not 0 < n_test < n:
        raise ValueError(f"test_size must leave both parts non-empty; got {test_size!r} of {n}")
    return n_test


def _stratified(order: np.ndarray, y: np.ndarray, n_test: int) -> np.ndarray:
    """Put in front n_test positions in which the classes have the shares that they have in y."""
    classes, counts = np.unique(y, return_counts=True)
    exact = counts * n_test / len(y)
    take = np.floor(exact).astype(int)
    largest_rest = np.argsort(take - exact, kind="stable")
    take[largest_rest[: n_test - take.sum()]] += 1
    chosen = np.zeros(len(y), dtype=bool)
    for label, count in zip(classes, take, strict=True):
        chosen[np.flatnonzero(y == label)[:count]] = True
    return np.concatenate([order[chosen], order[~chosen]])


def standardize(
    train: np.ndarray, *others: np.ndarray, axis: int | tuple[int, ...] | None = 0
) -> tuple[np.ndarray, ...]:
    """Shift and scale to mean 0 and standard deviation 1, measured on the training array alone.

    axis is what the mean is taken over: 0 scales each feature by itself, None takes one mean and
    one deviation for all numbers (usual for images). A feature that never varies becomes 0.
    Returns a tuple of as many arrays as were given, float32 if the training array is, else
    float64.

    Raises ValueError if the training array is empty.

    >>> train, test = standardize(np.array([1.0, 3.0]), np.array([5.0]))
    >>> train, test
    (array([-1.,  1.]), array([3.]))
    """
    if train.size == 0:
        raise ValueError(f"train must hold at least one example; got shape {train.shape}")
    dtype = train.dtype if np.issubdtype(train.dtype, np.floating) else np.dtype(np.float64)
    mean = train.mean(axis=axis, keepdims=True, dtype=np.float64)
    std = train.std(axis=axis, keepdims=True, dtype=np.float64)
    std[std == 0] = 1
    return tuple(((array - mean) / std).astype(dtype) for array in (train, *others))


def _same_length(x: np.ndarray, y: np.ndarray) -> int:
    if len(x) != len(y):
        raise ValueError(f"x and y must have the same length; got {len(x)} and {len(y)}")
    return len(x)


def next_tokens(
    sequences: Sequence[Sequence[int]], *, bos: int, eos: int, ignore_index: int = -1
) -> tuple[np.ndarray, np.ndarray]:
    """Return what a language model reads and what it is asked, padded to the longest sequence.

    sequences of ids, of any lengths. Returns inputs and targets, both (n, longest + 1): an input
    row is bos and the ids, a target row the ids and eos, so that at every place the target is the
    next id. Behind the end the target is ignore_index and the input bos.

    Raises ValueError if there are no sequences.

    >>> x, y = next_tokens([[5, 6], [7]], bos=0, eos=1)
    >>> x
    array([[0, 5, 6],
           [0, 7, 0]])
    >>> y
    array([[ 5,  6,  1],
           [ 7,  1, -1]])
    """
    if not len(sequences):
        raise ValueError("sequences must be at least one; got none")
    t = max(map(len, sequences)) + 1
    x, y = np.full((len(sequences), t), bos), np.full((len(sequences), t), ignore_index)
    for row, ids in enumerate(sequences):
        x[row, : len(ids) + 1] = [bos, *ids]
        y[row, : len(ids) + 1] = [*ids, eos]
    return x, y


def windows(
    ids: np.ndarray, *, n: int, t: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return n pieces of t ids from anywhere in a long text, and for each id the next one.

    ids (length,). Returns inputs and targets, both (n, t).

    Raises ValueError if the text is not longer than t.

    >>> x, y = windows(np.arange(10), n=2, t=3, rng=np.random.default_rng(0))
    >>> x
    array([[5, 6, 7],
           [4, 5, 6]])
    >>> (y == x + 1).all()
    np.True_
    """
    if len(ids) <= t:
        raise ValueError(f"ids must be longer than t, {t}; got {len(ids)}")
    starts = rng.integers(len(ids) - t, size=(n, 1))
    rows = ids[starts + np.arange(t + 1)]
    return rows[:, :-1], rows[:, 1:]
