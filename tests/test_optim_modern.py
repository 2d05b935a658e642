"""Lion against Keras; Muon, in full precision, clipping and averaging against PyTorch."""

import contextlib
import os
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from labkit import optim
from labkit.autograd import Tensor


def rng(seed=0):
    return np.random.default_rng(seed)


def tensors(*shapes, dtype=np.float64):
    return [
        Tensor(rng(i).normal(size=s).astype(dtype), requires_grad=True)
        for i, s in enumerate(shapes)
    ]


# --- Lion ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [{}, {"lr": 0.03, "betas": (0.7, 0.95), "weight_decay": 0.2}])
def test_lion_is_keras(config):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    (w,) = tensors((3, 4), dtype=np.float32)
    theirs = keras.Variable(w.data)
    beta_1, beta_2 = config.get("betas", (0.9, 0.99))
    keras_lion = keras.optimizers.Lion(
        config.get("lr", 1e-4), beta_1, beta_2, weight_decay=config.get("weight_decay")
    )
    lion = optim.Lion([w], **config)
    for step in range(20):
        w.grad = rng(step).normal(size=w.shape).astype(np.float32)
        keras_lion.apply([keras.ops.convert_to_tensor(w.grad)], [theirs])
        lion.step()
        np.testing.assert_allclose(w.data, theirs.value.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert w.dtype == np.float32


def test_lion_by_hand():
    """m: 0, then 0.01; 0.9 m + 0.1 g = 0.008 still points up: 1 - 0.15, then - 0.1 (1 + 0.425)."""
    w = Tensor([1.0], requires_grad=True)
    lion = optim.Lion([w], lr=0.1, weight_decay=0.5)
    seen = []
    for g in (1.0, -0.01):
        w.grad = np.array([g])
        lion.step()
        seen.append(w.data.item())
    assert seen == pytest.approx([0.85, 0.7075])


@given(array_shapes(min_dims=0, max_dims=3, max_side=4), st.integers(0, 1000))
def test_with_lion_every_number_moves_as_far_as_every_other(shape, seed):
    drawn = np.random.default_rng(seed)
    w = Tensor(drawn.normal(size=shape), requires_grad=True)
    lion = optim.Lion([w], lr=0.125)
    for _ in range(3):
        before, w.grad = w.data, drawn.normal(size=shape)
        lion.step()
        np.testing.assert_allclose(np.abs(w.data - before), 0.125, rtol=1e-12)


# --- Muon ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("config", [{}, {"lr": 0.03, "momentum": 0.8, "weight_decay": 0.2}])
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_muon_is_pytorchs_in_full_precision(shape, config):
    torch = pytest.importorskip("torch")
    (w,) = tensors(shape)
    theirs = torch.tensor(w.data.T.copy(), requires_grad=True)  # nn.Linear keeps the transpose
    muon, torch_muon = optim.Muon([w], **config), torch.optim.Muon([theirs], **config)
    with mock.patch.object(torch.Tensor, "bfloat16", lambda self: self):
        for step in range(10):
            w.grad = rng(step).normal(size=shape)
            theirs.grad = torch.tensor(w.grad.T.copy())
            muon.step()
            torch_muon.step()
            np.testing.assert_allclose(w.data.T, theirs.detach().numpy(), rtol=0, atol=1e-10)


def test_what_is_orthogonalized_keeps_its_directions_and_loses_its_lengths():
    u, _, v = np.linalg.svd(rng().normal(size=(4, 6)), full_matrices=False)
    out = optim.orthogonalized(u @ np.diag([1.0, 0.5, 0.1, 0.02]) @ v)
    lengths = np.diag(u.T @ out @ v.T)
    np.testing.assert_allclose(u @ np.diag(lengths) @ v, out, atol=1e-12)
    assert (lengths > 0.6).all()
    assert (lengths < 1.3).all()


@given(st.integers(1, 5), st.integers(1, 5), st.floats(-3, 3), st.integers(0, 1000))
def test_what_is_orthogonalized_turns_along_and_has_no_size(d_in, d_out, log_scale, seed):
    """Turned before is turned after, on either side; the size of g and its transpose do not matter.

    No length is above 1.203, the polynomial's highest value on the way from 0 to there.
    """
    rng = np.random.default_rng(seed)
    g = rng.normal(size=(d_in, d_out))
    left, right = (np.linalg.qr(rng.normal(size=(d, d)))[0] for d in (d_in, d_out))
    out = optim.orthogonalized(g)
    np.testing.assert_allclose(optim.orthogonalized(10**log_scale * g), out, atol=1e-10)
    np.testing.assert_allclose(
        optim.orthogonalized(left @ g @ right), left @ out @ right, atol=1e-9
    )
    np.testing.assert_allclose(optim.orthogonalized(g.T), out.T, atol=1e-10)
    assert np.linalg.norm(out, 2) < 1.203


@pytest.mark.parametrize(("g", "start"), [(0.5e-7, 0.5), (1.5e-7, 1.0), (-3.0, -1.0)])
def test_five_rounds_for_one_number(g, start):
    """What is shorter than 1e-7 is not stretched to length one."""
    x = start
    for _ in range(5):
        x = 3.4445 * x - 4.775 * x**3 + 2.0315 * x**5
    assert optim.orthogonalized(np.array([[g]])).item() == pytest.approx(x, rel=1e-12)


def test_muon_takes_matrices_alone():
    with pytest.raises(ValueError, match=r"parameters\[1\] must be a matrix; got shape \(3,\)"):
        optim.Muon(tensors((2, 3), (3,)))


def test_muon_of_no_gradient_stays_where_it_is():
    (w,) = tensors((2, 3), dtype=np.float32)
    before = w.data.copy()
    w.grad = np.zeros((2, 3), np.float32)
    optim.Muon([w], weight_decay=0.0).step()
    np.testing.assert_array_equal(w.data, before)
    assert w.dtype == np.float32


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda w: optim.Lion(w, betas=(1.0, 0.9)), r"betas\[0\] must be in \[0, 1\); got 1.0"),
        (lambda w: optim.Lion(w, lr=-1), "lr must be a number from 0 up; got -1"),
        (lambda w: optim.Muon(w, momentum=1.0), r"momentum must be in \[0, 1\); got 1.0"),
        (lambda w: optim.ExponentialMovingAverage(w, decay=1.0), r"decay must be in \[0, 1\)"),
        (lambda w: optim.ExponentialMovingAverage([]), "must hold at least one tensor"),
        (lambda w: optim.clip_grad_norm(w, max_norm=0.0), "max_norm must be positive; got 0.0"),
        (lambda w: optim.clip_grad_value(w, max_value=-1), "max_value must be positive; got -1"),
    ],
)
def test_what_makes_no_sense_is_named(build, words):
    with pytest.raises(ValueError, match=words):
        build(tensors((2, 2)))


