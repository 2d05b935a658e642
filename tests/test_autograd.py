"""The engine: what it records, how it walks back, and what it refuses.

The derivatives of the arithmetic are in test_ops.py.
"""

import gc
import weakref

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from labkit import autograd
from labkit.autograd import PRIMITIVES, Tensor, no_grad, primitive, unbroadcast
from labkit.ops import linear


def leaf(data, dtype=np.float64):
    return Tensor(np.array(data, dtype=dtype), requires_grad=True)


@pytest.fixture
def made():
    """Take away the primitives that a test makes."""
    before = set(PRIMITIVES)
    yield
    for name in set(PRIMITIVES) - before:
        del PRIMITIVES[name]


# --- the walk ---------------------------------------------------------------------------------


def test_chain_by_hand():
    """L = (2 x + 1)^2 at x = 3: dL/dx = 2 * 7 * 2 = 28."""
    x = leaf(3.0)
    loss = (2.0 * x + 1.0) ** 2
    loss.backward()
    assert loss.item() == 49
    assert x.grad == 28


def test_two_paths_add_up():
    """The diamond: b = 2 a, c = 3 a, L = b c = 6 a^2, so dL/da = 12 a."""
    a = leaf(5.0)
    (2.0 * a * (3.0 * a)).backward()
    assert a.grad == 60


def test_one_argument_twice():
    a = leaf([2.0, 3.0])
    (a * a).sum().backward()
    np.testing.assert_array_equal(a.grad, [4.0, 6.0])


def test_a_diamond_with_a_long_side_is_walked_in_order():
    """The short side must wait for the long one: L = a' + f(a'), a' = 3 a, f three steps of * 2."""
    a = leaf(1.0)
    short = 3.0 * a
    long = short
    for _ in range(3):
        long = long * 2.0
    (short + long).backward()
    assert a.grad == 3 * (1 + 8)


def test_backward_twice_adds_up_as_in_pytorch():
    """d(a a)/da = 2 a = 8 at a = 4; twice is 16. Keeping gradients on the way would give 24."""
    a = leaf(4.0)
    b = a * a
    c = b * 1.0
    c.backward()
    c.backward()
    assert a.grad == 16
    assert b.grad is None
    t = torch.tensor(4.0, requires_grad=True)
    u = t * t * 1.0
    u.backward(retain_graph=True)
    u.backward()
    assert t.grad == 16


def test_gradients_of_two_losses_add_up():
    a = leaf([1.0, 2.0])
    (3.0 * a).sum().backward()
    (a * a).sum().backward()
    np.testing.assert_array_equal(a.grad, [5.0, 7.0])


def test_a_leaf_takes_its_own_gradient():
    a = leaf([1.0, 2.0])
    a.backward([3.0, 4.0])
    np.testing.assert_array_equal(a.grad, [3.0, 4.0])


def test_the_gradient_is_the_tensors_own():
    """Two leaves that receive the same gradient must not share the array."""
    a, b = leaf([1.0]), leaf([2.0])
    g = np.array([5.0])
    (a + b).backward(g)
    a.grad += 1
    assert b.grad == 5
    assert g == 5


def test_the_gradient_of_a_number_is_an_array_of_its_dtype():
    a = leaf(2.0, np.float32)
    (a * a).backward()
    (a * a).backward()
    assert isinstance(a.grad, np.ndarray)
    assert (a.grad.shape, a.grad.dtype, a.grad.item()) == ((), np.float32, 8)


def test_float64_data_does_not_widen_a_float32_gradient():
    w = leaf([1.0, 2.0], np.float32)
    (w * np.array([3.0, 4.0])).sum().backward()
    assert w.grad.dtype == np.float32


def test_a_chain_of_twenty_thousand_steps():
    x = leaf(1.0)
    y = x
    for _ in range(20_000):
        y = y + 1.0
    y.backward()
    assert y.item() == 20_001
    assert x.grad == 1
    del y  # the record of the chain must also go without recursion


def test_what_is_no_longer_needed_is_gone_at_once():
    """No cycles: memory comes back without waiting for the garbage collector."""
    gc.disable()
    try:
        a = leaf([1.0, 2.0])
        loss = (a * 3.0).sum()
        loss.backward()
        watched = weakref.ref(a)
        del a, loss
        assert watched() is None
    finally:
        gc.enable()


# --- broadcasting -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 3), (3,)),
        ((2, 3), (1, 3)),
        ((2, 1), (1, 3)),
        ((), (2, 3)),
        ((1,), (2, 3)),
        ((4, 1, 3), (2, 1)),
    ],
)
def test_broadcast_gradients_equal_pytorch(a, b):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=a), rng.normal(size=b)
    ours = leaf(a), leaf(b)
    (ours[0] * ours[1]).sum().backward()
    theirs = [torch.tensor(v, requires_grad=True) for v in (a, b)]
    (theirs[0] * theirs[1]).sum().backward()
    for x, t in zip(ours, theirs, strict=True):
        assert x.grad.shape == x.shape
        np.testing.assert_allclose(x.grad, t.grad.numpy(), rtol=1e-14)


