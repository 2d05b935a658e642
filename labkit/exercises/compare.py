"""Compare what came with what was expected, and say the difference in a sentence."""

import numbers
from typing import Any

import numpy as np


class Wrong(Exception):
    """What a check found: a problem in one sentence, what came, and what was expected to hold.

    ``hint`` replaces the hint of the check; ``error`` is the exception that the answer raised.
    """

    def __init__(
        self,
        problem: str,
        came: Any = None,
        expected: str = "",
        *,
        hint: str = "",
        error: BaseException | None = None,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.came = came if isinstance(came, str) or came is None else show(came)
        self.expected = expected
        self.hint = hint
        self.error = error


class Unwritten(Exception):
    """The answer is still the stub."""


def require(condition: Any, problem: str, came: Any = None, expected: str = "") -> None:
    """Raise `Wrong` with these words unless the condition holds."""
    if not condition:
        raise Wrong(problem, came, expected)


def same(came: Any, expected: Any, mistakes: tuple[tuple[Any, str], ...] = ()) -> None:
    """Raise `Wrong` unless ``came`` has the type, the shape and the numbers of ``expected``.

    An int asks for a whole number, a float for a number, an array for an array of the same shape
    and dtype, a tuple for as many results. Numbers may differ by rounding only.

    >>> same(13.5, 13)
    Traceback (most recent call last):
        ...
    labkit.exercises.compare.Wrong: A whole number is expected, and 13.5 is a float.
    """
    for slip, hint in mistakes:
        if _agrees(came, slip):
            raise Wrong("That is a known slip.", came, show(expected), hint=hint)
    if isinstance(expected, tuple):
        _same_results(came, expected)
    elif isinstance(expected, np.ndarray):
        same_array(came, expected)
    elif isinstance(expected, bool | np.bool_ | str):
        require(type(came) is type(expected), *_other_type(came, expected))
        require(came == expected, "That is not the answer.", came, show(expected))
    elif isinstance(expected, numbers.Integral):
        whole = whole_number(came, expected)
        require(whole == expected, "That is not the number.", came, show(expected))
    else:
        _same_float(came, expected)


def whole_number(came: Any, expected: Any = "a whole number") -> int:
    """Return ``came`` as an int if it is a whole number; raise `Wrong` if it is anything else.

    >>> whole_number(np.int64(3))
    3
    """
    came = came[()] if isinstance(came, np.ndarray) and came.ndim == 0 else came
    if isinstance(came, float | np.floating):
        raise Wrong(
            f"A whole number is expected, and {show(came)} is a float.",
            f"{show(came)}, a float",
            f"{show(expected)}, an int",
            hint="Counts are ints: a // b divides whole numbers and rounds down; a / b gives a "
            "float.",
        )
    ok = isinstance(came, numbers.Integral) and not isinstance(came, bool)
    require(ok, *_other_type(came, expected))
    return int(came)


def same_array(came: Any, expected: np.ndarray, tolerance: float | None = None) -> None:
    """Raise `Wrong` unless ``came`` is an array with the shape, dtype and numbers of ``expected``.

    The numbers may differ by ``tolerance`` times the largest expected one: 1e-9, and 1e-5 in
    float32, unless the check asks for another. Booleans and whole numbers may not differ.

    >>> same_array(np.array([1.0, 2.0]), np.array([1.0, 3.0]))
    Traceback (most recent call last):
        ...
    labkit.exercises.compare.Wrong: 1 of 2 numbers is wrong, the first at [1].
    """
    require(isinstance(came, np.ndarray), *_other_type(came, expected))
    require(
        came.shape == expected.shape,
        "The shape differs.",
        f"shape {came.shape}",
        f"shape {expected.shape}",
    )
    _same_dtype(came, expected)
    finite = np.isfinite(came)
    if not finite.all():
        at = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise Wrong(
            f"{(~finite).sum()} of {came.size} numbers are NaN or infinite, the first at "
            f"{list(at)}.",
            show(came[at]),
            show(expected[at]),
        )
    scale = np.abs(expected).max(initial=0)
    # An earlier result may be what is expected; from infinity nothing is far.
    require(np.isfinite(scale), "An earlier result is not finite.", show(scale))
    allowed = (_tolerance(expected) if tolerance is None else tolerance) * scale
    exact = expected.dtype.kind in "biu"  # where a difference can wrap around, too
    far = came != expected if exact else np.abs(came - expected) > allowed
    if far.any():
        at = tuple(int(i) for i in np.argwhere(far)[0])
        verb = "is" if far.sum() == 1 else "are"
        raise Wrong(
            f"{far.sum()} of {came.size} numbers {verb} wrong, the first at {list(at)}.",
            _where(came, at),
            _where(expected, at),
        )


def _same_dtype(came: np.ndarray, expected: np.ndarray) -> None:
    if np.issubdtype(expected.dtype, np.integer) and np.issubdtype(came.dtype, np.integer):
        return
    if np.issubdtype(came.dtype, np.integer) and np.issubdtype(expected.dtype, np.floating):
        hint = "An array of ints cuts off what stands after the point; make it with dtype=x.dtype."
    else:
        hint = f"Make the result with the dtype of the input, {expected.dtype}."
    if came.dtype != expected.dtype:
        raise Wrong(
            "The dtype differs.",
            f"dtype {came.dtype}",
            f"dtype {expected.dtype}",
            hint=hint,
        )


def _same_results(came: Any, expected: tuple) -> None:
    require(
        isinstance(came, tuple | list) and len(came) == len(expected),
        f"{len(expected)} results are expected, separated by commas.",
        came,
        f"{len(expected)} results",
    )
    for i, (one, wanted) in enumerate(zip(came, expected, strict=True)):
        try:
            same(one, wanted)
        except Wrong as wrong:
            wrong.problem = f"Result {i + 1} of {len(expected)}: {wrong.problem}"
            raise


def _same_float(came: Any, expected: float) -> None:
    came = came[()] if isinstance(came, np.ndarray) and came.ndim == 0 else came
    ok = isinstance(came, numbers.Real) and not isinstance(came, bool)
    require(ok, *_other_type(came, expected))
    require(np.isfinite(came), "The result is no finite number.", came, show(expected))
    require(np.isfinite(expected), "An earlier result is not finite.", show(expected))
    # As floats of Python's: beside a float16, NumPy would round what is expected to its few digits.
    off, scale = abs(float(came) - float(expected)), max(abs(float(expected)), 1e-12)
    close = off <= _tolerance(np.asarray(expected)) * scale
    require(close, "That is not the number.", came, show(expected))


def _tolerance(array: np.ndarray) -> float:
    return 1e-5 if array.dtype == np.float32 else 1e-9


def _agrees(came: Any, slip: Any) -> bool:
    try:
        fits = _all_numbers(came) and np.shape(came) == np.shape(slip)
        return bool(fits and np.allclose(came, slip, rtol=1e-9))
    except (TypeError, ValueError, OverflowError):
        return False


def _all_numbers(thing: Any) -> bool:
    """Whether there is nothing but numbers in it: NumPy makes gigabytes of a few long texts."""
    if isinstance(thing, list | tuple):
        return all(map(_all_numbers, thing))
    return isinstance(thing, np.ndarray | np.generic | numbers.Number)


def _other_type(came: Any, expected: Any) -> tuple[str, str, str]:
    wanted = kind(expected) if not isinstance(expected, str) else expected
    return f"The result is {kind(came)}, not {wanted}.", show(came), show(expected)


def kind(thing: Any) -> str:
    """Return what a thing is, with its article.

    >>> kind(3), kind(np.zeros(2)), kind(print)
    ('a whole number', 'an array', 'a function')
    """
    for types, name in (
        (type(None), "None"),
        (bool | np.bool_, "True or False"),
        (numbers.Integral, "a whole number"),
        (numbers.Real, "a float"),
        (str, "a text"),
        (np.ndarray, "an array"),
        (list, "a list"),
        (tuple, "a tuple"),
        (type, "a class"),
    ):
        if isinstance(thing, types):
            return name
    if callable(thing) and hasattr(thing, "__name__"):
        return "a function"
    name = type(thing).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"


def bracketed(thing: list | tuple, inside: str) -> str:
    """Return the parts of a list or a tuple in the brackets that Python writes.

    >>> bracketed((2,), "2"), bracketed([2], "2")
    ('(2,)', '[2]')
    """
    if isinstance(thing, list):
        return f"[{inside}]"
    return f"({inside},)" if len(thing) == 1 else f"({inside})"


def show(thing: Any, most: int = 16) -> str:
    """Return a short text for a value, the same in every run.

    >>> show(np.float64(0.1) + 0.2), show(13.0), show(np.eye(2)), show(np.zeros((3, 9)))
    ('0.3', '13.0', '[[1, 0], [0, 1]]', 'an array of shape (3, 9)')
    """
    if isinstance(thing, np.ndarray) and thing.ndim:
        if max(thing.size, *thing.shape) > most:
            return f"an array of shape {thing.shape}"
        return _rows(thing)
    if isinstance(thing, np.ndarray | np.generic):
        thing = thing.item()
    if isinstance(thing, float):
        return f"{thing:.6g}.0" if thing.is_integer() and abs(thing) < 1e6 else f"{thing:.6g}"
    if isinstance(thing, str):
        return repr(thing) if len(thing) <= 60 else f"{thing[:57]!r}..."
    if isinstance(thing, list | tuple) and len(thing) <= most:
        inside = ", ".join(show(part, most) for part in thing)
        return bracketed(thing, inside)
    if isinstance(thing, bool | int | type(None)):
        return str(thing)
    return kind(thing)


def _rows(array: np.ndarray) -> str:
    if array.ndim == 0:
        return show(array.item()).removesuffix(".0")
    return f"[{', '.join(_rows(np.asarray(part)) for part in array)}]"


def _where(array: np.ndarray, at: tuple[int, ...]) -> str:
    index = ", ".join(str(i) for i in at)
    whole = f" in {show(array)}" if array.size <= 16 else ""
    return f"{show(array[at])} at [{index}]{whole}"
