"""Who will like what: matrix factorization, factorization machines, DeepFM."""

from functools import partial

import numpy as np

from labkit import ops
from labkit.models.classifiers import mlp
from labkit.nn import Buffer, Embedding, Module, Parameter, normal, zeros
from labkit.ops.linear import check_ids


class MatrixFactorization(Module):
    """A rating as the mean of all, what user and item add to it, and how well their vectors fit::

        rating = mean + b_user + b_item + p_user . q_item

    Called with ids of users and items (n,), it returns ratings (n,). ``mean`` is given, not
    learned: the mean of the training ratings.

    >>> model = MatrixFactorization(5, 7, k=3, mean=3.5, rng=np.random.default_rng(0))
    >>> model(np.array([0, 4]), np.array([6, 0])).shape
    (2,)

    [Koren, Bell and Volinsky 2009, equation 4]
    """

    def __init__(self, users, items, *, k, rng, mean=0.0, std=0.1, dtype=np.float32):
        self.users = Embedding(users, k, rng=rng, init=partial(normal, std=std), dtype=dtype)
        self.items = Embedding(items, k, rng=rng, init=partial(normal, std=std), dtype=dtype)
        self.user_bias = Embedding(users, 1, rng=rng, init=zeros, dtype=dtype)
        self.item_bias = Embedding(items, 1, rng=rng, init=zeros, dtype=dtype)
        self.mean = Buffer(np.array(mean, dtype=dtype))

    def forward(self, user, item):
        """Return the rating of each pair."""
        fit = (self.users(user) * self.items(item)).sum(axis=1)  # (n, k) to (n,)
        biases = self.user_bias(user) + self.item_bias(item)  # (n, 1)
        return self.mean + biases[:, 0] + fit

    def penalty(self, user, item):
        """Return what equation 5 adds to the error, the mean over the pairs of all their squares.

        Times lambda, this keeps the vectors and biases of rare users and items small.
        """
        parts = self.users(user), self.items(item), self.user_bias(user), self.item_bias(item)
        return sum((part * part).sum(axis=1).mean() for part in parts)


def pairwise_interactions(e):
    """Return the sum of the products of all pairs of vectors, without going through the pairs::

        sum over i < j of e_i . e_j  =  1/2 sum over the columns of ((sum_i e_i)^2 - sum_i e_i^2)

    e (n, m, k): m vectors for each example. Returns (n,), in O(m k) steps instead of O(m^2 k).

    Raises ValueError if e has another number of axes.

    >>> pairwise_interactions(np.array([[[1.0], [2.0], [10.0]]]))
    array([32.])

    [Rendle 2010, lemma 3.1]
    """
    if e.ndim != 3:
        raise ValueError(f"e must have the shape (n, m, k); got {e.shape}")
    total = e.sum(axis=1)  # (n, k)
    return (total * total - (e * e).sum(axis=1)).sum(axis=1) / 2


class FactorizationMachine(Module):
    """A linear model and an interaction for each pair of inputs, of a strength that vectors give::

        y = w0 + sum_i w_i x_i + sum over i < j of (v_i . v_j) x_i x_j

    x (n, d) real numbers. Returns (n,): a rating, or a logit.

    >>> model = FactorizationMachine(6, k=3, rng=np.random.default_rng(0))
    >>> model(np.ones((4, 6), np.float32)).shape
    (4,)

    [Rendle 2010, equation 1]
    """

    def __init__(self, d, *, k, rng, std=0.01, dtype=np.float32):
        self.bias = Parameter(zeros((1,), dtype=dtype))
        self.linear = Embedding(d, 1, rng=rng, init=zeros, dtype=dtype)
        self.vectors = Embedding(d, k, rng=rng, init=partial(normal, std=std), dtype=dtype)

    def forward(self, x):
        """Return y."""
        linear = ops.linear(x, self.linear.weight, self.bias)[:, 0]  # (n,)
        e = x.reshape(*x.shape, 1) * self.vectors.weight  # (n, d, k)
        return linear + pairwise_interactions(e)


class DeepFM(Module):
    """A factorization machine and a network of linear layers over the same embeddings, added up.

    sizes: how many ids each of the m fields has (user, item, hour ...). Called with ids (n, m),
    column j in [0, sizes[j]), it returns logits (n,); the paper's sigmoid is in the loss.

    Raises ValueError if ids are not (n, m), no whole numbers, or out of their field's range.

    >>> model = DeepFM((5, 7, 3), k=4, hidden=(8,), rng=np.random.default_rng(0))
    >>> model(np.array([[4, 6, 2], [0, 0, 0]])).shape
    (2,)

    [Guo et al. 2017, equations 1 to 4]
    """

    def __init__(self, sizes, *, k, hidden, rng, std=0.01, dtype=np.float32):
        self.sizes = tuple(sizes)
        self.bias = Parameter(zeros((1,), dtype=dtype))
        self.linear = Embedding(sum(sizes), 1, rng=rng, init=zeros, dtype=dtype)
        self.vectors = Embedding(sum(sizes), k, rng=rng, init=partial(normal, std=std), dtype=dtype)
        self.deep = mlp((len(sizes) * k, *hidden, 1), rng=rng, dtype=dtype)

    def forward(self, ids):
        """Return the logits."""
        rows = self._rows(ids)
        e = self.vectors(rows)  # (n, m, k)
        deep = self.deep(e.reshape(len(ids), e.shape[1] * e.shape[2]))  # (n, 1)
        linear = self.linear(rows).sum(axis=(1, 2))  # (n, m, 1) to (n,)
        return self.bias + linear + pairwise_interactions(e) + deep[:, 0]

    def _rows(self, ids):
        """Return where each id stands in the tables, which hold one field after the other."""
        if ids.ndim != 2 or ids.shape[1] != len(self.sizes):
            raise ValueError(f"ids must have the shape (n, {len(self.sizes)}); got {ids.shape}")
        for j, size in enumerate(self.sizes):
            check_ids(f"ids of field {j}", ids[:, j], k=size)
        return ids + np.cumsum((0, *self.sizes[:-1]))