@pytest.mark.parametrize("optimizer_class", [optim.Lion, optim.Muon])
def test_a_state_continues_where_it_stopped(optimizer_class):
    (a,), (b,) = tensors((3, 4)), tensors((3, 4))
    first = optimizer_class([a], lr=0.1)
    for step in range(4):
        a.grad = rng(step).normal(size=(3, 4))
        first.step()
        if step == 1:
            b.data, state = a.data.copy(), first.state_dict()
    second = optimizer_class([b], lr=0.1)
    second.load_state_dict(state)
    for step in (2, 3):
        b.grad = rng(step).normal(size=(3, 4))
        second.step()
    np.testing.assert_array_equal(a.data, b.data)


# --- clipping -----------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.5, 3.0, 1000.0])
def test_clipping_is_pytorchs(limit):
    torch = pytest.importorskip("torch")
    for ours, theirs in (
        (
            lambda w: optim.clip_grad_norm(w, max_norm=limit),
            lambda w: torch.nn.utils.clip_grad_norm_(w, limit).item(),
        ),
        (
            lambda w: optim.clip_grad_value(w, max_value=limit),
            lambda w: torch.nn.utils.clip_grad_value_(w, limit),
        ),
    ):
        w = tensors((3, 4), (5,), (2,))
        their_w = [torch.tensor(p.data, requires_grad=True) for p in w]
        for p, their in zip(w[:2], their_w[:2], strict=True):  # the last has none
            p.grad = rng(7).normal(size=p.shape)
            their.grad = torch.tensor(p.grad)
        assert (ours(w) or 0) == pytest.approx(theirs(their_w) or 0, rel=1e-12)  # None: no length
        for p, their in zip(w[:2], their_w[:2], strict=True):
            np.testing.assert_allclose(p.grad, their.grad.numpy(), rtol=1e-12)
        assert w[2].grad is None


def test_clipping_by_hand():
    """(3, 4) is 5 long: cut to one, (0.6, 0.8); cut to 10, as it was."""
    w = Tensor(np.zeros(2, np.float32), requires_grad=True)
    w.grad = np.float32([3, 4])
    assert optim.clip_grad_norm([w], max_norm=10.0) == 5
    np.testing.assert_array_equal(w.grad, [3, 4])
    assert optim.clip_grad_norm([w], max_norm=1.0) == 5
    np.testing.assert_allclose(w.grad, [0.6, 0.8], rtol=1e-6)
    assert w.grad.dtype == np.float32
    optim.clip_grad_value([w], max_value=0.7)
    np.testing.assert_allclose(w.grad, [0.6, 0.7], rtol=1e-6)
    assert w.grad.dtype == np.float32


