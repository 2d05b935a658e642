"""Wrong answers that people give to the exercises of the lab `losses`.

A pair (old, new) replaces a text of the right answer, a list holds several pairs, a single text is
the whole answer. The right answers stand in the lab; test_matrix.py reads them.
"""

CUT_OFF = "np.clip(e, -limit, limit) / e.size"
BEYOND = "limit * (size - limit / 2)"
LOGIT = "np.maximum(z, 0) - y * z + np.log1p(small)"
SIGMOID = "np.where(z >= 0, 1, small) / (1 + small)"
PULL = "np.where(missing > 0, -y, 0) / z.size"
ROWS = "(rows,) = np.nonzero(y != ignore)"
COST = "cost = np.log(total[:, 0]) - shifted[np.arange(len(rows)), labels]"
LEAST = "min(candidates, key=lambda t: masked_loss(z / t, y)[0])"

WRONG = {
    "three_costs": {
        "sums": "three_costs = (9.16, 3.4, 4.08)",
        "no half in the parabola": "three_costs = (4.58, 1.7, 2.08)",
        "limit times error": "three_costs = (4.58, 1.7, 3.04)",
        "limit ignored": "three_costs = (4.58, 1.7, 2.29)",
        "signs kept": "three_costs = (4.58, -1.3, 2.04)",
        "half the square": "three_costs = (2.29, 1.7, 2.04)",
        "the root": "three_costs = (4.58**0.5, 1.7, 2.04)",
        "Huber of the small error": "three_costs = (4.58, 1.7, 0.04)",
        "another order": "three_costs = (1.7, 4.58, 2.04)",
        "two of them": "three_costs = (4.58, 1.7)",
        "texts": "three_costs = ('4.58', '1.7', '2.04')",
    },
    "huber_back": {
        "no half": ("e * e / 2", "e * e"),
        "absolute beyond": (BEYOND, "size"),
        "limit times error beyond": (BEYOND, "limit * size"),
        "a step at the limit": (BEYOND, "limit * (size - limit)"),
        "limit squared": (BEYOND, "limit * size - limit**2"),
        "always the parabola": ("np.where(size <= limit, e * e / 2, " + BEYOND + ")", "e * e / 2"),
        "slope not cut off": (CUT_OFF, "e / e.size"),
        "slope is the sign": (CUT_OFF, "np.sign(e) / e.size"),
        "sign beyond": (CUT_OFF, "np.where(size <= limit, e, np.sign(e)) / e.size"),
        "slope of the sum": (CUT_OFF, "np.clip(e, -limit, limit)"),
        "slope over the rows": (CUT_OFF, "np.clip(e, -limit, limit) / len(e)"),
        "cut off above only": (CUT_OFF, "np.minimum(e, limit) / e.size"),
        "0 beyond": (CUT_OFF, "np.where(size <= limit, e, 0) / e.size"),
        "slope in y": ("e = a - y", "e = y - a"),
        "the sum": ("cost.mean()", "cost.sum()"),
        "each cost": ("cost.mean()", "cost"),
        "limit of one": ("    e = a - y", "    limit = 1.0\n    e = a - y"),
        "0 at the limit": (CUT_OFF, "np.where(size < limit, e, 0) / e.size"),
        "float64": (CUT_OFF, "np.clip(e, -limit, limit).astype(float) / e.size"),
    },
    "logit_loss": {
        "by the definition": (
            f"loss = {LOGIT}",
            "s = 1 / (1 + np.exp(-z))\n    loss = -y * np.log(s) - (1 - y) * np.log(1 - s)",
        ),
        "kept above 1e-7": (
            f"loss = {LOGIT}",
            "s = np.clip(np.where(z >= 0, 1, small) / (1 + small), 1e-7, 1 - 1e-7)\n"
            "    loss = -y * np.log(s) - (1 - y) * np.log(1 - s)",
        ),
        "logarithm of 1 + e^z": (LOGIT, "np.log1p(np.exp(z)) - y * z"),
        "kept within 30": ("    small =", "    z = np.clip(z, -30, 30)\n    small ="),
        "sigmoid with e^-z": (SIGMOID, "1 / (1 + np.exp(-z))"),
        "sigmoid in both branches": (
            SIGMOID,
            "np.where(z >= 0, 1 / (1 + np.exp(-z)), np.exp(z) / (1 + np.exp(z)))",
        ),
        "sigmoid of the size": (SIGMOID, "1 / (1 + small)"),
        "yes only": (LOGIT, "np.maximum(-z, 0) + np.log1p(small)"),
        "y on the wrong side": ("- y * z", "+ y * z"),
        "max forgotten": ("np.maximum(z, 0) - y * z", "z - y * z"),
        "the sum": ("loss.mean()", "loss.sum()"),
        "slope of the sum": ("(a - y) / z.size", "a - y"),
        "slope over the rows": ("(a - y) / z.size", "(a - y) / len(z)"),
        "the other sign": ("(a - y)", "(y - a)"),
        "slope of the squared error": ("(a - y) / z.size", "2 * (a - y) * a * (1 - a) / z.size"),
        "loss forgotten": ("return loss.mean(), ", "return "),
        "slope in the probability": ("(a - y) / z.size", "(a - y) / (a - a * a + 1e-9) / z.size"),
        "targets rounded": ("- y * z", "- np.round(y) * z"),
        "float64": ("(a - y) / z.size", "(a - y).astype(float) / z.size"),
    },
    "margin_loss": {
        "y forgotten": ("1 - y * z", "1 - z"),
        "no margin": ("1 - y * z", "-y * z"),
        "the other side": ("1 - y * z", "1 + y * z"),
        "never zero": ("np.maximum(1 - y * z, 0)", "1 - y * z"),
        "squared": ("missing.mean()", "(missing**2).mean()"),
        "the sum": ("missing.mean()", "missing.sum()"),
        "slope of the sum": (PULL, "np.where(missing > 0, -y, 0)"),
        "the other sign": ("-y, 0)", "y, 0)"),
        "slope without y": ("-y, 0)", "-np.ones_like(y), 0)"),
        "pulls at the margin": ("missing > 0", "missing >= 0"),
        "half at the margin": (
            PULL,
            "np.where(missing > 0, -y, np.where(y * z == 1, -y / 2, 0)) / z.size",
        ),
        "only where wrong": ("missing > 0", "y * z < 0"),
        "pulls with what is missing": (PULL, "-y * missing / z.size"),
        "mean over those who pull": ("/ z.size", "/ max(1, (missing > 0).sum())"),
        "labels 0 and 1": ("    missing =", "    y = 2 * y - 1\n    missing ="),
        "float64": (PULL, "np.where(missing > 0, -y, 0.0).astype(float) / z.size"),
    },
    "kl_by_hand": {
        "bits": "kl_by_hand = 0.75 * np.log2(1.5)",
        "cross-entropy": "kl_by_hand = 1.25 * np.log(2)",
        "the other sign": "kl_by_hand = -0.75 * np.log(1.5)",
        "minus the entropy": "kl_by_hand = 0.75 * np.log(0.75) + 0.25 * np.log(0.25)",
        "entropy": "kl_by_hand = -0.75 * np.log(0.75) - 0.25 * np.log(0.25)",
        "no weight": "kl_by_hand = np.log(1.5)",
        "weighted with q": "kl_by_hand = 0.5 * np.log(1.5)",
        "the other way round": "kl_by_hand = float('inf')",
        "two digits": "kl_by_hand = 0.30",
        "not a number": "kl_by_hand = float('nan')",
        "each term": "kl_by_hand = [0.75 * np.log(1.5), 0.0, 0.0]",
    },
    "masked_loss": {
        "gaps count in the mean": (
            "return cost.mean(), slope",
            "return cost.sum() / len(y), slope",
        ),
        "gaps count in the slope": ("p / len(rows)", "p / len(y)"),
        "slope of the sum": ("p / len(rows)", "p"),
        "the sum": ("cost.mean()", "cost.sum()"),
        "nothing left out": (ROWS, "rows = np.arange(len(y))"),
        "only -1 is a gap": (ROWS, "(rows,) = np.nonzero(y != -1)"),
        "every negative is a gap": (ROWS, "(rows,) = np.nonzero(y >= 0)"),
        "class 0 for a gap": (
            ROWS,
            "y = np.where(y == ignore, 0, y)\n    rows = np.arange(len(y))",
        ),
        "a mean of nothing": ("return 0.0, slope", "return np.nan, slope"),
        "an error for nothing": ("return 0.0, slope", "raise ValueError('no label')"),
        "largest logit not taken away": (
            "shifted = z[rows] - z[rows].max(axis=1, keepdims=True)",
            "shifted = z[rows]",
        ),
        "largest of all rows": ("z[rows].max(axis=1, keepdims=True)", "z[rows].max()"),
        "logarithm of the probability": (
            COST,
            "cost = -np.log((e / total)[np.arange(len(rows)), labels])",
        ),
        "a little added": (
            COST,
            "cost = -np.log((e / total)[np.arange(len(rows)), labels] + 1e-12)",
        ),
        "all classes cost": (COST, "cost = np.log(total[:, 0]) - shifted.mean(axis=1)"),
        "1 not taken away": ("p[np.arange(len(rows)), labels] -= 1", "pass"),
        "the other sign": ("slope[rows] = p /", "slope[rows] = -p /"),
        "slope of the rows that count": ("return cost.mean(), slope", "return cost.mean(), p"),
        "over the columns": (
            "total = e.sum(axis=1, keepdims=True)",
            "total = e.sum(axis=0, keepdims=True)[:, :1]",
        ),
        "float64": ("np.zeros_like(z)", "np.zeros(z.shape)"),
    },
    "soften": {
        "multiplied": ("z / temperature", "z * temperature"),
        "temperature ignored": ("    z = z / temperature\n", ""),
        "probabilities divided": [
            ("    z = z / temperature\n", ""),
            (
                "return e / e.sum(axis=-1, keepdims=True)",
                "return e / e.sum(axis=-1, keepdims=True) / temperature",
            ),
        ],
        "over everything": ("e.sum(axis=-1, keepdims=True)", "e.sum()"),
        "over the columns": ("e.sum(axis=-1, keepdims=True)", "e.sum(axis=0, keepdims=True)"),
        "largest logit not taken away": (" - z.max(axis=-1, keepdims=True)", ""),
        "the sum, not the largest": ("z.max(", "z.sum("),
        "logarithms": (
            "return e / e.sum(axis=-1, keepdims=True)",
            "return z - z.max() - np.log(e.sum(axis=-1, keepdims=True))",
        ),
        "zero degrees allowed": ("temperature <= 0", "temperature < 0"),
        "cold allowed": ("temperature <= 0", "temperature == 0"),
        "hot only": ("temperature <= 0", "temperature < 1"),
        "another error": ("raise ValueError", "raise KeyError"),
        "the squared temperature": ("z / temperature", "z / temperature**2"),
        "divided after the exponent": [
            ("    z = z / temperature\n", ""),
            (
                "e = np.exp(z - z.max(axis=-1, keepdims=True))",
                "e = np.exp(z - z.max(axis=-1, keepdims=True)) / temperature",
            ),
        ],
    },
    "best_temperature": {
        "the largest cost": ("min(", "max("),
        "its cost": (LEAST, "min(masked_loss(z / t, y)[0] for t in candidates)"),
        "its place": (LEAST, "int(np.argmin([masked_loss(z / t, y)[0] for t in candidates]))"),
        "multiplied": ("z / t", "z * t"),
        "the first": (LEAST, "candidates[0]"),
        "the last": (LEAST, "candidates[-1]"),
        "the middle": (LEAST, "sorted(candidates)[len(candidates) // 2]"),
        "always one": (LEAST, "1.0"),
        "the least confident": (LEAST, "max(candidates)"),
        "most right": (
            LEAST,
            "max(candidates, key=lambda t: ((z / t).argmax(axis=1) == y).mean())",
        ),
        "by its slope": (
            LEAST,
            "min(candidates, key=lambda t: abs(masked_loss(z / t, y)[1]).sum())",
        ),
        "confidence equal to accuracy": (
            LEAST,
            "min(candidates, key=lambda t: abs(soften(z, t).max(axis=1).mean()"
            " - (z.argmax(axis=1) == y).mean()))",
        ),
        "by the probability": (
            LEAST,
            "min(candidates, key=lambda t: -np.log(soften(z, t)[np.arange(len(y)), y]).mean())",
        ),
        "by the squared error": (
            LEAST,
            "min(candidates, key=lambda t: ((soften(z, t) - np.eye(z.shape[1])[y]) ** 2).sum())",
        ),
        "one above the best": (
            LEAST,
            "2 * min(candidates, key=lambda t: masked_loss(z / t, y)[0])",
        ),
    },
}
