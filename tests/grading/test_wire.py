"""What crosses the pipe comes out as it went in, and nothing else crosses."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from labkit.grading.inside import wire
from labkit.grading.inside.wire import WireError, decode, encode

ARRAYS = st.sampled_from(sorted(wire.KINDS)).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))
)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(...) | ARRAYS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


def alike(a, b):
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray | np.generic):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(alike(a[key], b[key]) for key in a)
    return a == b or (a != a and b != b)


@settings(deadline=None, max_examples=150)
@given(PLAIN)
def test_plain_data_comes_back(value):
    message = wire.pack(encode(value))
    assert int(message[:8], 16) == len(message) - 8
    assert alike(decode(wire.unpack(message[8:])), value)


@pytest.mark.parametrize("kind", sorted(wire.KINDS))
def test_scalars_keep_their_type(kind):
    one = np.ones((), kind)[()]
    assert alike(decode(encode(one)), one)


class Whole(int):
    pass


@pytest.mark.parametrize(
    "value",
    [object(), Whole(3), {1, 2}, b"x", 1j, lambda: 0, np.array(["a"]), np.zeros(2, object)],
    ids=lambda thing: type(thing).__name__,
)
def test_other_things_do_not_cross(value):
    with pytest.raises(WireError):
        encode(value)


def test_arrays_of_other_forms_become_plain():
    turned = np.asfortranarray(np.arange(6.0).reshape(2, 3))[:, ::-1].astype(">f8")
    assert np.array_equal(decode(encode(turned)), turned)


@pytest.mark.parametrize(
    "sent",
    [
        [1],
        {"array": 5},
        {"array": ["float64", [2], "AAAA"]},
        {"array": ["object", [1], ""]},
        {"array": ["float64", [-1], ""]},
        {"array": ["int64", [30_000_000, 0], ""]},
        {"array": ["int64", [10**18] * 3, ""]},
        {"array": ["int8", [1] * 17, "AA=="]},
        {"array": ["int8", [True], "AA=="]},
        {"array": ["int8", [1], "A?=="]},
        {"float": "1e9"},
        {"list": "abc"},
        {"dict": [[1]]},
        {"dict": [[{"list": []}, 1]]},
        {"dict": [[i, 0] for i in range(wire.MOST_KEYS + 1)]},
        {"int": 3},
        {"list": [], "tuple": []},
        {},
    ],
    ids=lambda sent: json.dumps(sent)[:40],
)
def test_data_in_another_form_is_refused(sent):
    with pytest.raises(WireError):
        decode(sent)


def test_depth_size_and_number_of_parts_have_limits():
    deep = []
    for _ in range(wire.MOST_DEPTH + 1):
        deep = [deep]
    with pytest.raises(WireError, match="deep"):
        encode(deep)
    with pytest.raises(WireError, match="at most"):
        encode(np.zeros(wire.MOST_BYTES // 8 + 1))
    with pytest.raises(WireError, match="at most"):
        wire.pack("x" * wire.MOST_BYTES)
    with pytest.raises(WireError, match="parts"):
        wire.unpack(b"[" + b"[]," * wire.MOST_PARTS + b"[]]")
    with pytest.raises(WireError):
        wire.unpack(b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(WireError):
        wire.pack(10**10_000)
    assert not issubclass(WireError, ValueError)
