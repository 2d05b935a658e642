"""What a live figure computes in JavaScript is what labkit computes."""

import itertools
import math
import re

import numpy as np
import pytest
from javascript import computed

from labkit import generation, optim, schedules, widgets
from labkit.autograd import Tensor
from labkit.ops import (
    conv2d,
    conv_output_size,
    receptive_field,
    scaled_dot_product_attention,
    sigmoid,
    softmax,
)

CLOSE = {"rtol": 1e-9, "atol": 1e-9}


def states(kind, **choices):
    """The default state of a figure with every combination of some values."""
    return [
        kind.defaults | dict(zip(choices, values, strict=True))
        for values in itertools.product(*choices.values())
    ]


# --- what they share ------------------------------------------------------------------------------


def test_numbers_are_written_as_a_reader_writes_them():
    cases = [0, -0.04, 0.25, -2.5, 1234.5, 123456, 1234567, 1e-4, 0.00001234, -1e-5, 1e6]
    shown = computed("shared", "[m.fixed(c, 1), m.short(c)]", cases)
    assert [fixed for fixed, _ in shown][:5] == ["0.0", "0.0", "0.3", "−2.5", "1234.5"]
    assert [short for _, short in shown] == [
        *("0", "−0.04", "0.25", "−2.5", "1230", "123000", "1.23·10⁶"),
        *("0.0001", "1.23·10⁻⁵", "−10⁻⁵", "10⁶"),
    ]
    assert computed("shared", "[m.short(c / 0), m.short(0 / 0)]", [1, -1]) == [
        ["∞", "?"],
        ["−∞", "?"],
    ]


def test_the_stops_of_a_slider_are_a_tenth_of_a_decade_apart():
    [stops] = computed("shared", "m.decades(-3, 0)")
    assert (stops[0], stops[-1], len(stops)) == (0.001, 1, 31)
    np.testing.assert_allclose(stops, np.logspace(-3, 0, 31), rtol=0.02)


# --- the convolution explorer ---------------------------------------------------------------------

WINDOWS = [
    {"size": n, "kernel_size": k, "stride": s, "padding": p, "dilation": d, "kernel": kernel}
    for (n, k, s, p, d), kernel in zip(
        itertools.product((1, 5, 8), (1, 2, 3), (1, 2, 3), (0, 1, 3), (1, 2)),
        itertools.cycle(("edge", "blur", "sharpen", "identity")),
        strict=False,
    )
]
CONVOLVED = """((o, every) => ({
  o,
  input: every(c.size, (i, j) => m.inputValue(c, i, j)),
  kernel: every(c.kernel_size, (i, j) => m.kernelValue(c, i, j)),
  output: every(o, (i, j) => m.outputValue(c, i, j)),
}))(
  m.outputSize(c),
  (n, f, all = [...Array(n).keys()]) => all.map((i) => all.map((j) => f(i, j))),
)"""


def test_the_convolution_explorer_convolves():
    for s, shown in zip(WINDOWS, computed("convolution_explorer", CONVOLVED, WINDOWS), strict=True):
        settings = {key: s[key] for key in ("stride", "padding", "dilation")}
        span = s["dilation"] * (s["kernel_size"] - 1) + 1
        if span > s["size"] + 2 * s["padding"]:
            assert shown["o"] == 0
            continue
        assert shown["o"] == conv_output_size(s["size"], s["kernel_size"], **settings)
        x, w = (np.array(shown[key], dtype=float)[None, None] for key in ("input", "kernel"))
        np.testing.assert_array_equal(conv2d(x, w, **settings)[0, 0], shown["output"])


# --- the optimizer paths --------------------------------------------------------------------------

SURFACES = {
    "bowl": lambda x, y: (x**2 + 25 * y**2) / 2,
    "valley": lambda x, y: (1 - x) ** 2 / 10 + (y - x**2) ** 2,
    "saddle": lambda x, y: (x**2 - 1) ** 2 / 4 + y**2 / 2,
}
OPTIMIZERS = {
    "sgd": lambda w, lr, momentum: optim.SGD(w, lr=lr),
    "momentum": lambda w, lr, momentum: optim.SGD(w, lr=lr, momentum=momentum),
    "nesterov": lambda w, lr, momentum: optim.SGD(w, lr=lr, momentum=momentum, nesterov=True),
    "rmsprop": lambda w, lr, momentum: optim.RMSprop(w, lr=lr),
    "adam": lambda w, lr, momentum: optim.Adam(w, lr=lr, betas=(momentum, 0.999)),
}


