"""Compression: PyTorch's fake quantization, pruning and divergence, and bounds that always hold."""

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from labkit.autograd import Tensor
from labkit.compression import (
    Quantized,
    distillation_loss,
    magnitude_mask,
    quantize,
    structured_mask,
)
from labkit.gradcheck import numerical_gradient, relative_error

torch = pytest.importorskip("torch")
prune = pytest.importorskip("torch.nn.utils.prune")

FINENESS = [{}, {"axis": 0}, {"axis": -1}, {"group": 3}, {"group": 6}]


# --- quantization ------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (4, 7), (2, 1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_scale_as_pytorch(bits, largest, dtype, rng):
    w = rng.normal(size=(5, 6)).astype(dtype)
    small = quantize(w, bits=bits)
    x = torch.tensor(w)
    scale = float(np.abs(w).max()) / largest
    theirs = torch.fake_quantize_per_tensor_affine(x, scale, 0, -largest, largest)
    assert small.dequantize().dtype == dtype
    np.testing.assert_allclose(small.dequantize(), theirs.numpy(), rtol=2e-6)
    assert small.q.dtype == np.int8
    assert np.abs(small.q).max() == largest


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_a_scale_a_channel_as_pytorch(axis, rng):
    w = rng.normal(size=(5, 6)).astype(np.float32)
    small = quantize(w, bits=4, axis=axis)
    scale = np.abs(w).max(axis=1 - axis % 2) / 7
    theirs = torch.fake_quantize_per_channel_affine(
        torch.tensor(w), torch.tensor(scale), torch.zeros(len(scale)), axis % 2, -7, 7
    )
    np.testing.assert_allclose(small.dequantize(), theirs.numpy(), rtol=2e-6)


def test_groups_by_hand():
    w = np.array([[7.0, -3.4, 0.2, 0.07, 0.02, -0.01]])
    small = quantize(w, bits=4, group=3)
    assert small.q.tolist() == [[[7, -3, 0], [7, 2, -1]]]
    np.testing.assert_allclose(small.scale.ravel(), [1, 0.01])
    np.testing.assert_allclose(small.dequantize(), [[7, -3, 0, 0.07, 0.02, -0.01]])
    whole = quantize(w, bits=4).dequantize()
    np.testing.assert_allclose(whole, [[7, -3, 0, 0, 0, 0]])  # the outlier drowns its neighbours


@given(
    w=arrays.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(1, 4), st.sampled_from([6, 12])),
        elements=st.floats(-1000, 1000, width=32),
    ),
    bits=st.integers(2, 8),
    config=st.sampled_from(FINENESS),
)
@settings(max_examples=80)
def test_no_number_moves_by_more_than_half_a_scale(w, bits, config):
    small = quantize(w, bits=bits, **config)
    error = np.abs(small.dequantize().astype(float) - w).reshape(small.q.shape)
    assert small.dequantize().shape == w.shape
    rounding = 4 * np.finfo(w.dtype).eps * np.abs(w).max()  # of the arithmetic itself
    assert (error <= small.scale / 2 + rounding).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("size", [0.0, 190.0])
def test_numbers_next_to_zero(dtype, size):
    """A scale of one bit would send 190 of the smallest numbers to q = 190, past the end."""
    w = np.array([size, -size]).astype(dtype) * np.finfo(dtype).smallest_subnormal
    small = quantize(w)
    assert small.q[0] == -small.q[1]
    error = np.abs(small.dequantize() - w)
    assert (error <= small.scale / 2).all()
    assert np.isfinite(small.dequantize()).all()


def test_half_precision_keeps_its_small_weights():
    w = np.array([0.001, -0.002, 0.0005], np.float16)
    np.testing.assert_allclose(quantize(w).dequantize(), w, atol=0.002 / 254 * 1.01)


