"""Sizes, masks and the LSTM's cell, which have no row in the table of cases, in PyTorch and Keras.

Everything that has one is compared in test_ops.py.
"""

from itertools import product

import numpy as np
import pytest
from catalog import K, full_precision, keras, torch
from sequences import LSTM

from labkit import ops
from labkit.autograd import Tensor
from labkit.gradcheck import numerical_gradient

KL = keras.layers


def keras_size(layer, n):
    """What Keras computes for one axis, None where nothing is left."""
    size = layer.compute_output_shape((1, n, 1))[1]
    return size if size > 0 else None


def our_size(function, *args, **config):
    try:
        return function(*args, **config)
    except ValueError:
        return None


def test_convolutions_are_as_large_as_kerass():
    """Which strides or dilates, not both."""
    for n, k, (s, d) in product((5, 7, 28), (1, 2, 3, 7), ((1, 1), (2, 1), (3, 1), (1, 2), (1, 3))):
        theirs = KL.Conv1D(1, k, strides=s, dilation_rate=d)
        if d * (k - 1) < n:  # Keras raises an error of another kind
            assert ops.conv_output_size(n, k, stride=s, dilation=d) == keras_size(theirs, n)
        else:
            assert our_size(ops.conv_output_size, n, k, stride=s, dilation=d) is None
        same = ops.same_padding(k, dilation=d)
        if s == 1:
            theirs = KL.Conv1D(1, k, dilation_rate=d, padding="same")
            assert ops.conv_output_size(n, k, dilation=d, padding=same) == keras_size(theirs, n)


def test_transposed_convolutions_are_as_large_as_kerass():
    """From a kernel as large as the stride up: below, Keras adds what no kernel reached."""
    for n, k, s in product((1, 4, 7), (1, 2, 3, 5), (1, 2, 3)):
        if k >= s:
            theirs = KL.Conv1DTranspose(1, k, strides=s)
            assert ops.conv_transpose_output_size(n, k, stride=s) == keras_size(theirs, n)


def test_poolings_are_as_large_as_kerass():
    for n, k, s in product((3, 7, 28), (1, 2, 3), (1, 2, 5)):
        theirs = keras_size(KL.MaxPooling1D(k, s), n)
        assert our_size(ops.pool_output_size, n, k, stride=s) == theirs
        assert our_size(ops.pool_output_size, n, k) == keras_size(KL.MaxPooling1D(k), n)


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
def test_same_padding_is_where_both_put_it(k, d):
    """An image of one axis and random numbers: padding at the other end would show."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 1, 1, 9)), rng.normal(size=(1, 1, 1, k))
    before, after = ops.same_padding(k, dilation=d)
    padded = np.pad(x, ((0, 0), (0, 0), (0, 0), (before, after)))
    ours = ops.conv2d(padded, w, dilation=(1, d))[0, 0, 0]
    row, kernel = torch.tensor(x[:, 0]), torch.tensor(w[:, 0])
    theirs = torch.nn.functional.conv1d(row, kernel, padding="same", dilation=d)
    np.testing.assert_allclose(ours, theirs[0, 0], atol=1e-12)
    with full_precision():
        theirs = K.conv(
            row.transpose(1, 2), kernel.permute(2, 1, 0), padding="same", dilation_rate=d
        )
    np.testing.assert_allclose(ours, theirs[0, :, 0], atol=1e-12)


def test_masks_are_pytorchs_and_kerass():
    """A causal mask is PyTorch's, where -inf hides; padding is what Keras's Masking finds."""
    theirs = torch.nn.Transformer.generate_square_subsequent_mask(5)
    np.testing.assert_array_equal(ops.causal_mask(5), theirs == 0)
    scores = torch.zeros(1, 5, 2, 3, dtype=torch.float64)
    values = torch.tensor(np.random.default_rng(0).normal(size=(1, 5, 2, 4)))
    with full_precision():
        out = K.dot_product_attention(scores, scores, values, is_causal=True)
    ours = ops.scaled_dot_product_attention(
        *(a.transpose(1, 2).numpy() for a in (scores, scores, values)), ops.causal_mask(5)
    )
    np.testing.assert_allclose(ours, out.transpose(1, 2), atol=1e-12)

    lengths = [4, 1, 3]
    sequences = [torch.ones(n, 2) for n in lengths]
    padded = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    ours = ops.padding_mask(lengths, 4)[:, 0, 0]
    np.testing.assert_array_equal(ours, padded[..., 0] == 1)
    np.testing.assert_array_equal(ours, KL.Masking().compute_mask(padded))


def test_one_hot_is_both():
    ids = np.array([[2, 0], [3, 3]])
    ours = ops.one_hot(ids, k=5)
    np.testing.assert_array_equal(ours, torch.nn.functional.one_hot(torch.tensor(ids), 5))
    np.testing.assert_array_equal(ours, K.one_hot(torch.tensor(ids), 5))


@pytest.mark.parametrize("theirs", LSTM, ids=["torch", "keras"])
def test_the_cell_of_an_lstm_is_both_and_its_gradients_are_differences(theirs):
    """Four arguments and two outputs, of which a weighted sum is taken."""
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((3, 8), (3, 2), (3, 2), (2, 8))]
    weights = rng.normal(size=(2, 3, 2))
    ours = [Tensor(a, requires_grad=True) for a in arrays]
    z, h, c, u = (torch.tensor(a, requires_grad=True) for a in arrays)
    with full_precision():
        out = theirs(z, (h, c), u)
    pairs = list(zip(ops.lstm_cell(*ours), out, weights, strict=True))
    for a, b, _ in pairs:
        np.testing.assert_allclose(a.data, b.detach(), rtol=0, atol=1e-12)
    sum((a * w).sum() for a, _, w in pairs).backward()
    sum((b * torch.tensor(w)).sum() for _, b, w in pairs).backward()

    def weighted(i, array):
        outputs = ops.lstm_cell(*arrays[:i], array, *arrays[i + 1 :])
        return sum((a * w).sum() for a, w in zip(outputs, weights, strict=True))

    for i, (a, b) in enumerate(zip(ours, (z, h, c, u), strict=True)):
        np.testing.assert_allclose(a.grad, b.grad, rtol=0, atol=1e-12)
        numeric = numerical_gradient(lambda x, i=i: weighted(i, x), arrays[i])
        np.testing.assert_allclose(a.grad, numeric, rtol=0, atol=1e-8)
