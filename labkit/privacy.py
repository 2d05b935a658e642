"""Learning from data that stay private: clipped and noisy gradients, and sums without parts."""

import math

import numpy as np


def poisson_lot(n: int, *, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of a random lot: each of n examples is in it with probability rate.

    The number varies and may be 0. `privacy_spent` holds for lots drawn like this, and not for
    batches cut from a shuffled epoch.

    Raises ValueError if rate is not in [0, 1].

    >>> poisson_lot(10, rate=0.3, rng=np.random.default_rng(0))
    array([1, 2, 3])

    [Mironov, Talwar and Zhang 2019, section 3]
    """
    return np.flatnonzero(rng.random(n) < _checked_rate(rate))


def per_example_gradients(model, loss, x, target) -> list[np.ndarray]:
    """Return for each parameter its gradients, ``(n, *shape)``, one for each example alone.

    loss takes (output, target) of a batch; here of batches of one. The gradients that the
    parameters had are put back.

    >>> from labkit.nn import Linear
    >>> from labkit.ops import mean_squared_error
    >>> model, x = Linear(3, 1, rng=np.random.default_rng(0)), np.ones((5, 3), np.float32)
    >>> [g.shape for g in per_example_gradients(model, mean_squared_error, x, x[:, :1])]
    [(5, 3, 1), (5, 1)]
    """
    parameters = model.parameters()
    before = [p.grad for p in parameters]
    gradients = [np.zeros((len(x), *p.shape), p.dtype) for p in parameters]
    for i in range(len(x)):
        model.zero_grad()
        loss(model(x[i : i + 1]), target[i : i + 1]).backward()
        for p, g in zip(parameters, gradients, strict=True):
            g[i] = 0 if p.grad is None else p.grad
    for p, grad in zip(parameters, before, strict=True):
        p.grad = grad
    return gradients


def clip_per_example(gradients: list[np.ndarray], *, bound: float) -> list[np.ndarray]:
    """Return the gradients with each example's scaled to a norm of at most bound.

    gradients: for each parameter ``(n, *shape)``. An example's norm is over all its parameters
    together; one that is short enough stays as it is.

    Raises ValueError if bound is not positive, or the arrays do not have one n.

    >>> clip_per_example([np.array([[3.0, 4.0], [0.3, 0.4]])], bound=1.0)
    [array([[0.6, 0.8],
           [0.3, 0.4]])]

    [Abadi et al. 2016, algorithm 1]
    """
    if not 0 < bound < math.inf:
        raise ValueError(f"bound must be positive and finite; got {bound}")
    if len({len(g) for g in gradients}) != 1:
        raise ValueError(f"gradients must have one n; got {[g.shape for g in gradients]}")
    rows = [g.reshape(len(g), math.prod(g.shape[1:])) for g in gradients]
    norms = np.linalg.norm(np.concatenate(rows, axis=1), axis=1)  # (n,)
    factor = bound / np.maximum(norms, bound)
    return [(row.T * factor).T.reshape(g.shape) for row, g in zip(rows, gradients, strict=True)]


def private_gradients(
    gradients: list[np.ndarray],
    *,
    bound: float,
    noise: float,
    lot_size: float,
    rng: np.random.Generator,
) -> list[np.ndarray]:
    r"""Return one gradient for each parameter, in which no example can be made out::

        (sum_i clip(g_i, C) + N(0, noise^2 C^2)) / lot_size

    gradients ``(n, *shape)`` as `per_example_gradients` gives them; C is bound. lot_size is the
    expected n, not n itself, which is a secret too.

    Raises ValueError if noise is negative, lot_size not positive, or as `clip_per_example`.

    >>> g = [np.array([[3.0, 4.0], [0.3, 0.4]])]
    >>> private_gradients(g, bound=1.0, noise=0.0, lot_size=2, rng=np.random.default_rng(0))
    [array([0.45, 0.6 ])]

    [Abadi et al. 2016, algorithm 1]
    """
    if not noise >= 0 or not lot_size > 0:
        raise ValueError(f"need noise >= 0 and lot_size > 0; got {noise} and {lot_size}")
    private = []
    for g in clip_per_example(gradients, bound=bound):
        disturbance = rng.normal(0.0, noise * bound, size=g.shape[1:]).astype(g.dtype)
        private.append((g.sum(axis=0) + disturbance) / float(lot_size))
    return private


def dp_sgd_step(model, loss, x, target, *, optimizer, bound, noise, lot_size, rng) -> None:
    """Move the model one step along its `private_gradients` on one lot, with any optimizer.

    x, target: a lot as `poisson_lot` draws it, which may be empty. The other arguments are those
    of `per_example_gradients` and `private_gradients`.

    >>> from labkit.nn import Linear
    >>> from labkit.ops import mean_squared_error
    >>> from labkit.optim import SGD
    >>> rng = np.random.default_rng(0)
    >>> model, x = Linear(3, 1, rng=rng), np.ones((5, 3), np.float32)
    >>> sgd = SGD(model.parameters(), lr=0.1)
    >>> private = {"bound": 1.0, "noise": 1.1, "lot_size": 5, "rng": rng}
    >>> dp_sgd_step(model, mean_squared_error, x, x[:, :1], optimizer=sgd, **private)

    [Abadi et al. 2016, algorithm 1]
    """
    gradients = per_example_gradients(model, loss, x, target)
    private = private_gradients(gradients, bound=bound, noise=noise, lot_size=lot_size, rng=rng)
    for parameter, g in zip(model.parameters(), private, strict=True):
        parameter.grad = g
    optimizer.step()
    optimizer.zero_grad()


def renyi_divergence(*, rate: float, noise: float, order: int) -> float:
    r"""Return how much one step may tell of one example, in nats of Renyi divergence::

        1 / (a - 1) log sum_k C(a, k) (1 - q)^(a - k) q^k e^((k^2 - k) / (2 noise^2))

    Of the Gaussian mechanism on a Poisson lot: q is rate, a the order, a whole number from 2 up,
    k from 0 to a. Steps add up.

    Raises ValueError if rate is not in [0, 1], noise is negative, or order is less than 2.

    >>> round(10 * renyi_divergence(rate=0.1, noise=2.0, order=5), 5)
    0.07737

    [Mironov, Talwar and Zhang 2019, section 3.3]
    """
    q = _checked_rate(rate)
    if order != int(order) or order < 2 or not noise >= 0:
        raise ValueError(f"need whole order >= 2 and noise >= 0; got {order} and {noise}")
    if q == 0:
        return 0.0
    if noise == 0:
        return math.inf
    if q == 1:
        return order / (2 * noise**2)
    logs = np.array(
        [
            math.log(math.comb(order, k))
            + (order - k) * math.log1p(-q)
            + k * math.log(q)
            + (k * k - k) / (2 * noise**2)
            for k in range(order + 1)
        ]
    )
    return float(np.logaddexp.reduce(logs)) / (order - 1)


def privacy_spent(
    *, rate: float, noise: float, steps: int, delta: float, orders=range(2, 65)
) -> tuple[float, int]:
    r"""Return the epsilon of (epsilon, delta)-differential privacy after so many steps::

        min_a  steps D_a + log((a - 1) / a) - (log delta + log a) / (a - 1)

    D_a is `renyi_divergence`. Returns epsilon and the order a that gave it; at the first or last
    of the orders, others might give less.

    Raises ValueError if delta is not in (0, 1), steps is negative, or as `renyi_divergence` does.

    >>> epsilon, order = privacy_spent(rate=150 / 60000, noise=1.3, steps=6000, delta=1e-5)
    >>> round(epsilon, 4), order
    (0.7242, 19)

    [Mironov 2017, proposition 1; Canonne, Kamath and Steinke 2020, proposition 12]
    """
    if not 0 < delta < 1 or steps < 0:
        raise ValueError(f"need delta in (0, 1) and steps >= 0; got {delta} and {steps}")
    if steps == 0:
        return 0.0, min(orders)
    spent = []
    for a in orders:
        divergence = steps * renyi_divergence(rate=rate, noise=noise, order=a)
        epsilon = divergence + math.log1p(-1 / a) - (math.log(delta) + math.log(a)) / (a - 1)
        spent.append((max(epsilon, 0.0), a))
    return min(spent)


def federated_average(states: list[dict], counts: list[int]) -> dict:
    r"""Return the mean of the clients' models, each weighted by its number of examples::

        w = sum_k n_k w_k / sum_k n_k

    states: what ``state_dict`` of the same model returned at each client. Whoever has more data
    has more say.

    Raises ValueError if there is no client, names or shapes differ, or counts are not one number
    >= 0 for each client with a positive sum.

    >>> federated_average([{"w": np.array([1.0, 2.0])}, {"w": np.array([3.0, 6.0])}], [1, 3])
    {'w': array([2.5, 5. ])}

    [McMahan et al. 2017, algorithm 1]
    """
    if not states or len(states) != len(counts) or min(counts) < 0 or not sum(counts) > 0:
        raise ValueError(
            f"need one count >= 0 for each of {len(states)} clients, not all 0; got {counts}"
        )
    shapes = [{name: np.shape(array) for name, array in state.items()} for state in states]
    if any(other != shapes[0] for other in shapes):
        raise ValueError(f"all clients must have the same names and shapes; got {shapes}")
    shares = [float(n) / sum(counts) for n in counts]
    return {
        name: sum(share * state[name] for share, state in zip(shares, states, strict=True))
        for name in states[0]
    }


def masked_updates(
    updates: np.ndarray, *, rng: np.random.Generator, steps_per_unit: int = 2**16
) -> np.ndarray:
    """Return what each client sends: its numbers under masks that cancel in the sum. A toy.

    updates (clients, ...) float. They become whole numbers of 1 / steps_per_unit, modulo 2^32.
    Each pair of clients shares random numbers, which one adds and the other subtracts: every row
    alone is uniformly random, and `unmasked_sum` of all rows is exact. Here one generator makes
    all masks; in earnest each pair agrees on a secret key, and the protocol survives clients that
    fall silent, neither of which this does.

    Raises ValueError if the sum of absolute values does not fit into 31 bits.

    >>> sent = masked_updates(np.array([[0.5, 1.0], [0.25, -3.0]]), rng=np.random.default_rng(0))
    >>> unmasked_sum(sent)
    array([ 0.75, -2.  ])

    [Bonawitz et al. 2017, section 4]
    """
    whole = np.rint(np.asarray(updates, dtype=float) * steps_per_unit)
    if not np.all(np.abs(whole).sum(axis=0) < 2**31):
        raise ValueError(f"updates must sum to less than {2**31 / steps_per_unit} each")
    sent = whole.astype(np.int64).astype(np.uint32)  # modulo 2^32
    rows = sent.reshape(len(sent), math.prod(sent.shape[1:]))  # the same memory
    for i in range(len(rows)):
        for j in range(i + 1, len(rows)):
            mask = rng.integers(2**32, size=rows.shape[1], dtype=np.uint32)
            rows[i] += mask
            rows[j] -= mask
    return sent


def unmasked_sum(sent: np.ndarray, *, steps_per_unit: int = 2**16) -> np.ndarray:
    """Return the sum of all clients' updates from what `masked_updates` made of them.

    sent (clients, ...) uint32. If a row is missing, the result is random. A toy.

    >>> unmasked_sum(np.array([[2**31 + 5], [2**31 + 1]], np.uint32), steps_per_unit=2)
    array([3.])
    """
    total = sent.sum(axis=0, dtype=np.uint32).astype(np.int32)  # the upper half is negative
    return total / steps_per_unit


def _checked_rate(rate: float) -> float:
    if not 0 <= rate <= 1:
        raise ValueError(f"rate must be in [0, 1]; got {rate}")
    return float(rate)
