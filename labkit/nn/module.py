"""What every model is: named parameters, found by looking at its attributes, and one call."""

import contextlib

import numpy as np

from labkit.autograd import Tensor, no_grad


class Parameter(Tensor):
    """A tensor that a model learns: it always asks for its gradient.

    >>> Parameter(np.zeros(3)).requires_grad
    True
    """

    def __init__(self, data):
        super().__init__(data, requires_grad=True)


class Buffer(Tensor):
    """A tensor that a model keeps but does not learn, such as a running mean.

    It has no gradient and no optimizer moves it, but it is saved and loaded with the parameters.

    >>> Buffer(np.zeros(3)).requires_grad
    False
    """


class Module:
    """A layer or a model: it keeps parameters and other modules as attributes, or lists of them.

    A subclass sets its attributes in ``__init__`` and says in ``forward`` what it computes.
    ``training`` is True until `eval` is called; only layers such as `Dropout` look at it.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         self.factor = Parameter(np.array([2.0]))
    ...
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> scale = Scale()
    >>> scale(np.array([1.0, 3.0])).numpy()
    array([2., 6.])
    >>> [name for name, _ in scale.named_parameters()]
    ['factor']
    """

    training = True

    def __call__(self, *args, **kwargs):
        """Compute the output: ``model(x)`` is ``model.forward(x)``."""
        return self.forward(*args, **kwargs)

    def forward(self, *args, **kwargs):
        """Compute the output; every subclass says how."""
        raise NotImplementedError(f"{type(self).__name__} has no forward method")

    def __repr__(self):
        inside = "\n".join(f"  ({name}): {child!r}" for name, child in self.children())
        name = type(self).__name__
        return f"{name}(\n{inside}\n)" if inside else f"{name}()"

    def members(self):
        """Return (name, attribute) pairs; the elements of lists and tuples one by one."""
        pairs = []
        for name, value in vars(self).items():
            if isinstance(value, list | tuple):
                pairs += [(f"{name}.{i}", item) for i, item in enumerate(value)]
            else:
                pairs.append((name, value))
        return pairs

    def children(self):
        """Return the (name, module) pairs directly inside this module."""
        return [(name, value) for name, value in self.members() if isinstance(value, Module)]

    def modules(self):
        """Return this module and all modules inside it, each once."""
        found = {id(self): self}
        for _, child in self.children():
            found |= {id(module): module for module in child.modules()}
        return list(found.values())

    def named_parameters(self):
        """Return (name, parameter) pairs, in the order of definition, a shared one only once.

        Inside a module the names are joined by dots: ``"0.weight"``.
        """
        return self._named(Parameter)

    def named_buffers(self):
        """Return (name, buffer) pairs, as `named_parameters` does."""
        return self._named(Buffer)

    def _named(self, kinds):
        named = {}
        for name, value in self.members():
            if isinstance(value, kinds):
                named.setdefault(id(value), (name, value))
            elif isinstance(value, Module):
                for inner, tensor in value._named(kinds):
                    named.setdefault(id(tensor), (f"{name}.{inner}", tensor))
        return list(named.values())

    def parameters(self):
        """Return the parameters, in the order of definition, a shared one only once."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self):
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    def train(self, mode=True):
        """Switch this module and all inside it to training mode; return the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self):
        """Switch this module and all inside it to evaluation mode; return the module."""
        return self.train(False)

    @contextlib.contextmanager
    def evaluating(self):
        """Inside the block: evaluation mode, and nothing recorded. Then every mode is as before.

        >>> model = Module()
        >>> with model.evaluating():
        ...     model.training
        False
        >>> model.training
        True
        """
        modes = [(module, module.training) for module in self.modules()]
        self.eval()
        try:
            with no_grad():
                yield self
        finally:
            for module, mode in modes:
                module.training = mode

    def state_dict(self):
        """Return a copy of the array of every parameter and buffer, by name."""
        return {name: tensor.data.copy() for name, tensor in self._named((Parameter, Buffer))}

    def load_state_dict(self, state):
        """Set every parameter and buffer from a dictionary of arrays; they keep their dtype.

        Raises ValueError if a name is missing, unknown, or has an array of another shape; the
        message lists all of them, and the model is left as it was.
        """
        named = dict(self._named((Parameter, Buffer)))
        arrays = {name: np.asarray(array) for name, array in state.items()}
        faults = [f"missing {name!r}" for name in named if name not in arrays]
        faults += [f"unexpected {name!r}" for name in arrays if name not in named]
        faults += [
            f"{name!r} has shape {arrays[name].shape}, not {tensor.shape}"
            for name, tensor in named.items()
            if name in arrays and arrays[name].shape != tensor.shape
        ]
        if faults:
            raise ValueError(f"state does not fit {type(self).__name__}: " + "; ".join(faults))
        for name, tensor in named.items():
            tensor.data = arrays[name].astype(tensor.dtype)  # astype copies


class Sequential(Module):
    """Modules applied one after the other; parameters are named by position, as in PyTorch.

    Raises ValueError if something other than a module is given.

    >>> class Double(Module):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> Sequential(Double(), Double())(np.array([1.0]))
    array([4.])
    """

    def __init__(self, *layers):
        for layer in layers:
            if not isinstance(layer, Module):
                raise ValueError(f"layers must be modules; got {type(layer).__name__}")
        self.layers = list(layers)

    def forward(self, x):
        """Apply every layer in turn."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __len__(self):
        return len(self.layers)

    def __getitem__(self, index):
        return self.layers[index]

    def members(self):
        """Return (position, layer) pairs, so that names need no prefix."""
        return [(str(i), layer) for i, layer in enumerate(self.layers)]
