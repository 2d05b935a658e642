"""From arrays or a text to the batches of one epoch."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from labkit.dataloader import batches

Batch = tuple[Any, ...]


class Epoch(Protocol):
    """What `fit` takes for data: a function that gives the batches of one epoch.

    A batch is a tuple of arrays or tensors: what the model is called with, and last the targets.
    All that is random about it, order and augmentation, must come from ``rng``, so that the same
    state of rng gives the same batches: that is how a training finds its place again. Without rng
    the batches come in the order of the data, as for validation. A ``len``, if there is one, is
    the number of batches.
    """

    def __call__(self, *, rng: np.random.Generator | None = None) -> Iterable[Batch]:
        """Return the batches."""


class Examples:
    """Examples in batches, shuffled anew for each epoch: what `labkit.dataloader.batches` gives.

    arrays (n, ...) each: what the model is called with, and last the targets. The last batch is
    smaller if batch_size does not divide n.

    Raises ValueError if there is no target, no example, or the lengths differ, and as ``batches``
    does.

    >>> x, y = np.arange(5), np.arange(5) * 10
    >>> data = Examples(x, y, batch_size=2)
    >>> len(data), [part.tolist() for _, part in data()]
    (3, [[0, 10], [20, 30], [40]])
    >>> [part.tolist() for _, part in data(rng=np.random.default_rng(0))]
    [[20, 40], [30, 0], [10]]
    """

    def __init__(self, *arrays: Any, batch_size: int) -> None:
        lengths = [len(array) for array in arrays]
        if len(arrays) < 2 or len(set(lengths)) > 1 or not lengths[0]:
            raise ValueError(
                f"arrays must be inputs and targets, equally many and not none; got {lengths}"
            )
        self.arrays, self.batch_size = arrays, batch_size
        self()  # says at once if the batch size cannot be

    def __len__(self) -> int:
        return -(-len(self.arrays[0]) // self.batch_size)

    def __call__(self, *, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Return the batches of one epoch."""
        places = np.arange(len(self.arrays[0]))
        parts = batches(places, places, batch_size=self.batch_size, rng=rng)
        return (tuple(array[part] for array in self.arrays) for part, _ in parts)


class Windows:
    """A text as examples: context tokens, and as targets for each the token behind it.

    ids (n,) whole numbers, which may lie in a file (`numpy.memmap`): only what a batch shows is
    read. One epoch cuts the text into windows side by side, from a start below context that is
    drawn anew, and shuffles them; without rng it starts at 0. Each epoch has as many windows.

    Raises ValueError if the text has less than two windows, which the start needs.

    >>> data = Windows(np.arange(9), context=3, batch_size=2)
    >>> for x, y in data():
    ...     print(x.tolist(), y.tolist())
    [[0, 1, 2], [3, 4, 5]] [[1, 2, 3], [4, 5, 6]]
    """

    def __init__(self, ids: np.ndarray, *, context: int, batch_size: int) -> None:
        if context < 1 or len(ids) < 2 * context:
            raise ValueError(
                f"ids must hold 2 * context tokens or more; got {len(ids)} for {context}"
            )
        self.ids, self.context, self.batch_size = ids, context, batch_size
        self.count = (len(ids) - context) // context
        self()

    def __len__(self) -> int:
        return -(-self.count // self.batch_size)

    def __call__(self, *, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Return the batches of one epoch."""
        start = 0 if rng is None else int(rng.integers(self.context))
        windows = np.lib.stride_tricks.sliding_window_view(self.ids, self.context + 1)
        windows = windows[start :: self.context][: self.count]  # (count, context + 1), a view
        parts = batches(windows, np.arange(self.count), batch_size=self.batch_size, rng=rng)
        long = (part.astype(np.int64) for part, _ in parts)
        return ((part[:, :-1], part[:, 1:]) for part in long)
