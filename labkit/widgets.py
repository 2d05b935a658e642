"""Live figures in a notebook: the modules of `labkit.live` as widgets.

In JupyterLab a figure is an anywidget, and what the reader does is seen from Python. In the book,
and where anywidget is missing, the output is a plain element that the page brings to life.
"""

import functools
import html
import json

from labkit import live
from labkit.ops.sizes import conv_output_size


class LiveFigure:
    """A live figure with its state; a subclass names its module and the state's defaults.

    Raises ValueError for a state that the figure does not have.
    """

    module = ""
    sentence = ""
    defaults: dict[str, object] = {}

    def __init__(self, **state):
        unknown = sorted(set(state) - set(self.defaults))
        if unknown:
            known = ", ".join(self.defaults)
            raise ValueError(f"{type(self).__name__} has {known}; got {', '.join(unknown)}")
        self._start = self.defaults | state
        self._widget = None

    @property
    def state(self):
        """The state now, after everything the reader did."""
        if self._widget is None:
            return dict(self._start)
        return {key: getattr(self._widget, key) for key in self.defaults}

    def __repr__(self):
        given = (f"{k}={v!r}" for k, v in self.state.items() if v != self.defaults[k])
        return f"{type(self).__name__}({', '.join(given)})"

    def _repr_html_(self):
        state = html.escape(json.dumps(self.state))
        return (
            f'<div class="live" data-live="{self.module}" data-state="{state}">'
            f"<p>{self.sentence}</p></div>"
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
        "This figure is live in JupyterLab and in the published book: a kernel slides over an "
        "input, and the output size and each output value are worked out."
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

    @property
    def output_size(self):
        """The output size for the state now, :eq:`eq-conv-output-size`."""
        keys = ("size", "kernel_size", "stride", "padding", "dilation")
        size, kernel_size, stride, padding, dilation = (self.state[key] for key in keys)
        return conv_output_size(
            size, kernel_size, stride=stride, padding=padding, dilation=dilation
        )
