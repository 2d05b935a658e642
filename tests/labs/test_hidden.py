"""The hidden inputs of the labs: there for each function, answered by the solution, and needed."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exercises.answers import mutated, right_answer, run

from labkit.exercises import examine, exercises

ROOT = Path(__file__).resolve().parents[2]
LABS = sorted(path.stem for path in (ROOT / "labs/source").glob("*.ipynb"))
EXERCISES = exercises()


def module(path):
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


HIDDEN = {lab: module(ROOT / f"labs/hidden/{lab}.py").HIDDEN for lab in LABS}
GRADED = [(one.topic, one.name) for one in EXERCISES.values() if one.graded and one.topic in HIDDEN]
FUNCTIONS = [pair for pair in GRADED if EXERCISES[pair[1]].form]


def reference(name):
    return run(*right_answer(EXERCISES[name]), name)


def hidden_part(lab, name):
    """The exercise with its hidden checks alone."""
    draws = HIDDEN[lab][name]
    return replace(EXERCISES[name], checks=tuple(one.check(reference(name)) for one in draws))


def by_heart(name):
    """An answer that knows the visible calls by heart and nothing else."""
    solution, known = reference(name), {}

    def remember(*args, **config):
        try:
            known[spelt(args, config)] = solution(*args, **config)
        except ValueError as error:
            known[spelt(args, config)] = error
            raise
        return known[spelt(args, config)]

    def answer(*args, **config):
        result = known[spelt(args, config)]
        if isinstance(result, ValueError):
            raise result
        return result

    examine(EXERCISES[name], remember)
    return answer


def spelt(*arguments):
    with np.printoptions(threshold=10_000, precision=17):
        return repr(arguments)


def test_a_lab_grades_the_exercises_that_say_so():
    for lab in LABS:
        graded = {name for topic, name in GRADED if topic == lab}
        functions = {name for name in graded if EXERCISES[name].form}
        assert set(HIDDEN[lab]) == functions


@pytest.mark.parametrize(("lab", "name"), FUNCTIONS)
def test_the_solution_passes_whatever_the_seed(lab, name):
    for seed in (0, 1, 2):
        report = examine(hidden_part(lab, name), reference(name), seed=seed)
        assert report.state == "holds", report


@pytest.mark.parametrize(("lab", "name"), FUNCTIONS)
def test_other_seeds_give_other_inputs(lab, name):
    for draw in HIDDEN[lab][name]:
        drawn = {
            spelt(draw.inputs(np.random.default_rng([seed, i])))
            for seed in range(4)
            for i in range(draw.times)
        }
        assert len(drawn) >= 4


@pytest.mark.parametrize(("lab", "name"), FUNCTIONS)
def test_the_visible_results_by_heart_do_not_pass(lab, name):
    answer = by_heart(name)
    assert examine(EXERCISES[name], answer).state == "holds"
    assert examine(hidden_part(lab, name), answer, seed=1).state != "holds"


def test_a_flat_direction_is_to_be_refused():
    def answer(hessian):
        curvatures = np.linalg.eigvalsh(hessian)
        if curvatures[0] < 0:
            raise ValueError
        return 2 / curvatures[-1]

    assert examine(EXERCISES["stable_rate"], answer).state == "holds"
    found = [
        examine(hidden_part("optimizers", "stable_rate"), answer, seed=seed).passed
        for seed in range(20)
    ]
    assert sum(found) <= 2


def test_a_default_of_ones_own_does_not_pass():
    solution = reference("rmsprop_step")

    def answer(w, s, g, lr, alpha=0.9, eps=1e-8):  # 0.99 stands in the lab
        return solution(w, s, g, lr, alpha=alpha, eps=eps)

    assert examine(EXERCISES["rmsprop_step"], answer).state == "holds"
    for seed in range(5):
        assert examine(hidden_part("optimizers", "rmsprop_step"), answer, seed=seed).passed == 0


DEFAULTS = [
    ("convolution", "output_size", "stride=1", "stride=2"),
    ("convolution", "output_size", "padding=0", "padding=1"),
    ("convolution", "output_size", "dilation=1", "dilation=2"),
    ("convolution", "pool_size", "padding=0", "padding=1"),
    ("convolution", "pool_size", "ceil_mode=False", "ceil_mode=True"),
    ("convolution", "correlate", "stride=1", "stride=2"),
    ("convolution", "conv_forward", "stride=1", "stride=2"),
    ("convolution", "conv_forward", "padding=0", "padding=1"),
    ("convolution", "conv_forward", "groups=1", "groups=2"),
    ("convolution", "parameter_gradients", "padding=0", "padding=1"),
    ("convolution", "input_gradient", "stride=1", "stride=2"),
    ("convolution", "conv_transposed", "padding=0", "padding=1"),
    ("losses", "masked_loss", "ignore=-1", "ignore=0"),
    ("optimizers", "adam_step", "eps=1e-8", "eps=1e-7"),
    ("optimizers", "adam_step", "decay=0.0", "decay=0.01"),
]


@pytest.mark.parametrize(("lab", "name", "right", "wrong"), DEFAULTS)
def test_a_wrong_default_does_not_pass_the_hidden_checks(lab, name, right, wrong):
    """Whoever calls the function without the setting meets the default."""
    source, before = right_answer(EXERCISES[name])
    answer = run(mutated(source, (right, wrong)), before, name)
    for seed in range(5):
        assert examine(hidden_part(lab, name), answer, seed=seed).state != "holds", seed
