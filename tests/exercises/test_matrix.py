"""Every exercise: the right answer passes, the stub does not, and no wrong answer survives.

At its end a run prints which checks catch which wrong answer; -s shows the same in words.
"""

import pytest
from exercises.answers import answers, is_stub, mutated, right_answer, run, wrong_answers

from labkit.exercises import TOPICS, examine, exercises

EXERCISES = exercises()
ENOUGH = 8


def test_every_exercise_has_its_list_and_every_list_its_exercise():
    listed = {name for topic in TOPICS for name in wrong_answers(topic)}
    assert listed == set(EXERCISES)


@pytest.mark.parametrize("name", EXERCISES)
def test_right_answer_passes_whatever_the_seed(name):
    exercise = EXERCISES[name]
    answer = run(*right_answer(exercise), name)
    for seed in range(5):
        report = examine(exercise, answer, seed=seed)
        assert report.state == "holds", f"seed {seed}\n{report}"


@pytest.mark.parametrize("name", EXERCISES)
def test_stub_is_not_written_yet(name):
    exercise = EXERCISES[name]
    source, _ = answers(name, exercise.topic, is_stub, ("labs/release", "book"))
    report = examine(exercise, run(source, [], name))
    assert (report.state, report.passed) == ("open", 0)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_wrong_answer_is_caught(name, record_property):
    exercise = EXERCISES[name]
    changes = wrong_answers(exercise.topic)[name]
    right, before = right_answer(exercise)
    sources = {what: mutated(right, change) for what, change in changes.items()}
    distinct = set(sources.values()) - {right}
    assert len(distinct) == len(changes), f"{name}: two wrong answers are the same"
    assert len(changes) >= ENOUGH, f"{name} has {len(changes)} wrong answers; {ENOUGH} are wanted"
    survivors, used = [], set()
    lines = ["", f"{name}: {len(changes)} wrong answers, none may pass"]
    lines += [f"  {i + 1} {one.says}" for i, one in enumerate(exercise.checks)]
    for what, source in sources.items():
        answer = run(source, before, name)
        report = examine(exercise, answer)
        caught = [i + 1 for i, one in enumerate(report.outcomes) if one.state != "holds"]
        used |= set() if report.unfit else set(caught)
        by = "before any check" if report.unfit else f"by {', '.join(map(str, caught))}"
        lines.append(f"    {what:40} {f'caught {by}' if caught else 'SURVIVES'}")
        record_property("matrix", f"{name}|{' '.join(map(str, caught)) or 'SURVIVES'}")
        others = [examine(exercise, answer, seed=seed).state for seed in (1, 2)]
        survivors += [what] if "holds" in [report.state, *others] else []
    print("\n".join(lines))
    assert not survivors, f"{name}: these wrong answers pass: {survivors}"
    idle = [one.says for i, one in enumerate(exercise.checks) if i + 1 not in used]
    assert not idle, f"{name}: these checks catch nothing: {idle}"