def walked(s, steps):
    """The places and losses of a labkit optimizer that goes so many steps."""
    w = [Tensor([s["x"]], requires_grad=True), Tensor([s["y"]], requires_grad=True)]
    optimizer = OPTIMIZERS[s["optimizer"]](w, s["lr"], s["momentum"])
    places = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = SURFACES[s["surface"]](*w).sum()
        loss.backward()
        places.append([w[0].data[0], w[1].data[0], loss.data])
        optimizer.step()
    return places


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_paths_are_those_of_labkit_step_for_step(optimizer):
    choices = {"surface": SURFACES, "lr": (0.01, 0.063), "momentum": (0.5, 0.9)}
    starts = states(widgets.OptimizerPaths, optimizer=[optimizer], x=[-1.2], y=[0.7], **choices)
    paths = computed("optimizer_paths", "m.path(c, c.optimizer, c.lr)", starts)
    for s, path in zip(starts, paths, strict=True):
        assert len(path) == 201 or path[-1]["loss"] > 1000 > path[-2]["loss"]
        shown = [[*place["w"], place["loss"]] for place in path]
        np.testing.assert_allclose(shown, walked(s, len(path)), **CLOSE, err_msg=str(s))


def test_divergence_is_said_where_the_loss_passes_a_thousand():
    """On the bowl SGD multiplies y by 1 - 25 lr: above lr = 0.08 it flies off."""
    starts = states(widgets.OptimizerPaths, lr=(0.08, 0.1), x=[0.0], y=[1.0], step=[60])
    stays, flies = computed("optimizer_paths", "m.default.still(c)", starts)
    assert "diverges" not in stays
    assert "loss 12.5 after 60 steps" in stays  # y is 1 and -1 in turn
    # y = 1.5^t, so 12.5 * 2.25^t > 1000 from t = 6 on
    assert "diverges</b>: its loss passes 1000 at step 6" in flies


# --- the schedule explorer ------------------------------------------------------------------------

SCHEDULES = {
    "constant": lambda t, s: s["lr"],
    "step_decay": lambda t, s: schedules.step_decay(
        t, lr=s["lr"], every=s["every"], factor=s["factor"]
    ),
    "exponential": lambda t, s: schedules.exponential_decay(t, lr=s["lr"], factor=s["decay"]),
    "cosine": lambda t, s: schedules.cosine_decay(t, lr=s["lr"], steps=s["steps"]),
    "warmup_cosine": lambda t, s: schedules.warmup_cosine(
        t, lr=s["lr"], warmup_steps=s["warmup_steps"], steps=s["steps"]
    ),
    "one_cycle": lambda t, s: schedules.one_cycle(
        t, lr_max=s["lr"], steps=s["steps"], up_share=s["warmup_steps"] / s["steps"]
    ),
    "inverse_square_root": lambda t, s: schedules.inverse_square_root(
        t, lr=s["lr"], warmup_steps=s["warmup_steps"]
    ),
}


RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
ARITHMETIC = str.maketrans({"·": "*", "−": "-", "½": "0.5", "π": "pi"})


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_schedules_are_those_of_labkit(schedule):
    choices = {"lr": (0.1, 0.0032), "steps": (20, 130), "warmup_steps": (2, 19), "every": (5, 30)}
    cases = states(widgets.ScheduleExplorer, schedule=[schedule], factor=[0.3], **choices)
    rates = "[...Array(c.steps).keys()].map((t) => m.rateAt(m.default.tidy(c), t))"
    for s, shown in zip(cases, computed("schedule_explorer", rates, cases), strict=True):
        expected = [SCHEDULES[schedule](t, s) for t in range(s["steps"])]
        np.testing.assert_allclose(shown, expected, rtol=1e-9, atol=0, err_msg=str(s))


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_numbers_that_a_schedule_writes_out_give_its_rate(schedule):
    """Read as arithmetic, what stands before the result is the result, to the digits shown."""
    cases = states(widgets.ScheduleExplorer, schedule=[schedule], step=(0, 12, 19, 20, 70, 99))
    for s, drawn in zip(
        cases, computed("schedule_explorer", "m.default.still(c)", cases), strict=True
    ):
        line = re.search(r"</i>\(\d+\) = (.*)</p>", drawn)[1]
        line = re.sub(r"<sup>⌊(.*)⌋</sup>", r"**floor(\1)", line).replace("<sup>", "**")
        line = re.sub(r"10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", lambda m: f"1e{m[1].translate(RAISED)}", line)
        line = re.sub(r"<.*?>", "", line).translate(ARITHMETIC).replace("√", "sqrt")
        *worked, value = (eval(part, {"__builtins__": {}}, vars(math)) for part in line.split("="))
        assert value == pytest.approx(SCHEDULES[schedule](s["step"], s), rel=0.006)
        assert worked == pytest.approx([value] * len(worked), rel=0.01, abs=1e-6)


# --- softmax with a temperature -------------------------------------------------------------------

