"""Wrong answers that people give to the exercises of the topic `optimizers`."""

WEIGHTS = "beta ** np.arange(len(slopes))[::-1]"
FAIR = "(weights / weights.sum()).astype(slopes.dtype)"
MEAN = "np.tensordot(weights, slopes, axes=1)"
LIMIT = "2 * (1 + momentum) / curvature"
FLOOR = "lr * sigma**2 / (curvature * (2 - lr * curvature))"
M, V = "m = beta1 * m + (1 - beta1) * g", "v = beta2 * v + (1 - beta2) * g**2"
LARGEST = "largest = max(largest, v)"
STEP = "w = w - lr * m / (np.sqrt(largest) + 1e-8)"

WRONG = {
    "rate_limit": {
        "3 for the curvature": ("2 / 6", "2 / 3"),
        "the flat weight's limit": ("2 / 6", "2.0"),
        "one step to the bottom": ("2 / 6", "1 / 6"),
        "the half forgotten": ("2 / 6", "2 / 0.5"),
        "the sum of the curvatures": ("2 / 6", "2 / 7"),
        "the mean of the curvatures": ("2 / 6", "2 / 3.5"),
        "rounded": ("2 / 6", "0.333"),
        "the curvature": ("2 / 6", "6.0"),
        "a text": ("2 / 6", '"1/3"'),
        "one for each weight": ("2 / 6", "np.array([1 / 3, 2.0])"),
    },
    "decayed_mean": {
        "oldest slope first": (WEIGHTS, "beta ** np.arange(len(slopes))"),
        "not divided by the sum": (FAIR, "weights.astype(slopes.dtype)"),
        "Adam's m, uncorrected": (FAIR, "((1 - beta) * weights).astype(slopes.dtype)"),
        "divided by how many": (FAIR, "(weights / len(slopes)).astype(slopes.dtype)"),
        "all alike": (MEAN, "slopes.mean(axis=0)"),
        "the last slope": (MEAN, "slopes[-1]"),
        "beta times the place": (WEIGHTS, "beta * np.arange(1.0, len(slopes) + 1)[::-1]"),
        "1 - beta t, as the source": (FAIR, "weights / (1 - beta * len(slopes))"),
        "float64": (FAIR, "weights / weights.sum()"),
        "sum over everything": (
            MEAN,
            "(weights.reshape(-1, *[1] * (slopes.ndim - 1)) * slopes).sum()",
        ),
        "one power too many": (WEIGHTS, "beta ** np.arange(1, len(slopes) + 1)[::-1] + beta"),
    },
    "momentum_limit": {
        "that of descent": (LIMIT, "2 / curvature"),
        "longer steps, shorter rate": (LIMIT, "2 * (1 - momentum) / curvature"),
        "divided by 1 - momentum": (LIMIT, "2 / (curvature * (1 - momentum))"),
        "one step to the bottom": (LIMIT, "(1 + momentum) / curvature"),
        "momentum not doubled": (LIMIT, "(2 + momentum) / curvature"),
        "no curvature": (LIMIT, "2 * (1 + momentum)"),
        "times the curvature": (LIMIT, "2 * (1 + momentum) * curvature"),
        "squared": (LIMIT, "2 * (1 + momentum) ** 2 / curvature"),
        "Nesterov's": (LIMIT, "2 * (1 + momentum) / (curvature * (1 + 2 * momentum))"),
        "always 3": (LIMIT, "3.0"),
    },
    "resting_variance": {
        "small rates only": (FLOOR, "lr * sigma**2 / (2 * curvature)"),
        "standard deviation": (FLOOR, f"({FLOOR}) ** 0.5"),
        "sigma not squared": (FLOOR, FLOOR.replace("sigma**2", "sigma")),
        "no rate before the noise": (FLOOR, "sigma**2 / (curvature * (2 - lr * curvature))"),
        "rate squared": (FLOOR, FLOOR.replace("lr * sigma", "lr**2 * sigma")),
        "1 - eta kappa not squared": (FLOOR, "lr * sigma**2 / curvature"),
        "curvature forgotten": (FLOOR, "lr * sigma**2 / (2 - lr * curvature)"),
        "1 for 2": (FLOOR, "lr * sigma**2 / (curvature * (1 + lr * curvature))"),
        "no limit": ("0 < lr * curvature < 2", "True"),
        "the limit of one step": ("0 < lr * curvature < 2", "0 < lr * curvature < 1"),
        "the loss": (FLOOR, f"curvature / 2 * {FLOOR}"),
    },
    "amsgrad_path": {
        "Adam": (LARGEST, "largest = v"),
        "the smallest": (LARGEST, "largest = min(largest, v) if largest else v"),
        "the largest slope": (LARGEST, "largest = max(largest, g**2)"),
        "all squares, as Adagrad": (LARGEST, "largest = largest + g**2"),
        "no root": (STEP, "w = w - lr * m / (largest + 1e-8)"),
        "uphill": (STEP, "w = w + lr * m / (np.sqrt(largest) + 1e-8)"),
        "the slope for its mean": (STEP, "w = w - lr * g / (np.sqrt(largest) + 1e-8)"),
        "a sum, no average": (M, "m = beta1 * m + g"),
        "betas swapped": [(M, "m = beta2 * m + (1 - beta2) * g"), (V, V.replace("beta2", "beta1"))],
        "squares of m": (V, V.replace("g**2", "m**2")),
        "the last place alone": ("np.array(path)", "w"),
        "a list": ("np.array(path)", "path"),
        "starts at 1": ("w, m, v, largest, path = 0.0,", "w, m, v, largest, path = 1.0,"),
        "the start too": (
            "largest, path = 0.0, 0.0, 0.0, 0.0, []",
            "largest, path = 0.0, 0.0, 0.0, 0.0, [0.0]",
        ),
    },
}