def test_bytes_by_hand():
    w = np.ones((3, 6), np.float32)
    assert Quantized(np.ones(5, np.int8), np.ones(2), 3, (5,)).packed_bytes == 2 + 16
    assert quantize(w).packed_bytes == 18 + 4
    assert quantize(w, bits=4).packed_bytes == 9 + 4
    assert quantize(w, bits=4, group=3).packed_bytes == 9 + 6 * 4
    assert quantize(w[0, :3], bits=4).packed_bytes == 2 + 4  # one and a half, rounded up


@pytest.mark.parametrize(
    ("w", "config", "message"),
    [
        (np.ones(3), {"bits": 1}, "bits must be 2 to 8; got 1"),
        (np.ones(3), {"bits": 9}, "bits must be 2 to 8; got 9"),
        (np.ones(3, int), {}, "w must be finite floats"),
        (np.ones((0, 3)), {}, r"at least one; got float64 \(0, 3\)"),
        (np.array([1, np.nan]), {}, "w must be finite floats"),
        (np.array([1, np.inf]), {}, "w must be finite floats"),
        (np.ones((2, 3)), {"axis": 2}, "axis must be one of the 2 of w; got 2"),
        (np.ones((2, 3)), {"axis": -3}, "axis must be one of the 2 of w; got -3"),
        (np.ones((2, 3)), {"axis": 0, "group": 3}, "axis or group, not both; got 0 and 3"),
        (np.ones((2, 3)), {"group": 2}, r"group must divide the last axis of \(2, 3\); got 2"),
        (np.ones((2, 3)), {"group": 0}, "group must divide"),
        (np.array(1.0), {"group": 1}, "group must divide"),
    ],
)
def test_what_cannot_be_quantized_is_refused(w, config, message):
    with pytest.raises(ValueError, match=message):
        quantize(w, **config)


# --- pruning -----------------------------------------------------------------------------------


def pruned_by_torch(method, w, **config):
    module = torch.nn.Module()
    module.w = torch.nn.Parameter(torch.tensor(w))
    getattr(prune, method)(module, "w", **config)
    return module.w_mask.numpy().astype(bool)


@pytest.mark.parametrize("fraction", [0.0, 0.3, 0.5, 1.0])
def test_small_weights_go_as_in_pytorch(fraction, rng):
    w = rng.normal(size=(4, 5, 3))
    mask = magnitude_mask(w, fraction=fraction)
    np.testing.assert_array_equal(mask, pruned_by_torch("l1_unstructured", w, amount=fraction))
    assert (~mask).sum() == round(fraction * 60)


