"""Checks that take any function, and say kindly what they tried and what came."""

import inspect
import warnings

import numpy as np

from labkit import autograd, ops
from labkit.autograd import Tensor, unbroadcast
from labkit.gradcheck import numerical_gradient, relative_error
from labkit.testing.cases import CASES

#: How far a value may be off, relative to the largest, in each precision.
VALUE_TOLERANCE = {np.float64: 1e-9, np.float32: 1e-5}
#: How far a gradient may be from differences, relative to the largest.
GRADIENT_TOLERANCE = 1e-6


class Mismatch(AssertionError):
    """A function did not do what it should; the text says what was tried and what came."""


def reference(name):
    """Return labkit's own function of this name.

    >>> reference("relu") is ops.relu
    True
    """
    return getattr(ops, name, None) or getattr(autograd, name)


def vjp_of(function):
    """Return a gradient rule ``(g, out, *args, **config)`` that lets the engine do the work.

    >>> vjp_of(ops.huber)(1.0, None, np.array([0.5]), np.array([0.0]))
    (array([0.5]), array([-0.5]))
    """

    def rule(g, out, *args, **config):
        tensors = tuple(_as_tensor(a) for a in args)
        function(*tensors, **config).backward(g)
        return tuple(t.grad if isinstance(t, Tensor) else None for t in tensors)

    return rule


def check_forward(name, fn, *, cases=None, seed=0):
    """Try fn in place of the function called name, on every case in the table.

    Checked are the shape, the value to 1e-9 in float64 and 1e-5 in float32, that float32 stays
    float32, that nothing warns, and that the arguments are left as they were.

    Raises Mismatch at the first case that fails.

    >>> check_forward("relu", lambda x: np.where(x > 0, x, 0))
    >>> check_forward("relu", lambda x: np.abs(x))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    labkit.testing.checks.Mismatch: relu, case "a matrix": tried with x = [[ 0.126, -0.132, ...
    The value at index (2, 1) should be 0.0; it is 1.265.
    """
    for case in CASES[name] if cases is None else cases:
        exact = case.arguments(np.random.default_rng(seed))
        for dtype in (np.float64, np.float32):
            args = _cast(exact, dtype)
            expected = reference(name)(*args, **case.config)
            tried = _tried(name, name, case, args)
            got = _run(fn, args, case.config, tried)
            _compare("value", got, expected, VALUE_TOLERANCE[dtype], tried)
            if np.result_type(got) != np.result_type(expected):
                raise Mismatch(
                    f"{tried}\nThe value should be {np.result_type(expected)}, as the arguments "
                    f"are; it is {np.result_type(got)}."
                )


def check_vjp(name, fn, *, cases=None, seed=0):
    """Try ``fn(g, out, *args, **config)`` as the gradient rule of the function called name.

    Each gradient is compared with central differences, to 1e-6 of its largest element; at a kink,
    where no difference tells, with labkit's own rule. A gradient is summed over what broadcasting
    repeated before it is compared. In float32 it must stay float32.

    Raises Mismatch at the first case that fails.

    >>> check_vjp("tanh", lambda g, out, x: (g * (1 - out**2),))
    >>> check_vjp("tanh", lambda g, out, x: (1 - out**2,))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    labkit.testing.checks.Mismatch: the gradient rule of tanh, case "a matrix": tried with x = ...
    The gradient of x at index (0, 0) should be -2.289; it is 0.9844.
    """
    for case in CASES[name] if cases is None else cases:
        rng = np.random.default_rng(seed)
        exact = case.arguments(rng)
        out = np.asarray(reference(name)(*exact, **case.config))
        g = rng.normal(size=out.shape)
        expected = _expected_gradients(name, case, g, out, exact)
        for dtype in (np.float64, np.float32):
            args = _cast((g, out, *exact), dtype)
            tried = _tried(f"the gradient rule of {name}", name, case, args[2:])
            got = _run(fn, args, case.config, tried)
            if not isinstance(got, tuple) or len(got) < len(exact):
                raise Mismatch(
                    f"{tried}\nThe rule should return a tuple with one gradient for each of the "
                    f"{len(exact)} arguments; it returned {_shown(got)}."
                )
            _compare_gradients(name, got, expected, args[2:], dtype, tried)


