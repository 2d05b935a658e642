"""Values against SciPy and scikit-learn, wherever one of them knows the function.

Each row: our arguments, our settings, and what SciPy or scikit-learn makes of the same arguments.
Gradients, PyTorch and Keras are in test_ops.py.
"""

import numpy as np
import pytest

from labkit import ops

pytest.importorskip("scipy")
pytest.importorskip("sklearn")

from scipy import ndimage, signal, special, stats
from sklearn import linear_model, metrics, preprocessing


def rng(seed=0):
    return np.random.default_rng(seed)


def normal(*shapes):
    return tuple(rng(i).normal(0, 3, size=shape) for i, shape in enumerate(shapes))


def classes(*shape, k, seed=7):
    return rng(seed).integers(k, size=shape)


def probabilities(logits):
    return special.softmax(logits, axis=-1)


def log_loss(logits, target):
    p = probabilities(logits).reshape(-1, logits.shape[-1])
    return metrics.log_loss(target.ravel(), p, labels=range(logits.shape[-1]))


def correlated(x, w):
    """Every output channel is a sum over the input's channels."""
    one = [[sum(map(correlate, image, kernel)) for kernel in w] for image in x]
    return np.array(one)


def correlate(image, kernel):
    return signal.correlate2d(image, kernel, mode="valid")


def spread(x, w):
    """The transposed convolution: every input channel lays its kernels down, true convolutions."""
    return np.array(
        [
            [
                sum(signal.convolve2d(image[i], w[i, j]) for i in range(w.shape[0]))
                for j in range(w.shape[1])
            ]
            for image in x
        ]
    )


def windows(filtered, kernel_size, stride):
    """A filter's value stands in the middle of its window; keep every window that fits."""
    (kh, kw), (sh, sw), (h, w) = kernel_size, stride, filtered.shape[2:]
    return filtered[:, :, kh // 2 : kh // 2 + h - kh + 1 : sh, kw // 2 : kw // 2 + w - kw + 1 : sw]


def grouped(x, groups):
    return stats.zscore(x.reshape(len(x), groups, -1), axis=2).reshape(x.shape)


X, IMAGES, TALL = normal((3, 5))[0], (2, 3, 6, 7), (3, 2)
SIGNS, BITS = 2 * classes(9, k=2) - 1.0, classes(9, k=2) + 0.0
POOL = {"kernel_size": TALL, "stride": (2, 1)}
ROWS = {
    "sigmoid": ((X,), {}, special.expit),
    "softmax": ((X,), {"axis": 0}, lambda x: special.softmax(x, axis=0)),
    "log_softmax": ((X,), {"axis": 0}, lambda x: special.log_softmax(x, axis=0)),
    "gelu": ((X,), {}, lambda x: x * special.ndtr(x)),
    "soft_threshold": (
        (X,),
        {"amount": 1.5},  # what the lasso makes of inputs that are alone
        lambda x: linear_model.Lasso(alpha=0.5, fit_intercept=False).fit(np.eye(3), x).coef_.T,
    ),
    "ridge": (
        normal((6, 4), (6, 2)),
        {"weight_decay": 3.0},
        lambda x, y: linear_model.Ridge(alpha=3.0, fit_intercept=False).fit(x, y).coef_.T,
    ),
    "silu": ((X,), {}, lambda x: x * special.expit(x)),
    "softplus": ((X,), {}, lambda x: -special.log_expit(-x)),
    "conv2d": (normal(IMAGES, (4, 3, 3, 2)), {}, correlated),
    "conv2d_loop": (normal(IMAGES, (4, 3, 3, 2)), {}, correlated),
    "conv_transpose2d": (normal(IMAGES, (3, 4, 3, 2)), {}, spread),
    "max_pool2d": (
        normal(IMAGES),
        POOL,
        lambda x: windows(ndimage.maximum_filter(x, (1, 1, *TALL)), TALL, (2, 1)),
    ),
    "avg_pool2d": (
        normal(IMAGES),
        POOL,
        lambda x: windows(ndimage.uniform_filter(x, (1, 1, *TALL)), TALL, (2, 1)),
    ),
    "upsample": (
        normal(IMAGES),
        {"scale_factor": (2, 3), "mode": "bilinear"},
        lambda x: ndimage.zoom(x, (1, 1, 2, 3), order=1, mode="nearest", grid_mode=True),
    ),
    "upsample, nearest": (
        normal(IMAGES),
        {"scale_factor": (2, 3)},
        lambda x: ndimage.zoom(x, (1, 1, 2, 3), order=0, mode="nearest", grid_mode=True),
    ),
    "one_hot": (
        (classes(6, k=4),),
        {"k": 4},
        lambda ids: preprocessing.label_binarize(ids, classes=range(4)),
    ),
    "mean_squared_error": (normal((4, 3), (4, 3)), {}, metrics.mean_squared_error),
    "mean_absolute_error": (normal((4, 3), (4, 3)), {}, metrics.mean_absolute_error),
    "huber": (
        normal((4, 3), (4, 3)),
        {"delta": 1.5},
        lambda p, t: special.huber(1.5, p - t).mean(),
    ),
    "cross_entropy": ((*normal((6, 4)), classes(6, k=4)), {}, log_loss),
    "cross_entropy, of sequences": ((*normal((2, 3, 4)), classes(2, 3, k=4)), {}, log_loss),
    "binary_cross_entropy": (
        (*normal(9), BITS),
        {},
        lambda z, t: metrics.log_loss(t, special.expit(z)),
    ),
    "kl_divergence": (
        (normal((6, 4))[0], probabilities(X[:2, :4].repeat(3, axis=0))),
        {},
        lambda z, t: stats.entropy(t, probabilities(z), axis=-1).mean(),
    ),
    "hinge": ((*normal(9), SIGNS), {}, lambda s, t: metrics.hinge_loss(t, s)),
    "info_nce": (
        normal((5, 4), (5, 4)),
        {"temperature": 2.0},
        lambda q, k: log_loss(q @ k.T / 2, np.arange(5)),
    ),
    "normalize": (normal((3, 4, 5)), {"axis": 1, "eps": 0.0}, lambda x: stats.zscore(x, axis=1)),
    "layer_norm": (normal((3, 4, 5)), {"eps": 0.0}, lambda x: stats.zscore(x, axis=-1)),
    "batch_norm": (
        normal((6, 4)),
        {"eps": 0.0},
        lambda x: preprocessing.StandardScaler().fit_transform(x),
    ),
    "group_norm": (normal((3, 6, 5)), {"groups": 2, "eps": 0.0}, lambda x: grouped(x, 2)),
    "rms_norm": (normal((3, 5)), {"eps": 0.0}, lambda x: preprocessing.normalize(x) * 5**0.5),
}


@pytest.mark.parametrize("name", ROWS)
def test_equals_scipy_or_scikit_learn(name):
    arguments, config, theirs = ROWS[name]
    ours = getattr(ops, name.split(",")[0])(*arguments, **config)
    np.testing.assert_allclose(ours, theirs(*arguments), rtol=1e-9, atol=1e-12)


def test_dropout_drops_as_a_coin_would():
    """A two-sided binomial test of 20,000 draws; and of the pairs of neighbours, none depends."""
    kept = ops.dropout(np.ones(20_000), p=0.3, rng=rng()) != 0
    assert stats.binomtest(int(kept.sum()), kept.size, 0.7).pvalue > 0.01
    both = np.histogram2d(kept[::2], kept[1::2], bins=2)[0]
    assert stats.chi2_contingency(both).pvalue > 0.01