def test_unbroadcast_by_hand():
    g = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(unbroadcast(g, (2, 3)), g)
    np.testing.assert_array_equal(unbroadcast(g, (3,)), [3.0, 5.0, 7.0])
    np.testing.assert_array_equal(unbroadcast(g, (2, 1)), [[3.0], [12.0]])
    np.testing.assert_array_equal(unbroadcast(g, ()), 15.0)


@pytest.mark.parametrize("shape", [(2,), (3, 3), (1, 2, 3), (2, 3, 1)])
def test_unbroadcast_refuses_what_does_not_fit(shape):
    with pytest.raises(ValueError, match=r"shape \(2, 3\) does not fit an argument of shape"):
        unbroadcast(np.ones((2, 3)), shape)


# --- recording --------------------------------------------------------------------------------


def test_no_grad_records_nothing_and_ends_with_its_block():
    w = leaf([1.0])
    with no_grad():
        inside = w * 2.0
        with no_grad():
            pass
        still_inside = w * 2.0
    assert not inside.requires_grad
    assert not still_inside.requires_grad
    assert (w * 2.0).requires_grad


def test_no_grad_ends_when_its_block_fails():
    w = leaf([1.0])
    with pytest.raises(ZeroDivisionError), no_grad():
        1 / 0  # noqa: B018
    assert (w * 2.0).requires_grad


def test_only_what_depends_on_a_leaf_is_recorded():
    a, b = leaf([1.0]), Tensor([2.0])
    assert not (b * 3.0).requires_grad
    (a * b).backward()
    assert b.grad is None


def test_an_argument_may_come_by_name():
    x, w, b = leaf([[1.0, 2.0]]), leaf([[3.0], [4.0]]), leaf([5.0])
    linear(b=b, w=w, x=x).backward()
    assert linear(x, w=w.data, b=b.data).item() == 16
    np.testing.assert_array_equal(w.grad, [[1.0], [2.0]])
    np.testing.assert_array_equal(b.grad, [1.0])


def test_lists_and_numbers_beside_a_tensor():
    a = leaf([1.0, 2.0])
    (a * [3.0, 4.0] + 1 - np.float64(2)).sum().backward()
    np.testing.assert_array_equal(a.grad, [3.0, 4.0])


def test_arrays_alone_stay_arrays():
    assert isinstance(autograd.add(np.ones(2), 1.0), np.ndarray)


# --- broadcasting -----------------------------------------------------------------------------

broadcastable = mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=3, min_side=0)


def added_up(g, shape):
    """Every number of g, one after the other, onto the place that it was copied from."""
    out = np.zeros(shape)
    for index in np.ndindex(g.shape):
        own = index[len(index) - len(shape) :]
        out[tuple(0 if n == 1 else i for i, n in zip(own, shape, strict=True))] += g[index]
    return out


@given(broadcastable, st.integers(0, 1000))
def test_a_gradient_is_added_up_where_its_argument_was_repeated(drawn, seed):
    g = np.random.default_rng(seed).normal(size=drawn.result_shape)
    for shape in drawn.input_shapes:
        out = unbroadcast(g, shape)
        assert out.shape == shape
        np.testing.assert_allclose(out, added_up(g, shape), rtol=1e-12, atol=1e-14)


@given(broadcastable, st.integers(0, 1000))
def test_arithmetic_of_any_two_shapes(drawn, seed):
    """The slopes of a + b, a - b, a b and a / b, each times g and added up."""
    rng = np.random.default_rng(seed)
    x, y = (rng.uniform(0.5, 2, size=shape) for shape in drawn.input_shapes)
    g = rng.normal(size=drawn.result_shape)
    for function, to_x, to_y in (
        (lambda a, b: a + b, g, g),
        (lambda a, b: a - b, g, -g),
        (lambda a, b: a * b, g * y, g * x),
        (lambda a, b: a / b, g / y, -g * x / y**2),
        (autograd.maximum, g * (x > y), g * (x < y)),
    ):
        a, b = leaf(x), leaf(y)
        out = function(a, b)
        np.testing.assert_array_equal(out.data, function(x, y))
        out.backward(g)
        np.testing.assert_allclose(a.grad, added_up(to_x, x.shape), rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(b.grad, added_up(to_y, y.shape), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    ("of", "onto"), [((2, 3), (2,)), ((3,), (2, 3)), ((1, 3), (2, 3)), ((), (1,)), ((2,), (0,))]
)
def test_what_no_broadcasting_can_have_made_is_refused(of, onto):
    with pytest.raises(ValueError, match="does not fit an argument of shape"):
        unbroadcast(np.ones(of), onto)


# --- operators --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        lambda t, a: t + a,
        lambda t, a: a + t,
        lambda t, a: t - a,
        lambda t, a: a - t,
        lambda t, a: t * a,
        lambda t, a: a * t,
        lambda t, a: t / a,
        lambda t, a: a / t,
        lambda t, a: t @ a,
        lambda t, a: a @ t,
        lambda t, a: -t * a,
        lambda t, a: abs(t) * a,
        lambda t, a: t**2 * a,
        lambda t, a: t[1] * a,
        lambda t, a: t.T * a,
        lambda t, a: t.sum(axis=0) * a,
        lambda t, a: t.mean(axis=1) * a,
        lambda t, a: t.reshape(1, 4).reshape((2, 2)) * a,
        lambda t, a: t.transpose(1, 0) * a,
    ],
)
def test_operators_equal_pytorch_on_either_side(expression):
    values, array = np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[2.0, 3.0], [-5.0, 7.0]])
    ours, theirs = leaf(values), torch.tensor(values, requires_grad=True)
    expression(ours, array).sum().backward()
    expression(theirs, torch.tensor(array)).sum().backward()
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-14)


