"""Schedules against PyTorch's and Keras's, step by step, and numbers by hand."""

import math
import os
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import schedules


def torch_path(scheduler, steps, lr=0.5):
    """The learning rate of every step, from a scheduler made by ``scheduler(torch, optimizer)``."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)
    theirs, path = scheduler(torch.optim.lr_scheduler, optimizer), []
    for _ in range(steps):
        path.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    return path


SCHEDULES = {
    "step_decay": (
        lambda t: schedules.step_decay(t, lr=0.5, every=4, factor=0.3),
        lambda m, o: m.StepLR(o, 4, gamma=0.3),
    ),
    "exponential_decay": (
        lambda t: schedules.exponential_decay(t, lr=0.5, factor=0.8),
        lambda m, o: m.ExponentialLR(o, gamma=0.8),
    ),
    "cosine_decay": (
        lambda t: schedules.cosine_decay(t, lr=0.5, steps=13, lr_min=0.1),
        lambda m, o: m.CosineAnnealingLR(o, T_max=13, eta_min=0.1),
    ),
    "linear_warmup": (
        lambda t: schedules.linear_warmup(t, lr=0.5, steps=5, start_factor=0.2),
        lambda m, o: m.LinearLR(o, start_factor=0.2, total_iters=5),
    ),
    "one_cycle": (
        lambda t: schedules.one_cycle(
            t, lr_max=0.7, steps=13, up_share=0.4, start_divisor=10, end_divisor=100
        ),
        lambda m, o: m.OneCycleLR(
            o, 0.7, 13, pct_start=0.4, div_factor=10, final_div_factor=100, cycle_momentum=False
        ),
    ),
    "one_cycle-top at once": (  # at step 0.3
        lambda t: schedules.one_cycle(t, lr_max=0.7, steps=13, up_share=0.1),
        lambda m, o: m.OneCycleLR(o, 0.7, 13, pct_start=0.1, cycle_momentum=False),
    ),
    "one_cycle-top at last": (  # at step 11.48 of 12
        lambda t: schedules.one_cycle(t, lr_max=0.7, steps=13, up_share=0.96),
        lambda m, o: m.OneCycleLR(o, 0.7, 13, pct_start=0.96, cycle_momentum=False),
    ),
    "one_cycle-defaults": (
        lambda t: schedules.one_cycle(t, lr_max=0.7, steps=13),
        lambda m, o: m.OneCycleLR(o, 0.7, 13, cycle_momentum=False),
    ),
    "inverse_square_root": (
        lambda t: schedules.inverse_square_root(t, lr=0.5, warmup_steps=4),
        lambda m, o: m.LambdaLR(o, lambda t: min(t / 4, 2 / math.sqrt(t)) if t else 0),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_step_is_pytorchs(name):
    ours, theirs = SCHEDULES[name]
    np.testing.assert_allclose([ours(t) for t in range(13)], torch_path(theirs, 13), rtol=1e-12)


def keras():
    pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


KERAS = {
    "step_decay": lambda k: k.ExponentialDecay(0.5, 4, 0.3, staircase=True),
    "exponential_decay": lambda k: k.ExponentialDecay(0.5, 1, 0.8),
    "cosine_decay": lambda k: k.CosineDecay(0.5, 13, alpha=0.1 / 0.5),
    "linear_warmup": lambda k: k.PolynomialDecay(0.5 * 0.2, 5, 0.5),
    "warmup_cosine": lambda k: k.CosineDecay(
        0.0, 9, alpha=0.02 / 0.5, warmup_target=0.5, warmup_steps=4
    ),
}


@pytest.mark.parametrize("name", KERAS)
def test_every_step_is_kerass(name):
    """To its float32; 20 steps, of which the last are behind the end."""
    theirs = KERAS[name](keras().optimizers.schedules)
    if name == "warmup_cosine":
        config = {"lr": 0.5, "warmup_steps": 4, "steps": 13, "lr_min": 0.02}
        ours = [schedules.warmup_cosine(t, **config) for t in range(20)]
    else:
        ours = [SCHEDULES[name][0](t) for t in range(20)]
    assert ours == pytest.approx([float(theirs(t)) for t in range(20)], rel=1e-5, abs=1e-7)


def test_warmup_then_cosine_is_pytorchs_two_in_a_row():
    theirs = [schedules.linear_warmup(t, lr=0.5, steps=4) for t in range(4)] + torch_path(
        lambda m, o: m.CosineAnnealingLR(o, T_max=9, eta_min=0.02), 9
    )
    ours = [
        schedules.warmup_cosine(t, lr=0.5, warmup_steps=4, steps=13, lr_min=0.02) for t in range(13)
    ]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert schedules.warmup_cosine(50, lr=0.5, warmup_steps=4, steps=13, lr_min=0.02) == 0.02


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (schedules.step_decay(7, lr=0.5, every=3, factor=0.2), 0.5 * 0.04),  # twice
        (schedules.exponential_decay(2, lr=0.5, factor=0.4), 0.5 * 0.16),
        (schedules.cosine_decay(4, lr=0.5, steps=12, lr_min=0.1), 0.1 + 0.4 * 0.75),  # cos 60°
        (schedules.linear_warmup(2, lr=0.5, steps=8, start_factor=0.2), 0.5 * (0.2 + 0.8 / 4)),
        (schedules.warmup_cosine(1, lr=0.8, warmup_steps=2, steps=8), 0.8 / 2),
        (schedules.warmup_cosine(5, lr=0.8, warmup_steps=2, steps=8), 0.8 / 2),  # cos 90°
        (schedules.one_cycle(0, lr_max=0.5, steps=12), 0.5 / 25),
        (schedules.one_cycle(11, lr_max=0.5, steps=12), 0.5 / 25 / 1e4),
        (schedules.one_cycle(5, lr_max=0.5, steps=12, up_share=0.5), 0.5),
        (schedules.inverse_square_root(36, lr=0.5, warmup_steps=4), 0.5 / 3),
    ],
)
def test_every_schedule_by_hand(rate, expected):
    assert rate == pytest.approx(expected, rel=1e-12)


def test_the_first_transformers_schedule():
    """d^-1/2 min(s^-1/2, s 4000^-3/2) for step number s, d = 512: 0.000699 at the top."""
    lr = 1 / math.sqrt(512 * 4000)
    for s in (1, 100, 4000, 4001, 100_000):
        paper = 512**-0.5 * min(s**-0.5, s * 4000**-1.5)
        assert schedules.inverse_square_root(s, lr=lr, warmup_steps=4000) == pytest.approx(paper)
    assert lr == pytest.approx(0.000699, abs=5e-7)


@given(t=st.integers(0, 300), lr=st.floats(1e-6, 10))
def test_no_schedule_leaves_its_range(t, lr):
    for value in (
        schedules.step_decay(t, lr=lr, every=7),
        schedules.exponential_decay(t, lr=lr, factor=0.9),
        schedules.cosine_decay(t, lr=lr, steps=100),
        schedules.linear_warmup(t, lr=lr, steps=100),
        schedules.warmup_cosine(t, lr=lr, warmup_steps=10, steps=100),
        schedules.one_cycle(t % 100, lr_max=lr, steps=100),
        schedules.inverse_square_root(t, lr=lr, warmup_steps=10),
    ):
        assert 0 <= value <= lr * (1 + 1e-12)


@pytest.mark.parametrize(
    "config",
    [
        {"factor": 0.5, "patience": 2},
        {"factor": 0.3, "patience": 0, "cooldown": 3, "threshold": 0.05},
        {"factor": 0.5, "patience": 1, "lr_min": 0.05},
    ],
)
def test_plateaus_are_pytorchs(config):
    torch = pytest.importorskip("torch")
    losses = np.random.default_rng(0).uniform(0.5, 1.5, 60) * np.linspace(2, 1, 60)
    ours = SimpleNamespace(lr=0.5)
    plateau = schedules.ReduceOnPlateau(ours, **config)
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    config = {"min_lr" if key == "lr_min" else key: value for key, value in config.items()}
    their_plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, eps=0, **config)
    seen = set()
    for loss in losses:
        plateau.step(loss)
        their_plateau.step(loss)
        assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12)
        seen.add(ours.lr)
    assert len(seen) > 3


@pytest.mark.parametrize(
    "config",
    [
        {"factor": 0.5, "patience": 2},
        {"factor": 0.3, "patience": 0, "cooldown": 3},
        {"factor": 0.5, "patience": 1, "lr_min": 0.05},
    ],
)
def test_plateaus_are_kerass_whose_counts_are_one_larger(config):
    """Keras's threshold is a difference, where ours is a share: both are 0 here."""
    losses = np.random.default_rng(0).uniform(0.5, 1.5, 60) * np.linspace(2, 1, 60)
    ours = SimpleNamespace(lr=0.5)
    plateau = schedules.ReduceOnPlateau(ours, **config, threshold=0)
    callback = keras().callbacks.ReduceLROnPlateau(
        "loss",
        config["factor"],
        config["patience"] + 1,
        min_delta=0,
        cooldown=config.get("cooldown", 0) + 1,
        min_lr=config.get("lr_min", 0),
    )
    theirs = SimpleNamespace(optimizer=SimpleNamespace(learning_rate=0.5))
    callback.set_model(theirs)
    callback.on_train_begin()
    seen = set()
    for epoch, loss in enumerate(losses):
        plateau.step(loss)
        callback.on_epoch_end(epoch, {"loss": loss})
        assert ours.lr == pytest.approx(float(theirs.optimizer.learning_rate), rel=1e-6)
        seen.add(ours.lr)
    assert len(seen) > 3


