"""Data on the pipe between the grader and the sandbox: JSON, arrays as bytes, nothing that runs.

Both ends use this file; inside it stands beside the worker and imports NumPy and nothing of ours.
A message is its length in eight hexadecimal digits, then that many bytes of JSON.
"""

import base64
import json
import math
from typing import Any

import numpy as np

MOST_BYTES = 32 * 2**20  # of one message
MOST_DEPTH = 20
MOST_PARTS = 2_000_000  # lists, dicts and commas in one message, before it is read
MOST_KEYS = 1_000  # of a dict, that are no texts: numbers can be chosen to slow it down
MOST_AXES = 16
HEAD = 8  # bytes of a message's length
KINDS = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
}


class WireError(Exception):
    """Something that cannot cross: no plain data, too deep, too large, or not what it says.

    No ValueError: a function that returns such a thing has not refused its arguments.
    """


def pack(message: Any) -> bytes:
    """Return a message, made of JSON's own types, with its length before it.

    >>> pack({"op": "stop"})
    b'0000000d{"op":"stop"}'
    """
    try:
        body = json.dumps(message, separators=(",", ":"), allow_nan=False).encode()
    except (ValueError, RecursionError) as error:  # an int of thousands of digits
        raise WireError(f"no message: {error}") from None
    if len(body) > MOST_BYTES:
        raise WireError(f"{len(body):,} bytes in one message; at most {MOST_BYTES:,}")
    return b"%08x" % len(body) + body


def unpack(body: bytes) -> Any:
    """Return the message in a body, without its length.

    Raises WireError if it is no JSON, or so finely divided that it would fill the memory.
    """
    if sum(body.count(sign) for sign in (b"{", b"[", b",")) > MOST_PARTS:
        raise WireError(f"a message of more than {MOST_PARTS:,} parts")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise WireError(f"no message: {error}") from None


def encode(value: Any, depth: int = 0) -> Any:
    """Return plain data in JSON's types: numbers, texts, arrays, lists, tuples, dicts.

    Types count exactly: a subclass may do anything when it is looked at, and does not cross.

    Raises WireError for anything else.

    >>> encode((1, 2.5, None))
    {'tuple': [1, 2.5, None]}
    >>> decode(encode(np.array([[True, False]])))
    array([[ True, False]])
    """
    if depth > MOST_DEPTH:
        raise WireError(f"data that is nested more than {MOST_DEPTH} deep")
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if value is ...:
        return {"ellipsis": None}
    if kind in (list, tuple):
        return {kind.__name__: [encode(one, depth + 1) for one in value]}
    if kind is dict:
        pairs = value.items()
        return {"dict": [[encode(k, depth + 1), encode(v, depth + 1)] for k, v in pairs]}
    if kind is np.ndarray or kind in SCALARS:
        return _encode_array(value, "array" if kind is np.ndarray else "scalar")
    raise WireError(f"a {kind.__name__} is no plain data, and only plain data can be handed over")


def decode(sent: Any, depth: int = 0) -> Any:
    """Return the data that `encode` made from plain data; everything is checked again.

    Raises WireError if it is not in that form.
    """
    if depth > MOST_DEPTH:
        raise WireError(f"data that is nested more than {MOST_DEPTH} deep")
    if sent is None or type(sent) in (bool, int, str, float):
        return sent
    if type(sent) is not dict or len(sent) != 1:
        raise WireError("a value in no known form")
    ((kind, inner),) = sent.items()
    if kind in ("array", "scalar"):
        return _decode_array(inner, kind)
    if kind == "float" and inner in ("nan", "inf", "-inf"):
        return float(inner)
    if kind == "ellipsis":
        return ...
    if kind in ("list", "tuple") and type(inner) is list:
        parts = [decode(one, depth + 1) for one in inner]
        return parts if kind == "list" else tuple(parts)
    if kind == "dict" and type(inner) is list:
        return _decode_dict(inner, depth)
    raise WireError("a value in no known form")


SCALARS = {np.dtype(name).type for name in KINDS}


def _encode_array(array: Any, kind: str) -> dict[str, list]:
    name = array.dtype.name
    if name not in KINDS:
        raise WireError(f"an array of dtype {name}, which is no number")
    data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    if len(data) > MOST_BYTES:
        raise WireError(f"an array of {len(data):,} bytes; at most {MOST_BYTES:,}")
    return {kind: [name, list(array.shape), base64.b64encode(data).decode("ascii")]}


def _decode_array(inner: Any, kind: str) -> Any:
    try:
        name, shape, data = inner
        if type(name) is not str or name not in KINDS or len(shape) > MOST_AXES:
            raise WireError("an array in no known form")
        if any(type(n) is not int or not 0 <= n <= MOST_BYTES for n in shape):
            raise WireError("an array in no known form")
        flat = np.frombuffer(
            base64.b64decode(data, validate=True), np.dtype(name).newbyteorder("<")
        )
        array = flat.reshape(shape).astype(name)
        if not array.size and max(shape) > MOST_PARTS:
            raise WireError("an empty array with an axis without end")
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise WireError(f"an array that is not what it says: {error}") from None
    return array if kind == "array" else array[()]


def _decode_dict(inner: list, depth: int) -> dict:
    try:
        if sum(type(key) is not str for key, _ in inner) > MOST_KEYS:
            raise WireError(f"a dict with more than {MOST_KEYS:,} keys that are no texts")
        return {decode(k, depth + 1): decode(v, depth + 1) for k, v in inner}
    except (TypeError, ValueError) as error:  # no pair, or a key that cannot be one
        raise WireError(f"a dict that is not what it says: {error}") from None
