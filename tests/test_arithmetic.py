"""The functions behind the operators, one small case each: value and slopes worked out by hand."""

import numpy as np
import pytest

from labkit import autograd
from labkit.autograd import Tensor

LOG2 = np.log(2)
# The arguments, the settings, the value, and the gradient of its sum by each argument.
BY_HAND = {
    "add": (([1.0, 2.0], [5.0]), {}, [6, 7], ([1, 1], [2])),
    "subtract": (([1.0, 2.0], [5.0]), {}, [-4, -3], ([1, 1], [-2])),
    "multiply": (([1.0, 2.0], [5.0]), {}, [5, 10], ([5, 5], [3])),
    "divide": (([6.0], [3.0]), {}, [2], ([1 / 3], [-2 / 3])),
    "negative": (([3.0],), {}, [-3], ([-1],)),
    "power": (([3.0],), {"exponent": 4}, [81], ([108],)),
    "exp": (([LOG2],), {}, [2], ([2],)),
    "log": (([2.0],), {}, [LOG2], ([0.5],)),
    "sqrt": (([9.0],), {}, [3], ([1 / 6],)),
    "absolute": (([-3.0, 2.0],), {}, [3, 2], ([-1, 1],)),
    "maximum": (([1.0, 4.0], [2.0, 3.0]), {}, [2, 4], ([0, 1], [1, 0])),
    "matmul": (
        ([[1.0, 2.0]], [[3.0, 4.0], [5.0, 6.0]]),
        {},
        [[13, 16]],
        ([[7, 11]], [[1, 1], [2, 2]]),
    ),
    "reduce_sum": (([[1.0, 2.0], [3.0, 4.0]],), {"axis": 0}, [4, 6], ([[1, 1], [1, 1]],)),
    "reduce_mean": (([[1.0, 2.0, 6.0]],), {"axis": 1}, [3], ([[1 / 3, 1 / 3, 1 / 3]],)),
    "reduce_max": (([[1.0, 2.0], [4.0, 3.0]],), {"axis": 1}, [2, 4], ([[0, 1], [1, 0]],)),
    "reshape": (([[1.0, 2.0], [3.0, 4.0]],), {"shape": (4,)}, [1, 2, 3, 4], ([[1, 1], [1, 1]],)),
    "transpose": (([[1.0, 2.0, 3.0]],), {}, [[1], [2], [3]], ([[1, 1, 1]],)),
    "getitem": (([1.0, 2.0, 3.0],), {"index": [2, 0, 2]}, [3, 1, 3], ([1, 0, 2],)),
    "concatenate": (([[1.0]], [[2.0, 3.0]]), {"axis": 1}, [[1, 2, 3]], ([[1]], [[1, 1]])),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_by_hand(name):
    arrays, config, value, slopes = BY_HAND[name]
    tensors = [Tensor(np.array(a), requires_grad=True) for a in arrays]
    out = getattr(autograd, name)(*tensors, **config)
    np.testing.assert_allclose(out.data, value, rtol=1e-15)
    out.backward(np.ones(out.shape))
    for tensor, slope in zip(tensors, slopes, strict=True):
        np.testing.assert_allclose(tensor.grad, slope, rtol=1e-15)


def test_where_by_hand():
    """Which of the two is taken decides where the gradient goes."""
    a, b = (Tensor(np.array(x), requires_grad=True) for x in ([1.0, 2.0], [3.0, 4.0]))
    out = autograd.where(np.array([True, False]), a, b)
    np.testing.assert_array_equal(out.data, [1, 4])
    out.backward(np.array([10.0, 20.0]))
    np.testing.assert_array_equal(a.grad, [10, 0])
    np.testing.assert_array_equal(b.grad, [0, 20])
