"""The networks of `labkit.models` in Keras: same names, same layers in the same order.

Set KERAS_BACKEND before the first import of Keras; this course uses "torch". A constructor that
is given the same rng starts from the same weights. Images are (n, c, h, w) and outputs are
logits: compile with ``from_logits=True``. On the torch backend Keras 3.15 multiplies matrices in
float32 even where all its dtypes are float64, so expect seven digits of agreement, not sixteen.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")  # Keras would ask for TensorFlow

from labkit.frameworks.keras_models.classifiers import digits_cnn, digits_mlp, mlp
from labkit.frameworks.keras_models.generative import (
    VAE,
    Autoencoder,
    Denoiser,
    gan_pair,
    vae_loss,
)
from labkit.frameworks.keras_models.language import BERT, GPT, RecurrentLM, Transformer
from labkit.frameworks.keras_models.recommend import (
    DeepFM,
    FactorizationMachine,
    MatrixFactorization,
)
from labkit.frameworks.keras_models.speech import SpeechRecognizer
from labkit.frameworks.keras_models.vision import ResNet, cifar_cnn, lenet5
from labkit.frameworks.keras_models.weights import load_state

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