def _expected_gradients(name, case, g, out, args):
    """Return for each argument its gradient by differences, or None where it has none."""
    if not case.smooth:
        return vjp_of(reference(name))(g, out, *args, **case.config)

    def weighted(i, a):
        return np.sum(g * reference(name)(*args[:i], a, *args[i + 1 :], **case.config))

    return tuple(
        numerical_gradient(lambda a, i=i: weighted(i, a), arg)
        if _is_float(arg) and i not in case.constants
        else None
        for i, arg in enumerate(args)
    )


def _compare_gradients(name, got, expected, args, dtype, tried):
    for argument, gradient, right, arg in zip(
        _argument_names(name, len(args)), got, expected, args, strict=False
    ):
        if right is None:
            continue
        if gradient is None:
            raise Mismatch(f"{tried}\nThe gradient of {argument} should be an array; it is None.")
        gradient = np.asarray(gradient)
        if gradient.dtype != dtype:
            raise Mismatch(
                f"{tried}\nThe gradient of {argument} should be {np.dtype(dtype)}, as the "
                f"arguments are; it is {gradient.dtype}."
            )
        if gradient.shape != arg.shape:
            try:
                gradient = unbroadcast(gradient, arg.shape)
            except ValueError as error:
                raise Mismatch(f"{tried}\nFor {argument}: {error}.") from None
        tolerance = GRADIENT_TOLERANCE if dtype is np.float64 else 1e-4
        _compare(f"gradient of {argument}", gradient, right, tolerance, tried)


def _run(fn, args, config, tried):
    """Call fn with warnings as errors; any error, and any argument changed, is a Mismatch."""
    copies = tuple(np.array(a) if isinstance(a, np.ndarray) else a for a in args)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = fn(*copies, **config)
    except Exception as error:
        raise Mismatch(f"{tried}\nIt stopped with {type(error).__name__}: {error}.") from error
    for before, after in zip(args, copies, strict=True):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after):
            raise Mismatch(f"{tried}\nIt changed one of its arguments; it should leave them be.")
    return got


def _compare(what, got, expected, tolerance, tried):
    if not isinstance(got, (np.ndarray, np.number, float, int)):
        raise Mismatch(f"{tried}\nThe {what} should be an array; it is {_shown(got)}.")
    got = np.asarray(got)
    if got.shape != expected.shape:
        raise Mismatch(
            f"{tried}\nThe {what} should have shape {expected.shape}; it has {got.shape}."
        )
    if relative_error(got, expected) <= tolerance:  # not a number is no less than anything
        return
    worst = np.unravel_index(np.argmax(_nan_is_worst(got - expected)), got.shape)
    where = f" at index {tuple(int(i) for i in worst)}" if got.ndim else ""
    raise Mismatch(
        f"{tried}\nThe {what}{where} should be {expected[worst]:.4}; it is {got[worst]:.4}."
    )


def _nan_is_worst(difference):
    return np.where(np.isnan(difference), np.inf, np.abs(difference))


def _cast(args, dtype):
    return tuple(a.astype(dtype) if _is_float(a) else a for a in args)


def _as_tensor(argument):
    return Tensor(argument, requires_grad=True) if _is_float(argument) else argument


def _is_float(argument):
    return isinstance(argument, np.ndarray) and np.issubdtype(argument.dtype, np.floating)


def _argument_names(name, count):
    """Return the names of the arguments, or numbers where the function takes any number of them."""
    parameters = inspect.signature(reference(name)).parameters.values()
    names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    return names[:count] or [f"argument {i + 1}" for i in range(count)]


def _tried(subject, name, case, args):
    shown = [
        f"{argument} = {_shown(value)}"
        for argument, value in zip(_argument_names(name, len(args)), args, strict=True)
    ]
    shown += [f"{key} = {value!r}" for key, value in case.config.items()]
    return f'{subject}, case "{case.about}": tried with {", ".join(shown)}.'


def _shown(value):
    """Show a small array whole, and of a large one the shape."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    if value.size > 12:
        return f"array of shape {value.shape}"
    return np.array2string(value, precision=3, separator=", ").replace("\n", "")
