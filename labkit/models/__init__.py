"""The networks that the chapters train, as constructors: sizes and an rng in, a model out.

`labkit.frameworks` has the same ones, under the same names, in PyTorch and, where it is natural, in
Keras.
"""

from labkit.models.classifiers import digits_cnn, digits_mlp, mlp
from labkit.models.generative import (
    VAE,
    Autoencoder,
    Denoiser,
    NoiseSchedule,
    add_noise,
    denoise_step,
    denoising_loss,
    discriminator_loss,
    gan_pair,
    gaussian_kl,
    generator_loss,
    noise_schedule,
    reparameterize,
    sample,
    vae_loss,
)
from labkit.models.language import BERT, GPT, BERTConfig, GPTConfig, RecurrentLM
from labkit.models.recommend import (
    DeepFM,
    FactorizationMachine,
    MatrixFactorization,
    pairwise_interactions,
)
from labkit.models.speech import SpeechRecognizer, best_path
from labkit.models.translation import Transformer, TransformerConfig
from labkit.models.vision import ResidualBlock, ResNet, cifar_cnn, lenet5

__all__ = [
    "BERT",
    "GPT",
    "VAE",
    "Autoencoder",
    "BERTConfig",
    "DeepFM",
    "Denoiser",
    "FactorizationMachine",
    "GPTConfig",
    "MatrixFactorization",
    "NoiseSchedule",
    "RecurrentLM",
    "ResNet",
    "ResidualBlock",
    "SpeechRecognizer",
    "Transformer",
    "TransformerConfig",
    "add_noise",
    "best_path",
    "cifar_cnn",
    "denoise_step",
    "denoising_loss",
    "digits_cnn",
    "digits_mlp",
    "discriminator_loss",
    "gan_pair",
    "gaussian_kl",
    "generator_loss",
    "lenet5",
    "mlp",
    "noise_schedule",
    "pairwise_interactions",
    "reparameterize",
    "sample",
    "vae_loss",
]
