"""Losses and draws of `labkit.models` by everybody who has them; whole networks by differences."""

import os

import numpy as np
import pytest
from agreement import assert_gradients_are_numerical, generator, shake

from labkit import models
from labkit.autograd import Tensor
from labkit.gradcheck import numerical_gradient, relative_error

torch = pytest.importorskip("torch")
os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

REAL, FAKE = generator(1).normal(0, 3, (5, 1)), generator(2).normal(0, 3, (4, 1))
MEAN, LOG_VAR = generator(3).normal(size=(4, 2)), generator(4).normal(size=(4, 2))


def both(function, logits, yes):
    """A loss of logits whose target is everywhere the same."""
    return function(logits, np.full(logits.shape, float(yes)))


def in_torch(logits, target):
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return loss(torch.tensor(logits), torch.tensor(target)).item()


def in_keras(logits, target):
    return keras.losses.BinaryCrossentropy(from_logits=True)(target, logits).item()


def in_scikit_learn(logits, target):
    metrics = pytest.importorskip("sklearn.metrics")
    return metrics.log_loss(target.ravel(), 1 / (1 + np.exp(-logits.ravel())), labels=[0, 1])


@pytest.mark.parametrize(
    ("theirs", "rel"), [(in_torch, 1e-12), (in_keras, 1e-5), (in_scikit_learn, 1e-9)]
)
def test_the_losses_of_a_pair_are_cross_entropies(theirs, rel):
    discriminated = both(theirs, REAL, True) + both(theirs, FAKE, False)
    assert models.discriminator_loss(REAL, FAKE) == pytest.approx(discriminated, rel=rel)
    assert models.generator_loss(FAKE) == pytest.approx(both(theirs, FAKE, True), rel=rel)
    saturating = models.generator_loss(FAKE, saturating=True)
    assert saturating == pytest.approx(-both(theirs, FAKE, False), rel=rel)


def test_the_distance_of_normal_distributions_is_pytorchs_and_an_integral():
    integrate, stats = pytest.importorskip("scipy.integrate"), pytest.importorskip("scipy.stats")
    code = torch.distributions.Normal(torch.tensor(MEAN), torch.tensor(np.exp(LOG_VAR / 2)))
    theirs = torch.distributions.kl_divergence(code, torch.distributions.Normal(0.0, 1.0))
    assert models.gaussian_kl(MEAN, LOG_VAR) == pytest.approx(theirs.sum().item() / 4, rel=1e-12)
    q, p = stats.norm(MEAN[0, 0], np.exp(LOG_VAR[0, 0] / 2)), stats.norm()
    integral, _ = integrate.quad(lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), -20, 20)
    assert models.gaussian_kl(MEAN[:1, :1], LOG_VAR[:1, :1]) == pytest.approx(integral, rel=1e-6)


def test_draws_are_pytorchs_and_scipys():
    stats = pytest.importorskip("scipy.stats")
    mean, log_var = np.full((20_000, 1), 2.0), np.full((20_000, 1), np.log(9.0))
    ours = models.reparameterize(mean, log_var, rng=generator(1)).ravel()
    torch.manual_seed(1)
    theirs = torch.distributions.Normal(2.0, 3.0).rsample((20_000,)).numpy()
    assert stats.kstest(ours, stats.norm(2, 3).cdf).pvalue > 0.01
    assert stats.ks_2samp(ours, theirs).pvalue > 0.01


@pytest.mark.parametrize(
    ("function", "arrays"),
    [
        (models.gaussian_kl, (MEAN, LOG_VAR)),
        (models.discriminator_loss, (REAL, FAKE)),
        (models.generator_loss, (FAKE,)),
        (lambda fake: models.generator_loss(fake, saturating=True), (FAKE,)),
        (lambda m, v: (models.reparameterize(m, v, rng=generator(8)) ** 3).sum(), (MEAN, LOG_VAR)),
        (
            lambda z, m, v: models.vae_loss(z, np.full((4, 3), 0.3), m, v, beta=3.0),
            (generator(5).normal(size=(4, 3)), MEAN, LOG_VAR),
        ),
    ],
    ids=["distance", "discriminator", "generator", "saturating", "draw", "vae"],
)
def test_gradients_of_the_losses_are_differences(function, arrays):
    tensors = [Tensor(a, requires_grad=True) for a in arrays]
    function(*tensors).backward()
    for i, tensor in enumerate(tensors):
        numeric = numerical_gradient(
            lambda a, i=i: function(*arrays[:i], a, *arrays[i + 1 :]), arrays[i]
        )
        assert relative_error(tensor.grad, numeric) < 1e-6


