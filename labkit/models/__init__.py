"""The networks that the chapters train, as constructors: sizes and an rng in, a model out.

`labkit.frameworks` has the same ones, under the same names, in PyTorch and, where it is natural, in
Keras.
"""

from labkit.models.classifiers import digits_cnn, digits_mlp, mlp
from labkit.models.language import BERT, GPT, BERTConfig, GPTConfig, RecurrentLM
from labkit.models.recommend import (
    DeepFM,
    FactorizationMachine,
    MatrixFactorization,
    pairwise_interactions,
)
from labkit.models.translation import Transformer, TransformerConfig
from labkit.models.vision import ResidualBlock, ResNet, cifar_cnn, lenet5

__all__ = [
    "BERT",
    "GPT",
    "BERTConfig",
    "DeepFM",
    "FactorizationMachine",
    "GPTConfig",
    "MatrixFactorization",
    "RecurrentLM",
    "ResNet",
    "ResidualBlock",
    "Transformer",
    "TransformerConfig",
    "cifar_cnn",
    "digits_cnn",
    "digits_mlp",
    "lenet5",
    "mlp",
    "pairwise_interactions",
]
