"""Optimizers: hand arithmetic, PyTorch and Keras as references, and bad arguments by name."""

import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from labkit import optim
from labkit.autograd import Tensor

SHAPES = [(3, 4), (5,), (2, 3, 2, 1), ()]
STEPS = 20

# Every hyper-parameter away from its default, and under PyTorch's name.
SETTINGS = [
    ("SGD", {"lr": 0.07}),
    ("SGD", {"lr": 0.07, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.05, "momentum": 0.7}),
    ("SGD", {"lr": 0.05, "momentum": 0.7, "weight_decay": 0.03}),
    ("SGD", {"lr": 0.05, "momentum": 0.7, "nesterov": True, "weight_decay": 0.03}),
    ("Adagrad", {"lr": 0.3, "eps": 1e-3, "weight_decay": 0.03}),
    ("RMSprop", {"lr": 0.02, "alpha": 0.8, "eps": 1e-3, "weight_decay": 0.03}),
    ("Adadelta", {"lr": 0.6, "rho": 0.7, "eps": 1e-3, "weight_decay": 0.03}),
    ("Adam", {"lr": 0.02, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.03}),
    ("AdamW", {"lr": 0.02, "betas": (0.7, 0.95), "eps": 1e-3, "weight_decay": 0.3}),
]
DEFAULTS = [("SGD", {"lr": 0.01})] + [(name, {}) for name, _ in SETTINGS[5:]]


def names_of(cases):
    return [f"{name}-{'-'.join(config)}" for name, config in cases]


def starts_and_gradients(dtype, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    starts = [np.asarray(rng.normal(size=shape), dtype) for shape in SHAPES]
    steps = [[np.asarray(scale * rng.normal(size=s), dtype) for s in SHAPES] for _ in range(STEPS)]
    return starts, steps


def path(optimizer_class, config, starts, steps):
    """The weights after every step, of labkit."""
    weights = [Tensor(start.copy(), requires_grad=True) for start in starts]
    optimizer = optimizer_class(weights, **config)
    visited = []
    for gradients in steps:
        for w, g in zip(weights, gradients, strict=True):
            w.grad = None if g is None else g.copy()
        optimizer.step()
        visited.append([w.data.copy() for w in weights])
    return visited


def torch_path(name, config, starts, steps):
    torch = pytest.importorskip("torch")
    weights = [torch.tensor(start, requires_grad=True) for start in starts]
    optimizer = getattr(torch.optim, name)(weights, **config)
    visited = []
    for gradients in steps:
        for w, g in zip(weights, gradients, strict=True):
            w.grad = None if g is None else torch.tensor(g)
        optimizer.step()
        visited.append([w.detach().numpy().copy() for w in weights])
    return visited


def assert_same_path(ours, theirs, **tolerance):
    for our_weights, their_weights in zip(ours, theirs, strict=True):
        for a, b in zip(our_weights, their_weights, strict=True):
            assert a.dtype == b.dtype
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, **tolerance)


@pytest.mark.parametrize(("name", "config"), SETTINGS + DEFAULTS, ids=names_of(SETTINGS + DEFAULTS))
def test_twenty_steps_as_in_pytorch(name, config):
    starts, steps = starts_and_gradients(np.float64)
    ours = path(getattr(optim, name), config, starts, steps)
    assert_same_path(ours, torch_path(name, config, starts, steps), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("name", "config"), SETTINGS, ids=names_of(SETTINGS))
def test_float32_stays_float32_and_follows_pytorch(name, config):
    starts, steps = starts_and_gradients(np.float32)
    ours = path(getattr(optim, name), config, starts, steps)
    assert all(w.dtype == np.float32 for weights in ours for w in weights)
    assert_same_path(ours, torch_path(name, config, starts, steps), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("name", "config"), SETTINGS, ids=names_of(SETTINGS))
def test_parameters_without_a_gradient_wait_as_in_pytorch(name, config):
    starts, steps = starts_and_gradients(np.float64)
    for i, gradients in enumerate(steps):
        gradients[i % 3] = None
    ours = path(getattr(optim, name), config, starts, steps)
    assert_same_path(ours, torch_path(name, config, starts, steps), rtol=0, atol=1e-10)


