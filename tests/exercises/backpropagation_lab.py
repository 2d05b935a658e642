"""Wrong answers that people give to the exercises of the lab `backpropagation`.

A pair (old, new) replaces a text of the right answer, a list holds several pairs, a single text is
the whole answer. The right answers stand in the lab; test_matrix.py reads them.
"""

PASS_ON = "slopes[source] += slopes[name] * slope"
COMPLETE = "            if waiting[source] == 0:\n                ready.append(source)"
THREE = "return g @ w.T, x.T @ g, broadcast_back(g, g.shape[1:])"
FOUR = "return (error**2).mean(), dw1, db1, dw2, db2"
ACROSS = 'da * slope_from_output("tanh", a)'
CENTRAL = "slope[at] = (above - below) / (2 * eps)"

WRONG = {
    "both_ways": {
        "one path": "both_ways = 18.0",
        "u as a factor only": "both_ways = 24.0",
        "the arrow to v forgotten": "both_ways = 30.0",
        "over v only": "both_ways = 6.0",
        "slope in y": "both_ways = 45.0",
        "the value of L": "both_ways = 54.0",
        "paths multiplied": "both_ways = 18 * 12 * 6",
        "the slope in u": "both_ways = 15.0",
        "the other sign": "both_ways = -36.0",
        "a text": "both_ways = '36'",
        "a list": "both_ways = [36.0]",
    },
    "graph_slopes": {
        "overwrites": (PASS_ON, "slopes[source] = slopes[name] * slope"),
        "adds the arrows": (PASS_ON, "slopes[source] += slopes[name] + slope"),
        "the arrow alone": (PASS_ON, "slopes[source] += slope"),
        "ignores the arrow": (PASS_ON, "slopes[source] += slopes[name]"),
        "multiplies paths": (PASS_ON, "slopes[source] = (slopes[source] or 1) * slope"),
        "passes on before all is there": (
            COMPLETE,
            "            if source not in ready:\n                ready.append(source)",
        ),
        "visits each once, complete or not": [
            (
                COMPLETE,
                "            if waiting[source] >= 0 and source not in ready:\n"
                "                waiting[source] = -9\n                ready.append(source)",
            ),
            ("if waiting[name] == 0]", "if name == output]"),
        ],
        "in the order of the dict": [
            ("ready = [name for name in graph if waiting[name] == 0]", "ready = list(graph)"),
            (COMPLETE, ""),
        ],
        "only the output is ready": (
            "if waiting[name] == 0]",
            "if name == output]",
        ),
        "starts at zero": ("slopes[output] = 1.0", "slopes[output] = 0.0"),
        "starts at one everywhere": ("fromkeys(graph, 0.0)", "fromkeys(graph, 1.0)"),
        "from the last node of the dict": ("slopes[output] = 1.0", "slopes[list(graph)[-1]] = 1.0"),
        "an array by name": ("return tuple(slopes.values())", "return slopes"),
        "in the order of the names": (
            "tuple(slopes.values())",
            "tuple(slopes[name] for name in sorted(slopes))",
        ),
        "the same input twice counted once": (
            "in graph[name]:",
            "in dict(graph[name]).items():",
        ),
        "what does not reach the output left out": (
            "tuple(slopes.values())",
            "tuple(slope for slope in slopes.values() if slope)",
        ),
    },
    "slope_from_output": {
        "sigmoid from z": (
            "return a * (1 - a)",
            "s = 1 / (1 + np.exp(-a))\n        return s * (1 - s)",
        ),
        "tanh from z": ("1 - a**2", "1 - np.tanh(a) ** 2"),
        "tanh without the square": ("1 - a**2", "1 - a"),
        "sigmoid with the square": ("a * (1 - a)", "a * (1 - a**2)"),
        "sigmoid's for tanh": ("1 - a**2", "a * (1 - a)"),
        "sigmoid with a plus": ("a * (1 - a)", "a * (1 + a)"),
        "relu one at zero": ("(a > 0)", "(a >= 0)"),
        "relu a half at zero": (
            "(a > 0).astype(a.dtype)",
            "np.where(a > 0, 1.0, 0.5).astype(a.dtype)",
        ),
        "relu from one on": ("(a > 0)", "(a >= 1)"),
        "relu as truth": ("(a > 0).astype(a.dtype)", "a > 0"),
        "relu in float64": ("astype(a.dtype)", "astype(float)"),
        "relu itself": ("(a > 0).astype(a.dtype)", "np.maximum(a, 0)"),
        "another name is the identity": (
            'raise ValueError(f"kind must be sigmoid, tanh or relu; got {kind!r}")',
            "return np.ones_like(a)",
        ),
        "another name is a KeyError": ("raise ValueError", "raise KeyError"),
    },
    "weight_slopes": {
        "the unit that is off": "weight_slopes = (-24.0, -40.0)",
        "the other sign": "weight_slopes = (24.0, 0.0)",
        "the input forgotten": "weight_slopes = (-12.0, 0.0)",
        "the weight of the output forgotten": "weight_slopes = (-8.0, 0.0)",
        "the units swapped": "weight_slopes = (0.0, -24.0)",
        "half the square": "weight_slopes = (-12, 0)",
        "unit 1 only": "weight_slopes = -24.0",
        "the slope in the output": "weight_slopes = (-4.0, -4.0)",
        "output weights": "weight_slopes = (-8.0, -0.1)",
        "unit 2 not cut off in the forward pass": "weight_slopes = (-84.0, 0.0)",
        "texts": "weight_slopes = ('-24', '0')",
    },
    "broadcast_back": {
        "mean over the examples": ("g = g.sum(", "g = g.mean("),
        "mean along a side of 1": ("return g.sum(", "return g.mean("),
        "first copy only": (
            "g = g.sum(axis=tuple(range(g.ndim - len(shape))))",
            "g = g[(0,) * (g.ndim - len(shape))]",
        ),
        "sides of 1 lost": (", keepdims=True", ""),
        "sides of 1 not summed": ("return g.sum(axis=ones, keepdims=True)", "return g"),
        "sides in front not summed": (
            "    g = g.sum(axis=tuple(range(g.ndim - len(shape))))\n",
            "",
        ),
        "one side in front only": (
            "range(g.ndim - len(shape))",
            "range(min(1, g.ndim - len(shape)))",
        ),
        "sides behind": ("range(g.ndim - len(shape))", "range(len(shape), g.ndim)"),
        "everything": ("return g.sum(axis=ones, keepdims=True)", "return np.full(shape, g.sum())"),
        "reshaped": (
            "return g.sum(axis=ones, keepdims=True)",
            "return g.ravel()[: int(np.prod(shape))].reshape(shape)",
        ),
        "in float64": ("keepdims=True)", "keepdims=True, dtype=float)"),
        "the other sign": ("return g.sum", "return -g.sum"),
        "the first side of 1 only": ("if side == 1)", "if side == 1)[:1]"),
    },
    "layer_back": {
        "no transpose of w": ("g @ w.T", "g @ w"),
        "w and g swapped": ("g @ w.T", "(w @ g.T)"),
        "no transpose of x": ("x.T @ g", "x @ g"),
        "dw transposed": ("x.T @ g", "g.T @ x"),
        "db averaged": ("broadcast_back(g, g.shape[1:])", "g.mean(axis=0)"),
        "db of each example": ("broadcast_back(g, g.shape[1:])", "g"),
        "db over the outputs": ("broadcast_back(g, g.shape[1:])", "g.sum(axis=1)"),
        "db is one": ("broadcast_back(g, g.shape[1:])", "np.ones(g.shape[1], g.dtype)"),
        "db a row": ("broadcast_back(g, g.shape[1:])", "g.sum(axis=0, keepdims=True)"),
        "dw averaged": ("x.T @ g", "x.T @ g / len(g)"),
        "w first": (THREE, "return x.T @ g, g @ w.T, g.sum(axis=0)"),
        "db forgotten": (THREE, "return g @ w.T, x.T @ g"),
        "number by number": ("g @ w.T", "g.sum(axis=1, keepdims=True) * w.sum(axis=1)"),
        "in float64": ("g @ w.T", "(g @ w.T).astype(float)"),
    },
    "net_slopes": {
        "mean over the examples only": ("2 * error / y.size", "2 * error / len(y)"),
        "sum on the way back": ("2 * error / y.size", "2 * error"),
        "2 forgotten": ("2 * error / y.size", "error / y.size"),
        "the other sign": ("2 * error", "-2 * error"),
        "the sum of squares": ("(error**2).mean()", "(error**2).sum()"),
        "half the mean": ("(error**2).mean()", "(error**2).mean() / 2"),
        "the absolute error": ("(error**2).mean()", "abs(error).mean()"),
        "no slope of tanh": (ACROSS, "da"),
        "slope of tanh from z": (ACROSS, 'da * slope_from_output("tanh", x @ w1 + b1)'),
        "sigmoid's slope": ('slope_from_output("tanh"', 'slope_from_output("sigmoid"'),
        "tanh instead of its slope": (ACROSS, "da * a"),
        "b1 forgotten": ("np.tanh(x @ w1 + b1)", "np.tanh(x @ w1)"),
        "b2 forgotten": ("+ b2 - y", "- y"),
        "no tanh in front": ("np.tanh(x @ w1 + b1)", "(x @ w1 + b1)"),
        "tanh at the output too": ("a @ w2 + b2 - y", "np.tanh(a @ w2 + b2) - y"),
        "the loss forgotten": (FOUR, "return dw1, db1, dw2, db2"),
        "upper layer first": (FOUR, "return (error**2).mean(), dw2, db2, dw1, db1"),
        "the loss last": (FOUR, "return dw1, db1, dw2, db2, (error**2).mean()"),
    },
    "measured_slopes": {
        "one side": [
            ("array[at] = before - eps", "array[at] = before"),
            (CENTRAL, "slope[at] = (above - below) / eps"),
        ],
        "one side, below": [
            ("array[at] = before + eps", "array[at] = before"),
            (CENTRAL, "slope[at] = (above - below) / eps"),
        ],
        "over eps": (CENTRAL, "slope[at] = (above - below) / eps"),
        "not divided": (CENTRAL, "slope[at] = above - below"),
        "the other sign": (CENTRAL, "slope[at] = (below - above) / (2 * eps)"),
        "not put back": ("            array[at] = before\n", ""),
        "put back one step too low": ("array[at] = before\n", "array[at] = before - eps\n"),
        "all numbers at once": [
            ("array[at] = before + eps", "array += eps"),
            ("array[at] = before - eps", "array -= 2 * eps"),
            ("            array[at] = before\n", "            array += eps\n"),
        ],
        "always the same step": ("    arrays =", "    eps = 1e-5\n    arrays ="),
        "the formula instead": (
            "return tuple(slopes)",
            "return net_slopes(x, y, w1, b1, w2, b2)[1:]",
        ),
        "input left one step too low": [
            ("[w1.copy(), ", "[w1, "),
            ("array[at] = before\n", "array[at] = before if array is not w1 else before - eps\n"),
        ],
        "upper layer first": ("return tuple(slopes)", "return (*slopes[2:], *slopes[:2])"),
        "weights only": ("return tuple(slopes)", "return slopes[0], slopes[2]"),
        "copies not used": ("net_slopes(x, y, *arrays)", "net_slopes(x, y, w1, b1, w2, b2)"),
    },
}
