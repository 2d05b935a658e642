"""What else a reader could have picked: numpy-ml, autograd, micrograd and Keras, if they are there.

None of them is needed. `make speed` puts the first three into build/peers, apart from the project's
own environment, because numpy-ml and micrograd are no longer maintained.
"""

import collections
import collections.abc
import functools
import importlib
import importlib.metadata
import importlib.util
import subprocess
import sys
from unittest import mock

import numpy as np

from benchmarks.speed.sides import Side

NAMES = {"numpy-ml": "numpy_ml", "autograd": "autograd", "micrograd": "micrograd", "Keras": "keras"}


def installed(name):
    """Return whether the peer is there; it is not imported."""
    return importlib.util.find_spec(NAMES[name]) is not None


@functools.cache
def module(name):
    """Return the peer's module, None if it is not installed.

    numpy-ml looks for Hashable where Python 3.10 no longer has it: it is lent the name.
    """
    if not installed(name):
        return None
    hashable = collections.abc.Hashable
    with mock.patch.object(collections, "Hashable", hashable, create=True):
        return importlib.import_module(NAMES[name])


def versions():
    """Return the version of each peer, or that it is not installed."""
    return {
        name: importlib.metadata.version(name) if installed(name) else "not installed"
        for name in NAMES
    }


# --- numpy-ml: images are NHWC, a layer is trained with the parameters that it holds ------------


def numpy_ml_layers():
    """Return numpy-ml's layers, None if it is not installed."""
    package = module("numpy-ml")
    return package and package.neural_nets.layers


def image_side(make, gradients=None):
    """Return side(arrays, g) of a numpy-ml layer for images; make(layers, w) builds it.

    gradients: how the layer's gradient of W becomes that of w.
    """

    def side(arrays, g):
        layers = numpy_ml_layers()
        if layers is None:
            return None
        x, g = to_nhwc(arrays["x"]), to_nhwc(g)
        layer = make(layers, arrays)
        layer.forward(x[:1], retain_derived=False)  # makes the parameters, which are then replaced
        layer.parameters |= {
            name: a for name, a in given(arrays).items() if name in layer.parameters
        }
        layer.gradients = {name: np.zeros_like(a) for name, a in layer.parameters.items()}

        def forward():
            layer.flush_gradients()
            return {"out": to_nchw(layer.forward(x))}

        def both():
            out = forward()
            return out | {"x": to_nchw(layer.backward(g))} | (gradients or dict)(layer.gradients)

        return Side(forward, both)

    return side