@pytest.mark.parametrize(("name", "config"), SETTINGS, ids=names_of(SETTINGS))
@pytest.mark.parametrize("size", [0, 1, optim.BLOCK, optim.BLOCK + 1])
def test_blocks_do_not_change_the_rule(name, config, size):
    rng = np.random.default_rng(3)
    start, steps = rng.normal(size=size), rng.normal(size=(2, 1, size))
    ours = path(getattr(optim, name), config, [start], steps)
    pieces = [
        path(getattr(optim, name), config, [start[i : i + 7]], steps[:, :, i : i + 7])[-1][0]
        for i in range(0, size, 7)
    ]
    np.testing.assert_allclose(ours[-1][0], np.concatenate([*pieces, []]), rtol=0, atol=1e-15)


def test_transposed_arrays_are_updated_at_the_right_places():
    w = Tensor(np.arange(6.0).reshape(2, 3).T, requires_grad=True)
    adam = optim.Adam([w], lr=0.5)
    for _ in range(2):
        adam.load_state_dict({k: np.array(v, order="F") for k, v in adam.state_dict().items()})
        w.grad = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 2.0]])
        adam.step()  # with a constant gradient every step is lr times its sign
    expected = np.array([[0.0 - 1, 3.0], [1.0 + 1, 4.0], [2.0, 5.0 - 1]])
    np.testing.assert_allclose(w.data, expected, atol=1e-7)


# --- Numbers that can be checked by hand -----------------------------------------------------

GRADIENTS = [1.0, 0.5, -0.2, 0.3, 0.8]


def scalar_path(optimizer_class, gradients=GRADIENTS, start=1.0, **config):
    visited = path(
        optimizer_class, config, [np.array([start])], [[np.array([g])] for g in gradients]
    )
    return [weights[0].item() for weights in visited]


def test_sgd_momentum_by_hand():
    # v: 1; 0.9 + 0.5 = 1.4; 1.26 - 0.2 = 1.06; 0.954 + 0.3 = 1.254; 1.1286 + 0.8 = 1.9286
    expected = [0.9, 0.76, 0.654, 0.5286, 0.33574]
    assert scalar_path(optim.SGD, lr=0.1, momentum=0.9) == pytest.approx(expected, abs=1e-12)


def test_the_sources_average_form_is_sgd_momentum_with_a_smaller_lr():
    # Source 003 averages, v = 0.9 v + 0.1 g, with lr 0.1 (F003-11, F003-12).
    expected = [0.99, 0.976, 0.9654, 0.95286, 0.933574]
    assert scalar_path(optim.SGD, lr=0.01, momentum=0.9) == pytest.approx(expected, abs=1e-12)


def test_nesterov_by_hand():
    # step 1: v = 1, moves 0.1 (1 + 0.5 * 1) = 0.15; step 2: v = 2.5, moves 0.1 (2 + 1.25) = 0.325
    visited = scalar_path(optim.SGD, [1.0, 2.0], start=0.0, lr=0.1, momentum=0.5, nesterov=True)
    assert visited == pytest.approx([-0.15, -0.475], abs=1e-12)


def test_adam_of_the_sources_example():
    # F003-13 to F003-15, with the moments as Kingma and Ba define them.
    expected = [0.9990000, 0.9980678, 0.9974711, 0.9968500, 0.9961089]
    assert scalar_path(optim.Adam, lr=0.001) == pytest.approx(expected, abs=5e-8)


def test_adams_first_moment_is_the_weighted_mean_of_the_gradients():
    # Closed form: (1 - b) / (1 - b^t) * sum of b^(t - i) g_i.
    w = Tensor([1.0], requires_grad=True)
    adam = optim.Adam([w])
    means = []
    for t, g in enumerate(GRADIENTS, start=1):
        w.grad = np.array([g])
        adam.step()
        means.append(adam.state_dict()["0.m"].item() / (1 - 0.9**t))
    assert means == pytest.approx([1, 0.736842, 0.391144, 0.364641, 0.470953], abs=5e-7)


@pytest.mark.parametrize(
    ("optimizer_class", "config", "step"),
    [
        # one step from w = 1 with g = 2
        (optim.SGD, {"lr": 0.1}, 0.2),
        (optim.SGD, {"lr": 0.1, "weight_decay": 0.5}, 0.1 * (2 + 0.5)),
        (optim.Adagrad, {"lr": 0.1, "eps": 1.0}, 0.1 * 2 / (2 + 1)),
        (optim.RMSprop, {"lr": 0.1, "alpha": 0.75, "eps": 1.0}, 0.1 * 2 / (1 + 1)),
        (optim.Adadelta, {"lr": 0.5, "rho": 0.75, "eps": 3.0}, 0.5 * 3**0.5 / 2 * 2),
        (optim.Adam, {"lr": 0.1, "eps": 2.0}, 0.1 * 2 / (2 + 2)),
        (optim.Adam, {"lr": 0.1, "eps": 2.5, "weight_decay": 0.5}, 0.1 * 2.5 / (2.5 + 2.5)),
        (optim.AdamW, {"lr": 0.1, "eps": 2.0, "weight_decay": 0.5}, 0.1 * 0.5 + 0.1 * 2 / 4),
    ],
)
def test_first_step_by_hand(optimizer_class, config, step):
    assert scalar_path(optimizer_class, [2.0], **config) == pytest.approx([1 - step], abs=1e-12)


