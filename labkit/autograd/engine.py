"""Reverse-mode differentiation of functions on NumPy arrays.

A *primitive* is a plain function on arrays with a rule beside it that turns the gradient of its
output into the gradients of its inputs. Called with arrays, a primitive returns an array. Called
with a `Tensor`, it returns a `Tensor` that remembers which primitive made it, and
`Tensor.backward` walks that record from the end to the beginning. The walk knows no operation.
"""

import contextlib
import functools
import inspect
from collections.abc import Callable

import numpy as np

#: Every primitive by its name, as soon as its module is imported.
PRIMITIVES: dict[str, Callable] = {}

_recording = True


@contextlib.contextmanager
def no_grad():
    """Compute without recording: outputs inside the block need no gradient.

    >>> w = Tensor([2.0], requires_grad=True)
    >>> with no_grad():
    ...     (w * 3).requires_grad
    False
    """
    global _recording
    before, _recording = _recording, False
    try:
        yield
    finally:
        _recording = before


def primitive(function):
    """Let a function of arrays accept Tensors, and register it under its name.

    Positional arguments are arrays and may be Tensors; keyword-only arguments are configuration.
    The gradient rule is attached with ``@function.defvjp``: it takes ``(g, out, *args, **config)``,
    all plain arrays, and returns one gradient for each positional argument, or None for those that
    have none. It keeps no state. An array may be passed by its name as well.

    >>> @primitive
    ... def triple(x):
    ...     return 3 * x
    >>> @triple.defvjp
    ... def triple_vjp(g, out, x):
    ...     return (3 * g,)
    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> triple(x).sum().backward()
    >>> x.grad
    array([3., 3.])
    >>> PRIMITIVES.pop("triple").vjp is triple_vjp
    True
    """
    signature = inspect.signature(function)
    arrays = {p.name for p in signature.parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD}

    @functools.wraps(function)
    def call(*args, **config):
        if not arrays.isdisjoint(config):
            bound = signature.bind(*args, **config)
            args, config = bound.args, bound.kwargs
        tensors = [a for a in args if isinstance(a, Tensor)]
        if not tensors:
            return function(*args, **config)
        values = [_value(a) for a in args]
        out = Tensor(function(*values, **config))
        if _recording and any(t.requires_grad for t in tensors):
            out.requires_grad = True
            out._record = (call, args, values, config)
        return out

    def defvjp(rule):
        call.vjp = rule
        return rule

    call.defvjp = defvjp
    PRIMITIVES[function.__name__] = call
    return call


def _value(argument):
    if isinstance(argument, Tensor):
        return argument.data
    return np.asarray(argument) if isinstance(argument, (list, tuple)) else argument


