"""Networks that make examples: the papers' equations and numbers, PyTorch, and that they learn."""

import numpy as np
import pytest
from agreement import (
    assert_gradients_are_numerical,
    assert_torch_agrees,
    generator,
    learned,
    shake,
)

from labkit import models, ops, optim
from labkit.autograd import Tensor


def rows(*shape, dtype=np.float64, seed=1):
    return generator(seed).normal(size=shape).astype(dtype)


# --- autoencoders -----------------------------------------------------------------------------


def test_an_autoencoder_is_pytorchs():
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours = shake(models.Autoencoder((7, 5, 2), rng=generator(), dtype=np.float64))
    theirs = torch_models.Autoencoder((7, 5, 2), rng=generator(3), dtype=np.float64)
    assert_torch_agrees(ours, theirs, rows(4, 7))
    assert sum(p.size for p in ours.parameters()) == (40 + 12) + (15 + 42)


def test_a_linear_autoencoder_finds_the_plane_that_the_data_lie_in():
    """Baldi and Hornik 1989: what is left over is what principal components leave over."""
    x = rows(40, 2) @ rows(2, 5, seed=2) + 0.1 * rows(40, 5, seed=3)
    x -= x.mean(axis=0)
    left = (np.linalg.svd(x)[1][2:] ** 2).sum() / x.size
    model = models.Autoencoder((5, 2), rng=generator(), dtype=np.float64)
    adam = optim.Adam(model.parameters(), lr=0.02)
    first, last = learned(model, adam, lambda: ops.mean_squared_error(model(x), x), steps=1200)
    assert first > 0.5
    assert left - 1e-12 < last < 1.05 * left


def test_a_vae_is_pytorchs_for_the_same_draws():
    torch = pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    ours = shake(models.VAE((7, 5, 2), rng=generator(), dtype=np.float64))
    theirs = torch_models.VAE((7, 5, 2), rng=generator(3), dtype=np.float64)
    torch_models.load_state(theirs, ours.state_dict())
    x = generator(1).random((4, 7))
    out, their_out = ours(x, rng=generator(8)), theirs(torch.tensor(x), rng=generator(8))
    for a, b in zip(out, their_out, strict=True):
        np.testing.assert_allclose(a.data, b.detach().numpy(), rtol=0, atol=1e-9)
    loss = models.vae_loss(out[0], x, *out[1:], beta=3.0)
    their_loss = torch_models.vae_loss(their_out[0], torch.tensor(x), *their_out[1:], beta=3.0)
    assert loss.item() == pytest.approx(their_loss.item(), abs=1e-9)
    loss.backward()
    their_loss.backward()
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.T, q.grad.numpy(), rtol=0, atol=1e-9)


def test_gradients_of_a_vae_go_through_the_draw():
    model = shake(models.VAE((4, 3, 2), rng=generator(), dtype=np.float64))
    x = generator(1).random((3, 4))

    def loss():
        logits, mean, log_var = model(x, rng=generator(8))  # the same draw each time
        return models.vae_loss(logits, x, mean, log_var)

    assert_gradients_are_numerical(model, loss)


def test_the_distance_is_the_mean_of_the_log_ratio_of_the_densities():
    """By drawing: KL = E[log q(z) - log p(z)], here for one mean and one variance."""
    mean, log_var = 0.7, -0.6
    s = np.exp(log_var / 2)
    z = mean + s * rows(400_000)
    ratio = -((z - mean) ** 2) / (2 * s**2) - np.log(s) + z**2 / 2
    got = models.gaussian_kl(np.array([[mean]]), np.array([[log_var]]))
    assert got == pytest.approx(ratio.mean(), abs=5 * ratio.std() / np.sqrt(ratio.size))
    assert models.gaussian_kl(np.zeros((2, 3)), np.zeros((2, 3))) == 0
    # mean over rows, sum over columns: (1 + 4) / 2 and 0
    assert models.gaussian_kl(np.array([[1.0, 2.0], [0, 0]]), np.zeros((2, 2))) == 1.25


