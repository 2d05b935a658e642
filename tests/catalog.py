"""What each function is called in PyTorch and in Keras, and how far ours is from both.

`python tests/catalog.py` prints the table: one row per function, one column per witness, and in
each cell the largest relative error of values and gradients over all cases.
"""

import os
import warnings
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest

os.environ.setdefault("KERAS_BACKEND", "torch")
torch = pytest.importorskip("torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what Keras imports is not ours to mend
    keras = pytest.importorskip("keras")

from sequences import SEQUENCES  # noqa: E402

from labkit.autograd import PRIMITIVES, Tensor  # noqa: E402
from labkit.gradcheck import relative_error  # noqa: E402
from labkit.testing import CASES, GRADIENT_TOLERANCE, check_vjp, reference, vjp_of  # noqa: E402

F, K, KL = torch.nn.functional, keras.ops, keras.losses
FIRST = {"data_format": "channels_first"}


def torch_conv_transpose(x, w, b=None, **config):
    return F.conv_transpose2d(x, w, b, **config)


def torch_kl(logits, target):
    """`batchmean` divides by the first axis alone, so the rows are laid out along it."""
    k = logits.shape[-1]
    log_q = F.log_softmax(logits, -1).reshape(-1, k)
    return F.kl_div(log_q, target.reshape(-1, k), reduction="batchmean")


def torch_cross_entropy(logits, target, *, weight=None, ignore_index=-100, label_smoothing=0.0):
    return F.cross_entropy(
        logits.reshape(-1, logits.shape[-1]),
        target.reshape(-1),
        weight=None if weight is None else torch.tensor(weight, dtype=logits.dtype),
        ignore_index=ignore_index,
        label_smoothing=label_smoothing,
    )


def keras_cross_entropy(logits, target, *, label_smoothing=0.0):
    if not label_smoothing:
        return K.mean(KL.sparse_categorical_crossentropy(target, logits, from_logits=True))
    rows = K.one_hot(target, logits.shape[-1], dtype=logits.dtype)
    return K.mean(KL.categorical_crossentropy(rows, logits, True, label_smoothing=label_smoothing))


def torch_hinge(scores, target, *, margin=1.0):
    return F.margin_ranking_loss(scores, torch.zeros_like(scores), target, margin=margin)


def torch_info_nce(queries, keys, *, temperature=0.1):
    return F.cross_entropy(queries @ keys.T / temperature, torch.arange(len(queries)))


def keras_info_nce(queries, keys, *, temperature=0.1):
    logits = K.matmul(queries, K.transpose(keys)) / temperature
    return keras_cross_entropy(logits, K.arange(len(queries)))


def lengths(logits, target, input_lengths, target_lengths):
    n, t, _ = logits.shape
    frames = torch.tensor(input_lengths or [t] * n)
    return frames, torch.tensor(target_lengths or [target.shape[1]] * n)


def torch_ctc(logits, target, *, blank=0, input_lengths=None, target_lengths=None):
    log_p = F.log_softmax(logits, -1).transpose(0, 1)
    return F.ctc_loss(
        log_p, target, *lengths(logits, target, input_lengths, target_lengths), blank=blank
    )


def keras_ctc(logits, target, *, blank=0, input_lengths=None, target_lengths=None):
    frames, labels = lengths(logits, target, input_lengths, target_lengths)
    each = K.ctc_loss(target, logits, labels, frames, mask_index=blank)
    return K.mean(each / K.maximum(K.cast(labels, logits.dtype), 1))


def torch_normalize(x, *, axis, eps=1e-5):
    variance, mean = torch.var_mean(x, axis, correction=0, keepdim=True)
    return (x - mean) * torch.rsqrt(variance + eps)


def keras_normalize(x, *, axis, eps=1e-5):
    mean, variance = K.moments(x, axis, keepdims=True)
    return (x - mean) * K.rsqrt(variance + eps)


def torch_batch_norm(x, w=None, b=None, *, mean=None, var=None, eps=1e-5):
    running = [None if s is None else torch.tensor(s, dtype=x.dtype) for s in (mean, var)]
    return F.batch_norm(x, *running, w, b, training=mean is None, eps=eps)


def keras_batch_norm(x, w=None, b=None, *, mean=None, var=None, eps=1e-5):
    if mean is None:
        mean, var = K.moments(x, [i for i in range(x.ndim) if i != 1])
    else:
        mean, var = (torch.tensor(s, dtype=x.dtype) for s in (mean, var))
    return K.batch_normalization(x, mean, var, 1, b, w, eps)


def torch_group_norm(x, w=None, b=None, *, groups, eps=1e-5):
    return F.group_norm(x, groups, w, b, eps)


def keras_group_norm(x, w=None, b=None, *, groups, eps=1e-5):
    layer = keras.layers.GroupNormalization(
        groups, axis=1, epsilon=eps, center=False, scale=False, dtype=x.dtype
    )
    out, column = layer(x), (-1,) + (1,) * (x.ndim - 2)
    out = out if w is None else out * K.reshape(w, column)
    return out if b is None else out + K.reshape(b, column)


def keras_layer_norm(x, w=None, b=None, *, eps=1e-5):
    return K.layer_normalization(x, w, b, epsilon=eps)


def torch_upsample(x, *, scale_factor=2, mode="nearest"):
    return F.interpolate(x, scale_factor=scale_factor, mode=mode)


def keras_upsample(x, *, scale_factor=2, mode="nearest"):
    rows, columns = scale_factor if isinstance(scale_factor, tuple) else (scale_factor,) * 2
    size = (x.shape[2] * rows, x.shape[3] * columns)
    return K.image.resize(x, size, interpolation=mode, **FIRST)


def keras_conv(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Keras finds the groups from the shapes; its padding is none or "same"; kernels are HWIO."""
    if padding != "same":
        x, padding = keras_pad(x, padding), "valid"
    w = K.transpose(w, (2, 3, 1, 0))
    out = K.conv(x, w, stride, padding, dilation_rate=dilation, **FIRST)
    return out if b is None else out + K.reshape(b, (1, -1, 1, 1))


def keras_conv_transpose(x, w, b=None, *, stride=1, padding=0, dilation=1, groups=1):
    """Keras knows no groups here, so each is a call of its own; padding is cut off after."""
    parts = [
        K.conv_transpose(
            x_group, K.transpose(w_group, (2, 3, 1, 0)), stride, dilation_rate=dilation, **FIRST
        )
        for x_group, w_group in zip(K.split(x, groups, 1), K.split(w, groups, 0), strict=True)
    ]
    out = K.concatenate(parts, 1)
    ph, pw = padding if isinstance(padding, tuple) else (padding, padding)
    out = out[:, :, ph : out.shape[2] - ph, pw : out.shape[3] - pw]
    return out if b is None else out + K.reshape(b, (1, -1, 1, 1))


def keras_max_pool(x, *, kernel_size, stride=None, padding=0):
    x = keras_pad(x, padding, value=-np.inf)
    return K.max_pool(x, kernel_size, stride, **FIRST)


def keras_avg_pool(x, *, kernel_size, stride=None, padding=0):
    return K.average_pool(keras_pad(x, padding), kernel_size, stride, **FIRST)


def keras_pad(x, padding, value=0.0):
    rows, columns = padding if isinstance(padding, tuple) else (padding, padding)
    if rows == columns == 0:
        return x
    return K.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)), constant_values=value)


class Counterpart(NamedTuple):
    """A function's names elsewhere; ``keras_lacks`` says for which settings Keras has nothing.

    Where Keras has nothing at all, ``keras`` is None and the reason stands under "all".
    """

    torch: object
    keras: object
    keras_lacks: dict = {}  # a setting, or the words that name a case -> the reason


def same(name):
    """The function has one name in both."""
    return Counterpart(getattr(torch, name), getattr(K, name))


CEIL = {"ceil_mode": "no last window that reaches over the end"}
ROUNDED = "Keras clips probabilities at 1e-7"
COUNTERPARTS = {
    "add": same("add"),
    "subtract": same("subtract"),
    "multiply": same("multiply"),
    "divide": same("divide"),
    "negative": same("negative"),
    "power": Counterpart(
        lambda a, exponent: torch.pow(a, exponent), lambda a, exponent: K.power(a, exponent)
    ),
    "exp": same("exp"),
    "log": same("log"),
    "sqrt": same("sqrt"),
    "absolute": same("absolute"),
    "maximum": same("maximum"),
    "where": same("where"),
    "matmul": same("matmul"),
    "reduce_sum": Counterpart(
        lambda a, axis=None, keepdims=False: torch.sum(a, axis, keepdim=keepdims), K.sum
    ),
    "reduce_mean": Counterpart(
        lambda a, axis=None, keepdims=False: torch.mean(a, axis, keepdim=keepdims), K.mean
    ),
    "reduce_max": Counterpart(
        lambda a, axis=(), keepdims=False: torch.amax(a, axis, keepdim=keepdims), K.max
    ),
    "reshape": Counterpart(
        lambda a, shape: torch.reshape(a, shape), lambda a, shape: K.reshape(a, shape)
    ),
    "transpose": Counterpart(
        lambda a, axes=None: torch.permute(a, axes or tuple(range(a.ndim))[::-1]), K.transpose
    ),
    "getitem": Counterpart(lambda a, index: a[index], lambda a, index: K.get_item(a, index)),
    "concatenate": Counterpart(
        lambda *a, axis=0: torch.cat(a, axis), lambda *a, axis=0: K.concatenate(a, axis)
    ),
    "relu": Counterpart(F.relu, K.relu),
    "leaky_relu": Counterpart(
        F.leaky_relu, lambda x, negative_slope=0.01: K.leaky_relu(x, negative_slope)
    ),
    "sigmoid": same("sigmoid"),
    "tanh": same("tanh"),
    "softmax": Counterpart(lambda x, axis=-1: F.softmax(x, axis), K.softmax),
    "log_softmax": Counterpart(lambda x, axis=-1: F.log_softmax(x, axis), K.log_softmax),
    "soft_threshold": Counterpart(
        lambda x, amount: F.softshrink(x, amount), lambda x, amount: K.soft_shrink(x, amount)
    ),
    "elu": Counterpart(F.elu, lambda x, alpha=1.0: K.elu(x, alpha)),
    "gelu": Counterpart(
        F.gelu, lambda x, approximate="none": K.gelu(x, approximate=approximate == "tanh")
    ),
    "silu": Counterpart(F.silu, K.silu),
    "softplus": Counterpart(F.softplus, K.softplus),
    "linear": Counterpart(
        lambda x, w, b=None: F.linear(x, w.T, b),
        lambda x, w, b=None: K.matmul(x, w) if b is None else K.add(K.matmul(x, w), b),
    ),
    "embedding": Counterpart(F.embedding, lambda ids, w: K.take(w, ids, axis=0)),
    "conv2d": Counterpart(F.conv2d, keras_conv),
    "conv_transpose2d": Counterpart(
        torch_conv_transpose,
        keras_conv_transpose,
        {"output_padding": "its output_padding is a size, and cannot follow a cut"},
    ),
    "max_pool2d": Counterpart(
        F.max_pool2d, keras_max_pool, {**CEIL, "dilation": "pooling without dilation"}
    ),
    "avg_pool2d": Counterpart(
        F.avg_pool2d,
        keras_avg_pool,
        {**CEIL, "count_include_pad": 'padding that is not counted only as "same"'},
    ),
    "mean_squared_error": Counterpart(F.mse_loss, lambda p, t: K.mean(KL.mean_squared_error(t, p))),
    "mean_absolute_error": Counterpart(
        F.l1_loss, lambda p, t: K.mean(KL.mean_absolute_error(t, p))
    ),
    "huber": Counterpart(F.huber_loss, lambda p, t, delta=1.0: K.mean(KL.huber(t, p, delta))),
    "cross_entropy": Counterpart(
        torch_cross_entropy,
        keras_cross_entropy,
        {
            "weight": "the weights of classes are an argument of `fit`",
            "ignore_index": "what is ignored is zero, and still divided by",
        },
    ),
    "hinge": Counterpart(
        torch_hinge, lambda s, t: K.mean(KL.hinge(t, s)), {"margin": "the margin is one"}
    ),
    "triplet_loss": Counterpart(F.triplet_margin_loss, None, {"all": "no loss of triplets"}),
    "info_nce": Counterpart(torch_info_nce, keras_info_nce),
    "ctc_loss": Counterpart(torch_ctc, keras_ctc),
    "binary_cross_entropy": Counterpart(
        F.binary_cross_entropy_with_logits,
        lambda z, t: K.mean(KL.binary_crossentropy(t, z, from_logits=True)),
    ),
    "kl_divergence": Counterpart(
        torch_kl,
        lambda z, t: K.mean(KL.kl_divergence(t, K.softmax(z))),
        {"zeros in the target": ROUNDED, "extremes": ROUNDED},
    ),
    "normalize": Counterpart(torch_normalize, keras_normalize),
    "batch_norm": Counterpart(torch_batch_norm, keras_batch_norm),
    "layer_norm": Counterpart(
        lambda x, w=None, b=None, eps=1e-5: F.layer_norm(x, x.shape[-1:], w, b, eps),
        keras_layer_norm,
    ),
    "group_norm": Counterpart(torch_group_norm, keras_group_norm),
    "rms_norm": Counterpart(
        lambda x, w=None, eps=1e-6: F.rms_norm(x, x.shape[-1:], w, eps),
        lambda x, w=None, eps=1e-6: K.rms_normalization(x, w, epsilon=eps),
    ),
    "upsample": Counterpart(torch_upsample, keras_upsample),
}
COUNTERPARTS |= {name: Counterpart(*names) for name, names in SEQUENCES.items()}


def lacks(name, case):
    """Why Keras has no counterpart for this case; None where it has."""
    table = COUNTERPARTS[name].keras_lacks
    if COUNTERPARTS[name].keras is None:
        return table["all"]
    return next(
        (why for key, why in table.items() if key in case.config or key == case.about), None
    )


def full_precision():
    """Let Keras compute in float64, which it lowers to float32 on all backends but TensorFlow's."""
    return mock.patch.dict(keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE, float64="float64")


def errors(name, case, witness, dtype, seed=0):
    """The relative errors against a witness: of the value, and of each argument's gradient."""
    rng = np.random.default_rng(seed)
    args = [a.astype(dtype) if a.dtype == np.float64 else a for a in case.arguments(rng)]
    wanted = [a.dtype == dtype and i not in case.constants for i, a in enumerate(args)]

    ours = [Tensor(a, requires_grad=want) for a, want in zip(args, wanted, strict=True)]
    out = reference(name)(*ours, **case.config)
    g = rng.normal(size=out.shape).astype(dtype)
    out.backward(g)

    theirs = [torch.tensor(a, requires_grad=want) for a, want in zip(args, wanted, strict=True)]
    with full_precision():
        value = getattr(COUNTERPARTS[name], witness)(*theirs, **case.config)
    value.backward(torch.tensor(g))

    assert out.dtype == dtype
    pairs = [(a.grad, b.grad.numpy()) for a, b in zip(ours, theirs, strict=True) if a.requires_grad]
    assert all(gradient.dtype == dtype for gradient, _ in pairs)
    return [relative_error(a, b) for a, b in [(out.data, value.detach().numpy()), *pairs]]


def worst(name, witness, dtype):
    """The largest relative error over the cases that the witness has, and how many it lacks."""
    cases = CASES[name] if witness == "torch" else [c for c in CASES[name] if not lacks(name, c)]
    largest = max((max(errors(name, c, witness, dtype)) for c in cases), default=np.nan)
    return largest, len(CASES[name]) - len(cases)


def main():
    """Print the table: function by witness."""
    warnings.simplefilter("ignore")
    print(f"{'function':22}cases  differences      PyTorch f64  f32      Keras f64    f32")
    for name, cases in CASES.items():
        check_vjp(name, PRIMITIVES[name].vjp if name in PRIMITIVES else vjp_of(reference(name)))
        row = f"{name:22}{len(cases):5}  below {GRADIENT_TOLERANCE:.0e}"
        for witness in ("torch", "keras"):
            for dtype in (np.float64, np.float32):
                error, missing = worst(name, witness, dtype)
                row += f"  {error:9.1e}"
            row += f" (not {missing})" if missing else ""
        print(row)
    for name, counterpart in COUNTERPARTS.items():
        for setting, why in counterpart.keras_lacks.items():
            print(f"Keras lacks {name}, {setting}: {why}")


if __name__ == "__main__":
    main()
