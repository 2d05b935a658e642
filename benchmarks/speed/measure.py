"""Time implementations of one thing side by side, once their results have been found equal.

The implementations take turns, round after round, and each round starts with another one. A ratio
is the median over the rounds of this round's time over the base's time in the same round: what
disturbs the machine for a while disturbs both. CPU time does not count the time spent waiting.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from labkit.autograd import Tensor
from labkit.gradcheck import relative_error

TOLERANCE = {"float32": 2e-4, "float64": 1e-9}  # relative to the largest number of a result


@dataclass(frozen=True)
class Case:
    """One thing that several implementations do.

    make(dtype) returns {implementation: run}; a run does the thing once and returns its results
    by name. The others are compared with the base and divided by its time. target: the largest
    ratio that labkit may have, by dtype.
    """

    group: str
    name: str
    part: str
    make: Callable
    target: dict = field(default_factory=dict)
    dtypes: tuple = ("float32", "float64")
    base: str = "PyTorch"
    clock: Callable = time.process_time
    at_least: float = 0.02  # seconds that one timing takes, in as many calls as that needs


def measure(case, dtype, *, rounds, seconds=3.0):
    """Return a dictionary with what was found for each implementation."""
    runs = case.make(dtype)
    compared = check_equal(runs, case.base, TOLERANCE[dtype])
    times = interleaved(
        runs,
        case.base,
        rounds=rounds,
        seconds=seconds,
        clock=case.clock,
        at_least=case.at_least,
    )
    return [figure(case, dtype, name, times, compared[name]) for name in runs]


def check_equal(runs, base, tolerance):
    """Run each once; return which of its results were compared with the base's.

    Raises ValueError if a result differs, or an implementation shares none with the base.
    """
    expected = {name: array_of(result) for name, result in runs[base]().items()}
    compared = {base: sorted(expected)}
    for implementation, run in runs.items():
        if implementation == base:
            continue
        got = {name: array_of(result) for name, result in run().items() if name in expected}
        if expected and not got:
            raise ValueError(f"{implementation} must have a result to compare; got none")
        for name, result in got.items():
            shape = expected[name].shape
            error = relative_error(result, expected[name]) if result.shape == shape else np.inf
            if not error < tolerance:
                raise ValueError(
                    f"{implementation}'s {name} must agree with {base}'s to {tolerance}; got "
                    f"{error:.1e}, shapes {result.shape} and {shape}"
                )
        compared[implementation] = sorted(got)
    return compared


def array_of(result):
    """Return a copy as an array; the next run may write over the result."""
    if isinstance(result, Tensor):
        result = result.data
    if hasattr(result, "detach"):
        result = result.detach().numpy()
    return np.array(result)


def interleaved(runs, base, *, rounds, seconds, clock, at_least):
    """Return for each run its seconds per call in each round.

    Whoever has used up its seconds sits out what is left; without the base there is no round.
    """
    times = {name: [] for name in runs}
    spent = dict.fromkeys(runs, 0.0)
    for i in range(rounds):
        if spent[base] >= seconds:
            break
        for name in rotated(list(runs), i):
            if spent[name] < seconds:
                calls, passed = timed(runs[name], clock, at_least)
                times[name].append(passed / calls)
                spent[name] += passed
    return times


def rotated(names, i):
    """Return the names in the order of round i: each is first, second, ... equally often."""
    start = i % len(names)
    return names[start:] + names[:start]


def timed(run, clock, at_least):
    """Call as often as fills some milliseconds; return the number of calls and the seconds."""
    start, calls, passed = clock(), 0, 0.0
    while calls == 0 or passed < at_least:
        run()
        calls += 1
        passed = clock() - start
    return calls, passed


def ratios(times, base):
    """Return each round's time over the base's in the same round."""
    return np.array(times) / np.array(base[: len(times)])


def figure(case, dtype, implementation, times, compared):
    """Return what is recorded of one implementation: medians over the rounds, and quartiles."""
    ours = ratios(times[implementation], times[case.base])
    return {
        "group": case.group,
        "case": case.name,
        "part": case.part,
        "dtype": dtype,
        "implementation": implementation,
        "base": case.base,
        "milliseconds": rounded(np.median(times[implementation]) * 1000),
        "ratio": rounded(np.median(ours)),
        "quartiles": [rounded(q) for q in np.quantile(ours, (0.25, 0.75))],
        "rounds": len(ours),
        "compared": compared,
        "target": case.target.get(dtype) if implementation == "labkit" else None,
    }


def rounded(value):
    """Return four significant digits; there are no more in a timing."""
    return float(f"{value:.4g}")
