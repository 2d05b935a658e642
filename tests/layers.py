"""The layers of `labkit.nn`, and what each is called in PyTorch and in Keras."""

import numpy as np

from labkit import nn


def rng(seed=0):
    return np.random.default_rng(seed)


def make(layer, *arguments, **config):
    return lambda: layer(*arguments, rng=rng(3), dtype=np.float64, **config)


# Our layer, PyTorch's name and arguments, and the shape of x: no two sizes are alike.
LAYERS = {
    "Linear": (make(nn.Linear, 5, 3), ("Linear", (5, 3), {}), (4, 5)),
    "Linear-without-bias": (
        make(nn.Linear, 5, 3, bias=False),
        ("Linear", (5, 3), {"bias": False}),
        (4, 5),
    ),
    "Conv2d": (
        make(nn.Conv2d, 4, 6, (3, 2), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        (
            "Conv2d",
            (4, 6, (3, 2)),
            {"stride": (2, 1), "padding": (1, 2), "dilation": (1, 2), "groups": 2},
        ),
        (3, 4, 8, 7),
    ),
    "Conv2d-without-bias": (
        make(nn.Conv2d, 2, 5, 3, bias=False),
        ("Conv2d", (2, 5, 3), {"bias": False}),
        (3, 2, 8, 7),
    ),
    "ConvTranspose2d": (
        make(
            nn.ConvTranspose2d,
            4,
            6,
            (3, 2),
            stride=(2, 3),
            padding=(1, 0),
            output_padding=(1, 2),
            dilation=(1, 2),
            groups=2,
        ),
        (
            "ConvTranspose2d",
            (4, 6, (3, 2)),
            {
                "stride": (2, 3),
                "padding": (1, 0),
                "output_padding": (1, 2),
                "dilation": (1, 2),
                "groups": 2,
            },
        ),
        (3, 4, 5, 7),
    ),
    "MaxPool2d": (
        lambda: nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        ("MaxPool2d", ((3, 2),), {"stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}),
        (3, 2, 8, 7),
    ),
    "MaxPool2d-ceil": (
        lambda: nn.MaxPool2d(2, ceil_mode=True),
        ("MaxPool2d", (2,), {"ceil_mode": True}),
        (3, 2, 5, 7),
    ),
    "AvgPool2d": (
        lambda: nn.AvgPool2d((3, 2), stride=(2, 1), padding=(1, 0)),
        ("AvgPool2d", ((3, 2),), {"stride": (2, 1), "padding": (1, 0)}),
        (3, 2, 8, 7),
    ),
    "Flatten": (nn.Flatten, ("Flatten", (), {}), (3, 2, 4, 5)),
    "ReLU": (nn.ReLU, ("ReLU", (), {}), (3, 4)),
    "Sigmoid": (nn.Sigmoid, ("Sigmoid", (), {}), (3, 4)),
    "Tanh": (nn.Tanh, ("Tanh", (), {}), (3, 4)),
    "Softmax": (nn.Softmax, ("Softmax", (), {"dim": -1}), (3, 4)),
    "ELU": (lambda: nn.ELU(1.5), ("ELU", (1.5,), {}), (3, 4)),
    "GELU": (nn.GELU, ("GELU", (), {}), (3, 4)),
    "GELU-tanh": (
        lambda: nn.GELU(approximate="tanh"),
        ("GELU", (), {"approximate": "tanh"}),
        (3, 4),
    ),
    "SiLU": (nn.SiLU, ("SiLU", (), {}), (3, 4)),
    "Softplus": (nn.Softplus, ("Softplus", (), {}), (3, 4)),
    "Upsample": (nn.Upsample, ("Upsample", (), {"scale_factor": 2}), (2, 3, 4, 5)),
    "Upsample-bilinear": (
        lambda: nn.Upsample((2, 3), mode="bilinear"),
        ("Upsample", (), {"scale_factor": (2, 3), "mode": "bilinear"}),
        (2, 3, 4, 5),
    ),
    "BatchNorm1d": (
        lambda: nn.BatchNorm1d(3, eps=0.01, momentum=0.3, dtype=np.float64),
        ("BatchNorm1d", (3,), {"eps": 0.01, "momentum": 0.3}),
        (5, 3),
    ),
    "BatchNorm1d-sequences": (
        lambda: nn.BatchNorm1d(3, dtype=np.float64),
        ("BatchNorm1d", (3,), {}),
        (2, 3, 4),
    ),
    "BatchNorm2d": (
        lambda: nn.BatchNorm2d(3, dtype=np.float64),
        ("BatchNorm2d", (3,), {}),
        (2, 3, 4, 5),
    ),
    "LayerNorm": (
        lambda: nn.LayerNorm(4, eps=0.01, dtype=np.float64),
        ("LayerNorm", (4,), {"eps": 0.01}),
        (2, 3, 4),
    ),
    "LayerNorm-without-bias": (
        lambda: nn.LayerNorm(4, bias=False, dtype=np.float64),
        ("LayerNorm", (4,), {"bias": False}),
        (2, 3, 4),
    ),
    "GroupNorm": (
        lambda: nn.GroupNorm(2, 6, eps=0.01, dtype=np.float64),
        ("GroupNorm", (2, 6), {"eps": 0.01}),
        (2, 6, 3, 4),
    ),
    "RMSNorm": (
        lambda: nn.RMSNorm(4, eps=0.01, dtype=np.float64),
        ("RMSNorm", (4,), {"eps": 0.01}),
        (2, 3, 4),
    ),
    "Conv2d-strided": (
        make(nn.Conv2d, 4, 6, (3, 2), stride=(2, 1), groups=2),
        ("Conv2d", (4, 6, (3, 2)), {"stride": (2, 1), "groups": 2}),
        (3, 4, 8, 7),
    ),
    "Conv2d-dilated": (
        make(nn.Conv2d, 4, 5, (3, 2), padding="same", dilation=(1, 2)),
        ("Conv2d", (4, 5, (3, 2)), {"padding": "same", "dilation": (1, 2)}),
        (3, 4, 8, 7),
    ),
    "ConvTranspose2d-strided": (
        make(nn.ConvTranspose2d, 4, 5, (3, 2), stride=(2, 1)),
        ("ConvTranspose2d", (4, 5, (3, 2)), {"stride": (2, 1)}),
        (3, 4, 5, 7),
    ),
    "MaxPool2d-without-padding": (
        lambda: nn.MaxPool2d((3, 2), stride=(2, 1)),
        ("MaxPool2d", ((3, 2),), {"stride": (2, 1)}),
        (3, 2, 8, 7),
    ),
    "AvgPool2d-without-padding": (
        lambda: nn.AvgPool2d((3, 2), stride=(2, 1)),
        ("AvgPool2d", ((3, 2),), {"stride": (2, 1)}),
        (3, 2, 8, 7),
    ),
}

# Keras's name and arguments, or in one string what it lacks.
FIRST = {"data_format": "channels_first"}
PADS = 'Keras pads "same" or not at all, and strides or dilates but not both'
KERAS = {
    "Linear": ("Dense", (3,), {}),
    "Linear-without-bias": ("Dense", (3,), {"use_bias": False}),
    "Conv2d": PADS,
    "Conv2d-without-bias": ("Conv2D", (5, 3), {"use_bias": False, **FIRST}),
    "Conv2d-strided": ("Conv2D", (6, (3, 2)), {"strides": (2, 1), "groups": 2, **FIRST}),
    "Conv2d-dilated": (
        "Conv2D",
        (5, (3, 2)),
        {"padding": "same", "dilation_rate": (1, 2), **FIRST},
    ),
    "ConvTranspose2d": PADS,
    "ConvTranspose2d-strided": ("Conv2DTranspose", (5, (3, 2)), {"strides": (2, 1), **FIRST}),
    "MaxPool2d": PADS,
    "MaxPool2d-without-padding": ("MaxPooling2D", ((3, 2), (2, 1)), FIRST),
    "MaxPool2d-ceil": "Keras has no last window that reaches over the end",
    "AvgPool2d": PADS,
    "AvgPool2d-without-padding": ("AveragePooling2D", ((3, 2), (2, 1)), FIRST),
    "Flatten": ("Flatten", (), {}),  # told channels_first, Keras would move the channels
    "ReLU": ("ReLU", (), {}),
    "Sigmoid": ("Activation", ("sigmoid",), {}),
    "Tanh": ("Activation", ("tanh",), {}),
    "Softmax": ("Softmax", (), {}),
    "ELU": ("ELU", (1.5,), {}),
    "GELU": ("Activation", ("gelu",), {}),
    "GELU-tanh": "as an activation Keras knows the exact one",
    "SiLU": ("Activation", ("silu",), {}),
    "Softplus": ("Activation", ("softplus",), {}),
    "Upsample": ("UpSampling2D", (2,), FIRST),
    "Upsample-bilinear": ("UpSampling2D", ((2, 3),), {"interpolation": "bilinear", **FIRST}),
    "BatchNorm1d": ("BatchNormalization", (1, 0.7, 0.01), {}),
    "BatchNorm1d-sequences": ("BatchNormalization", (1, 0.9, 1e-5), {}),
    "BatchNorm2d": ("BatchNormalization", (1, 0.9, 1e-5), {}),
    "LayerNorm": ("LayerNormalization", (), {"epsilon": 0.01}),
    "LayerNorm-without-bias": ("LayerNormalization", (), {"epsilon": 1e-5, "center": False}),
    "GroupNorm": ("GroupNormalization", (2, 1, 0.01), {}),
    "RMSNorm": ("RMSNormalization", (), {"epsilon": 0.01}),
}
