"""Live figures in a notebook: the modules of `labkit.live` as widgets.

Write one as the last line of a cell, with the state it begins in, as in
``widgets.OptimizerPaths(surface="valley", lr=0.1)``. In JupyterLab a figure is an anywidget, and
what the reader does is seen from Python as ``figure.state``. In the book, and where anywidget is
missing, the output is a plain element that the page brings to life.
"""

import copy
import functools
import html
import json
import numbers

from labkit import live
from labkit.ops.sizes import conv_output_size, receptive_field


class LiveFigure:
    """A live figure with its state; a subclass names its module and the state's defaults.

    allowed: for a key all its values, or the least and the largest number.

    Raises ValueError for a state that the figure does not have or does not allow.
    """

    module = ""
    sentence = ""
    defaults: dict[str, object] = {}
    allowed: dict[str, tuple] = {}

    def __init__(self, **state):
        unknown = sorted(set(state) - set(self.defaults))
        if unknown:
            known = ", ".join(self.defaults)
            raise ValueError(f"{type(self).__name__} has {known}; got {', '.join(unknown)}")
        self._start = copy.deepcopy(self.defaults) | state
        for key in state:
            if key in self.allowed:
                _check(key, state[key], self.defaults[key], self.allowed[key])
        self._widget = None

    @property
    def state(self):
        """The state now, after everything the reader did."""
        if self._widget is None:
            return copy.deepcopy(self._start)
        return {key: getattr(self._widget, key) for key in self.defaults}

    def __repr__(self):
        given = (f"{k}={v!r}" for k, v in self.state.items() if v != self.defaults[k])
        return f"{type(self).__name__}({', '.join(given)})"

    def _repr_html_(self):
        state = html.escape(json.dumps(self.state))
        return (
            f'<div class="live" data-live="{self.module}" data-state="{state}">'
            f"<p>This figure is live in JupyterLab and in the published book: {self.sentence}</p>"
            "</div>"
        )

    def _repr_mimebundle_(self, **options):
        bundle = {"text/plain": repr(self), "text/html": self._repr_html_()}
        widget_class = _widget_class(self.module, tuple(self.defaults))
        if widget_class is None:
            return bundle
        if self._widget is None:
            self._widget = widget_class(**self._start)
        data, metadata = self._widget._repr_mimebundle_(**options)
        return data | bundle, metadata