@pytest.mark.parametrize(
    ("losses", "config"),
    [
        ([1.0] * 35, {}),  # the first is the best: steps down at 12, 23 and 34
        ([(1 - 1.5e-4) ** t for t in range(9)], {"patience": 0}),  # better by a ten-thousandth
        ([(1 - 0.5e-4) ** t for t in range(9)], {"patience": 0}),
        ([1.0] * 35, {"threshold": 0.0, "patience": 3}),
        ([math.inf] * 4 + [1.0] * 8, {"patience": 2}),
    ],
)
def test_plateaus_of_equal_losses_are_pytorchs(losses, config):
    ours = SimpleNamespace(lr=0.5)
    plateau = schedules.ReduceOnPlateau(ours, **config)
    torch = pytest.importorskip("torch")
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    their_plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, eps=0, **config)
    for loss in losses:
        plateau.step(loss)
        their_plateau.step(loss)
        assert ours.lr == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12)


def test_a_plateau_by_hand():
    """Patience 1: the second epoch in a row that is not better halves lr; then it starts anew."""
    optimizer = SimpleNamespace(lr=8.0)
    plateau = schedules.ReduceOnPlateau(optimizer, factor=0.5, patience=1, threshold=0.1)
    seen = []
    for loss in (10.0, 9.5, 8.9, 8.9, 8.9, 8.9, 8.9):
        plateau.step(loss)
        seen.append(optimizer.lr)
    assert seen == [8, 8, 8, 8, 4, 4, 2]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: schedules.step_decay(-1, lr=1.0, every=2), "t must be at least 0; got -1"),
        (lambda: schedules.exponential_decay(-1, lr=1.0, factor=0.5), "t must be at least 0"),
        (lambda: schedules.step_decay(1, lr=1.0, every=0), "every must be positive; got 0"),
        (lambda: schedules.cosine_decay(1, lr=1.0, steps=0), "steps must be positive; got 0"),
        (lambda: schedules.linear_warmup(1, lr=1.0, steps=0), "steps must be positive; got 0"),
        (
            lambda: schedules.inverse_square_root(1, lr=1.0, warmup_steps=0),
            "warmup_steps must be positive; got 0",
        ),
        (
            lambda: schedules.warmup_cosine(1, lr=1.0, warmup_steps=5, steps=5),
            "warmup_steps must be below steps, 5; got 5",
        ),
        (lambda: schedules.one_cycle(10, lr_max=1.0, steps=10), "got t 10, top 2.0 of 10"),
        (lambda: schedules.one_cycle(-1, lr_max=1.0, steps=10), "t must be at least 0; got -1"),
        (lambda: schedules.one_cycle(0, lr_max=1.0, steps=0), "steps must be positive; got 0"),
        (lambda: schedules.one_cycle(0, lr_max=1.0, steps=10, up_share=0.1), "got t 0, top 0.0"),
        (lambda: schedules.one_cycle(0, lr_max=1.0, steps=3), "need t below steps and a top"),
        (lambda: schedules.one_cycle(0, lr_max=1.0, steps=9, up_share=1), "got t 0, top 8 of 9"),
        (lambda: schedules.ReduceOnPlateau(None, factor=1.0), r"factor must be in \(0, 1\)"),
        (lambda: schedules.ReduceOnPlateau(None, factor=0.0), r"factor must be in \(0, 1\)"),
    ],
)
def test_what_makes_no_sense_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