def test_keras_reads_the_best_path_as_we_do():
    """Its greedy decoder, with class 0 for the blank; -1 stands behind the end."""
    logits = generator(6).normal(size=(8, 12, 4)).astype(np.float32)
    lengths = generator(7).integers(1, 13, size=8)
    read, _ = keras.ops.ctc_decode(logits, lengths, strategy="greedy", mask_index=0)
    theirs = [[i for i in row if i >= 0] for row in read.numpy()[0].tolist()]
    assert models.best_path(logits, lengths=lengths) == theirs


def test_an_mlp_is_scikit_learns():
    """Its networks are fitted to get their shapes; then ours gives them its weights."""
    network = pytest.importorskip("sklearn.neural_network")
    ours, x = shake(models.mlp((4, 6, 5, 3), rng=generator(), dtype=np.float64)), MEAN @ LOG_VAR.T
    theirs = network.MLPRegressor(
        hidden_layer_sizes=(6, 5), max_iter=4, tol=1e9, n_iter_no_change=1
    )
    theirs.fit(x, np.ones((4, 3)))
    theirs.coefs_ = [p.data for n, p in ours.named_parameters() if "weight" in n]
    theirs.intercepts_ = [p.data for n, p in ours.named_parameters() if "bias" in n]
    np.testing.assert_allclose(ours(x).data, theirs.predict(x), rtol=1e-12)


# --- whole networks by differences ----------------------------------------------------------------

SIZES = {"vocabulary": 7, "context": 6, "d": 6, "layers": 2, "heads": 3}
IDS = generator(9).integers(7, size=(2, 5))
PAIR = models.TransformerConfig(8, 7, d=6, layers=1, heads=3, hidden=5)
FLOAT64 = {"rng": generator(), "dtype": np.float64}


def bert_logits(model):
    states, pooled = model(IDS, IDS % 2, lengths=[5, 3])
    return model.token_logits(states) * pooled.sum()


NETWORKS = {
    "mlp": (models.mlp((4, 6, 5, 3), **FLOAT64), lambda m: m(MEAN @ LOG_VAR.T)),
    "digits_mlp": (models.digits_mlp(**FLOAT64), lambda m: m(images(1, 28))),
    "lenet5": (models.lenet5(**FLOAT64), lambda m: m(images(1, 28))),
    "cifar_cnn": (models.cifar_cnn(**FLOAT64), lambda m: m(images(3, 32))),
    "Autoencoder": (models.Autoencoder((4, 3, 2), **FLOAT64), lambda m: m(MEAN @ LOG_VAR.T)),
    "ResidualBlock": (models.ResidualBlock(2, 3, stride=2, **FLOAT64), lambda m: m(images(2, 5))),
    "RecurrentLM": (
        models.RecurrentLM(vocabulary=7, d=4, hidden=5, layers=2, kind="gru", **FLOAT64),
        lambda m: m(IDS, lengths=[5, 3]),
    ),
    "GPT": (models.GPT(models.GPTConfig(**SIZES), **FLOAT64), lambda m: m(IDS)),
    "BERT": (models.BERT(models.BERTConfig(**SIZES), **FLOAT64), bert_logits),
    "Transformer": (models.Transformer(PAIR, **FLOAT64), lambda m: m(IDS, IDS, lengths=[5, 3])),
}


def images(channels, size):
    return generator(10).normal(size=(2, channels, size, size))


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_of_a_whole_network_are_differences(name):
    model, call = NETWORKS[name]
    g = generator(11).normal(size=call(model).shape)
    tolerance = 1e-4 if name in ("cifar_cnn", "BERT") else 1e-5
    assert_gradients_are_numerical(model, lambda: (call(model) * g).sum(), tolerance=tolerance)


def test_the_pair_of_a_gan_by_differences():
    noise, x = generator(1).normal(size=(4, 2)), generator(2).normal(size=(4, 3))
    g, d = map(shake, models.gan_pair(3, latent=2, hidden=5, **FLOAT64))
    assert_gradients_are_numerical(d, lambda: models.discriminator_loss(d(x), d(g(noise))))
    assert_gradients_are_numerical(g, lambda: models.generator_loss(d(g(noise))))