def test_draws_have_the_mean_and_the_deviation():
    z = models.reparameterize(
        np.full((50_000, 1), 2.0), np.full((50_000, 1), np.log(9.0)), rng=generator(1)
    )
    assert z.mean() == pytest.approx(2.0, abs=0.06)
    assert z.std() == pytest.approx(3.0, abs=0.05)


def test_a_vae_learns_two_patterns():
    patterns = np.float32([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1]])
    x, rng = patterns[np.arange(16) % 2], generator(2)
    model = models.VAE((6, 12, 1), rng=rng)
    adam = optim.Adam(model.parameters(), lr=0.02)

    def loss():
        logits, mean, log_var = model(x, rng=rng)
        return models.vae_loss(logits, x, mean, log_var)

    first, last = learned(model, adam, loss, steps=200)
    assert first > 4  # 6 log 2 = 4.16 for pixels that may be anything
    assert last < 2.5
    assert {p.grad.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert loss().dtype == np.float32


def test_a_distance_needs_two_of_one_shape():
    with pytest.raises(ValueError, match=r"mean and log_var must have one shape \(n, k\)"):
        models.gaussian_kl(np.zeros((2, 3)), np.zeros((2, 1)))
    with pytest.raises(ValueError, match="not empty"):
        models.gaussian_kl(np.zeros((0, 3)), np.zeros((0, 3)))


# --- the pair of a GAN ------------------------------------------------------------------------


def test_the_pair_is_pytorchs():
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    sizes = {"latent": 2, "hidden": 5}
    ours = models.gan_pair(3, rng=generator(), dtype=np.float64, **sizes)
    theirs = torch_models.gan_pair(3, rng=generator(3), dtype=np.float64, **sizes)
    for model, their, d in zip(ours, theirs, (2, 3), strict=True):
        assert_torch_agrees(shake(model), their, rows(4, d))
    assert [sum(p.size for p in m.parameters()) for m in ours] == [15 + 18, 20 + 6]


def test_the_losses_are_the_logarithms_of_the_paper():
    real, fake = rows(4, 1), rows(5, 1, seed=2)
    d_real, d_fake = (1 / (1 + np.exp(-z)) for z in (real, fake))
    value = np.log(d_real).mean() + np.log(1 - d_fake).mean()
    assert models.discriminator_loss(real, fake) == pytest.approx(-value)
    assert models.generator_loss(fake) == pytest.approx(-np.log(d_fake).mean())
    saturating = models.generator_loss(fake, saturating=True)
    assert saturating == pytest.approx(np.log(1 - d_fake).mean())
    assert models.discriminator_loss(np.float32(real), np.float32(fake)).dtype == np.float32
    assert models.generator_loss(np.float32([[1000]])) == 0


def test_the_saturating_loss_has_no_gradient_where_the_generator_is_found_out():
    """At D = e^-20 one gradient is e^-20, the other one."""
    sizes = {}
    for saturating in (False, True):
        fake = Tensor(np.array([[-20.0]]), requires_grad=True)
        models.generator_loss(fake, saturating=saturating).backward()
        sizes[saturating] = fake.grad.item()
    assert sizes[False] == pytest.approx(-1, abs=1e-8)
    assert sizes[True] == pytest.approx(-np.exp(-20), rel=1e-6)


def test_a_pair_learns_where_the_examples_are():
    """Examples around (0.5, -0.5); the first ones made are around (0, 0)."""
    rng = generator(3)
    g, d = models.gan_pair(2, latent=2, hidden=16, rng=rng)
    adam_g = optim.Adam(g.parameters(), lr=0.005, betas=(0.5, 0.999))
    adam_d = optim.Adam(d.parameters(), lr=0.005, betas=(0.5, 0.999))
    center = np.float32([0.5, -0.5])

    def noise(n=64):
        return rng.normal(size=(n, 2)).astype(np.float32)

    before = np.abs(g(noise(500)).data.mean(axis=0) - center).max()
    for _ in range(300):
        real = center + 0.1 * noise()
        adam_d.zero_grad()
        models.discriminator_loss(d(real), d(g(noise()).data)).backward()
        adam_d.step()
        adam_g.zero_grad()
        models.generator_loss(d(g(noise()))).backward()
        adam_g.step()
    after = np.abs(g(noise(500)).data.mean(axis=0) - center).max()
    assert before > 0.3
    assert after < 0.15


# --- diffusion --------------------------------------------------------------------------------


def test_the_papers_schedule():
    """Ho et al. 2020, section 4: 1000 steps, linear from 1e-4 to 0.02; hardly a signal is left."""
    schedule = models.noise_schedule()
    assert isinstance(schedule, models.NoiseSchedule)
    assert schedule.steps == 1000
    assert schedule.beta[[1, 1000]].tolist() == [1e-4, 0.02]
    np.testing.assert_allclose(np.diff(schedule.beta[1:]), (0.02 - 1e-4) / 999, atol=1e-15)
    log_signal = sum(np.log1p(-b) for b in schedule.beta[1:])
    assert schedule.alpha_bar[1000] == pytest.approx(np.exp(log_signal), rel=1e-10)
    assert schedule.alpha_bar[1000] == pytest.approx(4.0358e-5, rel=1e-4)
    # KL(q(x_T | x_0), N(0, 1)) is about 1e-5 bits a dimension, for pixels in [-1, 1]
    left = schedule.alpha_bar[1000]
    mean, log_var = np.full((1, 1), np.sqrt(left)) * 0.5, np.full((1, 1), np.log1p(-left))
    assert 1e-6 < models.gaussian_kl(mean, log_var) / np.log(2) < 1e-4


def test_noise_at_once_is_noise_step_by_step():
    """x_t = sqrt(1 - beta_t) x_(t-1) + sqrt(beta_t) e (equation 2): the same mean and variance."""
    schedule = models.noise_schedule(7, first=0.1, last=0.4)
    signal, variance = 1.0, 0.0
    for t in range(8):
        if t:
            beta = schedule.beta[t]
            signal, variance = np.sqrt(1 - beta) * signal, (1 - beta) * variance + beta
        x = models.add_noise(np.array([[3.0]]), np.array([[0.0]]), np.array([t]), schedule)
        noise = models.add_noise(np.array([[0.0]]), np.array([[1.0]]), np.array([t]), schedule)
        assert x.item() == pytest.approx(3 * signal)
        assert noise.item() ** 2 == pytest.approx(variance)


def test_each_row_has_its_own_step():
    schedule = models.noise_schedule(3, first=0.1, last=0.4)
    x, noise, t = rows(3, 2), rows(3, 2, seed=2), np.array([3, 0, 1])
    out = models.add_noise(x, noise, t, schedule)
    np.testing.assert_array_equal(out[1], x[1])
    for i in range(3):
        alone = models.add_noise(x[i : i + 1], noise[i : i + 1], t[i : i + 1], schedule)
        np.testing.assert_array_equal(out[i : i + 1], alone)


def test_a_step_back_is_the_mean_of_the_posterior():
    """Equation 7, with x_0 from equation 4, is equation 11."""
    schedule, t = models.noise_schedule(5, first=0.1, last=0.5), 4
    x0, noise = rows(3, 2), rows(3, 2, seed=2)
    x = models.add_noise(x0, noise, np.full(3, t), schedule)
    beta, alpha, bar, before = (
        schedule.beta[t], schedule.alpha[t], schedule.alpha_bar[t], schedule.alpha_bar[t - 1]
    )  # fmt: skip
    posterior = np.sqrt(before) * beta / (1 - bar) * x0
    posterior += np.sqrt(alpha) * (1 - before) / (1 - bar) * x
    out = models.denoise_step(x, noise, t, schedule, rng=generator(4))
    z = generator(4).normal(size=x.shape)
    np.testing.assert_allclose(out - np.sqrt(beta) * z, posterior, rtol=0, atol=1e-12)


def test_who_knows_the_noise_gets_the_examples_back():
    """All examples are one point: then the noise in x is known, and the way back ends there."""
    schedule, point = models.noise_schedule(50, first=1e-3, last=0.3), np.array([2.0, -1.0])

    def knows(x, t):
        bar = schedule.alpha_bar[t][:, None]
        return (x - np.sqrt(bar) * point) / np.sqrt(1 - bar)

    out = models.sample(knows, (6, 2), schedule, rng=generator(1), dtype=np.float64)
    np.testing.assert_allclose(out, np.tile(point, (6, 1)), rtol=0, atol=1e-12)


def test_the_loss_is_that_of_algorithm_1():
    """The same draws, one row at a time, and the mean of the squares."""
    schedule, x = models.noise_schedule(9, first=0.1, last=0.4), rows(5, 2)
    loss = models.denoising_loss(lambda a, t: a * t[:, None], x, schedule, rng=generator(3))
    rng = generator(3)
    steps, noise = rng.integers(1, 10, size=5), rng.normal(size=(5, 2))
    squares = []
    for i, t in enumerate(steps):
        bar = np.prod(1 - np.linspace(0.1, 0.4, 9)[:t])
        squares += list((noise[i] - t * (np.sqrt(bar) * x[i] + np.sqrt(1 - bar) * noise[i])) ** 2)
    assert loss == pytest.approx(np.mean(squares))


def test_a_denoiser_is_pytorchs_and_its_gradients_are_numerical():
    pytest.importorskip("torch")
    from labkit.frameworks import torch_models

    sizes = {"hidden": (5, 6), "time": 4, "dtype": np.float64}
    ours = shake(models.Denoiser(3, rng=generator(), **sizes))
    x, t = rows(4, 3), np.array([1, 9, 3, 3])
    assert_torch_agrees(ours, torch_models.Denoiser(3, rng=generator(3), **sizes), x, t)
    assert sum(p.size for p in ours.parameters()) == 7 * 5 + 5 + 5 * 6 + 6 + 6 * 3 + 3
    schedule = models.noise_schedule(9, first=0.1, last=0.4)
    assert_gradients_are_numerical(
        ours, lambda: models.denoising_loss(ours, x, schedule, rng=generator(3))
    )


def test_a_denoiser_learns_to_make_two_clusters():
    rng, schedule = generator(5), models.noise_schedule(20, first=0.01, last=0.4)
    model = models.Denoiser(1, hidden=(32, 32), rng=rng)
    adam = optim.Adam(model.parameters(), lr=0.005)

    def loss(n=128):
        x = rng.choice(np.float32([-1, 1]), size=(n, 1))
        return models.denoising_loss(model, x, schedule, rng=rng)

    first, _ = learned(model, adam, loss, steps=500)
    assert first > 0.6
    assert loss(2000).item() < 0.35
    made = models.sample(model, (300, 1), schedule, rng=rng)
    assert made.dtype == np.float32
    assert np.mean(np.abs(np.abs(made) - 1) < 0.35) > 0.85
    assert 0.25 < np.mean(made > 0) < 0.75


def test_steps_and_schedules_that_do_not_exist_are_refused():
    schedule, x = models.noise_schedule(3), np.zeros((1, 2))
    for t in (0, 4):
        with pytest.raises(ValueError, match=rf"t must be in \[1, 3\]; got {t}"):
            models.denoise_step(x, x, t, schedule, rng=generator())
    with pytest.raises(ValueError, match=r"t must lie in \[0, 4\); got 4"):
        models.add_noise(x, x, np.array([4]), schedule)
    for wrong in ({"steps": 0}, {"first": 0.0}, {"last": 1.0}, {"first": 0.3, "last": 0.2}):
        with pytest.raises(ValueError, match="steps must be positive and 0 < first <= last < 1"):
            models.noise_schedule(**wrong)