# --- what holds of any schedule -----------------------------------------------------------------

plan = {
    "lr": st.floats(1e-4, 10),
    "lr_min": st.floats(0, 1e-4),
    "warmup": st.integers(1, 50),
    "rest": st.integers(1, 100),
}


@given(**plan)
def test_nothing_jumps_where_two_parts_meet(lr, lr_min, warmup, rest):
    """A hair before, at and behind the end of a warm-up, the top of a cycle and the last step."""
    steps = warmup + rest
    config = {"lr": lr, "warmup_steps": warmup, "steps": steps, "lr_min": lr_min}
    parts = [
        (lambda t: schedules.linear_warmup(t, lr=lr, steps=warmup), warmup, lr),
        (lambda t: schedules.cosine_decay(t, lr=lr, steps=rest, lr_min=lr_min), rest, lr_min),
        (lambda t: schedules.warmup_cosine(t, **config), warmup, lr),
        (lambda t: schedules.warmup_cosine(t, **config), steps, lr_min),
        (lambda t: schedules.inverse_square_root(t, lr=lr, warmup_steps=warmup), warmup, lr),
    ]
    top, cycle = warmup + 1, {"lr_max": lr, "steps": 3 * warmup + 6, "up_share": 1 / 3}
    parts.append((lambda t: schedules.one_cycle(t, **cycle), top, lr))
    for schedule, at, value in parts:
        for t in (at - 1e-9, at, at + 1e-9):
            assert schedule(t) == pytest.approx(value, rel=1e-7, abs=1e-8 * lr)


