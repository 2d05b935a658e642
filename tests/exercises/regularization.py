"""Wrong answers that people give to the exercises of the topic `regularization`."""

WEIGHTS = "[[-1.2, 0.2, 1.0], [-1.5, 0.0, 1.0]]"
SPREAD = "np.sqrt(p / (1 - p) * (x**2 @ w**2))"
LOWER = "loss < losses[best - 1]"
WAIT = "epoch - best == patience"
GIVES = "return epoch, best"
PRICE = "variance / truth**2"
LEFT = "variance / (n + price)"
GAIN = "scale / np.sqrt(var + eps)"
BOTH = "w * gain, (b - mean) * gain + shift"

WRONG = {
    "shrunk_weights": {
        "rows swapped": (WEIGHTS, "[[-1.5, 0.0, 1.0], [-1.2, 0.2, 1.0]]"),
        "past zero": (WEIGHTS, "[[-1.2, 0.2, 1.0], [-1.5, -1.0, 1.0]]"),
        "divided by the price": (WEIGHTS, "[[-2.0, 1 / 3, 5 / 3], [-1.5, 0.0, 1.0]]"),
        "the sign forgotten": (WEIGHTS, "[[-1.2, 0.2, 1.0], [-4.5, 0.0, 1.0]]"),
        "sizes only": (WEIGHTS, "[[1.2, 0.2, 1.0], [1.5, 0.0, 1.0]]"),
        "negative ones are zero": (WEIGHTS, "[[-1.2, 0.2, 1.0], [0.0, 0.0, 1.0]]"),
        "a hard threshold": (WEIGHTS, "[[-1.2, 0.2, 1.0], [-3.0, 0.0, 2.5]]"),
        "L2 twice as strong": (WEIGHTS, "[[-0.75, 0.125, 0.625], [-1.5, 0.0, 1.0]]"),
        "half the price for L1": (WEIGHTS, "[[-1.2, 0.2, 1.0], [-2.25, 0.0, 1.75]]"),
        "multiplied": (WEIGHTS, "[[-4.5, 0.75, 3.75], [-1.5, 0.0, 1.0]]"),
        "one row": (WEIGHTS, "[-1.2, 0.2, 1.0]"),
    },
    "dropout_spread": {
        "the variance": (SPREAD, "p / (1 - p) * (x**2 @ w**2)"),
        "not inverted": (SPREAD, "np.sqrt(p * (1 - p) * (x**2 @ w**2))"),
        "kept for dropped": (SPREAD, "np.sqrt((1 - p) / (p + 1e-300) * (x**2 @ w**2))"),
        "p only": (SPREAD, "np.sqrt(p * (x**2 @ w**2))"),
        "square of the sum": (SPREAD, "np.sqrt(p / (1 - p) * (x @ w) ** 2)"),
        "sum of spreads": (SPREAD, "np.sqrt(p / (1 - p)) * (np.abs(x) @ np.abs(w))"),
        "w not squared": (SPREAD, "np.sqrt(p / (1 - p) * np.abs(x**2 @ w))"),
        "x not squared": (SPREAD, "np.sqrt(p / (1 - p) * np.abs(x @ w**2))"),
        "factor outside the root": (SPREAD, "p / (1 - p) * np.sqrt(x**2 @ w**2)"),
        "mean square": (SPREAD, "np.sqrt(1 / (1 - p) * (x**2 @ w**2))"),
        "factor squared": (SPREAD, "np.sqrt(p / (1 - p) ** 2 * (x**2 @ w**2))"),
        "one mask": (SPREAD, "ops.dropout(x, p=p, rng=np.random.default_rng(0)) @ w"),
        "nothing returned": (f"return {SPREAD}", f"z = {SPREAD}"),
    },
    "stopped": {
        "equals count as better": (LOWER, "loss <= losses[best - 1]"),
        "against the epoch before": (LOWER, "epoch == 1 or loss < losses[epoch - 2]"),
        "the largest": (LOWER, "loss > losses[best - 1]"),
        "one too impatient": (WAIT, "epoch - best == patience - 1"),
        "one too patient": (WAIT, "epoch - best > patience"),
        "epochs since the start": (WAIT, "epoch == patience"),
        "counted from 0": (GIVES, "return epoch - 1, best - 1"),
        "kept counted from 0": (GIVES, "return epoch, best - 1"),
        "the last is kept": (GIVES, "return epoch, epoch"),
        "the order": (GIVES, "return best, epoch"),
        "the best of all losses": (GIVES, "return epoch, int(np.argmin(losses)) + 1"),
        "never stops": (WAIT, "False"),
        "the loss": (GIVES, "return epoch, losses[best - 1]"),
    },
    "price_and_error": {
        "upside down": (PRICE, "truth**2 / variance"),
        "truth not squared": (PRICE, "variance / truth"),
        "the deviation": (PRICE, "variance**0.5 / truth"),
        "that of the mean": (PRICE, "variance / n / truth**2"),
        "n times": (PRICE, "n * variance / truth**2"),
        "no price": (PRICE, "0.0"),
        "error without a price": (LEFT, "variance / n"),
        "error of one measurement": (LEFT, "variance / (1 + price)"),
        "the variance alone": (LEFT, "n * variance / (n + price) ** 2"),
        "the bias alone": (LEFT, "price**2 * truth**2 / (n + price) ** 2"),
        "bias not squared": (
            LEFT,
            "(n * variance + price * truth**2) / (n + price) ** 2 + 0 * truth",
        ),
        "root of the error": (LEFT, "(variance / (n + price)) ** 0.5"),
        "the order": (f"return price, {LEFT}", f"return {LEFT}, price"),
        "the price alone": (f"return price, {LEFT}", "return price"),
    },
    "folded": {
        "no root": (GAIN, "scale / (var + eps)"),
        "eps outside": (GAIN, "scale / (np.sqrt(var) + eps)"),
        "eps forgotten": (GAIN, "scale / np.sqrt(var)"),
        "no scale": (GAIN, "1 / np.sqrt(var + eps)"),
        "multiplied": (GAIN, "scale * np.sqrt(var + eps)"),
        "bias forgotten": (BOTH, "w * gain, -mean * gain + shift"),
        "mean added": (BOTH, "w * gain, (b + mean) * gain + shift"),
        "mean forgotten": (BOTH, "w * gain, b * gain + shift"),
        "shift multiplied": (BOTH, "w * gain, (b - mean + shift) * gain"),
        "shift forgotten": (BOTH, "w * gain, (b - mean) * gain"),
        "bias not multiplied": (BOTH, "w * gain, b - mean * gain + shift"),
        "weights left alone": (BOTH, "w, (b - mean) * gain + shift"),
        "mean not multiplied": (BOTH, "w * gain, b * gain - mean + shift"),
        "the order": (BOTH, "(b - mean) * gain + shift, w * gain"),
    },
}
