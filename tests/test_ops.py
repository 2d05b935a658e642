"""Every function against every witness: differences, PyTorch, Keras.

`python tests/catalog.py` prints the errors as a table. `pytest -k cross_entropy` runs the story of
one function.
"""

import numpy as np
import pytest
from catalog import COUNTERPARTS, errors, lacks

from labkit import ops
from labkit.autograd import PRIMITIVES, Tensor
from labkit.testing import (
    CASES,
    VALUE_TOLERANCE,
    check_forward,
    check_vjp,
    reference,
    vjp_of,
)

COMPOSITES = {
    "batch_norm",
    "group_norm",
    "grouped_query_attention",
    "gru_cell",
    "huber",
    "info_nce",
    "layer_norm",
    "rms_norm",
    "rnn_cell",
    "rotary",
    "scaled_dot_product_attention",
    "soft_threshold",
    "triplet_loss",
}
RANDOM = {"dropout"}  # each call draws anew, so no table can hold it
TWO_OUTPUTS = {"lstm_cell"}  # the step of lstm, which has cases
NOT_DIFFERENTIABLE = {
    "alibi_bias",
    "alibi_slopes",
    "causal_mask",
    "conv2d_loop",
    "conv_output_size",
    "conv_transpose_output_size",
    "one_hot",
    "padding_mask",
    "pool_output_size",
    "receptive_field",
    "ridge",
    "same_padding",
    "sinusoidal_positions",
}

each_case = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case.about}")
        for name in CASES
        for case in CASES[name]
    ],
)
each_case_of_keras = pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case.about}")
        for name in CASES
        for case in CASES[name]
        if not lacks(name, case)
    ],
)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["f64", "f32"])


def test_every_function_has_cases_and_counterparts():
    assert set(CASES) == set(COUNTERPARTS) == set(PRIMITIVES) | COMPOSITES
    assert set(ops.__all__) <= set(CASES) | NOT_DIFFERENTIABLE | TWO_OUTPUTS | RANDOM


@pytest.mark.parametrize("name", CASES)
def test_value_keeps_dtype_and_arguments_and_never_warns(name):
    check_forward(name, reference(name))


@pytest.mark.parametrize("name", sorted(PRIMITIVES))
def test_rule_equals_differences(name):
    check_vjp(name, PRIMITIVES[name].vjp)


@pytest.mark.parametrize("name", CASES)
def test_gradient_through_the_engine_equals_differences(name):
    check_vjp(name, vjp_of(reference(name)))


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel:UserWarning")
@each_dtype
@each_case
def test_equals_torch(name, case, dtype):
    assert max(errors(name, case, "torch", dtype)) <= VALUE_TOLERANCE[dtype]


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis:UserWarning")
@each_dtype
@each_case_of_keras
def test_equals_keras(name, case, dtype):
    assert max(errors(name, case, "keras", dtype)) <= VALUE_TOLERANCE[dtype]


@each_case
def test_arrays_give_arrays_and_tensors_give_tensors(name, case):
    args = case.arguments(np.random.default_rng(0))
    value = reference(name)(*args, **case.config)
    assert isinstance(value, (np.ndarray, np.generic))
    for i, a in enumerate(args):
        mixed = (*args[:i], Tensor(a), *args[i + 1 :])
        out = reference(name)(*mixed, **case.config)
        assert isinstance(out, Tensor)
        assert not out.requires_grad
        np.testing.assert_array_equal(out.data, value)


@each_case
def test_values_and_gradients_are_finite(name, case):
    args = case.arguments(np.random.default_rng(0))
    assert np.isfinite(reference(name)(*args, **case.config)).all()
    out = np.asarray(reference(name)(*args, **case.config))
    for gradient in vjp_of(reference(name))(np.ones_like(out), out, *args, **case.config):
        assert gradient is None or np.isfinite(gradient).all()


@pytest.mark.parametrize("name", [n for n in CASES if any(c.about == "extremes" for c in CASES[n])])
def test_extremes_reach_a_thousand(name):
    (case,) = (c for c in CASES[name] if c.about == "extremes")
    assert max(np.abs(a).max() for a in case.arguments(np.random.default_rng(0))) == 1000
