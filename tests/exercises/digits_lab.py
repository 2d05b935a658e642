"""Wrong answers that people give to the lab `digits`.

As in convolution.py: a pair (old, new) replaces a text of the right answer, a list holds several
pairs, a single text is the whole answer. The right answers stand in the lab.
"""

MEASURED = "mean, deviation = train.mean(axis=0), train.std(axis=0)"
SAFE = "np.where(deviation == 0, 1, deviation)"
SCALED = "return (train - mean) / deviation, (test - mean) / deviation"
DISTANCE = "((x_train - row) ** 2).sum(axis=1)"
NEAR = 'np.argsort(distance, kind="stable")[:k]'
VOTE = "np.bincount(y_train[near]).argmax()"
PARTS = "np.flatnonzero(~in_test), np.flatnonzero(in_test)"
ENOUGH = "in_test.sum() >= n_test"
TAKE = "in_test |= source == one"
SHARE = "float(np.mean(predicted == target))"
MIDDLE = "middle = share + z**2 / (2 * n)"
HALF = "half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))"
SCALE = "scale = 1 + z**2 / n"
ENDS = "share, float((middle - half) / scale), float((middle + half) / scale)"
PAIRS = "np.bincount(target * k + predicted, minlength=k * k)"
SHIFT = "z = z - z.max(axis=1, keepdims=True)"
LOSS = "loss = float((np.log(total[:, 0]) - z[rows, y]).mean())"
PROBABILITY = "g = np.exp(z) / total"
MEAN = "g = g / len(y)"
STEP = "w - lr * x.T @ g, b - lr * g.sum(axis=0), loss"

