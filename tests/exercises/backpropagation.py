"""Wrong answers that people give to the exercises of the topic `backpropagation`."""

DELTA = "delta = 2 * (0.75 - 1) * 0.75 * (1 - 0.75)"
IN_A, IN_B = "g / b", "-g * out / b"
FIRST = "delta1 = delta2 @ w.T * (1 - a1**2)"
SECOND = "delta2 = 2 * (a2 - y) / y.size * (1 - a2**2)"
TOGETHER = "a1.T @ delta2 + x.T @ delta1"
SLOPE = "p * (g - (g * p).sum(axis=1, keepdims=True))"

WRONG = {
    "neuron_slopes": {
        "uphill": (DELTA, "delta = 2 * (1 - 0.75) * 0.75 * (1 - 0.75)"),
        "half the square": (DELTA, "delta = (0.75 - 1) * 0.75 * (1 - 0.75)"),
        "no slope of the sigmoid": (DELTA, "delta = 2 * (0.75 - 1)"),
        "a for a (1 - a)": (DELTA, "delta = 2 * (0.75 - 1) * 0.75"),
        "a squared": (DELTA, "delta = 2 * (0.75 - 1) * 0.75**2"),
        "z for a": (DELTA, "delta = 2 * (np.log(3) - 1) * 0.75 * (1 - 0.75)"),
        "the page's neuron": (DELTA, "delta = -0.25"),
        "no inputs": ("[2.0, 3.0, 1.0]", "[1.0, 1.0, 1.0]"),
        "weights for inputs": ("[2.0, 3.0, 1.0]", "[1.0, -1.0, 1.0]"),
        "inputs swapped": ("[2.0, 3.0, 1.0]", "[3.0, 2.0, 1.0]"),
        "the bias's own value": ("[2.0, 3.0, 1.0]", "[2.0, 3.0, 1 + np.log(3)]"),
        "the bias first": ("[2.0, 3.0, 1.0]", "[1.0, 2.0, 3.0]"),
        "no bias": ("[2.0, 3.0, 1.0]", "[2.0, 3.0]"),
        "a list": "neuron_slopes = [-0.1875, -0.28125, -0.09375]",
        "rounded": "neuron_slopes = np.array([-0.19, -0.28, -0.09])",
    },
    "divide_rule": {
        "plus": (IN_B, "g * out / b"),
        "g forgotten in a": (IN_A, "1 / b"),
        "g forgotten in b": (IN_B, "-out / b"),
        "a once over b": (IN_B, "-g * a / b"),
        "out over b squared": (IN_B, "-g * out / b**2"),
        "one over b squared": (IN_B, "-g / b**2"),
        "the other factor, as in a product": (IN_A, "g * b"),
        "swapped": (f"{IN_A}, {IN_B}", f"{IN_B}, {IN_A}"),
        "the derivative of a quotient of one variable": (IN_A, "g * (b - a) / b**2"),
        "absolute value": (IN_B, "-g * out / np.abs(b)"),
        "one result": (f"{IN_A}, {IN_B}", IN_A),
        "float64": (IN_A, "g.astype(float) / b"),
        "prints": (f"return {IN_A}, {IN_B}", f"print({IN_A}, {IN_B})"),
    },
    "shared_slope": {
        "last layer only": (TOGETHER, "a1.T @ delta2"),
        "first layer only": (TOGETHER, "x.T @ delta1"),
        "mean of the paths": (TOGETHER, f"({TOGETHER}) / 2"),
        "paths multiplied": (TOGETHER, "(a1.T @ delta2) * (x.T @ delta1)"),
        "inputs swapped": (TOGETHER, "x.T @ delta2 + a1.T @ delta1"),
        "slope transposed": (TOGETHER, f"({TOGETHER}).T"),
        "w not transposed": (FIRST, "delta1 = delta2 @ w * (1 - a1**2)"),
        "slope of tanh forgotten below": (FIRST, "delta1 = delta2 @ w.T"),
        "slope of tanh forgotten above": (SECOND, "delta2 = 2 * (a2 - y) / y.size"),
        "slope of the sigmoid": (FIRST, "delta1 = delta2 @ w.T * a1 * (1 - a1)"),
        "slope of tanh of z for a": (FIRST, "delta1 = delta2 @ w.T * (1 - np.tanh(a1) ** 2)"),
        "half the square": (SECOND, "delta2 = (a2 - y) / y.size * (1 - a2**2)"),
        "mean over rows only": (SECOND, "delta2 = 2 * (a2 - y) / len(y) * (1 - a2**2)"),
        "a sum, no mean": (SECOND, "delta2 = 2 * (a2 - y) * (1 - a2**2)"),
        "uphill": (SECOND, "delta2 = 2 * (y - a2) / y.size * (1 - a2**2)"),
        "float64": ("a1 = np.tanh(x @ w)", "a1 = np.tanh(x.astype(float) @ w)"),
        "step instead of slope": (TOGETHER, f"w - ({TOGETHER})"),
    },
    "softmax_slope": {
        "diagonal only": (SLOPE, "g * p * (1 - p)"),
        "no sum": (SLOPE, "p * (g - g * p)"),
        "sum over all rows": (SLOPE, "p * (g - (g * p).sum())"),
        "sum over examples": (SLOPE, "p * (g - (g * p).sum(axis=0, keepdims=True))"),
        "mean for sum": (SLOPE, "p * (g - (g * p).mean(axis=1, keepdims=True))"),
        "sum of g": (SLOPE, "p * (g - g.sum(axis=1, keepdims=True))"),
        "mean of g": (SLOPE, "p * (g - g.mean(axis=1, keepdims=True))"),
        "plus": (SLOPE, "p * (g + (g * p).sum(axis=1, keepdims=True))"),
        "p forgotten": (SLOPE, "g - (g * p).sum(axis=1, keepdims=True)"),
        "that of cross-entropy": (SLOPE, "p - g"),
        "that of log-softmax": (SLOPE, "g - p * g.sum(axis=1, keepdims=True)"),
        "divides by p": (SLOPE, "p * (g - (g * p * p / p).sum(axis=1, keepdims=True))"),
        "averaged over the batch": (SLOPE, f"{SLOPE} / len(p)"),
        "float64": (SLOPE, "p.astype(float) * (g - (g * p).sum(axis=1, keepdims=True))"),
        "no keepdims": (SLOPE, "p * (g - (g * p).sum(axis=1))"),
    },
}