LOGITS = ([3.2, 2.4, 1.9, 0.6, -1.0], [0.0, 0.0, 0.0, 0.0, 0.0], [-5.0, 5.0, 1.0, 5.0, 1.0])


@pytest.mark.parametrize("temperature", [0.1, 0.8, 1, 2.5, 10])
def test_the_probabilities_are_those_that_labkit_draws_from(temperature):
    choices = {"logits": LOGITS, "k": (1, 2, 3, 5), "p": (0.05, 0.4, 0.55, 0.9, 1)}
    cases = states(widgets.SoftmaxTemperature, temperature=[temperature], **choices)
    shown_all = computed("softmax_temperature", "m.probabilities(c)", cases)
    for s, shown in zip(cases, shown_all, strict=True):
        z = np.array(s["logits"]) / temperature
        few = generation.top_k(z, k=s["k"])
        left = generation.top_p(few, p=s["p"])
        for name, cut in {"whole": z, "few": few, "left": left}.items():
            np.testing.assert_allclose(shown[name], softmax(cut), rtol=1e-9, atol=0, err_msg=str(s))


def test_the_entropy_is_in_nats():
    cases = [[0.25] * 4, [1, 0, 0], [0.5, 0.5, 0]]
    shown = computed("softmax_temperature", "m.entropy(c)", cases)
    assert shown == pytest.approx([math.log(4), 0, math.log(2)], rel=1e-12)


def test_the_numbers_beside_the_bars_add_up():
    """By hand: e^1 / (e^1 + e^0 + e^-1) = 0.665, then 0.245 and 0.090; at p = 0.7 the last goes."""
    state = {"tokens": ["a", "b", "c"], "logits": [1, 0, -1], "p": 0.7}
    [drawn] = computed("softmax_temperature", "m.default.still(c)", [state])
    assert "0.665 → 0.731" in drawn
    assert "0.245 → 0.269" in drawn
    assert "0.090 cut" in drawn
    assert "kept: a 0.665 + b 0.245 = 0.910, which reaches 0.7" in drawn
    assert "0.582</b>" in drawn  # -0.731 ln 0.731 - 0.269 ln 0.269
    assert "(0.832 before the cut), at most ln 3 = 1.099" in drawn


# --- the attention map ----------------------------------------------------------------------------

ATTENTION = """({ q: m.vectors(c).map((v) => v.q), k: m.vectors(c).map((v) => v.k),
    weights: m.weights(c), tokens: m.tokensOf(c) })"""