WRONG = {
    "standard_by_hand": {
        "the test's own mean and deviation": "standard_by_hand = 1.0",
        "divided by n - 1": "standard_by_hand = 6 / (16 / 3) ** 0.5",
        "the variance for the deviation": "standard_by_hand = 1.5",
        "not divided": "standard_by_hand = 6.0",
        "not shifted": "standard_by_hand = 5.0",
        "all six pictures": "standard_by_hand = 1.89",
        "all six, exactly": "standard_by_hand = 1.8898223650461363",
        "the other test pixel": "standard_by_hand = -1.0",
        "upside down": "standard_by_hand = -3.0",
        "a text": "standard_by_hand = '3'",
        "both pixels": "standard_by_hand = [3.0, -1.0]",
    },
    "standard_scores": {
        "each by itself": (SCALED, SCALED.replace("(test - mean)", "(test - test.mean(axis=0))")),
        "the test's deviation": (
            SCALED,
            "spread = np.where(test.std(axis=0) == 0, 1, test.std(axis=0))\n"
            "    return (train - mean) / deviation, (test - mean) / spread",
        ),
        "both together": (
            MEASURED,
            "both = np.concatenate([train, test])\n"
            "    mean, deviation = both.mean(axis=0), both.std(axis=0)",
        ),
        "one mean for all pixels": (MEASURED, "mean, deviation = train.mean(), train.std()"),
        "over each picture": (
            MEASURED,
            "mean, deviation = train.mean(axis=1)[:, None], train.std(axis=1)[:, None]",
        ),
        "divided by n - 1": ("train.std(axis=0)", "train.std(axis=0, ddof=1)"),
        "the variance": ("train.std(axis=0)", "train.var(axis=0)"),
        "a zero is divided by": (SAFE, "deviation"),
        "a little added to every deviation": (SAFE, "deviation + 1e-2"),
        "a dead pixel is divided by a tiny number": (SAFE, "np.maximum(deviation, 1e-8)"),
        "only shifted": (SCALED, "return train - mean, test - mean"),
        "only divided": (SCALED, "return train / deviation, test / deviation"),
        "training pictures as they were": (SCALED, "return train, (test - mean) / deviation"),
        "swapped": (SCALED, "return (test - mean) / deviation, (train - mean) / deviation"),
        "whole numbers for the mean": (
            MEASURED,
            "mean = train.mean(axis=0).astype(train.dtype)\n    deviation = train.std(axis=0)",
        ),
        "in place": (
            SCALED,
            "train -= mean\n    return train / deviation, (test - mean) / deviation",
        ),
    },
    "nearest_labels": {
        "the farthest": (NEAR, 'np.argsort(-distance, kind="stable")[:k]'),
        "always one": (NEAR, 'np.argsort(distance, kind="stable")[:1]'),
        "one neighbour more": (NEAR, 'np.argsort(distance, kind="stable")[: k + 1]'),
        "itself left out": (NEAR, 'np.argsort(distance, kind="stable")[1 : k + 1]'),
        "differences are not squared": (DISTANCE, "(x_train - row).sum(axis=1)"),
        "summed over the pictures": (DISTANCE, "((x_train - row) ** 2).sum(axis=0)"),
        "the largest difference": (DISTANCE, "((x_train - row) ** 2)[:, 0]"),
        "dot products": (DISTANCE, "x_train @ row"),
        "the nearest mean": (
            VOTE,
            "min(np.unique(y_train), key=lambda c: "
            "((x_train[y_train == c].mean(axis=0) - row) ** 2).sum())",
        ),
        "mean of the classes": (VOTE, "int(np.mean(y_train[near]))"),
        "median of the classes": (VOTE, "int(np.median(y_train[near]))"),
        "the nearest breaks a tie": (
            VOTE,
            "max(y_train[near], key=lambda c: (y_train[near] == c).sum())",
        ),
        "the largest class of a tie": (
            VOTE,
            "max(np.unique(y_train[near]), key=lambda c: ((y_train[near] == c).sum(), c))",
        ),
        "positions": (VOTE, "near[0]"),
        "the most frequent of all": (VOTE, "np.bincount(y_train).argmax()"),
        "the first row only": ("for row in x:", "for row in x[:1]:"),
        "a list": ("return np.array(votes)", "return votes"),
    },
    "split_by_source": {
        "example by example": (
            TAKE,
            "in_test[np.flatnonzero(source == one)[: n_test - in_test.sum()]] = True",
        ),
        "one source more": (ENOUGH, "in_test.sum() > n_test"),
        "never too many": (
            "            break\n",
            "            break\n        if in_test.sum() + (source == one).sum() > n_test:\n"
            "            continue\n",
        ),
        "counts sources, not examples": (ENOUGH, "len(np.unique(source[in_test])) >= n_test"),
        "from the end of the order": ("for one in order:", "for one in order[::-1]:"),
        "order ignored": ("for one in order:", "for one in np.unique(source):"),
        "swapped": (PARTS, "np.flatnonzero(in_test), np.flatnonzero(~in_test)"),
        "masks": (PARTS, "~in_test, in_test"),
        "sources, not positions": (PARTS, "source[~in_test], source[in_test]"),
        "all of it to learn from": (PARTS, "np.arange(len(source)), np.flatnonzero(in_test)"),
        "nothing refused": ("if in_test.all():", "if False:"),
        "refuses half a file": ("if in_test.all():", "if in_test.mean() >= 0.5:"),
        "the first examples": (
            PARTS,
            "np.arange(n_test, len(source)), np.arange(n_test)",
        ),
        "order of the sources, not of the file": (
            PARTS,
            "np.flatnonzero(~in_test), np.concatenate("
            "[np.flatnonzero(source == one) for one in order if in_test[source == one].any()])",
        ),
    },
    "accuracy_interval": {
        "the share under the root": (
            f"{MIDDLE}\n    {HALF}\n    {SCALE}",
            "middle, scale = share, 1\n    half = z * np.sqrt(share * (1 - share) / n)",
        ),
        "no scale": (SCALE, "scale = 1"),
        "the middle not moved": (MIDDLE, "middle = share"),
        "no z under the root": (HALF, "half = z * np.sqrt(share * (1 - share) / n)"),
        "z not squared in the middle": (MIDDLE, "middle = share + z / (2 * n)"),
        "n for 2 n": (MIDDLE, "middle = share + z**2 / n"),
        "n not squared": (HALF, HALF.replace("4 * n**2", "4 * n")),
        "2 for 4": (HALF, HALF.replace("4 * n", "2 * n")),
        "always 1.96": (SHARE, f"{SHARE}\n    z = 1.96"),
        "half of z": (HALF, HALF.replace("z * np", "z / 2 * np")),
        "four more, two of them right": (
            f"{MIDDLE}\n    {HALF}\n    {SCALE}",
            "middle, scale = (n * share + 2) / (n + 4), 1\n"
            "    half = z * np.sqrt(middle * (1 - middle) / (n + 4))",
        ),
        "cut to 0 and 1, no more": (
            f"{MIDDLE}\n    {HALF}\n    {SCALE}\n    return {ENDS}",
            "half = z * np.sqrt(share * (1 - share) / n)\n"
            "    return share, max(0.0, share - half), min(1.0, share + half)",
        ),
        "errors counted": (SHARE, "float(np.mean(predicted != target))"),
        "the ends alone": (ENDS, ENDS.removeprefix("share, ")),
        "percent": (
            ENDS,
            "100 * share, 100 * (middle - half) / scale, 100 * (middle + half) / scale",
        ),
        "upper end first": (
            ENDS,
            "share, float((middle + half) / scale), float((middle - half) / scale)",
        ),
        "the middle for the share": (ENDS, "middle / scale" + ENDS.removeprefix("share")),
        "ends never beyond one decimal of nothing": (
            ENDS,
            "share, round((middle - half) / scale, 4), round((middle + half) / scale, 4)",
        ),
        "nothing below and above a perfect score": (
            MIDDLE,
            "if share in (0.0, 1.0):\n        return share, share, share\n"
            "    middle = share + z**2 / (2 * n)",
        ),
    },
    "recall_by_hand": {
        "precision": "recall_by_hand = 0.6",
        "accuracy": "recall_by_hand = 0.795",
        "of all pictures": "recall_by_hand = 0.15",
        "missed": "recall_by_hand = 0.25",
        "percent": "recall_by_hand = 75.0",
        "a count": "recall_by_hand = 30",
        "recall of class 0": "recall_by_hand = 0.8",
        "mean of precision and recall": "recall_by_hand = 0.675",
        "a text": "recall_by_hand = '3/4'",
        "counted as a pair": "recall_by_hand = (30, 40)",
    },
    "count_confusions": {
        "rows and columns swapped": (PAIRS, "np.bincount(predicted * k + target, minlength=k * k)"),
        "pairs that come twice count once": (
            f"pairs = {PAIRS}\n    return pairs.reshape(k, k)",
            "counts = np.zeros((k, k), dtype=int)\n"
            "    counts[target, predicted] += 1\n    return counts",
        ),
        "classes that never come are cut": (
            "return pairs.reshape(k, k)",
            "return pairs.reshape(k, k)[np.unique(target)]",
        ),
        "no minlength": (PAIRS, "np.resize(np.bincount(target * k + predicted), k * k)"),
        "shares of the row": (
            "return pairs.reshape(k, k)",
            "return pairs.reshape(k, k) / np.maximum(pairs.reshape(k, k).sum(axis=1), 1)[:, None]",
        ),
        "floats": ("pairs.reshape(k, k)", "pairs.reshape(k, k).astype(float)"),
        "errors alone": (
            "pairs.reshape(k, k)",
            "pairs.reshape(k, k) * (1 - np.eye(k, dtype=int))",
        ),
        "right ones alone": (
            "pairs.reshape(k, k)",
            "np.diag(pairs.reshape(k, k).diagonal())",
        ),
        "flat": ("return pairs.reshape(k, k)", "return pairs"),
        "turned over": ("pairs.reshape(k, k)", "pairs.reshape(k, k)[::-1]"),
        "ten classes always": ("pairs.reshape(k, k)", "np.resize(pairs, (10, 10))"),
        "nested lists": ("pairs.reshape(k, k)", "pairs.reshape(k, k).tolist()"),
        "k - 1 for k": (
            PAIRS,
            "np.bincount(target * (k - 1) + predicted, minlength=k * k)[: k * k]",
        ),
    },
    "softmax_step": {
        "no shift": (SHIFT, "pass"),
        "one shift for all, the smallest": (SHIFT, "z = z - z.min()"),
        "a sum over the batch": (MEAN, "pass"),
        "loss summed": (LOSS, LOSS.replace(".mean()", ".sum()")),
        "mean over classes too": (MEAN, "g = g / g.size"),
        "uphill": (STEP, "w + lr * x.T @ g, b + lr * g.sum(axis=0), loss"),
        "bias uphill": (STEP, STEP.replace("b - lr", "b + lr")),
        "bias not learnt": (STEP, "w - lr * x.T @ g, b, loss"),
        "bias averaged": (STEP, STEP.replace("g.sum(axis=0)", "g.mean(axis=0)")),
        "one bias for all classes": (STEP, STEP.replace("g.sum(axis=0)", "g.sum()")),
        "rate forgotten": (STEP, "w - x.T @ g, b - g.sum(axis=0), loss"),
        "the true class not subtracted": ("    g[rows, y] -= 1\n", ""),
        "added": ("g[rows, y] -= 1", "g[rows, y] += 1"),
        "log of the probability": (
            LOSS,
            "loss = float(-np.log(np.exp(z) / total)[rows, y].mean())",
        ),
        "log of the probability, with something added": (
            LOSS,
            "loss = float(-np.log((np.exp(z) / total)[rows, y] + 1e-12).mean())",
        ),
        "in bits": (LOSS, LOSS.replace("np.log(total[:, 0])", "np.log2(total[:, 0])")),
        "the loss after the step": (
            f"return {STEP}",
            "w, b = w - lr * x.T @ g, b - lr * g.sum(axis=0)\n"
            "    z = x @ w + b\n"
            "    z = z - z.max(axis=1, keepdims=True)\n"
            "    loss = float((np.log(np.exp(z).sum(axis=1)) - z[rows, y]).mean())\n"
            "    return w, b, loss",
        ),
        "softmax over the batch": (
            "np.exp(z).sum(axis=1, keepdims=True)",
            "np.exp(z).sum()[None, None]",
        ),
        "squared error": (PROBABILITY, f"{PROBABILITY}\n    g = g * g"),
        "in place": (STEP, "w.__isub__(lr * x.T @ g), b - lr * g.sum(axis=0), loss"),
        "no loss": (STEP, STEP.removesuffix(", loss")),
        "w transposed": (STEP, STEP.replace("w - lr * x.T @ g", "(w - lr * x.T @ g).T")),
    },
}