@given(**plan)
def test_where_schedules_begin_and_end(lr, lr_min, warmup, rest):
    steps = warmup + rest
    last = schedules.warmup_cosine(steps, lr=lr, warmup_steps=warmup, steps=steps, lr_min=lr_min)
    assert last == pytest.approx(lr_min)
    assert schedules.warmup_cosine(0, lr=lr, warmup_steps=warmup, steps=steps) == 0
    assert schedules.linear_warmup(0, lr=lr, steps=steps, start_factor=0.25) == lr / 4
    assert schedules.exponential_decay(0, lr=lr, factor=0.5) == lr
    assert schedules.step_decay(rest - 1, lr=lr, every=rest) == lr
    assert schedules.step_decay(rest, lr=lr, every=rest, factor=0.5) == lr / 2
    four_times = schedules.inverse_square_root(4 * warmup, lr=lr, warmup_steps=warmup)
    assert four_times == pytest.approx(lr / 2)
    cycle = [
        schedules.one_cycle(t, lr_max=lr, steps=steps + 10, up_share=0.5, end_divisor=100)
        for t in (0, steps + 9)
    ]
    assert cycle == pytest.approx([lr / 25, lr / 2500])
    for t in range(0, rest + 1):
        there = schedules.cosine_decay(t, lr=lr, steps=rest, lr_min=lr_min)
        back = schedules.cosine_decay(rest - t, lr=lr, steps=rest, lr_min=lr_min)
        assert there + back == pytest.approx(lr + lr_min)


@given(
    st.lists(st.floats(0.01, 10), max_size=40),
    st.floats(0.1, 0.9),
    st.integers(0, 3),
    st.integers(0, 3),
)
def test_a_plateau_only_ever_lowers_and_by_whole_factors(losses, factor, patience, cooldown):
    optimizer = SimpleNamespace(lr=1.0)
    plateau = schedules.ReduceOnPlateau(
        optimizer, factor=factor, patience=patience, cooldown=cooldown, lr_min=1e-2
    )
    lowered = []
    for epoch, loss in enumerate(losses):
        before = optimizer.lr
        plateau.step(loss)
        if optimizer.lr != before:
            assert optimizer.lr == max(before * factor, 1e-2)
            lowered.append(epoch)
    assert not lowered or lowered[0] > patience  # the first epoch is always the best so far
    assert (np.diff(lowered) > patience + cooldown).all()
