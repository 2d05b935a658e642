"""The benchmark of speed: what it calls a ratio, what it refuses to time, what it recorded."""

import html
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.speed import measure as m

ROOT = Path(__file__).resolve().parents[1]
[RECORDED] = json.loads((ROOT / "benchmarks/results/speed.json").read_text())["runs"]
FIGURES = RECORDED["figures"]


class Machine:
    """A clock that only its runs move; slow says how many times as long all take in a round."""

    def __init__(self, slow=(1,), **seconds):
        self.now, self.seconds, self.slow = 0.0, seconds, slow
        self.calls = []

    def clock(self):
        return self.now

    def run(self, name):
        def call():
            turn = Counter(self.calls)[name]
            self.calls.append(name)
            self.now += self.seconds[name] * self.slow[turn % len(self.slow)]
            return {}

        return call

    def runs(self):
        return {name: self.run(name) for name in self.seconds}

    def times(self, base, *, rounds=9, seconds=1e9, at_least=0.0):
        return m.interleaved(
            self.runs(), base, rounds=rounds, seconds=seconds, clock=self.clock, at_least=at_least
        )


# --- taking turns -------------------------------------------------------------------------------


def test_everyone_is_equally_often_in_every_place():
    rounds = [m.rotated(["a", "b", "c"], i) for i in range(6)]
    for place in range(3):
        assert Counter(order[place] for order in rounds) == {"a": 2, "b": 2, "c": 2}


def test_the_runs_take_turns():
    machine = Machine(a=1, b=2, c=3)
    machine.times("a", rounds=3)
    assert machine.calls == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_what_slows_a_round_down_leaves_its_ratio_as_it_is():
    machine = Machine(slow=(1, 1, 7, 20, 1), ours=3, theirs=2)
    times = machine.times("theirs", rounds=5)
    assert times["ours"] == pytest.approx([3, 3, 21, 60, 3])
    assert m.ratios(times["ours"], times["theirs"]) == pytest.approx([1.5] * 5)


def test_a_short_call_is_repeated_and_the_time_is_that_of_one():
    machine = Machine(a=0.25)
    assert m.timed(machine.run("a"), machine.clock, at_least=0.9) == (4, 1.0)
    assert m.timed(machine.run("a"), machine.clock, at_least=0.0) == (1, 0.25)
    assert machine.times("a", rounds=2, at_least=0.9)["a"] == [0.25, 0.25]


def test_a_slow_one_sits_out_and_its_ratios_are_those_of_the_rounds_it_was_in():
    machine = Machine(slow=(1, 2, 3, 4), base=1, slow_one=4)
    times = machine.times("base", rounds=4, seconds=12)
    assert times["slow_one"] == [4, 8]
    assert times["base"] == [1, 2, 3, 4]
    assert m.ratios(times["slow_one"], times["base"]).tolist() == [4, 4]


def test_without_its_base_there_is_no_round():
    times = Machine(base=5, other=1).times("base", rounds=9, seconds=12)
    assert {name: len(rounds) for name, rounds in times.items()} == {"base": 3, "other": 3}


def test_the_ratio_is_the_median_of_ratios_not_the_ratio_of_medians():
    case = m.Case("group", "name", "step", None, {"float32": 2.5}, base="theirs")
    times = {"labkit": [2.0, 2.0, 12.0], "theirs": [1.0, 2.0, 4.0]}  # medians 2 and 2
    figure = m.figure(case, "float32", "labkit", times, ["out"])
    assert figure["ratio"] == 2.0
    assert figure["quartiles"] == [1.5, 2.5]
    assert figure["milliseconds"] == 2000.0
    assert (figure["target"], figure["rounds"], figure["compared"]) == (2.5, 3, ["out"])
    assert m.figure(case, "float64", "labkit", times, [])["target"] is None
    assert m.figure(case, "float32", "theirs", times, [])["target"] is None


# --- nothing is timed that is not equal ---------------------------------------------------------


def runs(**results):
    return {name: lambda found=found: found for name, found in results.items()}


