"""Upsampling: numbers by hand, what it keeps, and what is refused.

Gradients, precision, PyTorch and Keras are in test_ops.py.
"""

import numpy as np
import pytest

from labkit.autograd import Tensor
from labkit.ops import avg_pool2d, upsample


def test_by_hand():
    x = np.array([[[[1.0, 5.0], [9.0, 13.0]]]])
    np.testing.assert_array_equal(upsample(x, scale_factor=(1, 2))[0, 0, 0], [1, 1, 5, 5])
    np.testing.assert_array_equal(upsample(x, scale_factor=(2, 1))[0, 0, :, 1], [5, 5, 13, 13])
    smooth = upsample(x, scale_factor=2, mode="bilinear")[0, 0]
    np.testing.assert_allclose(smooth[0], [1, 2, 4, 5])
    np.testing.assert_allclose(smooth[:, 0], [1, 3, 7, 9])
    assert smooth[1, 2] == 0.75 * 4 + 0.25 * 12  # a quarter of the way down


def test_pooling_undoes_copying(rng):
    x = rng.normal(size=(2, 3, 4, 5))
    np.testing.assert_allclose(avg_pool2d(upsample(x, scale_factor=3), kernel_size=3), x)


@pytest.mark.parametrize("mode", ["nearest", "bilinear"])
def test_a_flat_image_stays_flat_and_no_gradient_is_lost(mode):
    x = Tensor(np.full((1, 2, 3, 4), 7.0), requires_grad=True)
    out = upsample(x, scale_factor=(2, 3), mode=mode)
    assert out.shape == (1, 2, 6, 12)
    np.testing.assert_allclose(out.data, 7)
    out.backward(np.ones(out.shape))
    assert x.grad.sum() == pytest.approx(out.size)


@pytest.mark.parametrize(
    ("shape", "config", "words"),
    [
        ((3, 4, 5), {}, r"must have the shape \(n, channels, height, width\); got \(3, 4, 5\)"),
        ((1, 1, 2, 2), {"mode": "cubic"}, 'mode must be "nearest" or "bilinear"; got \'cubic\''),
        ((1, 1, 2, 2), {"scale_factor": 0}, "scale_factor must be .* got 0"),
        ((1, 1, 2, 2), {"scale_factor": 1.5}, "scale_factor must be .* got 1.5"),
        (
            (1, 1, 2, 2),
            {"scale_factor": (1, 2, 3)},
            "scale_factor must be a whole number or a pair",
        ),
    ],
)
def test_what_is_wrong_is_named(shape, config, words):
    with pytest.raises(ValueError, match=words):
        upsample(np.zeros(shape), **config)