@pytest.mark.parametrize("fraction", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_weak_slices_go_as_in_pytorch(axis, fraction, rng):
    w = rng.normal(size=(5, 6, 3, 2)) * rng.uniform(0.1, 1, size=(5, 6, 1, 2))
    mask = structured_mask(w, fraction=fraction, axis=axis)
    theirs = pruned_by_torch("ln_structured", w, amount=fraction, n=2, dim=axis)
    np.testing.assert_array_equal(mask, theirs)


def test_the_norm_decides_not_the_largest_or_the_sum():
    w = np.array([[3.0, 3.0, 3.0], [5.0, 0.0, 0.0], [4.9, 0.9, 0.0]])  # 27, 25, 24.8 squared
    assert structured_mask(w, fraction=1 / 3, axis=0).tolist() == [[True] * 3] * 2 + [[False] * 3]


def test_equals_are_pruned_in_order():
    assert magnitude_mask(np.array([2.0, -2.0, 2.0]), fraction=0.34).tolist() == [False, True, True]
    many = magnitude_mask(np.tile([2.0, 1.0], 50), fraction=0.2)  # where a quick sort mixes them
    assert np.flatnonzero(~many).tolist() == list(range(1, 40, 2))


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan")])
def test_a_fraction_is_a_share(fraction):
    with pytest.raises(ValueError, match=r"fraction must be in \[0, 1\]"):
        magnitude_mask(np.ones(3), fraction=fraction)
    with pytest.raises(ValueError, match=r"fraction must be in \[0, 1\]"):
        structured_mask(np.ones((3, 2)), fraction=fraction, axis=0)


def test_a_slice_needs_an_axis_of_w():
    with pytest.raises(ValueError, match="axis must be one of the 2 of w; got 2"):
        structured_mask(np.ones((3, 2)), fraction=0.5, axis=2)


# --- distillation ------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distillation_as_pytorch(temperature, dtype, rng):
    logits, teacher = rng.normal(0, 3, size=(2, 5, 4)).astype(dtype)
    student = Tensor(logits, requires_grad=True)
    loss = distillation_loss(student, teacher, temperature=temperature)
    loss.backward()
    theirs = torch.tensor(logits, requires_grad=True)
    expected = temperature**2 * torch.nn.functional.kl_div(
        torch.log_softmax(theirs / temperature, -1),
        torch.log_softmax(torch.tensor(teacher) / temperature, -1),
        log_target=True,
        reduction="batchmean",
    )
    expected.backward()
    assert loss.dtype == student.grad.dtype == dtype
    tolerance = 1e-5 if dtype == np.float32 else 1e-12
    assert loss.item() == pytest.approx(expected.item(), rel=tolerance)
    np.testing.assert_allclose(student.grad, theirs.grad.numpy(), atol=tolerance)


def test_the_students_gradient_is_the_difference_quotients(rng):
    logits, teacher = rng.normal(size=(2, 3, 4))
    student = Tensor(logits, requires_grad=True)
    distillation_loss(student, teacher, temperature=3.0).backward()
    expected = numerical_gradient(lambda z: distillation_loss(z, teacher, temperature=3.0), logits)
    assert relative_error(student.grad, expected) < 1e-6


def test_the_teacher_learns_nothing(rng):
    teacher = Tensor(rng.normal(size=(3, 4)), requires_grad=True)
    student = Tensor(rng.normal(size=(3, 4)), requires_grad=True)
    distillation_loss(student, teacher).backward()
    assert teacher.grad is None or not teacher.grad.any()
    assert student.grad.any()


def test_a_student_that_agrees_has_no_loss_however_sure_it_is():
    logits = np.array([[1000.0, -1000.0, 0.0], [0.0, 0.0, 0.0]])
    assert distillation_loss(logits, logits + 7, temperature=2.0) == pytest.approx(0)
    assert np.isfinite(distillation_loss(logits, -logits, temperature=0.5))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_positive(temperature):
    with pytest.raises(ValueError, match="temperature must be positive"):
        distillation_loss(np.ones((1, 2)), np.ones((1, 2)), temperature=temperature)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        distillation_loss(np.ones((1, 2)), np.ones((1, 3)))


# --- Keras and SciPy -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras")


@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (4, 7)])
def test_quantized_as_keras(axis, bits, largest, rng, keras):
    """Keras multiplies by its scale, ours one over; axes that share one are what it is told."""
    w = rng.normal(size=(5, 6)).astype(np.float32)
    small = quantize(w, bits=bits, axis=axis)
    shared = (0, 1) if axis is None else 1 - axis
    q, scale = keras.quantizers.abs_max_quantize(w, shared, (-largest, largest))
    np.testing.assert_array_equal(small.q, q.numpy())
    np.testing.assert_allclose(small.scale * scale.numpy(), 1, rtol=1e-6)


def test_distillation_as_keras_and_scipy(rng, keras):
    """Keras clips what is below 1e-7: these logits are not far apart."""
    special, stats = pytest.importorskip("scipy.special"), pytest.importorskip("scipy.stats")
    logits, teacher = rng.normal(size=(2, 5, 4)).astype(np.float32)
    ours = distillation_loss(logits, teacher, temperature=3.0)
    target, predicted = (special.softmax(z / 3, axis=1) for z in (teacher, logits))
    assert ours == pytest.approx(9 * stats.entropy(target, predicted, axis=1).mean(), rel=1e-5)
    theirs = keras.losses.KLDivergence()(torch.tensor(target), torch.tensor(predicted))
    assert ours == pytest.approx(9 * theirs.item(), rel=1e-5)
