"""The networks of `labkit.models` in PyTorch: same names, same layers in the same order.

A constructor that is given the same rng starts from the same weights.
"""

from labkit.frameworks.torch_models.classifiers import digits_cnn, digits_mlp, mlp
from labkit.frameworks.torch_models.generative import (
    VAE,
    Autoencoder,
    Denoiser,
    gan_pair,
    vae_loss,
)
from labkit.frameworks.torch_models.language import BERT, GPT, RecurrentLM, Transformer
from labkit.frameworks.torch_models.recommend import (
    DeepFM,
    FactorizationMachine,
    MatrixFactorization,
)
from labkit.frameworks.torch_models.speech import SpeechRecognizer
from labkit.frameworks.torch_models.vision import ResidualBlock, ResNet, cifar_cnn, lenet5
from labkit.frameworks.torch_models.weights import load_state

__all__ = [
    "BERT",
    "GPT",
    "VAE",
    "Autoencoder",
    "DeepFM",
    "Denoiser",
    "FactorizationMachine",
    "MatrixFactorization",
    "RecurrentLM",
    "ResNet",
    "ResidualBlock",
    "SpeechRecognizer",
    "Transformer",
    "cifar_cnn",
    "digits_cnn",
    "digits_mlp",
    "gan_pair",
    "lenet5",
    "load_state",
    "mlp",
    "vae_loss",
]