def test_max_goes_to_the_largest():
    a = leaf([[1.0, 5.0], [7.0, 2.0]])
    a.max(axis=1).sum().backward()
    np.testing.assert_array_equal(a.grad, [[0.0, 1.0], [1.0, 0.0]])
    assert a.max().item() == 7


def test_rows_of_a_tensor_one_by_one():
    a = leaf([[1.0, 2.0], [3.0, 4.0]])
    first, second = a
    assert len(a) == 2
    (first * second).sum().backward()
    np.testing.assert_array_equal(a.grad, [[3.0, 4.0], [1.0, 2.0]])


def test_what_a_tensor_says_of_itself():
    a = Tensor(np.zeros((2, 3), np.float32))
    assert (a.shape, a.ndim, a.size, a.dtype) == ((2, 3), 2, 6, np.float32)
    assert a.numpy() is a.data
    assert repr(leaf([1.0])) == "Tensor([1.], requires_grad=True)"


def test_tensors_of_whole_numbers():
    ids = Tensor([1, 0])
    assert ids.dtype == np.int64
    assert (ids + 1).numpy().tolist() == [2, 1]
    w = leaf([1.0, 2.0])
    (w * ids).sum().backward()
    np.testing.assert_array_equal(w.grad, [1.0, 0.0])


# --- what is refused --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.asarray(t),
        lambda t: np.where([True, False], t, 0.0),
        lambda t: np.stack([t, t]),
        lambda t: np.concatenate([t, t]),
        lambda t: np.exp(t),
        lambda t: np.add(t, 1.0),
        lambda t: np.sum(t),
    ],
)
def test_numpy_does_not_swallow_a_tensor(call):
    """Without a refusal NumPy would make arrays of objects, and the gradient would be lost."""
    with pytest.raises(TypeError):
        call(leaf([1.0, 2.0]))


def test_whole_numbers_have_no_gradient():
    with pytest.raises(ValueError, match="requires_grad needs floating-point data; got int64"):
        Tensor([1, 2], requires_grad=True)


def test_a_tensor_of_a_tensor():
    with pytest.raises(ValueError, match="got a Tensor"):
        Tensor(Tensor([1.0]))


def test_backward_needs_a_record():
    with pytest.raises(ValueError, match="requires_grad=True"):
        Tensor([1.0]).backward()


def test_backward_of_many_numbers_needs_g():
    with pytest.raises(ValueError, match=r"g is needed for an output of shape \(2,\)"):
        leaf([1.0, 2.0]).backward()


def test_g_must_have_the_shape_of_the_output():
    with pytest.raises(ValueError, match=r"g must have shape \(2,\); got \(3,\)"):
        leaf([1.0, 2.0]).backward(np.ones(3))


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (lambda g, out, x: g, "rule must return a tuple of 1 gradients"),
        (lambda g, out, x: (), "rule must return a tuple of 1 gradients"),
        (
            lambda g, out, x: (g[:1, :2],),
            r"shape \(1, 2\) does not fit an argument of shape \(2, 3\)",
        ),
    ],
)
@pytest.mark.usefixtures("made")
def test_a_rule_that_returns_something_else(rule, words):
    @primitive
    def once(x):
        return 1.0 * x

    rule.__name__ = "rule"
    once.defvjp(rule)
    with pytest.raises(ValueError, match=words):
        once(leaf(np.ones((2, 3)))).sum().backward()


@pytest.mark.usefixtures("made")
def test_an_argument_without_gradient_ends_the_walk():
    @primitive
    def first(a, b):
        return a.copy()

    first.defvjp(lambda g, out, a, b: (g, None))
    a, b = leaf([1.0]), leaf([2.0])
    first(a, b * 3.0).backward()
    assert a.grad == 1
    assert b.grad is None


def test_the_documentation_of_a_primitive_is_the_functions_own():
    assert autograd.add.__name__ == "add"
    assert autograd.add.__doc__.startswith("Return a + b.")
    assert autograd.add.vjp.__name__ == "add_vjp"