def test_clipping_does_not_overflow_in_float32():
    w = Tensor(np.zeros(2, np.float32), requires_grad=True)
    w.grad = np.float32([3e30, 4e30])
    assert optim.clip_grad_norm([w], max_norm=1.0) == pytest.approx(5e30)
    np.testing.assert_allclose(w.grad, [0.6, 0.8], rtol=1e-6)


def test_no_gradient_at_all_has_no_length():
    assert optim.clip_grad_norm(tensors((2,)), max_norm=1.0) == 0


shapes = st.lists(array_shapes(min_dims=0, max_dims=3, max_side=3), min_size=1, max_size=3)


@given(shapes, st.floats(0.01, 10), st.integers(0, 1000))
def test_clipping_never_lengthens_and_never_turns(shapes, limit, seed):
    drawn = np.random.default_rng(seed)
    w = tensors(*shapes)
    for p in w:
        p.grad = np.array(drawn.normal(size=p.shape) * drawn.choice([0.1, 1, 10]))
    before = [p.grad.copy() for p in w]
    length = sum(float(x) ** 2 for g in before for x in g.flat) ** 0.5
    assert optim.clip_grad_norm(w, max_norm=limit) == pytest.approx(length, rel=1e-12)
    after = sum(float(x) ** 2 for p in w for x in p.grad.flat) ** 0.5
    assert after <= min(length, limit) * (1 + 1e-12)
    for p, g in zip(w, before, strict=True):
        np.testing.assert_allclose(p.grad * length, g * after, rtol=1e-9, atol=1e-12)
        if length < limit * 0.99:
            np.testing.assert_array_equal(p.grad, g)
        p.grad = g.copy()
    optim.clip_grad_value(w, max_value=limit)
    for p, g in zip(w, before, strict=True):
        expected = [max(-limit, min(limit, x)) for x in g.flat]
        np.testing.assert_array_equal(p.grad.ravel(), expected)


# --- averaging ----------------------------------------------------------------------------------


def test_the_average_is_pytorchs():
    torch = pytest.importorskip("torch")
    swa = torch.optim.swa_utils
    model = torch.nn.Linear(4, 3).double()
    w = [Tensor(p.detach().numpy().copy(), requires_grad=True) for p in model.parameters()]
    ours = optim.ExponentialMovingAverage(w, decay=0.8)
    theirs = swa.AveragedModel(model, multi_avg_fn=swa.get_ema_multi_avg_fn(0.8))
    theirs.update_parameters(model)  # the first call copies
    for step in range(5):
        for i, (p, their) in enumerate(zip(w, model.parameters(), strict=True)):
            p.data = rng(10 * step + i).normal(size=p.shape)
            with torch.no_grad():
                their.copy_(torch.tensor(p.data))
        ours.update()
        theirs.update_parameters(model)
    for average, their in zip(ours.averages, theirs.module.parameters(), strict=True):
        np.testing.assert_allclose(average, their.detach().numpy(), rtol=1e-12)


def test_the_average_is_applied_and_taken_back_even_after_an_error():
    w = Tensor(np.float32([1.0]), requires_grad=True)
    average = optim.ExponentialMovingAverage([w], decay=0.5)
    w.data = np.float32([3.0])
    average.update()
    with contextlib.suppress(KeyboardInterrupt), average.applied():
        assert w.data == 2
        assert w.data.dtype == np.float32
        w.data += 1  # a copy: the average stays
        raise KeyboardInterrupt
    assert w.data == 3
    assert average.averages[0] == 2


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=6), st.floats(0, 0.99))
def test_an_average_lies_among_what_it_has_seen(seen, decay):
    """The first weight counts decay^n, the i-th after it (1 - decay) decay^(n - i)."""
    w = Tensor(np.array(seen[0]), requires_grad=True)
    average = optim.ExponentialMovingAverage([w], decay=decay)
    for value in seen[1:]:
        w.data = np.array(value)
        average.update()
    n = len(seen) - 1
    shares = [decay**n, *((1 - decay) * decay ** (n - i) for i in range(1, n + 1))]
    assert sum(shares) == pytest.approx(1)
    assert average.averages[0] == pytest.approx(np.dot(shares, seen), rel=1e-12, abs=1e-12)
    assert min(seen) - 1e-12 <= average.averages[0] <= max(seen) + 1e-12


def test_by_itself_an_average_moves_by_a_thousandth():
    w = Tensor([0.0], requires_grad=True)
    average = optim.ExponentialMovingAverage([w])
    w.data = np.array([1.0])
    average.update()
    assert average.averages[0] == pytest.approx(0.001)
