"""Wrong answers that people give to the exercises of the topic `losses`."""

GUESSES = "[130 / 5, 12.0, 37 / 3]"
FLOOR = "-0.8 * np.log(0.8) - 9 * (0.2 / 9) * np.log(0.2 / 9)"
SHIFT = "c = z.max(axis=-1, keepdims=True)"
SUM = "c[..., 0] + np.log(np.exp(z - c).sum(axis=-1))"
COUNT = "(rate - y * z).mean(), (rate - y) / y.size"
TILT = "tilt = np.where(a > y, 1 - share, -share).astype(a.dtype) * (a != y)"
QUANTILE = "(tilt * (a - y)).mean(), tilt / y.size"

WRONG = {
    "best_guesses": {
        "the page's train": (GUESSES, "[16.0, 12.0, 37 / 3]"),
        "the page's limit": (GUESSES, "[26.0, 12.0, 12.5]"),
        "the first morning not cut off": (GUESSES, "[26.0, 12.0, 49 / 4]"),
        "the median for Huber too": (GUESSES, "[26.0, 12.0, 12.0]"),
        "the mean without the late train": (GUESSES, "[47 / 4, 12.0, 37 / 3]"),
        "the median moves": (GUESSES, "[26.0, 14.0, 37 / 3]"),
        "a median between two": (GUESSES, "[26.0, 11.5, 37 / 3]"),
        "the late train pulls with its error": (GUESSES, "[26.0, 12.0, 26.0]"),
        "swapped": (GUESSES, "[12.0, 26.0, 37 / 3]"),
        "the middle of the range": (GUESSES, "[93 / 2, 12.0, 37 / 3]"),
        "rounded": (GUESSES, "[26.0, 12.0, 12.33]"),
        "a list": "best_guesses = [26.0, 12.0, 37 / 3]",
        "one number": "best_guesses = np.array([26.0])",
    },
    "noise_floor": {
        "right or wrong only": (FLOOR, "-0.8 * np.log(0.8) - 0.2 * np.log(0.2)"),
        "the right labels only": (FLOOR, "-np.log(0.8)"),
        "the right labels only, weighted": (FLOOR, "-0.8 * np.log(0.8)"),
        "in bits": (FLOOR, f"({FLOOR}) / np.log(2)"),
        "knows nothing": (FLOOR, "np.log(10)"),
        "zero": (FLOOR, "0.0"),
        "ten classes to replace by": (FLOOR, "-0.8 * np.log(0.8) - 0.2 * np.log(0.2 / 10)"),
        "nine times too much": (FLOOR, "-0.8 * np.log(0.8) - 9 * 0.2 * np.log(0.2 / 9)"),
        "once instead of nine times": (FLOOR, "-0.8 * np.log(0.8) - 0.2 / 9 * np.log(0.2 / 9)"),
        "negative": (FLOOR, "0.8 * np.log(0.8) + 0.2 * np.log(0.2 / 9)"),
        "the other way round": (FLOOR, "-0.2 * np.log(0.2) - 0.8 * np.log(0.8 / 9)"),
        "rounded": (FLOOR, "0.94"),
    },
    "log_sum": {
        "by the definition": (SUM, "np.log(np.exp(z).sum(axis=-1))"),
        "the shift not put back": (SUM, "np.log(np.exp(z - c).sum(axis=-1))"),
        "put back with the wrong sign": (SUM, "-c[..., 0] + np.log(np.exp(z - c).sum(axis=-1))"),
        "one shift for all rows": (SHIFT, "c = np.full_like(z[..., :1], z.max())"),
        "the smallest logit": (SHIFT, "c = z.min(axis=-1, keepdims=True)"),
        "the mean logit": (SHIFT, "c = z.mean(axis=-1, keepdims=True)"),
        "a constant": (SHIFT, "c = np.full_like(z[..., :1], 1000.0)"),
        "the largest only": (SUM, "c[..., 0]"),
        "a mean for the sum": (SUM, "c[..., 0] + np.log(np.exp(z - c).mean(axis=-1))"),
        "log of the shift too": (SUM, "np.log(np.exp(c[..., 0])) + np.log(np.exp(z - c).sum(-1))"),
        "base 2": (SUM, "c[..., 0] + np.log2(np.exp(z - c).sum(axis=-1))"),
        "an axis left": (SUM, "c + np.log(np.exp(z - c).sum(axis=-1, keepdims=True))"),
        "one number": (SUM, "(c[..., 0] + np.log(np.exp(z - c).sum(axis=-1))).sum()"),
        "the first axis but one": [
            (SHIFT, "c = z.max(axis=1, keepdims=True)"),
            (SUM, "c[:, 0] + np.log(np.exp(z - c).sum(axis=1))"),
        ],
        "float64": (SHIFT, "c = z.max(axis=-1, keepdims=True).astype(float)"),
        "no logarithm": (SUM, "np.exp(z).sum(axis=-1)"),
    },
    "count_loss": {
        "the rate is z": ("rate = np.exp(z)", "rate = z"),
        "y and the rate swapped": (COUNT, "(y - rate * z).mean(), (rate - y) / y.size"),
        "uphill": (COUNT, "(rate - y * z).mean(), (y - rate) / y.size"),
        "the likelihood, not minus it": (COUNT, "(y * z - rate).mean(), (rate - y) / y.size"),
        "a sum": (COUNT, "(rate - y * z).sum(), rate - y"),
        "a slope of the sum": (COUNT, "(rate - y * z).mean(), rate - y"),
        "a mean over rows": (COUNT, "(rate - y * z).sum() / len(y), (rate - y) / len(y)"),
        "no rate in the loss": (COUNT, "(-y * z).mean(), (rate - y) / y.size"),
        "times the rate for its logarithm": (
            COUNT,
            "(rate - y * rate).mean(), (rate - y) / y.size",
        ),
        "the slope in the rate": (COUNT, "(rate - y * z).mean(), (1 - y / rate) / y.size"),
        "the squared error": (COUNT, "((rate - y) ** 2).mean(), 2 * (rate - y) / y.size"),
        "the sigmoid for the rate": ("rate = np.exp(z)", "rate = 1 / (1 + np.exp(-z))"),
        "a loss for each": (COUNT, "rate - y * z, (rate - y) / y.size"),
        "the slope alone": (COUNT, "(rate - y) / y.size"),
        "float64": ("rate = np.exp(z)", "rate = np.exp(z.astype(float))"),
    },
    "quantile_loss": {
        "sides swapped": (
            TILT,
            "tilt = np.where(a > y, share, share - 1).astype(a.dtype) * (a != y)",
        ),
        "sides swapped, and downhill": (
            TILT,
            "tilt = np.where(a > y, share, 1 - share).astype(a.dtype) * (a != y)",
        ),
        "too low pulls up": (
            TILT,
            "tilt = np.where(a > y, 1 - share, share).astype(a.dtype) * (a != y)",
        ),
        "both sides alike": (TILT, "tilt = np.sign(a - y) * a.dtype.type(share)"),
        "too high is free": (TILT, "tilt = np.where(a > y, 0, -share).astype(a.dtype) * (a != y)"),
        "the absolute error": (TILT, "tilt = np.sign(a - y)"),
        "one for too high": (TILT, "tilt = np.where(a > y, 1, -share).astype(a.dtype) * (a != y)"),
        "downhill": (QUANTILE, "(tilt * (a - y)).mean(), -tilt / y.size"),
        "a sum": (QUANTILE, "(tilt * (a - y)).sum(), tilt"),
        "a slope of the sum": (QUANTILE, "(tilt * (a - y)).mean(), tilt"),
        "a mean over rows": (QUANTILE, "(tilt * (a - y)).sum() / len(y), tilt / len(y)"),
        "squared": (
            QUANTILE,
            "(np.abs(tilt) * (a - y) ** 2).mean(), 2 * np.abs(tilt) * (a - y) / y.size",
        ),
        "negative": (QUANTILE, "-(tilt * (a - y)).mean(), tilt / y.size"),
        "the loss alone": (QUANTILE, "(tilt * (a - y)).mean()"),
        "one slope for all": (QUANTILE, "(tilt * (a - y)).mean(), tilt.mean()"),
        "float64": (".astype(a.dtype)", ".astype(float)"),
    },
}
