"""Live figures: pages, notebooks and Python have them from one source, in one state."""

import inspect
import re

import numpy as np
import pytest
from javascript import computed, node

from labkit import live, widgets

CLASSES = [
    kind
    for _, kind in inspect.getmembers(widgets, inspect.isclass)
    if issubclass(kind, widgets.LiveFigure) and kind is not widgets.LiveFigure
]
each_class = pytest.mark.parametrize("kind", CLASSES, ids=[kind.module for kind in CLASSES])
each_figure = pytest.mark.parametrize("name", live.figures())


def test_every_module_has_its_class():
    assert sorted(kind.module for kind in CLASSES) == live.figures()


@each_class
def test_the_states_of_the_widget_and_of_the_module_are_the_same(kind):
    [defaults] = computed(kind.module, "m.default.defaults")
    assert defaults == kind.defaults
    assert list(defaults) == list(kind.defaults)


@each_class
def test_python_allows_what_the_controls_reach(kind):
    """Not more words, and no number that a slider cannot show."""
    program = """m.default.controls.map((c) => [c.key,
        c.options ? Object.keys(c.options) : c.toggle ? [false, true] : c.values ?? [],
        [c.min ?? 0, c.max], !!(c.get || typeof c.max === "function")])"""
    [controls] = computed(kind.module, program)
    for key, values, ends, own in controls:
        reach = values or ends
        if len(kind.allowed.get(key, ())) == 2:
            reach = [reach[0], reach[-1]]
        assert own or list(kind.allowed[key]) == reach, key


@each_class
def test_a_state_is_tidied_once(kind):
    tidied = "((f) => [f(m.default.defaults), f(f(m.default.defaults))])(m.default.tidy)"
    [(once, twice)] = computed(kind.module, tidied)
    assert once == twice


@each_figure
def test_a_figure_is_one_module_for_anywidget_and_one_script_for_a_page(name):
    module, script = live.module(name), live.script(name)
    assert not re.search(r"^import ", module, re.M)
    assert module.count("export default") == 1
    assert not re.search(r"^(import|export) ", script, re.M)
    shown = node(
        f"globalThis.window = globalThis;{script};console.log(typeof liveFigures.{name}.render)"
    )
    assert shown.strip() == "function"


@each_figure
def test_a_figure_is_read_on_a_few_screens(name):
    assert len((live.FOLDER / f"{name}.js").read_text(encoding="utf-8").splitlines()) < 300


@each_figure
def test_no_figure_loads_anything(name):
    assert not re.search(r"https?://|fetch\(|XMLHttp|import\(", live.module(name) + live.style())


def test_an_unknown_figure_or_state_is_refused_by_name():
    with pytest.raises(ValueError, match=r"name must be one of .*convolution_explorer.*'nothing'"):
        live.module("nothing")
    with pytest.raises(ValueError, match=r"ConvolutionExplorer has size, .*; got width"):
        widgets.ConvolutionExplorer(width=3)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"kernel": "round"}, r"kernel must be one of edge, blur, .*; got 'round'"),
        ({"size": 13}, "size must be a whole number from 1 to 12; got 13"),
        ({"size": 2.5}, r"size must be a whole number from 1 to 12; got 2\.5"),
        ({"size": "8"}, "size must be a whole number from 1 to 12; got '8'"),
    ],
)
def test_a_state_that_cannot_be_is_refused_by_name(state, said):
    with pytest.raises(ValueError, match=said):
        widgets.ConvolutionExplorer(**state)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ({"tokens": ["one"], "logits": [1]}, r"tokens must be 2 to 8 words .*; got \['one'\]"),
        (
            {"tokens": ["a", "intolerably"]},
            "tokens must be .* at most 9 letters; got .*intolerably",
        ),
        ({"logits": [1.0, 2.0]}, r"logits must be 5 numbers from -5 to 5; got \[1\.0, 2\.0\]"),
        ({"logits": [1, 2, 3, 4, 5.1]}, "logits must be 5 numbers from -5 to 5; got"),
        ({"k": 2.5}, "k must be a whole number from 1 to 8; got 2.5"),
    ],
)
def test_logits_that_cannot_be_drawn_are_refused_by_name(state, said):
    with pytest.raises(ValueError, match=said):
        widgets.SoftmaxTemperature(**state)


def test_arrays_of_logits_are_welcome():
    figure = widgets.SoftmaxTemperature(tokens=("a", "b"), logits=np.array([1, 2]))
    assert figure.state["logits"] == [1.0, 2.0]
    assert "&quot;tokens&quot;: [&quot;a&quot;, &quot;b&quot;]" in figure._repr_html_()


@pytest.mark.parametrize(
    ("layers", "said"),
    [
        ([6], "kernel_size of a layer must be a whole number from 1 to 5; got 6"),
        ([(3, 4)], "stride of a layer must be a whole number from 1 to 3; got 4"),
        ([(3, 1, 0.5)], r"dilation of a layer must be a whole number from 1 to 4; got 0\.5"),
        (
            [(3, 1, 1, 1)],
            r"a layer is \(kernel_size, stride, dilation\) or less; got \(3, 1, 1, 1\)",
        ),
        ([3] * 6, "layers must be 1 to 5; got 6"),
    ],
)
def test_layers_that_cannot_be_drawn_are_refused_by_name(layers, said):
    with pytest.raises(ValueError, match=said):
        widgets.ReceptiveField(layers=layers)


def test_layers_are_written_as_for_the_receptive_field():
    figure = widgets.ReceptiveField(layers=[3, (2, 2), (3, 1, 2)])
    assert figure.state["layers"] == [[3, 1, 1], [2, 2, 1], [3, 1, 2]]
    assert figure.size == 12  # 1 + 2 = 3, + 1 = 4, + 2 * 2 * 2 = 12


def test_the_state_of_one_figure_is_not_that_of_the_next():
    widgets.SoftmaxTemperature().state["logits"][0] = 99
    assert widgets.SoftmaxTemperature().state["logits"][0] == 3.2


def test_a_number_with_a_fraction_or_none_is_welcome_where_it_means_something():
    assert widgets.OptimizerPaths(lr=1, x=None).state["lr"] == 1
    with pytest.raises(ValueError, match=r"lr must be a number from 0\.001 to 1; got nan"):
        widgets.OptimizerPaths(lr=float("nan"))
    with pytest.raises(ValueError, match=r"lr must be a number from 0\.001 to 1; got None"):
        widgets.OptimizerPaths(lr=None)


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