def test_equal_results_are_counted():
    x = np.arange(3.0)
    found = runs(base={"out": x, "w": 2 * x}, ours={"out": x, "w": 2 * x}, peer={"out": x, "u": x})
    compared = m.check_equal(found, "base", 1e-9)
    assert compared == {"base": ["out", "w"], "ours": ["out", "w"], "peer": ["out"]}


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"out": np.array([1.0, 2.0]), "w": np.array([3.0, 4.1])}, "ours's w must agree"),
        ({"out": np.array([[1.0, 2.0]])}, "ours's out must agree"),
        ({"out": np.array([np.nan, 2.0])}, "ours's out must agree"),
        ({"v": np.array([1.0, 2.0])}, "ours must have a result to compare"),
    ],
)
def test_a_result_that_differs_is_refused(result, message):
    base = {"out": np.array([1.0, 2.0]), "w": np.array([3.0, 4.0])}
    with pytest.raises(ValueError, match=message):
        m.check_equal(runs(base=base, ours=result), "base", 1e-2)


def test_a_result_that_the_next_run_overwrites_is_compared_as_it_was():
    shared = np.zeros(2)

    def run(value):
        def call():
            shared[:] = value
            return {"out": shared}

        return call

    with pytest.raises(ValueError, match="must agree"):
        m.check_equal({"base": run(1.0), "ours": run(2.0)}, "base", 1e-9)


def test_a_case_with_a_wrong_gradient_is_not_timed():
    machine = Machine(base=1, labkit=1)

    def make(dtype):
        found = {"base": np.ones(2, dtype), "labkit": np.full(2, 1.001, dtype)}
        timed = machine.runs()
        return {name: lambda n=name: timed[n]() | {"x": found[n]} for name in found}

    case = m.Case("group", "name", "step", make, base="base", clock=machine.clock)
    with pytest.raises(
        ValueError, match=r"labkit's x must agree with base's to 1e-09; got 1\.0e-03"
    ):
        m.measure(case, "float64", rounds=3)
    assert machine.calls == ["base", "labkit"]


# --- both sides of a function -------------------------------------------------------------------


@pytest.fixture
def sides():
    pytest.importorskip("torch")
    from benchmarks.speed import sides

    return sides


def product_cases(sides, ours):
    import torch

    shapes = {"a": (3, 4), "b": (4, 2)}
    return sides.operation("product", "3x4, 4x2", ours, torch.matmul, shapes, {"float64": (7, 9)})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_and_all_gradients_of_a_function_are_compared(sides, dtype):
    from labkit.autograd import matmul

    forward, both = product_cases(sides, matmul)
    for case, names in ((forward, ["out"]), (both, ["a", "b", "out"])):
        theirs, ours = m.measure(case, dtype, rounds=2)
        assert (theirs["implementation"], ours["implementation"]) == ("PyTorch", "labkit")
        assert theirs["ratio"] == 1
        assert ours["compared"] == names
    assert (forward.target, both.target) == ({"float64": 7}, {"float64": 9})
    made = both.make(dtype)["labkit"]()
    assert {str(m.array_of(made[name]).dtype) for name in made} == {dtype}


def test_a_gradient_that_is_wrong_by_a_thousandth_is_refused(sides):
    from labkit.autograd import PRIMITIVES, primitive

    @primitive
    def wrong(a, b):
        return a @ b

    @wrong.defvjp
    def wrong_vjp(g, out, a, b):
        return g @ b.T, 1.001 * a.T @ g

    del PRIMITIVES["wrong"]
    forward, both = product_cases(sides, wrong)
    m.measure(forward, "float32", rounds=1)
    with pytest.raises(ValueError, match="labkit's b must agree with PyTorch's"):
        m.measure(both, "float32", rounds=1)


# --- what was recorded --------------------------------------------------------------------------


def keys(figures):
    return [(f["group"], f["case"], f["part"], f["dtype"]) for f in figures]


