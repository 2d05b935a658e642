"""What normalization and upsampling are tried with."""

from labkit.testing.case import Case, given, normal

_STEEP = [[1000.0, -1000.0, 0.0], [-1000.0, 500.0, 1.0]]
_FLAT = [[2.0, 2.0, 2.0], [1.0, 2.0, 4.0]]

# fmt: off
NORMALIZATIONS: dict[str, tuple[Case, ...]] = {
    "normalize": (
        Case("rows", normal((3, 4)), {"axis": -1}),
        Case("over a batch of images", normal((3, 2, 4, 5)), {"axis": (0, 2, 3), "eps": 0.1}),
        Case("extremes", given(_STEEP), {"axis": 1}),
        Case("equal numbers", given(_FLAT), {"axis": 1}),
        Case("one number", normal((1, 1)), {"axis": 1}),
    ),
    "batch_norm": (
        Case("rows", normal((5, 3), (3,), (3,))),
        Case("images", normal((2, 3, 4, 5), (3,), (3,)), {"eps": 0.01}),
        Case("neither scale nor shift", normal((4, 2))),
        Case("a scale alone", normal((4, 2, 3), (2,))),
        Case("the running mean and variance", normal((2, 3, 4, 5), (3,), (3,)),
             {"mean": (0.3, -1.0, 2.0), "var": (0.5, 2.0, 1.5), "eps": 0.01}),
        Case("one example in use", normal((1, 2), (2,), (2,)),
             {"mean": (1.0, 2.0), "var": (3.0, 0.5)}),
        Case("extremes", given([*_STEEP, [0.0, 400.0, -700.0]])),
        Case("equal numbers", given([[2.0, 1.0], [2.0, 3.0], [2.0, 4.0]])),
    ),
    "layer_norm": (
        Case("rows", normal((5, 3), (3,), (3,))),
        Case("sequences", normal((2, 3, 4), (4,), (4,)), {"eps": 0.01}),
        Case("neither scale nor shift", normal((4, 3))),
        Case("extremes", given(_STEEP)),
        Case("equal numbers", given(_FLAT)),
        Case("nothing", normal((0, 3), (3,), (3,))),
    ),
    "group_norm": (
        Case("images", normal((2, 6, 3, 2), (6,), (6,)), {"groups": 3, "eps": 0.01}),
        Case("one group", normal((3, 4, 5), (4,), (4,)), {"groups": 1}),
        Case("each channel by itself", normal((2, 3, 4, 2)), {"groups": 3}),
        Case("rows", normal((5, 8), (8,)), {"groups": 2}),
        Case("extremes", given(_STEEP), {"groups": 1}),
        Case("nothing", normal((0, 4, 3), (4,), (4,)), {"groups": 2}),
    ),
    "rms_norm": (
        Case("rows", normal((5, 3), (3,))),
        Case("sequences", normal((2, 3, 4), (4,)), {"eps": 0.01}),
        Case("no scale", normal((4, 3))),
        Case("extremes", given(_STEEP)),
        Case("zeros", given([[0.0, 0.0], [1.0, -2.0]]), {"eps": 0.5}),
        Case("nothing", normal((0, 3), (3,))),
    ),
    "upsample": (
        Case("twice as large", normal((2, 3, 4, 5))),
        Case("rows and columns", normal((1, 2, 3, 4)), {"scale_factor": (3, 2)}),
        Case("straight lines", normal((2, 3, 4, 5)), {"mode": "bilinear"}),
        Case("straight lines, rows and columns", normal((1, 2, 3, 4)),
             {"scale_factor": (3, 4), "mode": "bilinear"}),
        Case("the same size", normal((2, 1, 3, 4)), {"scale_factor": 1, "mode": "bilinear"}),
        Case("one element", normal((1, 1, 1, 1)), {"scale_factor": 3, "mode": "bilinear"}),
        Case("extremes", given([[[[1000.0, -1000.0], [0.0, 500.0]]]]), {"mode": "bilinear"}),
        Case("nothing", normal((0, 2, 3, 3))),
    ),
}
# fmt: on
