"""The networks that the chapters train, as constructors: sizes and an rng in, a model out.

`labkit.frameworks` has the same ones, under the same names, in PyTorch and, where it is natural, in
Keras.
"""

from labkit.models.classifiers import digits_cnn, digits_mlp, mlp

__all__ = ["digits_cnn", "digits_mlp", "mlp"]
