"""Training a model, evaluating it, and keeping it."""

import contextlib
import json
import os
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from labkit.autograd import Tensor
from labkit.dataloader import batches
from labkit.nn import Module
from labkit.optim import Optimizer
from labkit.progress import ProgressBar, brief

Loss = Callable[[Any, np.ndarray], Any]


class History(dict[str, list[float]]):
    """What was measured in every epoch: a dictionary of lists of floats, such as ``"loss"``.

    To everyone else it is a plain dictionary; ``json.dumps`` takes it.

    >>> history = History()
    >>> history.append({"loss": 0.5, "accuracy": 0.75})
    >>> history.append({"loss": 0.25, "accuracy": 0.875})
    >>> history
    {'loss': [0.5, 0.25], 'accuracy': [0.75, 0.875]}
    >>> print(history.table())
    epoch    loss  accuracy
        1  0.5000    0.7500
        2  0.2500    0.8750
    """

    def append(self, measured: dict[str, float]) -> None:
        """Add one epoch's numbers.

        Raises ValueError if their names are not those of the epochs before.
        """
        if self and measured.keys() != self.keys():
            raise ValueError(f"measured must have the names {list(self)}; got {list(measured)}")
        for name, value in measured.items():
            self.setdefault(name, []).append(float(value))

    @property
    def epochs(self) -> int:
        """The number of epochs so far."""
        return len(next(iter(self.values()), []))

    def table(self) -> str:
        """Return a heading and a line for every epoch, with four decimals."""
        return "\n".join([self.heading(), *(self.row(i) for i in range(self.epochs))])

    def heading(self) -> str:
        """Return the names, as the first line of the table."""
        return "  ".join(["epoch", *(name.rjust(6) for name in self)])

    def row(self, i: int) -> str:
        """Return the numbers of epoch i, counted from 0 or, below 0, from the end, as a line."""
        cells = [f"{values[i]:.4f}".rjust(max(len(name), 6)) for name, values in self.items()]
        return "  ".join([f"{range(self.epochs)[i] + 1:5}", *cells])