@pytest.mark.parametrize(
    ("optimizer_class", "config", "step"),
    [
        (optim.SGD, {"lr": 0.02}, lambda t: 0.02 * 3),
        (optim.SGD, {"lr": 0.02, "momentum": 0.7}, lambda t: 0.02 * 3 * (1 - 0.7**t) / (1 - 0.7)),
        (optim.Adagrad, {"lr": 0.02}, lambda t: 0.02 / t**0.5),
        (optim.RMSprop, {"lr": 0.02, "alpha": 0.8}, lambda t: 0.02 / (1 - 0.8**t) ** 0.5),
        (optim.Adam, {"lr": 0.02}, lambda t: 0.02),
    ],
)
def test_steps_under_a_constant_slope_as_in_the_chapters_table(optimizer_class, config, step):
    visited = [1.0, *scalar_path(optimizer_class, [3.0] * 7, **config)]
    assert -np.diff(visited) == pytest.approx([step(t) for t in range(1, 8)], rel=1e-7)


def test_adadeltas_steps_grow_from_a_tiny_one():
    visited = [1.0, *scalar_path(optim.Adadelta, [3.0] * 200, lr=0.5, rho=0.8, eps=1e-6)]
    steps = -np.diff(visited)
    assert steps[0] == pytest.approx(0.5 * (1e-6 / (1 - 0.8)) ** 0.5, rel=1e-6)
    assert (np.diff(steps[5:]) > 0).all()


def test_adam_takes_equal_steps_where_sgd_crawls_and_jumps():
    rates = {"Adam": optim.Adam, "SGD": optim.SGD}
    moved = {
        name: [1 - scalar_path(rule, [g], lr=0.1)[0] for g in (1e-3, 1e3)]
        for name, rule in rates.items()
    }
    assert moved["Adam"] == pytest.approx([0.1, 0.1], rel=1e-4)
    assert moved["SGD"] == pytest.approx([1e-4, 1e2], rel=1e-9)