@pytest.mark.parametrize("rule", ["previous", "same", "noun", "random"])
def test_the_attention_is_that_of_labkit(rule):
    choices = {"sentence": ("cat", "boat"), "d": (2, 8, 64), "causal": (False, True)}
    cases = states(widgets.AttentionMap, rule=[rule], scaled=(False, True), **choices)
    for s, shown in zip(cases, computed("attention_map", ATTENTION, cases), strict=True):
        q, k = np.array(shown["q"], dtype=float), np.array(shown["k"], dtype=float)
        t = len(shown["tokens"])
        assert q.shape == k.shape == (t, s["d"])
        mask = np.tri(t, dtype=bool) if s["causal"] else None
        longer = 1 if s["scaled"] else math.sqrt(s["d"])  # undoes the division by the root of d
        weights = scaled_dot_product_attention(longer * q, k, np.eye(t), mask)
        np.testing.assert_allclose(shown["weights"], weights, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(
    ("rule", "word", "looks_at"),
    [
        ("previous", 4, {3}),
        ("same", 3, {0, 3}),  # "the" twice
        ("noun", 6, {1, 4}),  # the cat and the dog
    ],
)
def test_a_rule_does_what_it_is_called(rule, word, looks_at):
    [weights] = computed(
        "attention_map", "m.weights(c)", [widgets.AttentionMap.defaults | {"rule": rule, "d": 32}]
    )
    row = np.array(weights[word])
    assert set(np.flatnonzero(row > 0.5 * row.max())) == looks_at
    assert row[list(looks_at)].sum() > 0.9


def test_without_the_root_random_vectors_of_many_dimensions_look_at_one_word():
    """The paper's argument: q k has the standard deviation root of d."""
    cases = states(widgets.AttentionMap, rule=["random"], sentence=["boat"], scaled=(True, False))
    cases = [s | {"d": 64} for s in cases]
    largest = [np.max(w, axis=1).mean() for w in computed("attention_map", "m.weights(c)", cases)]
    assert largest[0] < 0.5
    assert largest[1] > 0.8


# --- backpropagation on a graph -------------------------------------------------------------------

NEURONS = [
    {"x1": 2, "w1": 1, "x2": 3, "w2": -1, "b": 1, "y": 1},
    {"x1": -0.7, "w1": 2.5, "x2": 3, "w2": -1.6, "b": 0.4, "y": 0},
    {"x1": 3, "w1": 3, "x2": 3, "w2": 3, "b": 3, "y": 0.3},
    {"x1": 3, "w1": -3, "x2": 3, "w2": -3, "b": -3, "y": 1},
]


def test_values_and_slopes_of_the_graph_are_those_of_autograd():
    shown = computed("backprop_graph", "({ v: m.values(c), s: m.slopes(c) })", NEURONS)
    for s, graph in zip(NEURONS, shown, strict=True):
        w = {k: Tensor(float(s[k]), requires_grad=True) for k in ("x1", "w1", "x2", "w2", "b")}
        z = w["x1"] * w["w1"] + w["x2"] * w["w2"] + w["b"]
        a = sigmoid(z)
        loss = (a - s["y"]) ** 2
        loss.backward()
        for name, tensor in {**w, "z": z, "a": a, "loss": loss}.items():
            np.testing.assert_allclose(graph["v"][name], tensor.data, rtol=1e-9, err_msg=name)
        for name, tensor in w.items():
            np.testing.assert_allclose(graph["s"][name], tensor.grad, rtol=1e-9, err_msg=name)
        alone = Tensor(a.data, requires_grad=True)
        ((alone - s["y"]) ** 2).backward()
        np.testing.assert_allclose(graph["s"]["a"], alone.grad, rtol=1e-9)
        np.testing.assert_allclose(graph["s"]["z"], w["b"].grad, rtol=1e-9)  # dz / db = 1


def test_the_graph_fills_in_one_box_at_a_time():
    """The chapter's neuron: z = 0, a = 1/2, loss 1/4; slopes -1, -1/4 and -1/2 for w1."""
    cases = states(widgets.BackpropGraph, step=range(8))
    told = ["w₁ = 1", "z = 0", "a = 0.5", "L = 0.25", "slope 1", "slope −1", "slope −0.25"]
    for step, drawn in enumerate(computed("backprop_graph", "m.default.still(c)", cases)):
        label = re.search(r'aria-label="([^"]*)"', drawn)[1]
        assert [text in label for text in told] == [i <= step for i in range(7)], step
        assert ("w₁ = 1, slope −0.5" in label) is (step == 7)


# --- the receptive field --------------------------------------------------------------------------

STACKS = [
    [[3, 1, 1], [2, 2, 1], [3, 1, 1], [2, 2, 1], [3, 1, 1]],
    [[3, 1, 1], [3, 1, 2], [3, 1, 4]],
    [[5, 2, 1], [1, 3, 1], [2, 1, 3]],
    [[4, 3, 2]],
]


@pytest.mark.parametrize("layers", STACKS)
def test_the_field_is_that_of_labkit(layers):
    [rows] = computed("receptive_field", "m.growth(c)", [layers])
    fields = [receptive_field(layers[:n]) for n in range(len(layers) + 1)]
    assert [row["r"] for row in rows] == fields
    strides = [stride for _, stride, _ in layers]
    assert [row["j"] for row in rows] == [math.prod(strides[:n]) for n in range(len(layers) + 1)]


@pytest.mark.parametrize("layers", STACKS)
def test_the_lit_places_are_those_where_the_output_has_a_gradient(layers):
    """With weights of one, the gradient counts the paths from a place to the output."""
    for unit in (0, 2):
        case = {"layers": layers, "unit": unit}
        [(sizes, rows)] = computed("receptive_field", "[m.counts(c.layers), m.paths(c)]", [case])
        x = Tensor(np.zeros((1, 1, sizes[0], sizes[0])), requires_grad=True)
        out = x
        for (kernel_size, stride, dilation), size in zip(layers, sizes[1:], strict=True):
            w = np.ones((1, 1, kernel_size, kernel_size))
            out = conv2d(out, w, stride=stride, dilation=dilation)
            assert out.shape[-1] == size
        out[0, 0, unit, unit].backward()
        np.testing.assert_array_equal(np.outer(rows[0], rows[0]), x.grad[0, 0])
        lit = np.flatnonzero(rows[0])
        [grown] = computed("receptive_field", "m.growth(c)", [layers])
        assert (lit[0] + lit[-1]) / 2 == grown[-1]["middle"] + unit * grown[-1]["j"]


def test_the_formulas_are_filled_in():
    state = {"layers": [[3, 1, 1], [2, 2, 1], [3, 1, 2]], "layer": 3}
    [drawn] = computed("receptive_field", "m.default.still(c)", [state])
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", drawn))
    assert "r3 = r2 + d (k − 1) j2 = 4 + 2 · (3 − 1) · 2 = 12" in told
    assert "j3 = s j2 = 1 · 2 = 2" in told
    # three units of layer 2, two places apart there and four in the input; each sees four places
    assert "Output 2 of 10 sees 12 of 30 places, from 3 to 14." in told
