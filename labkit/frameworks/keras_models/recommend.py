"""Who will like what, as in `labkit.models.recommend`."""

import keras
import numpy as np
from keras import layers
from keras import ops as kops

from labkit import models
from labkit.frameworks.keras_models.classifiers import mlp_layers
from labkit.frameworks.keras_models.weights import started


class MatrixFactorization(keras.Model):
    """`labkit.models.MatrixFactorization`, from the same weights for the same rng."""

    def __init__(self, users, items, *, k, rng, mean=0.0, std=0.1, dtype=np.float32):
        name = np.dtype(dtype).name
        super().__init__(dtype=name)
        self.users, self.items = (layers.Embedding(n, k, dtype=name) for n in (users, items))
        biases = (layers.Embedding(n, 1, dtype=name) for n in (users, items))
        self.user_bias, self.item_bias = biases
        self.mean = self.add_weight(shape=(), trainable=False, dtype=name)
        sizes = {"k": k, "mean": mean, "std": std}
        ours = models.MatrixFactorization(users, items, rng=rng, dtype=dtype, **sizes)
        started(self, ours, _ONE, _ONE)

    def call(self, user, item):
        """Return the rating of each pair."""
        fit = kops.sum(self.users(user) * self.items(item), axis=1)
        return self.mean + self.user_bias(user)[:, 0] + self.item_bias(item)[:, 0] + fit


class FactorizationMachine(keras.Model):
    """`labkit.models.FactorizationMachine`, from the same weights for the same rng."""

    def __init__(self, d, *, k, rng, std=0.01, dtype=np.float32):
        name = np.dtype(dtype).name
        super().__init__(dtype=name)
        self.bias = self.add_weight(shape=(1,), dtype=name)
        self.linear = self.add_weight(shape=(d, 1), dtype=name)
        self.vectors = self.add_weight(shape=(d, k), dtype=name)
        started(self, models.FactorizationMachine(d, k=k, rng=rng, std=std, dtype=dtype))

    def call(self, x):
        """Return y."""
        v = self.vectors
        pairs = kops.matmul(x, v) ** 2 - kops.matmul(x**2, kops.square(v))
        return self.bias + kops.matmul(x, self.linear)[:, 0] + kops.sum(pairs, axis=1) / 2


class DeepFM(keras.Model):
    """`labkit.models.DeepFM`, from the same weights for the same rng."""

    def __init__(self, sizes, *, k, hidden, rng, std=0.01, dtype=np.float32):
        name = np.dtype(dtype).name
        super().__init__(dtype=name)
        self.bias = self.add_weight(shape=(1,), dtype=name)
        self.linear = layers.Embedding(sum(sizes), 1, dtype=name)
        self.vectors = layers.Embedding(sum(sizes), k, dtype=name)
        self.deep = keras.Sequential(mlp_layers((len(sizes) * k, *hidden, 1), name))
        self.starts = np.cumsum((0, *sizes[:-1]))
        ours = models.DeepFM(sizes, k=k, hidden=hidden, rng=rng, std=std, dtype=dtype)
        started(self, ours, np.zeros((1, len(sizes)), np.int64))

    def call(self, ids):
        """Return the logits."""
        rows = ids + kops.convert_to_tensor(self.starts)
        e = self.vectors(rows)  # (n, m, k)
        pairs = kops.sum(e, axis=1) ** 2 - kops.sum(e**2, axis=1)
        deep = self.deep(kops.reshape(e, (len(ids), -1)))[:, 0]
        linear = kops.sum(self.linear(rows), axis=(1, 2))
        return self.bias + linear + kops.sum(pairs, axis=1) / 2 + deep


_ONE = np.zeros(1, np.int64)  # an id to call a model with, so that its layers are built
