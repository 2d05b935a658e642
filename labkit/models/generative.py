"""Networks that make examples: autoencoder, variational autoencoder, the pair of a GAN, diffusion.

Examples are rows (n, d). Where the paper has an expectation, the loss is the mean over the rows.
"""

from dataclasses import dataclass

import numpy as np

from labkit import ops
from labkit.autograd import Tensor, concatenate, exp, no_grad
from labkit.models.classifiers import mlp
from labkit.nn import Module, Sequential, Tanh
from labkit.ops.linear import check_ids


class Autoencoder(Module):
    """An encoder to a few numbers, and a decoder back: sizes there, and the same backwards.

    x (n, d). Returns (n, d), real numbers: logits of pixels, or the pixels, as the loss has it.

    Raises ValueError if there are fewer than two sizes.

    >>> model = Autoencoder((12, 5, 2), rng=np.random.default_rng(0))
    >>> x = np.ones((4, 12), np.float32)
    >>> model.encoder(x).shape, model(x).shape
    ((4, 2), (4, 12))

    [Hinton and Salakhutdinov 2006]
    """

    def __init__(self, sizes, *, rng, dtype=np.float32):
        self.encoder = mlp(sizes, rng=rng, dtype=dtype)
        self.decoder = mlp(sizes[::-1], rng=rng, dtype=dtype)

    def forward(self, x):
        """Return what is left of x after the way through the few numbers."""
        return self.decoder(self.encoder(x))


class VAE(Module):
    """A variational autoencoder: the code of x is a normal distribution, drawn from, then decoded.

    sizes (d, hidden ..., k). x (n, d), pixels in [0, 1]. Returns logits (n, d), and the mean and
    log-variance (n, k) of the code. `vae_loss` takes all three.

    Raises ValueError if there are fewer than two sizes.

    >>> model = VAE((12, 5, 2), rng=np.random.default_rng(0))
    >>> logits, mean, log_var = model(np.ones((4, 12), np.float32), rng=np.random.default_rng(1))
    >>> logits.shape, mean.shape, log_var.shape
    ((4, 12), (4, 2), (4, 2))

    [Kingma and Welling 2014, section 3 and appendix C]
    """

    def __init__(self, sizes, *, rng, dtype=np.float32):
        self.encoder = mlp((*sizes[:-1], 2 * sizes[-1]), rng=rng, dtype=dtype)
        self.decoder = mlp(sizes[::-1], rng=rng, dtype=dtype)

    def encode(self, x):
        """Return the mean and the log-variance of the code, (n, k) each."""
        both = self.encoder(x)  # (n, 2 k)
        k = both.shape[1] // 2
        return both[:, :k], both[:, k:]

    def forward(self, x, *, rng):
        """Return the logits, for one draw from rng, and the code's mean and log-variance."""
        mean, log_var = self.encode(x)
        return self.decoder(reparameterize(mean, log_var, rng=rng)), mean, log_var


def reparameterize(mean, log_var, *, rng):
    """Return a draw from N(mean, s^2) that mean and s^2 can be learned through::

        z = mean + s e,  e from N(0, 1),  s = e^(log_var / 2)

    mean and log_var (n, k). Returns (n, k).

    >>> mean = np.array([[3.0, 3.0]])
    >>> reparameterize(mean, np.array([[-1000.0, -1000.0]]), rng=np.random.default_rng(0))
    array([[3., 3.]])

    [Kingma and Welling 2014, section 2.4]
    """
    noise = rng.normal(size=mean.shape).astype(mean.dtype)
    return mean + exp(log_var / 2) * noise


def gaussian_kl(mean, log_var):
    """Return how far N(mean, s^2) is from N(0, 1), the mean over the rows, in nats::

        -1/2 sum over the columns of (1 + log s^2 - mean^2 - s^2)

    mean and log_var = log s^2 (n, k).

    Raises ValueError if the shapes differ or are empty.

    >>> gaussian_kl(np.array([[1.0, 0.0]]), np.zeros((1, 2)))
    np.float64(0.5)

    [Kingma and Welling 2014, appendix B]
    """
    if mean.shape != log_var.shape or mean.ndim != 2 or not mean.size:
        raise ValueError(
            f"mean and log_var must have one shape (n, k), not empty; got {mean.shape} and "
            f"{log_var.shape}"
        )
    return -(1 + log_var - mean * mean - exp(log_var)).sum(axis=1).mean() / 2


