"""Wrong answers that people give to the exercises of the topic `initialization`."""

BOUND = "(3 / 12) ** 0.5"
LEAKY = "2 / ((1 + negative_slope**2) * d_in)"
SILU = "s + x * s * (1 - s)"
GATE = "s = ops.sigmoid(x)"
SCALE = "(limit ** (1 / depth) - 1) ** 0.5"
LETTERS = '["B", "C", "D"]'

WRONG = {
    "uniform_bound": {
        "the variance": (BOUND, "1 / 12"),
        "the deviation": (BOUND, "(1 / 12) ** 0.5"),
        "the variance of an interval of length a": (BOUND, "(12 / 12) ** 0.5"),
        "Xavier with twelve outputs": (BOUND, "(6 / 24) ** 0.5 / 2"),
        "Xavier, outputs forgotten": (BOUND, "(6 / 12) ** 0.5"),
        "no root": (BOUND, "3 / 12"),
        "root of the inputs only": (BOUND, "3 / 12**0.5"),
        "upside down": (BOUND, "(12 / 3) ** 0.5"),
        "both ends": (BOUND, "(-0.5, 0.5)"),
        "the length": (BOUND, "2 * (3 / 12) ** 0.5"),
    },
    "leaky_variance": {
        "He's": (LEAKY, "2 / d_in"),
        "Xavier's of a square layer": (LEAKY, "1 / d_in"),
        "slope, not its square": (LEAKY, "2 / ((1 + negative_slope) * d_in)"),
        "minus": (LEAKY, "2 / ((1 - negative_slope**2 + 1e-12) * d_in)"),
        "the deviation": (LEAKY, f"({LEAKY}) ** 0.5"),
        "inputs squared": (LEAKY, "2 / ((1 + negative_slope**2) * d_in**2)"),
        "root of the inputs": (LEAKY, "2 / ((1 + negative_slope**2) * d_in**0.5)"),
        "half of it": (LEAKY, "1 / ((1 + negative_slope**2) * d_in)"),
        "absolute slope": (LEAKY, "2 / ((1 + abs(negative_slope)) * d_in)"),
        "slope of the mean": (LEAKY, "1 / (((1 + negative_slope) / 2) ** 2 * d_in + 1e-12)"),
        "multiplied": (LEAKY, "(1 + negative_slope**2) / (2 * d_in)"),
        "nothing returned": (f"return {LEAKY}", f"v = {LEAKY}"),
    },
    "silu_slope": {
        "the gate only": (SILU, "s"),
        "the second term only": (SILU, "x * s * (1 - s)"),
        "product of slopes": (SILU, "s * (1 - s)"),
        "x forgotten": (SILU, "s + s * (1 - s)"),
        "minus": (SILU, "s - x * s * (1 - s)"),
        "slope of tanh for the gate's": (SILU, "s + x * (1 - s**2)"),
        "the function": (SILU, "x * s"),
        "gate squared": (SILU, "s + x * s**2"),
        "that of ReLU": (SILU, "(x > 0) * 1.0"),
        "gate doubled": (SILU, "2 * s + x * s * (1 - s)"),
        "overflows": (GATE, "s = 1 / (1 + np.exp(-x))"),
        "gate turned round": (GATE, "s = ops.sigmoid(-x)"),
        "prints": (f"return {SILU}", f"print({SILU})"),
    },
    "block_scale": {
        "first term of the series": (SCALE, "(np.log(limit) / depth) ** 0.5"),
        "one over the root of depth": (SCALE, "depth**-0.5"),
        "one block's": (SCALE, "(limit - 1) ** 0.5"),
        "shared out": (SCALE, "((limit - 1) / depth) ** 0.5"),
        "not rooted": (SCALE, "limit ** (1 / depth) - 1"),
        "the 1 forgotten": (SCALE, "limit ** (1 / (2 * depth))"),
        "sizes for squares": (SCALE, "limit ** (1 / depth) - 1 + 1e-9"),
        "depth as factor": (SCALE, "(limit * depth - 1) ** 0.5"),
        "whole steps": (SCALE, "(limit ** (1 // depth) - 1) ** 0.5"),
        "plus": (SCALE, "(limit ** (1 / depth) + 1) ** 0.5"),
        "arguments swapped": (SCALE, "(depth ** (1 / limit) - 1) ** 0.5"),
    },
    "which_differ": {
        "only where the units start different": (LETTERS, '["C"]'),
        "zero cannot move": (LETTERS, '["B", "C"]'),
        "all": (LETTERS, '["A", "B", "C", "D"]'),
        "the first matrix must be random": (LETTERS, '["C", "D"]'),
        "the second matrix must be random": (LETTERS, '["B", "D"]'),
        "none": (LETTERS, "[]"),
        "the equal one": (LETTERS, '["A"]'),
        "both random by name": (LETTERS, '["B"]'),
        "how many": (LETTERS, "3"),
        "a text": (LETTERS, '"BCD"'),
    },
}
