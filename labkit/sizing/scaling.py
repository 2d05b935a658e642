"""Scaling laws: how the loss falls with size and data, and how to spend what one has."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """The law ``y = scale x^exponent + floor``, :eq:`eq-power-law`; call it with x."""

    scale: float
    exponent: float
    floor: float = 0.0

    def __call__(self, x: float | np.ndarray) -> float | np.ndarray:
        """Return y."""
        return self.scale * x**self.exponent + self.floor


def fit_power_law(x: np.ndarray, y: np.ndarray, *, floor: float = 0.0) -> PowerLaw:
    """Return the power law through the points: the straight line of least squares in logarithms.

    x and y (n,), all x > 0 and all y > floor, the loss that no size removes. Errors count by their
    ratio, not by their difference.

    Raises ValueError if shapes differ, there are fewer than two different x, or a logarithm does
    not exist.

    >>> law = fit_power_law(np.array([1.0, 4.0, 16.0]), np.array([12.0, 6.0, 3.0]))
    >>> round(law.scale, 6), round(law.exponent, 6)
    (12.0, -0.5)

    [Kaplan et al. 2020, equation 1.1]
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or x.shape != y.shape or len(np.unique(x)) < 2:
        raise ValueError(
            f"x and y must be (n,) with two different x or more; got {x.shape} and {y.shape}"
        )
    if not (np.all(x > 0) and np.all(y > floor)):
        raise ValueError(f"x must be > 0 and y > floor = {floor}; got {x.min()} and {y.min()}")
    u, v = np.log(x), np.log(y - floor)
    exponent = np.sum((u - u.mean()) * (v - v.mean())) / np.sum((u - u.mean()) ** 2)
    scale = np.exp(v.mean() - exponent * u.mean())
    return PowerLaw(float(scale), float(exponent), floor)


# Hoffmann et al. 2022, equation 10.
E, A, B, ALPHA, BETA = 1.69, 406.4, 410.7, 0.34, 0.28


def scaling_loss(parameters: float, tokens: float) -> float:
    """Return the loss in nats a token that 400 trainings foretell, E + A/N^0.34 + B/D^0.28.

    E = 1.69, A = 406.4, B = 410.7, fitted on one corpus and one tokenizer: other text has other
    numbers.

    >>> round(scaling_loss(70e9, 1.4e12), 4)  # Chinchilla
    1.9366

    [Hoffmann et al. 2022, equation 10]
    """
    return E + A / parameters**ALPHA + B / tokens**BETA


def compute_optimal(flops: float) -> tuple[float, float]:
    """Return the parameters N and tokens D with 6 N D = flops that `scaling_loss` likes best.

    At the best point a little more of either helps as much: alpha A / N^alpha = beta B / D^beta.

    Raises ValueError if flops is not positive.

    >>> n, d = compute_optimal(1e21)
    >>> f"{n / 1e9:.1f} G parameters, {d / 1e9:.0f} G tokens"
    '1.8 G parameters, 91 G tokens'

    [Hoffmann et al. 2022, equation 4]
    """
    if not flops > 0:
        raise ValueError(f"flops must be positive; got {flops}")
    g = (ALPHA * A / (BETA * B)) ** (1 / (ALPHA + BETA))
    parameters = g * (flops / 6) ** (BETA / (ALPHA + BETA))
    return parameters, flops / 6 / parameters