def vae_loss(logits, x, mean, log_var, *, beta=1.0):
    """Return the negative evidence bound of a `VAE`: cross-entropy of the pixels, and the KL::

        loss = sum over the pixels of -log p(x | z)  +  beta KL(N(mean, s^2), N(0, 1))

    logits and x (n, d), mean and log_var (n, k). A mean over the rows, in nats. beta other than 1
    is the beta-VAE.

    >>> vae_loss(np.zeros((1, 3)), np.ones((1, 3)), np.ones((1, 2)), np.zeros((1, 2))).round(4)
    np.float64(3.0794)

    [Kingma and Welling 2014, equation 10; Higgins et al. 2017]
    """
    pixels = logits.shape[1]
    return pixels * ops.binary_cross_entropy(logits, x) + beta * gaussian_kl(mean, log_var)


def gan_pair(d, *, latent, hidden, rng, dtype=np.float32):
    """Return the two networks of a GAN, each with one hidden layer: generator, discriminator.

    The generator takes noise (n, latent) to examples (n, d) in (-1, 1), the discriminator examples
    to logits (n, 1): how much it takes them for real.

    >>> rng = np.random.default_rng(0)
    >>> generator, discriminator = gan_pair(6, latent=2, hidden=8, rng=rng)
    >>> discriminator(generator(np.ones((5, 2), np.float32))).shape
    (5, 1)

    [Goodfellow et al. 2014]
    """
    generator = Sequential(*mlp((latent, hidden, d), rng=rng, dtype=dtype).layers, Tanh())
    return generator, mlp((d, hidden, 1), rng=rng, dtype=dtype)


def discriminator_loss(real, fake):
    """Return what the discriminator minimizes, the negative of the paper's value V(D, G)::

        -mean log D(x) - mean log(1 - D(G(z)))

    real and fake: its logits for both. At its best, where nothing can be told apart, log 4.

    >>> discriminator_loss(np.zeros((3, 1)), np.zeros((5, 1))).round(4) == np.log(4).round(4)
    np.True_

    [Goodfellow et al. 2014, equation 1 and theorem 1]
    """
    yes, no = np.ones(real.shape, real.dtype), np.zeros(fake.shape, fake.dtype)
    return ops.binary_cross_entropy(real, yes) + ops.binary_cross_entropy(fake, no)


def generator_loss(fake, *, saturating=False):
    """Return what the generator minimizes: -mean log D(G(z)).

    fake: the discriminator's logits. With saturating, the paper's mean log(1 - D(G(z))) of
    equation 1, whose gradient vanishes as long as the discriminator is sure.

    >>> generator_loss(np.zeros((3, 1))).round(4), generator_loss(np.zeros((3, 1)), saturating=True)
    (np.float64(0.6931), np.float64(-0.6931471805599453))

    [Goodfellow et al. 2014, section 3]
    """
    if saturating:
        return -ops.binary_cross_entropy(fake, np.zeros(fake.shape, fake.dtype))
    return ops.binary_cross_entropy(fake, np.ones(fake.shape, fake.dtype))


@dataclass(frozen=True)
class NoiseSchedule:
    """How much noise each step adds, beta (steps + 1,), and how much signal is left after it.

    Index t is the paper's, 1 to steps; at 0 nothing has been added. alpha = 1 - beta; alpha_bar is
    the product of the alphas so far.
    """

    beta: np.ndarray
    alpha: np.ndarray
    alpha_bar: np.ndarray

    @property
    def steps(self):
        """The number of steps."""
        return len(self.beta) - 1


def noise_schedule(steps=1000, *, first=1e-4, last=0.02):
    """Return the betas of the paper, from first to last in equal steps.

    Raises ValueError unless 0 < first <= last < 1 and there is a step.

    >>> schedule = noise_schedule(2, first=0.1, last=0.5)
    >>> schedule.beta, schedule.alpha_bar
    (array([0. , 0.1, 0.5]), array([1.  , 0.9 , 0.45]))

    [Ho et al. 2020, section 4]
    """
    if steps < 1 or not 0 < first <= last < 1:
        raise ValueError(
            f"steps must be positive and 0 < first <= last < 1; got {steps}, {first}, {last}"
        )
    beta = np.concatenate([[0.0], np.linspace(first, last, steps)])
    return NoiseSchedule(beta, 1 - beta, np.cumprod(1 - beta))