def test_what_is_recorded_is_what_the_script_measures():
    pytest.importorskip("torch")
    from benchmarks.speed.cases import cases

    there = {}
    for case in cases():
        for dtype in case.dtypes:
            there[case.group, case.name, case.part, dtype] = case.base, case.target.get(dtype)
    ours = [figure for figure in FIGURES if figure["implementation"] == "labkit"]
    assert keys(ours) == list(there)
    assert [(figure["base"], figure["target"]) for figure in ours] == list(there.values())


def test_every_figure_says_how_it_was_made_and_adds_up():
    assert RECORDED["code_as_committed"]
    made = {"script", "commit", "date", "versions", "machine", "peers", "load_average", "failures"}
    assert made <= RECORDED.keys()
    for figure in FIGURES:
        low, high = figure["quartiles"]
        assert low <= figure["ratio"] <= high
        assert 1 <= figure["rounds"] <= RECORDED["rounds"]
        assert figure["compared"] or figure["group"] == "import"
        if figure["implementation"] == figure["base"]:
            assert figure["ratio"] == 1
        if (figure["implementation"], figure["part"]) == ("labkit", "forward and backward"):
            assert len(figure["compared"]) >= 2
    named = [(*key, f["implementation"]) for key, f in zip(keys(FIGURES), FIGURES, strict=True)]
    assert len(set(named)) == len(named)


# --- what the page shows of it -----------------------------------------------------------------


def page_outputs():
    """Each output of the page "How fast is it?", its data by kind; printed text is plain text."""
    page = json.loads((ROOT / "book" / "speed.ipynb").read_text(encoding="utf-8"))
    for cell in page["cells"]:
        for output in cell.get("outputs", []):
            data = output.get("data", {"text/plain": output.get("text", "")})
            yield {kind: "".join(value) for kind, value in data.items()}


def page_cells():
    """What the page's tables say: {(case, implementation, part, dtype): text}."""
    found = {}
    for data in page_outputs():
        rows = re.findall(r"<tr>(.*?)</tr>", data.get("text/html", ""))
        rows = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
        for row in rows[1:]:
            if len(row) == 1:
                case = html.unescape(row[0])
                continue
            for column, text in zip(rows[0][1:], row[1:], strict=True):
                if text:
                    part, dtype = column.split("<br>")
                    found[case, row[0], part, dtype] = html.unescape(text)
    return found


def is_missed(figure):
    return figure["target"] is not None and round(figure["ratio"], 2) > figure["target"]


def test_the_pages_tables_show_every_recorded_figure_and_no_other():
    shown = page_cells()
    names = [(f["case"], f["implementation"], f["part"], f["dtype"]) for f in FIGURES]
    assert sorted(shown) == sorted(names)
    for name, figure in zip(names, FIGURES, strict=True):
        number = shown[name].removeprefix("<b>").split()[0].replace(",", "")
        if figure["implementation"] == figure["base"]:
            assert float(number) == pytest.approx(figure["milliseconds"], rel=5e-3)
            assert shown[name].endswith(" ms")
        else:
            assert float(number) == pytest.approx(figure["ratio"], rel=5e-3, abs=5e-3)
        if figure["target"] is not None:
            sign = ">" if is_missed(figure) else "≤"
            assert f" {sign} {figure['target']}" in shown[name]
        assert shown[name].startswith("<b>") is is_missed(figure)


def test_the_page_names_every_target_that_was_missed():
    printed = "\n".join(data.get("text/plain", "") for data in page_outputs())
    aimed = [figure for figure in FIGURES if figure["target"] is not None]
    missed = [figure for figure in aimed if is_missed(figure)]
    counts = f"targets: {len(aimed)}; met: {len(aimed) - len(missed)}; missed: {len(missed)}"
    assert counts in printed
    for figure in missed:
        where = f"{figure['case']}, {figure['part']}, {figure['dtype']}"
        assert re.search(rf"^{re.escape(where)} +{figure['ratio']:.2f} > ", printed, re.M)
    for failure in RECORDED["failures"]:
        assert failure["error"] in printed