def fit(
    model: Module,
    x: np.ndarray,
    y: np.ndarray,
    *,
    loss: Loss,
    optimizer: Optimizer,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    history: History | None = None,
    progress: bool | Literal["table"] = True,
) -> History:
    """Train the model: for every shuffled batch forward, loss, backward, step. Return the history.

    x (n, ...), y (n, ...); loss(model(x), y) is the mean over a batch. Each epoch adds to the
    history ``loss`` and, if y holds classes, ``accuracy``, both averaged over the epoch while the
    weights move, and then the same of the validation examples: ``validation_loss`` and so on.

    A history that is given is continued, so that it holds the finished epochs even if Ctrl-C ends
    the training. However it ends, the model keeps what it has learned and is left in evaluation
    mode, without gradients. With progress a bar is drawn on stderr if that is a terminal;
    elsewhere, as in a notebook, nothing is written. ``progress="table"`` prints the lines of
    ``history.table()`` as the epochs end, anywhere.

    Raises ValueError if there are no examples, if epochs is not an integer from 0 up, and as
    `labkit.dataloader.batches` does; FloatingPointError as soon as the loss is not finite.

    >>> from labkit import models, ops, optim
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 2))
    >>> y = (x[:, 0] > x[:, 1]).astype(int)
    >>> model = models.mlp((2, 2), rng=rng, dtype=np.float64)
    >>> adam = optim.Adam(model.parameters(), lr=0.1)
    >>> fitting = {"loss": ops.cross_entropy, "optimizer": adam, "batch_size": 20, "rng": rng}
    >>> history = fit(model, x, y, epochs=5, **fitting)
    >>> history["loss"][-1] < 0.3 * history["loss"][0], round(history["accuracy"][-1], 2)
    (True, 0.99)
    """
    if not isinstance(epochs, int | np.integer) or epochs < 0:
        raise ValueError(f"epochs must be an integer from 0 up; got {epochs!r}")
    _check_examples(x)
    history = History() if history is None else history
    bar = ProgressBar(sys.stderr, shown=progress is True)
    with _ending_well(model, optimizer, bar):
        for epoch in range(1, epochs + 1):
            parts = batches(x, y, batch_size=batch_size, rng=rng)
            bar.label, bar.total = f"epoch {epoch}/{epochs}", -(-len(x) // batch_size)
            measured = _train_epoch(model, parts, loss, optimizer, bar)
            if validation is not None:
                held_out = evaluate(model, *validation, loss=loss)
                measured |= {f"validation_{name}": value for name, value in held_out.items()}
            history.append(measured)
            bar.end_line(brief(measured))
            if progress == "table":
                print(*([history.heading()] if epoch == 1 else []), history.row(-1), sep="\n")
    return history


@contextlib.contextmanager
def _ending_well(model: Module, optimizer: Optimizer, bar: ProgressBar) -> Iterator[None]:
    """However the training in the block ends, leave the model ready for use."""
    try:
        yield
    except (KeyboardInterrupt, FloatingPointError) as error:
        error.add_note(f"Training ended in {bar.label}; the model keeps what it had learned.")
        raise
    finally:
        bar.end_line()
        optimizer.zero_grad()
        model.eval()


def _train_epoch(
    model: Module, parts: Iterable, loss: Loss, optimizer: Optimizer, bar: ProgressBar
) -> dict[str, float]:
    model.train()
    meter = _Meter()
    for x, y in bar.over(parts):
        out = model(x)
        value = loss(out, y)
        meter.add(value.item(), out.data, y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        bar.note = brief(meter.means())
    return meter.means()


def evaluate(
    model: Module, x: np.ndarray, y: np.ndarray, *, loss: Loss, batch_size: int = 1000
) -> dict[str, float]:
    """Return the mean ``loss`` of all examples and, if y holds classes, the ``accuracy``.

    x (n, ...), y (n, ...). Nothing is recorded for a backward pass, and dropout is off.

    Raises ValueError if there are no examples, and as `labkit.dataloader.batches` does;
    FloatingPointError if the loss is not finite.

    >>> from labkit import ops
    >>> from labkit.nn import Sequential
    >>> logits = np.array([[0.0, np.log(3)], [0.0, np.log(3)]])
    >>> measured = evaluate(Sequential(), logits, np.array([1, 0]), loss=ops.cross_entropy)
    >>> {name: round(float(value), 4) for name, value in measured.items()}
    {'loss': 0.837, 'accuracy': 0.5}
    """
    _check_examples(x)
    meter = _Meter()
    with model.evaluating():
        for x_part, y_part in batches(x, y, batch_size=batch_size):
            out = model(x_part)
            meter.add(loss(out, y_part).item(), _array(out), y_part)
    return meter.means()


def predict(model: Module, x: np.ndarray, *, batch_size: int = 1000) -> np.ndarray:
    """Return the model's outputs for all examples as one array; dropout is off.

    x (n, ...). Raises ValueError if there are no examples, or batch_size is not positive.

    >>> from labkit.nn import ReLU
    >>> predict(ReLU(), np.array([[-1.0], [0.0], [2.0]]), batch_size=2)
    array([[0.],
           [0.],
           [2.]])
    """
    _check_examples(x)
    with model.evaluating():
        outs = [_array(model(part)) for part, _ in batches(x, x, batch_size=batch_size)]
    return np.concatenate(outs)


def save(
    path: str | os.PathLike,
    model: Module,
    *,
    optimizer: Optimizer | None = None,
    history: History | None = None,
) -> None:
    """Write the model's parameters, and what else is given, to one ``.npz`` file.

    The file holds arrays and text only, no pickle. It appears under its name when it is complete;
    a file of that name is replaced.

    >>> import tempfile
    >>> from labkit.nn import Linear
    >>> first, second = (Linear(3, 2, rng=np.random.default_rng(seed)) for seed in (0, 1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(f"{folder}/linear.npz", first)
    ...     history = load(f"{folder}/linear.npz", second)
    >>> np.array_equal(first.weight.data, second.weight.data)
    True
    """
    arrays = {f"model/{name}": array for name, array in model.state_dict().items()}
    if optimizer is not None:
        state = optimizer.state_dict()
        arrays |= {f"optimizer/{name}": array for name, array in state.items()}
    arrays["history"] = np.array(json.dumps(history if history is not None else {}))
    partial = Path(f"{os.fspath(path)}.partial")
    try:
        with partial.open("wb") as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]  # names come from the model
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: str | os.PathLike, model: Module, *, optimizer: Optimizer | None = None) -> History:
    """Read a file of `save` into the model, and into the optimizer if given. Return the history.

    Build the model and the optimizer first, with the same arguments as before.

    Raises ValueError if the file is damaged or is none of `save`, does not fit the model, or has
    no state for the optimizer; model and optimizer are then left as they were.
    FileNotFoundError if there is no such file.

    >>> from labkit.nn import Linear
    >>> load("nowhere.npz", Linear(3, 2, rng=np.random.default_rng(0)))
    Traceback (most recent call last):
        ...
    FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.npz'
    """
    arrays = _read_arrays(path)
    before = model.state_dict()
    model.load_state_dict(_part(arrays, "model/"))
    if optimizer is not None:
        try:
            optimizer.load_state_dict(_part(arrays, "optimizer/"))
        except ValueError:
            model.load_state_dict(before)
            raise
    return History(json.loads(str(arrays["history"])))


def _read_arrays(path: str | os.PathLike) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        if "history" not in arrays:
            raise ValueError("it has no history")
    except (ValueError, AttributeError, TypeError, EOFError, zipfile.BadZipFile, zlib.error) as e:
        raise ValueError(f"{os.fspath(path)!r} must be a file of labkit.training.save; {e}") from e
    return arrays


def _part(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    return {name[len(prefix) :]: a for name, a in arrays.items() if name.startswith(prefix)}


class _Meter:
    """Means over all examples, from batches of any size."""

    def __init__(self) -> None:
        self.loss = 0.0
        self.correct = 0
        self.total = 0
        self.classes = False

    def add(self, loss: float, out: np.ndarray, y: np.ndarray) -> None:
        """Count a batch: its mean loss, the model's outputs, and the targets."""
        if not np.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss}; a smaller learning rate may help")
        self.loss += loss * len(y)
        self.total += len(y)
        self.classes = out.ndim == 2 and np.shape(y) == out.shape[:1] and y.dtype.kind in "iu"
        if self.classes:
            self.correct += int((out.argmax(axis=1) == y).sum())

    def means(self) -> dict[str, float]:
        """Return the mean loss, and the accuracy if the targets are classes."""
        means = {"loss": self.loss / self.total}
        if self.classes:
            means["accuracy"] = self.correct / self.total
        return means


def _array(out: Any) -> np.ndarray:
    return out.data if isinstance(out, Tensor) else out


def _check_examples(x: np.ndarray) -> None:
    if len(x) == 0:
        raise ValueError("x must hold at least one example; got none")