@pytest.mark.parametrize(("name", "config"), SETTINGS, ids=names_of(SETTINGS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_of_a_thousand_and_of_zero_stay_finite(name, config, dtype):
    for g in (1000.0, -1000.0, 0.0):
        starts, steps = [np.ones(3, dtype)], [[np.full(3, g, dtype)]] * 5
        last = path(getattr(optim, name), config, starts, steps)[-1][0]
        assert np.isfinite(last).all()


# --- Keras: the same rules, with its epsilon elsewhere ----------------------------------------


def keras_path(make_optimizer, starts, steps):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    weights = [keras.Variable(start, dtype=str(start.dtype)) for start in starts]
    optimizer = make_optimizer(keras.optimizers)
    visited = []
    for gradients in steps:
        optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
        visited.append([w.value.detach().numpy().copy() for w in weights])
    return visited


def small_gradients():
    """Gradients of the size of Keras's epsilon, where its place decides; float32 as in Keras."""
    return starts_and_gradients(np.float32, scale=1e-6)


@pytest.mark.parametrize("nesterov", [False, True])
def test_keras_momentum_is_the_same(nesterov):
    starts, steps = starts_and_gradients(np.float32)
    theirs = keras_path(lambda k: k.SGD(0.05, momentum=0.7, nesterov=nesterov), starts, steps)
    ours = path(optim.SGD, {"lr": 0.05, "momentum": 0.7, "nesterov": nesterov}, starts, steps)
    assert_same_path(ours, theirs, rtol=1e-5, atol=1e-6)


def test_keras_adadelta_is_the_same():
    starts, steps = small_gradients()
    theirs = keras_path(lambda k: k.Adadelta(0.6, rho=0.7, epsilon=1e-7), starts, steps)
    ours = path(optim.Adadelta, {"lr": 0.6, "rho": 0.7, "eps": 1e-7}, starts, steps)
    assert_same_path(ours, theirs, rtol=1e-5, atol=1e-6)


class KerasAdagrad(optim.Adagrad):
    """The docstring's sentence as code: sqrt(s + eps), s from 0.1."""

    def update(self, w, g, t, s):
        if t == 1:
            s[...] = 0.1
        s[...] = s + g**2
        return self.lr * g / np.sqrt(s + self.eps)


class KerasRMSprop(optim.RMSprop):
    """The docstring's sentence as code: sqrt(s + eps)."""

    def update(self, w, g, t, s):
        s[...] = self.alpha * s + (1 - self.alpha) * g**2
        return self.lr * g / np.sqrt(s + self.eps)


class KerasAdam(optim.Adam):
    """The docstring's sentence as code: eps divided by sqrt(1 - beta2^t)."""

    def update(self, w, g, t, m, v):
        eps = self.eps
        self.eps = eps / (1 - self.betas[1] ** t) ** 0.5
        try:
            return super().update(w, g, t, m, v)
        finally:
            self.eps = eps


class KerasAdamW(KerasAdam):
    """Keras's Adam, and the decay beside it."""

    def __init__(self, parameters, *, decay, **config):
        super().__init__(parameters, **config)
        self.decay = decay

    def update(self, w, g, t, m, v):
        return self.lr * self.decay * w + super().update(w, g, t, m, v)


@pytest.mark.parametrize(
    ("keras_form", "ours", "config", "make_keras"),
    [
        (KerasAdagrad, optim.Adagrad, {"lr": 0.3, "eps": 1e-7}, lambda k: k.Adagrad(0.3)),
        (
            KerasRMSprop,
            optim.RMSprop,
            {"lr": 0.02, "alpha": 0.9, "eps": 1e-7},
            lambda k: k.RMSprop(0.02),
        ),
        (KerasAdam, optim.Adam, {"lr": 0.02, "eps": 1e-7}, lambda k: k.Adam(0.02)),
    ],
    ids=["Adagrad", "RMSprop", "Adam"],
)
def test_keras_differs_exactly_as_the_docstring_says(keras_form, ours, config, make_keras):
    starts, steps = small_gradients()
    theirs = keras_path(make_keras, starts, steps)
    assert_same_path(path(keras_form, config, starts, steps), theirs, rtol=2e-5, atol=2e-7)
    plain = path(ours, config, starts, steps)[-1]
    assert max(np.abs(a - b).max() for a, b in zip(plain, theirs[-1], strict=True)) > 1e-3


def test_keras_adamw_differs_in_the_same_way():
    starts, steps = small_gradients()
    theirs = keras_path(lambda k: k.AdamW(0.02), starts, steps)  # decay 0.004 by default
    config = {"lr": 0.02, "eps": 1e-7}
    assert_same_path(
        path(KerasAdamW, config | {"decay": 0.004}, starts, steps), theirs, rtol=2e-5, atol=2e-7
    )
    plain = path(optim.AdamW, config | {"weight_decay": 0.004}, starts, steps)[-1]
    assert max(np.abs(a - b).max() for a, b in zip(plain, theirs[-1], strict=True)) > 1e-3


def test_first_adam_step_on_a_tiny_gradient_in_both_frameworks():
    # g = 1e-6: PyTorch's rule moves 0.00099, Keras's 0.00024 (F003-15).
    assert 1 - scalar_path(optim.Adam, [1e-6], lr=0.001)[0] == pytest.approx(0.00099, abs=5e-6)
    assert 1 - scalar_path(KerasAdam, [1e-6], lr=0.001, eps=1e-7)[0] == pytest.approx(
        0.00024, abs=5e-6
    )


# --- State, gradients, and bad arguments ------------------------------------------------------


@pytest.mark.parametrize(("name", "config"), SETTINGS, ids=names_of(SETTINGS))
def test_a_restored_optimizer_goes_on_as_if_nothing_had_happened(name, config):
    starts, steps = starts_and_gradients(np.float64)
    rule = getattr(optim, name)
    whole = path(rule, config, starts, steps)

    weights = [Tensor(start.copy(), requires_grad=True) for start in starts]
    first = rule(weights, **config)
    for gradients in steps[:8]:
        for w, g in zip(weights, gradients, strict=True):
            w.grad = g
        first.step()
    second = rule(weights, **config)
    second.load_state_dict(first.state_dict())
    for gradients in steps[8:]:
        for w, g in zip(weights, gradients, strict=True):
            w.grad = g
        second.step()
    for w, expected in zip(weights, whole[-1], strict=True):
        np.testing.assert_array_equal(w.data, expected)


def test_state_dict_is_a_copy():
    w = Tensor([1.0, 2.0], requires_grad=True)
    adam = optim.Adam([w])
    state = adam.state_dict()
    assert sorted(state) == ["0.m", "0.t", "0.v"]
    state["0.m"] += 5
    assert adam.state_dict()["0.m"].tolist() == [0, 0]
    adam.load_state_dict(state)
    state["0.m"] += 5
    assert adam.state_dict()["0.m"].tolist() == [5, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("0.m"), "state must have the names"),
        (lambda s: s.update({"1.m": np.zeros(2)}), "state must have the names"),
        (lambda s: s.update({"0.m": np.zeros(3)}), r"'0.m' must have shape \(2,\); got \(3,\)"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_whole(change, message):
    w = Tensor([1.0, 2.0], requires_grad=True)
    adam = optim.Adam([w])
    state = {name: value + 1 for name, value in adam.state_dict().items()}
    change(state)
    with pytest.raises(ValueError, match=message):
        adam.load_state_dict(state)
    assert all((value == 0).all() for value in adam.state_dict().values())


def test_zero_grad_and_step_touch_only_what_they_should():
    w, other = Tensor([1.0], requires_grad=True), Tensor([2.0], requires_grad=True)
    sgd = optim.SGD([w, other], lr=1.0)
    before = w.data
    w.grad = np.array([0.5])
    sgd.step()
    assert (w.data.item(), other.data.item(), w.grad.item()) == (0.5, 2.0, 0.5)
    assert before.item() == 1.0  # a recorded graph still sees the old weights
    sgd.zero_grad()
    assert w.grad is None


def test_numpy_hyper_parameters_become_python_numbers():
    w = Tensor(np.ones(3, np.float32), requires_grad=True)
    adam = optim.Adam([w], lr=np.float64(0.1), eps=np.float64(1e-8))
    assert type(adam.lr) is float
    assert type(adam.eps) is float


def a_weight():
    return [Tensor([1.0], requires_grad=True)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.SGD(a_weight(), lr=-0.1), "lr must be a number from 0 up; got -0.1"),
        (lambda: optim.SGD(a_weight(), lr=float("nan")), "lr must be"),
        (lambda: optim.SGD(a_weight(), lr=float("inf")), "lr must be"),
        (lambda: optim.SGD(a_weight(), lr=0.1, momentum=1.0), r"momentum must be in \[0, 1\)"),
        (lambda: optim.SGD(a_weight(), lr=0.1, nesterov=True), "nesterov needs a momentum above 0"),
        (lambda: optim.SGD(a_weight(), lr=0.1, weight_decay=-1), "weight_decay must be"),
        (lambda: optim.Adagrad(a_weight(), eps=-1e-3), "eps must be"),
        (lambda: optim.RMSprop(a_weight(), alpha=1.5), "alpha must be"),
        (lambda: optim.RMSprop(a_weight(), eps=-1), "eps must be"),
        (lambda: optim.Adadelta(a_weight(), rho=-0.1), "rho must be"),
        (lambda: optim.Adadelta(a_weight(), eps=-0.1), "eps must be"),
        (lambda: optim.Adam(a_weight(), betas=(1.0, 0.9)), r"betas\[0\] must be"),
        (lambda: optim.Adam(a_weight(), betas=(0.9, -0.1)), r"betas\[1\] must be"),
        (lambda: optim.Adam(a_weight(), eps=-1), "eps must be"),
        (lambda: optim.AdamW(a_weight(), weight_decay=-1), "weight_decay must be"),
        (lambda: optim.Adam([]), "parameters must hold at least one tensor; got none"),
        (lambda: optim.Adam(a_weight()[0]), "parameters must be a list of tensors; got one"),
        (lambda: optim.Adam([Tensor([1.0])]), r"parameters\[0\] must have requires_grad=True"),
        (lambda: optim.Adam([np.ones(2)]), r"parameters\[0\] must have requires_grad=True"),
        (lambda: optim.Adam(a_weight() * 2), "one is there twice"),
    ],
)
def test_bad_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_rule_of_ones_own_has_no_decay_unless_it_is_asked_for():
    class Descent(optim.Optimizer):
        def update(self, w, g, t):
            return self.lr * self.decayed(w, g)

    for config, expected in (({}, 0.5), ({"weight_decay": 1.0}, -0.5)):
        (w,) = a_weight()
        w.grad = np.array([0.5])
        Descent([w], lr=1.0, **config).step()
        assert w.data == expected


def test_the_base_class_has_no_rule():
    w = a_weight()
    w[0].grad = np.array([1.0])
    with pytest.raises(NotImplementedError, match="Optimizer has no update method"):
        optim.Optimizer(w, lr=0.1).step()


# --- the papers' rules, one number and one step at a time ---------------------------------------


def sgd_steps(w, gradients, lr, momentum, weight_decay):
    v = 0.0
    for g in gradients:
        v = momentum * v + (g + weight_decay * w)
        w -= lr * v
    return w


def adagrad_steps(w, gradients, lr, eps, weight_decay):
    total = 0.0
    for g in gradients:
        g += weight_decay * w
        total += g**2
        w -= lr * g / (math.sqrt(total) + eps)
    return w


def rmsprop_steps(w, gradients, lr, alpha, eps, weight_decay):
    mean = 0.0
    for g in gradients:
        g += weight_decay * w
        mean = alpha * mean + (1 - alpha) * g**2
        w -= lr * g / (math.sqrt(mean) + eps)
    return w


def adadelta_steps(w, gradients, lr, rho, eps, weight_decay):
    squares, moved = 0.0, 0.0
    for g in gradients:
        g += weight_decay * w
        squares = rho * squares + (1 - rho) * g**2
        d = math.sqrt((moved + eps) / (squares + eps)) * g
        moved = rho * moved + (1 - rho) * d**2
        w -= lr * d
    return w


def adam_steps(w, gradients, lr, betas, eps, weight_decay, decoupled=False):
    first, second = 0.0, 0.0
    for t, g in enumerate(gradients, start=1):
        if decoupled:
            w *= 1 - lr * weight_decay
        else:
            g += weight_decay * w
        first = betas[0] * first + (1 - betas[0]) * g
        second = betas[1] * second + (1 - betas[1]) * g**2
        at_unit = first / (1 - betas[0] ** t), second / (1 - betas[1] ** t)
        w -= lr * at_unit[0] / (math.sqrt(at_unit[1]) + eps)
    return w


def adamw_steps(*args, **config):
    return adam_steps(*args, **config, decoupled=True)


share, small = st.floats(0.1, 0.95), st.floats(1e-3, 0.5)
CONFIGS = {
    "SGD": (sgd_steps, {"momentum": share}),
    "Adagrad": (adagrad_steps, {"eps": small}),
    "RMSprop": (rmsprop_steps, {"alpha": share, "eps": small}),
    "Adadelta": (adadelta_steps, {"rho": share, "eps": small}),
    "Adam": (adam_steps, {"betas": st.tuples(share, share), "eps": small}),
    "AdamW": (adamw_steps, {"betas": st.tuples(share, share), "eps": small}),
}


@given(st.data(), array_shapes(min_dims=0, max_dims=3, max_side=3), st.integers(0, 1000))
@pytest.mark.parametrize("name", CONFIGS)
def test_three_steps_of_any_shape_are_the_papers_rule_for_each_number(name, data, shape, seed):
    rule, drawn = CONFIGS[name]
    config = data.draw(st.fixed_dictionaries({"lr": small, "weight_decay": small, **drawn}))
    rng = np.random.default_rng(seed)
    start, steps = rng.normal(size=shape), rng.normal(size=(3, *shape))
    last = path(getattr(optim, name), config, [np.array(start)], [[np.array(g)] for g in steps])
    for i in np.ndindex(shape):
        expected = rule(float(start[i]), [float(g[i]) for g in steps], **config)
        assert last[-1][0][i] == pytest.approx(expected, rel=1e-12, abs=1e-13)


@given(st.integers(0, 1000), st.floats(-3, 4))
@pytest.mark.parametrize("name", ["Adagrad", "RMSprop", "Adam", "AdamW"])
def test_the_gradients_scale_decides_nothing(name, seed, log_scale):
    """What is divided by its own size has none. Only eps has: none is given, or a small one."""
    rng = np.random.default_rng(seed)
    start, steps = rng.normal(size=4), rng.choice([-1, 1], (5, 4)) * rng.uniform(0.5, 2, (5, 4))
    for eps, apart in ((0.0, 1e-11), (1e-8, 1e-3)):
        plain, scaled = (
            path(getattr(optim, name), {"lr": 0.1, "eps": eps}, [start], [[c * g] for g in steps])
            for c in (1.0, 10.0**log_scale)
        )
        np.testing.assert_allclose(scaled[-1][0], plain[-1][0], rtol=0, atol=apart)