def add_noise(x, noise, t, schedule):
    """Return x after t steps of noise at once, instead of one by one::

        x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) noise

    x and noise (n, d), noise from N(0, 1); t (n,) in [0, steps].

    Raises ValueError if a t is no whole number or out of range.

    >>> schedule = noise_schedule(2, first=0.19, last=0.36)
    >>> add_noise(np.array([[10.0]]), np.array([[1.0]]), np.array([1]), schedule).round(4)
    array([[9.4359]])

    [Ho et al. 2020, equation 4]
    """
    check_ids("t", t, k=schedule.steps + 1)
    left = schedule.alpha_bar[t][:, np.newaxis].astype(x.dtype)  # (n, 1)
    return np.sqrt(left) * x + np.sqrt(1 - left) * noise


def denoising_loss(model, x, schedule, *, rng):
    """Return the mean squared error of the noise that the model sees in x, at random steps.

    x (n, d). model(x_t, t) returns its guess of the noise (n, d).

    >>> no_guess = lambda x, t: 0 * x
    >>> x = np.zeros((1000, 2))
    >>> denoising_loss(no_guess, x, noise_schedule(), rng=np.random.default_rng(0)).round(1)
    np.float64(1.0)

    [Ho et al. 2020, equation 14 and algorithm 1]
    """
    t = rng.integers(1, schedule.steps + 1, size=len(x))
    noise = rng.normal(size=x.shape).astype(x.dtype)
    return ops.mean_squared_error(model(add_noise(x, noise, t, schedule), t), noise)


def denoise_step(x, guess, t, schedule, *, rng):
    """Return x one step less noisy, x_(t - 1), given the guess of the noise in x::

        x_(t-1) = (x - beta_t / sqrt(1 - alpha_bar_t) guess) / sqrt(alpha_t) + sqrt(beta_t) z

    z from N(0, 1), and none in the last step, t = 1. x and guess (n, d), t one number.

    Raises ValueError if t is not in [1, steps].

    >>> schedule = noise_schedule(2, first=0.19, last=0.36)
    >>> x = add_noise(np.array([[10.0]]), np.array([[0.7]]), np.array([1]), schedule)
    >>> denoise_step(x, np.array([[0.7]]), 1, schedule, rng=None).round(4)
    array([[10.]])

    [Ho et al. 2020, equation 11 and algorithm 2]
    """
    if not 1 <= t <= schedule.steps:
        raise ValueError(f"t must be in [1, {schedule.steps}]; got {t}")
    beta, alpha, alpha_bar = (
        float(a[t]) for a in (schedule.beta, schedule.alpha, schedule.alpha_bar)
    )
    mean = (x - beta / (1 - alpha_bar) ** 0.5 * guess) / alpha**0.5
    return mean if t == 1 else mean + beta**0.5 * rng.normal(size=x.shape).astype(x.dtype)


def sample(model, shape, schedule, *, rng, dtype=np.float32):
    """Return new examples (n, d): pure noise, made less noisy step by step.

    >>> sample(lambda x, t: x, (2, 3), noise_schedule(5), rng=np.random.default_rng(0)).shape
    (2, 3)

    [Ho et al. 2020, algorithm 2]
    """
    x = rng.normal(size=shape).astype(dtype)
    for t in range(schedule.steps, 0, -1):
        with no_grad():
            guess = model(x, np.full(shape[0], t))
        guess = guess.data if isinstance(guess, Tensor) else guess
        x = denoise_step(x, guess, t, schedule, rng=rng)
    return x


class Denoiser(Module):
    """The noise in x at step t, by linear layers that see x and the sinusoids of t side by side.

    x (n, d), t (n,) whole numbers. Returns (n, d). The paper's network is a U-Net for images.

    >>> model = Denoiser(3, hidden=(8,), rng=np.random.default_rng(0))
    >>> model(np.ones((2, 3), np.float32), np.array([1, 7])).shape
    (2, 3)

    [Ho et al. 2020, appendix B]
    """

    def __init__(self, d, *, hidden=(64, 64), time=16, rng, dtype=np.float32):
        self.time = time
        self.body = mlp((d + time, *hidden, d), rng=rng, dtype=dtype)

    def forward(self, x, t):
        """Return the guess of the noise."""
        sinusoids = ops.sinusoidal_positions(int(t.max()) + 1, self.time, dtype=x.dtype)[t]
        return self.body(concatenate(x, sinusoids, axis=1))  # (n, d + time) to (n, d)