@functools.cache
def _widget_class(module, keys):
    """Return the anywidget of a module, a synchronised trait per key; None without anywidget."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        return None
    traits = {key: traitlets.Any().tag(sync=True) for key in keys}
    source = {"_esm": live.module(module), "_css": live.style()}
    return type(module, (anywidget.AnyWidget,), source | traits)


def _check(key, value, default, allowed):
    """Raise ValueError unless value is one of those allowed, or a number between two allowed."""
    if isinstance(allowed[0], (str, bool)) or len(allowed) > 2:
        if value not in allowed:
            listed = ", ".join(map(str, allowed))
            raise ValueError(f"{key} must be one of {listed}; got {value!r}")
        return
    low, high = allowed
    fraction = float in map(type, (default, low, high))
    kind = numbers.Real if fraction else numbers.Integral
    if value is default is None or (isinstance(value, kind) and low <= value <= high):
        return
    number = "a number" if fraction else "a whole number"
    raise ValueError(f"{key} must be {number} from {low} to {high}; got {value!r}")


class ConvolutionExplorer(LiveFigure):
    """A window slides over an input; the output size and one output value are worked out.

    size, kernel_size, stride, padding and dilation are whole numbers, the same on both axes;
    kernel is "edge", "blur", "sharpen" or "identity"; row and column are the window's place.

    >>> ConvolutionExplorer(size=5, stride=2)
    ConvolutionExplorer(size=5, stride=2)
    >>> ConvolutionExplorer(size=5, stride=2).output_size
    3
    """

    module = "convolution_explorer"
    sentence = (
        "a kernel slides over an input, and the output size and each output value are worked out."
    )
    defaults = {
        "size": 8,
        "kernel_size": 3,
        "stride": 1,
        "padding": 1,
        "dilation": 1,
        "kernel": "edge",
        "row": 0,
        "column": 0,
    }
    allowed = {
        "size": (1, 12),
        "kernel_size": (1, 5),
        "stride": (1, 4),
        "padding": (0, 3),
        "dilation": (1, 3),
        "kernel": ("edge", "blur", "sharpen", "identity"),
    }

    @property
    def output_size(self):
        """The output size for the state now, :eq:`eq-conv-output-size`."""
        keys = ("size", "kernel_size", "stride", "padding", "dilation")
        size, kernel_size, stride, padding, dilation = (self.state[key] for key in keys)
        return conv_output_size(
            size, kernel_size, stride=stride, padding=padding, dilation=dilation
        )


class OptimizerPaths(LiveFigure):
    """One optimizer, or two, walk down a surface step by step, as those of `labkit.optim` do.

    surface is "bowl", "valley" or "saddle"; optimizer and compare are "sgd", "momentum",
    "nesterov", "rmsprop" or "adam", compare also "none"; lr and compare_lr are their learning
    rates, from 0.001 to 1. momentum is that of momentum and Nesterov and the first beta of Adam.
    step says how many steps are shown, at most 200; x and y are the start, None for a good one.

    >>> OptimizerPaths(surface="valley", lr=0.1)
    OptimizerPaths(surface='valley', lr=0.1)
    """

    module = "optimizer_paths"
    sentence = "optimizers walk down a surface, and the loss after each of their steps is shown."
    defaults = {
        "surface": "bowl",
        "optimizer": "sgd",
        "lr": 0.063,
        "compare": "none",
        "compare_lr": 0.063,
        "momentum": 0.9,
        "step": 30,
        "x": None,
        "y": None,
    }
    allowed = {
        "surface": ("bowl", "valley", "saddle"),
        "optimizer": ("sgd", "momentum", "nesterov", "rmsprop", "adam"),
        "lr": (0.001, 1),
        "compare": ("none", "sgd", "momentum", "nesterov", "rmsprop", "adam"),
        "compare_lr": (0.001, 1),
        "momentum": (0, 0.99),
        "step": (0, 200),
        "x": (-3.0, 3.0),
        "y": (-3.0, 3.0),
    }


class ScheduleExplorer(LiveFigure):
    """A learning rate over the steps of a training, as `labkit.schedules` gives it.

    schedule is "constant", "step_decay", "exponential", "cosine", "warmup_cosine", "one_cycle" or
    "inverse_square_root"; lr is its peak, steps and warmup_steps are counts, and step is the marked
    one, from 0 to steps - 1. one_cycle goes up for warmup_steps of the steps. step_decay multiplies
    by factor every so many steps, exponential by decay at each step.

    >>> ScheduleExplorer(schedule="cosine", lr=0.01, steps=200)
    ScheduleExplorer(schedule='cosine', lr=0.01, steps=200)
    """

    module = "schedule_explorer"
    sentence = "a learning rate over the steps of a training, after one of seven schedules."
    defaults = {
        "schedule": "warmup_cosine",
        "lr": 0.1,
        "steps": 100,
        "warmup_steps": 20,
        "every": 30,
        "factor": 0.1,
        "decay": 0.97,
        "step": 40,
    }
    allowed = {
        "schedule": (
            "constant",
            "step_decay",
            "exponential",
            "cosine",
            "warmup_cosine",
            "one_cycle",
            "inverse_square_root",
        ),
        "lr": (0.0001, 1),
        "steps": (20, 500),
        "warmup_steps": (2, 499),
        "every": (5, 250),
        "factor": (0.1, 0.9),
        "decay": (0.9, 0.998),
        "step": (0, 499),
    }


class SoftmaxTemperature(LiveFigure):
    """Logits become probabilities, as `labkit.ops.softmax` and `labkit.generation` make them.

    tokens are two to eight words, logits a number from -5 to 5 for each; temperature goes from 0.1
    to 10. Only the k likeliest tokens stay, and of these the fewest that together reach p; None and
    1 keep all. selected is the number of the token that the arrow keys change.

    >>> SoftmaxTemperature(tokens=["cat", "dog"], logits=[1.5, 0.5], temperature=0.5)
    SoftmaxTemperature(tokens=['cat', 'dog'], logits=[1.5, 0.5], temperature=0.5)
    """

    module = "softmax_temperature"
    sentence = "logits, a temperature and the probabilities that come of them, with their entropy."
    defaults = {
        "tokens": ["mat", "sofa", "floor", "roof", "moon"],
        "logits": [3.2, 2.4, 1.9, 0.6, -1.0],
        "temperature": 1.0,
        "k": None,
        "p": 1.0,
        "selected": 0,
    }
    allowed = {"temperature": (0.1, 10), "k": (1, 8), "p": (0.05, 1), "selected": (0, 7)}

    def __init__(self, **state):
        super().__init__(**state)
        tokens, logits = (list(self._start[key]) for key in ("tokens", "logits"))
        if not (2 <= len(tokens) <= 8 and all(len(token) <= 9 for token in tokens)):
            raise ValueError(f"tokens must be 2 to 8 words of at most 9 letters; got {tokens}")
        if len(logits) != len(tokens) or not all(-5 <= z <= 5 for z in logits):
            raise ValueError(f"logits must be {len(tokens)} numbers from -5 to 5; got {logits}")
        self._start |= {"tokens": tokens, "logits": [float(z) for z in logits]}


class AttentionMap(LiveFigure):
    """Where each word of a sentence looks, as `labkit.ops.scaled_dot_product_attention` weighs it.

    sentence is "cat", "tea" or "boat"; rule, by which queries and keys are made, is "previous",
    "same", "noun" or "random". d is their size: 2, 4, 8, 16, 32 or 64. query is the number of the
    word that asks; causal hides the words after it; scaled divides the scores by the root of d.

    >>> AttentionMap(rule="noun", causal=True)
    AttentionMap(rule='noun', causal=True)
    """

    module = "attention_map"
    sentence = "where each word of a sentence looks, and how queries and keys come to that."
    defaults = {
        "sentence": "cat",
        "rule": "previous",
        "d": 8,
        "query": 6,
        "causal": False,
        "scaled": True,
    }
    allowed = {
        "sentence": ("cat", "tea", "boat"),
        "rule": ("previous", "same", "noun", "random"),
        "d": (2, 4, 8, 16, 32, 64),
        "query": (0, 8),
        "causal": (False, True),
        "scaled": (False, True),
    }


class BackpropGraph(LiveFigure):
    """A neuron with two inputs as a graph: values from left to right, slopes from right to left.

    z = x1 w1 + x2 w2 + b, a = sigmoid(z), loss (a - y)^2. x1, w1, x2, w2 and b are from -3 to 3, y
    from 0 to 1. step says how much is filled in: z, a, the loss, then the slopes of the loss, of a,
    of z, and at 7 of all inputs. knob names the input that the arrow keys change.

    >>> BackpropGraph(w1=0.5, step=3)
    BackpropGraph(w1=0.5, step=3)
    """

    module = "backprop_graph"
    sentence = "a neuron as a graph, whose values and slopes are worked out step by step."
    defaults = {
        "x1": 2.0,
        "w1": 1.0,
        "x2": 3.0,
        "w2": -1.0,
        "b": 1.0,
        "y": 1.0,
        "knob": "w1",
        "step": 7,
    }
    allowed = {
        "x1": (-3, 3),
        "w1": (-3, 3),
        "x2": (-3, 3),
        "w2": (-3, 3),
        "b": (-3, 3),
        "y": (0, 1),
        "knob": ("w1", "x1", "b", "w2", "x2"),
        "step": (0, 7),
    }


class ReceptiveField(LiveFigure):
    """What one output sees of the input, through up to five convolutions or poolings.

    layers are given as to `labkit.ops.receptive_field`: for each a kernel size, 1 to 5, or a tuple
    with its stride, 1 to 3, and its dilation, 1 to 4. layer, counted from 1, is the chosen one,
    None for the last; unit is the number of the chosen output, from 0.

    >>> ReceptiveField(layers=[3, (2, 2), 3]).size
    8
    """

    module = "receptive_field"
    sentence = "what one output sees of the input, through several layers, and how far it reaches."
    defaults = {
        "layers": [[3, 1, 1], [2, 2, 1], [3, 1, 1], [2, 2, 1], [3, 1, 1]],
        "layer": None,
        "unit": 1,
    }
    allowed = {"layer": (1, 5), "unit": (0, 29)}

    def __init__(self, **state):
        super().__init__(**state)
        self._start["layers"] = [_layer(layer) for layer in self._start["layers"]]
        if not 1 <= len(self._start["layers"]) <= 5:
            raise ValueError(f"layers must be 1 to 5; got {len(self._start['layers'])}")

    @property
    def size(self):
        """The receptive field for the state now, :eq:`eq-receptive-field`."""
        return receptive_field(self.state["layers"])


def _layer(layer):
    """Return [kernel size, stride, dilation] for what `labkit.ops.receptive_field` takes."""
    given = layer if isinstance(layer, (list, tuple)) else [layer]
    if not 1 <= len(given) <= 3:
        raise ValueError(f"a layer is (kernel_size, stride, dilation) or less; got {layer}")
    whole = [*given, 1, 1][:3]
    for name, value, most in zip(
        ("kernel_size", "stride", "dilation"), whole, (5, 3, 4), strict=True
    ):
        _check(f"{name} of a layer", value, 1, (1, most))
    return whole