class Tensor:
    """An array, its gradient, and the record of how it was computed.

    ``data`` is the array; a list or a number becomes one, an array keeps its dtype.
    ``grad`` is None until `backward` has reached this tensor, then an array of the same shape.
    Only tensors that were made with ``requires_grad=True`` keep a gradient.

    >>> x = Tensor([3.0], requires_grad=True)
    >>> y = x * x + 1.0
    >>> y.backward()
    >>> y.data, x.grad
    (array([10.]), array([6.]))
    """

    __array_ufunc__ = None  # array + tensor then asks the tensor

    def __init__(self, data, *, requires_grad=False):
        if isinstance(data, Tensor):
            raise ValueError("data must be an array, a list or a number; got a Tensor")
        self.data = np.asarray(data)
        if requires_grad and not np.issubdtype(self.data.dtype, np.floating):
            raise ValueError(f"requires_grad needs floating-point data; got {self.data.dtype}")
        self.requires_grad = requires_grad
        self.grad = None
        self._record = None

    def __array__(self, dtype=None, copy=None):
        raise TypeError("a Tensor does not turn into an array by itself; use .data or .numpy()")

    def __repr__(self):
        suffix = ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({np.array2string(self.data, precision=4)}{suffix})"

    def __len__(self):
        return len(self.data)

    @property
    def shape(self):
        """The shape of the data."""
        return self.data.shape

    @property
    def ndim(self):
        """The number of axes of the data."""
        return self.data.ndim

    @property
    def size(self):
        """The number of elements of the data."""
        return self.data.size

    @property
    def dtype(self):
        """The NumPy type of the data."""
        return self.data.dtype

    def numpy(self):
        """Return the data, without the record."""
        return self.data

    def item(self):
        """Return the only element as a Python number."""
        return self.data.item()

    def backward(self, g=None):
        """Add to ``grad`` of every tensor that asked for it d(self)/d(tensor), contracted with g.

        ``g`` has the shape of ``self``; it may be left out for a single element, where it is one.
        Raises ValueError if nothing was recorded, or if ``g`` has another shape.

        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> (w * w).backward(np.array([1.0, 10.0]))
        >>> w.grad
        array([ 2., 40.])
        """
        if not self.requires_grad:
            raise ValueError("backward needs a tensor computed from one with requires_grad=True")
        if g is None:
            if self.size != 1:
                raise ValueError(f"g is needed for an output of shape {self.shape}, not a scalar")
            g = np.ones_like(self.data)
        g = np.asarray(g, dtype=self.dtype)
        if g.shape != self.shape:
            raise ValueError(f"g must have shape {self.shape}; got {g.shape}")
        gradients = {id(self): g}
        for tensor in _latest_first(self):
            if id(tensor) in gradients:
                _pass_back(tensor, gradients.pop(id(tensor)), gradients)

    def reshape(self, *shape):
        """Return the same elements in another shape; see `reshape`."""
        return PRIMITIVES["reshape"](self, shape=_unpacked(shape))

    def transpose(self, *axes):
        """Return the tensor with its axes reordered; see `transpose`."""
        return PRIMITIVES["transpose"](self, axes=_unpacked(axes) if axes else None)

    @property
    def T(self):
        """The transpose, all axes in reverse order."""
        return PRIMITIVES["transpose"](self)

    def sum(self, axis=None, keepdims=False):
        """Return the sum over the axes; see `reduce_sum`."""
        return PRIMITIVES["reduce_sum"](self, axis=axis, keepdims=keepdims)

    def mean(self, axis=None, keepdims=False):
        """Return the mean over the axes; see `reduce_mean`."""
        return PRIMITIVES["reduce_mean"](self, axis=axis, keepdims=keepdims)

    def max(self, axis=None, keepdims=False):
        """Return the maximum over the axes; see `reduce_max`."""
        return PRIMITIVES["reduce_max"](self, axis=axis, keepdims=keepdims)

    def __add__(self, other):
        return PRIMITIVES["add"](self, other)

    def __radd__(self, other):
        return PRIMITIVES["add"](other, self)

    def __sub__(self, other):
        return PRIMITIVES["subtract"](self, other)

    def __rsub__(self, other):
        return PRIMITIVES["subtract"](other, self)

    def __mul__(self, other):
        return PRIMITIVES["multiply"](self, other)

    def __rmul__(self, other):
        return PRIMITIVES["multiply"](other, self)

    def __truediv__(self, other):
        return PRIMITIVES["divide"](self, other)

    def __rtruediv__(self, other):
        return PRIMITIVES["divide"](other, self)

    def __matmul__(self, other):
        return PRIMITIVES["matmul"](self, other)

    def __rmatmul__(self, other):
        return PRIMITIVES["matmul"](other, self)

    def __neg__(self):
        return PRIMITIVES["negative"](self)

    def __abs__(self):
        return PRIMITIVES["absolute"](self)

    def __pow__(self, exponent):
        return PRIMITIVES["power"](self, exponent=exponent)

    def __getitem__(self, index):
        return PRIMITIVES["getitem"](self, index=index)


def _unpacked(numbers):
    return tuple(numbers[0]) if len(numbers) == 1 and np.iterable(numbers[0]) else numbers


def _latest_first(root):
    """Every recorded tensor below ``root``, each before the tensors it was made from."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:  # a stack of our own: a chain of 20,000 steps must not end Python's
        tensor, inputs_done = stack.pop()
        if inputs_done:
            order.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            inputs = tensor._record[1] if tensor._record else ()
            stack.extend((a, False) for a in inputs if isinstance(a, Tensor) and a.requires_grad)
    return reversed(order)


def _pass_back(tensor, g, gradients):
    """Keep ``g`` if this tensor is a leaf, else hand it on to the tensors it was made from."""
    if tensor._record is None:
        tensor.grad = np.array(g if tensor.grad is None else tensor.grad + g)
        return
    function, args, values, config = tensor._record
    given = function.vjp(g, tensor.data, *values, **config)
    if not isinstance(given, tuple) or len(given) < len(args):
        raise ValueError(f"{function.vjp.__name__} must return a tuple of {len(args)} gradients")
    for argument, gradient in zip(args, given, strict=False):  # arguments left out come last
        if gradient is None or not isinstance(argument, Tensor) or not argument.requires_grad:
            continue
        gradient = unbroadcast(np.asarray(gradient, dtype=argument.dtype), argument.shape)
        if id(argument) in gradients:
            gradient = gradients[id(argument)] + gradient
        gradients[id(argument)] = gradient


def unbroadcast(g, shape):
    """Sum ``g`` over the axes along which an array of ``shape`` was repeated by broadcasting.

    Raises ValueError if ``g`` does not have a shape that ``shape`` can be broadcast to.

    >>> unbroadcast(np.ones((2, 3)), (3,))
    array([2., 2., 2.])
    >>> unbroadcast(np.ones((2, 3)), (2, 1))
    array([[3.],
           [3.]])
    """
    if g.shape == shape:
        return g
    added = g.ndim - len(shape)  # axes that broadcasting put in front
    if added < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[added:], strict=True)):
        raise ValueError(f"a gradient of shape {g.shape} does not fit an argument of shape {shape}")
    repeated = (added + i for i, n in enumerate(shape) if n != g.shape[added + i])
    return g.sum(axis=(*range(added), *repeated), keepdims=True).reshape(shape)