def to_nhwc(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def to_nchw(x):
    return x.transpose(0, 3, 1, 2)


def given(arrays):
    """Return a case's arrays under numpy-ml's names, in its layout."""
    named = {}
    if "w" in arrays and arrays["w"].ndim == 4:  # (c_out, c_in, kh, kw)
        w = np.ascontiguousarray(arrays["w"].transpose(2, 3, 1, 0))
        named |= {"W": w, "b": np.zeros((1, 1, 1, w.shape[-1]), w.dtype)}
    elif "w" in arrays:
        named |= {"scaler": arrays["w"], "intercept": arrays["b"]}
    return named


def conv2d(**settings):
    """Return the side of numpy-ml's Conv2D; its dilation counts what lies between two elements."""

    def make(layers, arrays):
        c_out, _, *size = arrays["w"].shape
        return layers.Conv2D(c_out, tuple(size), **settings)

    return image_side(make, lambda found: {"w": found["W"].transpose(3, 2, 0, 1)})


def max_pool2d(size):
    """Return the side of numpy-ml's Pool2D."""
    return image_side(lambda layers, arrays: layers.Pool2D((size, size), stride=size))


def batch_norm():
    """Return the side of numpy-ml's BatchNorm2D."""
    return image_side(
        lambda layers, arrays: layers.BatchNorm2D(),
        lambda found: {"w": found["scaler"], "b": found["intercept"]},
    )


def layer_norm(arrays, g):
    """Return the side of numpy-ml's LayerNorm1D."""
    layers = numpy_ml_layers()
    if layers is None:
        return None
    x, layer = arrays["x"], layers.LayerNorm1D()
    layer.forward(x[:1], retain_derived=False)
    layer.parameters |= given(arrays)

    def both():
        layer.flush_gradients()
        out = layer.forward(x)
        found = layer.gradients
        return {"out": out, "x": layer.backward(g), "w": found["scaler"], "b": found["intercept"]}

    return Side(lambda: {"out": layer.forward(x, retain_derived=False)}, both)


def attention(arrays, g):
    """Return the side of numpy-ml's DotProductAttention."""
    layers = numpy_ml_layers()
    if layers is None:
        return None

    def forward():
        # A new layer each time: this one cannot forget what it has seen.
        layer = layers.DotProductAttention()
        return layer, {"out": layer.forward(*arrays.values())}

    def both():
        layer, out = forward()
        return out | dict(zip("qkv", layer.backward(g), strict=True))

    return Side(lambda: forward()[1], both)


def cross_entropy(target):
    """Return the side of numpy-ml's Softmax and CrossEntropy, which takes sums and one-hot rows."""

    def side(arrays, g):
        layers = numpy_ml_layers()
        if layers is None:
            return None
        logits = arrays["logits"]
        softmax, loss = layers.Softmax(), module("numpy-ml").neural_nets.losses.CrossEntropy()
        rows = np.eye(logits.shape[-1], dtype=logits.dtype)[target]
        n = len(target)

        def forward():
            return {"out": loss.loss(rows, softmax.forward(logits, retain_derived=False)) / n}

        def both():
            p = softmax.forward(logits, retain_derived=False)
            return {"out": loss.loss(rows, p) / n, "logits": loss.grad(rows, p) * (g / n)}

        return Side(forward, both)

    return side


def lstm(arrays, g, layer):
    """Return the side of numpy-ml's LSTMCell, in a loop, with the weights of labkit's layer."""
    layers = numpy_ml_layers()
    if layers is None:
        return None
    x, d = arrays["x"], len(layer.recurrent)
    cell = layers.LSTMCell(d)
    both_weights = np.concatenate([layer.recurrent.data, layer.weight.data])  # state first
    parts = zip("ufco", range(0, 4 * d, d), strict=True)  # their input gate is u, the proposal c
    own = {}
    for name, i in parts:
        own[f"W{name}"] = np.ascontiguousarray(both_weights[:, i : i + d])
        own[f"b{name}"] = layer.bias.data[np.newaxis, i : i + d]

    cell.forward(x[:, 0])  # makes the parameters, which are then replaced
    cell.parameters = own

    def forward():
        cell.flush_gradients()
        # Emptied lists stand where the accumulators and the zeros of the first step should be.
        cell.derived_variables |= {"dLdA_accumulator": None, "dLdC_accumulator": None}
        cell.derived_variables |= {name: [np.zeros((len(x), d), x.dtype)] for name in "AC"}
        return {"out": np.stack([cell.forward(x[:, t])[0] for t in range(x.shape[1])], axis=1)}

    def both():
        out = forward()
        to_x = [cell.backward(g[:, t]) for t in reversed(range(x.shape[1]))]
        return out | {"x": np.stack(to_x[::-1], axis=1)}

    return Side(forward, both)


def adam(weights, gradients):
    """Return a run of numpy-ml's Adam on arrays, None if it is not installed."""
    package = module("numpy-ml")
    if package is None:
        return None
    optimizer = package.neural_nets.optimizers.Adam(eps=1e-8)
    own = [array.copy() for array in weights]

    def run():
        for i, g in enumerate(gradients):
            own[i] = optimizer.update(own[i], g, str(i))
        return {"w": own[0]}

    return run


# --- autograd -----------------------------------------------------------------------------------


def autograd_side(function):
    """Return side(arrays, g); function(numpy, *arrays) computes with the numpy that it is given."""

    def side(arrays, g):
        if module("autograd") is None:
            return None
        wrapped = importlib.import_module("autograd.numpy")
        values, positions = list(arrays.values()), tuple(range(len(arrays)))
        make_vjp = importlib.import_module("autograd").make_vjp
        with_vjp = make_vjp(functools.partial(function, wrapped), positions)

        def both():
            vjp, out = with_vjp(*values)
            return {"out": out} | dict(zip(arrays, vjp(g), strict=True))

        return Side(lambda: {"out": function(np, *values)}, both)

    return side


# --- micrograd ----------------------------------------------------------------------------------


def micrograd_step(state, x, y, lr):
    """Return a training step of micrograd's MLP with these weights, None if it is not installed."""
    if module("micrograd") is None:
        return None
    weights = [(state[f"{i}.weight"], state[f"{i}.bias"]) for i in (0, 2, 4)]
    model = importlib.import_module("micrograd.nn").MLP(2, [len(b) for _, b in weights])
    for layer, (w, b) in zip(model.layers, weights, strict=True):
        for neuron, column, bias in zip(layer.neurons, w.T, b, strict=True):
            neuron.b.data = float(bias)
            for value, number in zip(neuron.w, column, strict=True):
                value.data = float(number)
    points, wanted = x.tolist(), y[:, 0].tolist()

    def run():
        errors = [model(point) - number for point, number in zip(points, wanted, strict=True)]
        loss = sum(error**2 for error in errors) / len(errors)
        model.zero_grad()
        loss.backward()
        for parameter in model.parameters():
            parameter.data -= lr * parameter.grad
        first = [[value.grad for value in neuron.w] for neuron in model.layers[0].neurons]
        return {"loss": loss.data, "gradient": np.array(first).T}

    return run


# --- what cannot be measured --------------------------------------------------------------------


def failures():
    """Try what does not run, and return what each attempt says."""
    layers = numpy_ml_layers()
    if layers is None:
        return []
    modules = module("numpy-ml").neural_nets.modules
    x = np.zeros((2, 3, 4))
    attention = modules.MultiHeadedAttentionModule(n_heads=2)
    attempts = {
        "LSTM, the layer": lambda: layers.LSTM(5),
        "MultiHeadedAttentionModule, three tokens": lambda: attention.forward(x, x, x),
    }
    found = [("import, as it is", plain_import("numpy_ml"))]
    for what, attempt in attempts.items():
        try:
            attempt()
        except Exception as error:  # any of them is the answer
            found.append((what, f"{type(error).__name__}: {error}"))
    return [{"peer": "numpy-ml", "what": what, "error": error} for what, error in found if error]


def plain_import(name):
    """Return what importing a module in a fresh process says, without paths, None if it works."""
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; import {name}"]
    run = subprocess.run(command, capture_output=True, text=True)
    said = run.stderr.strip().splitlines()
    return said[-1].partition(" (")[0] if run.returncode else None
