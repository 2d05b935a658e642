"""Wrong answers that people give to the exercises at the end of the chapter `convolution`.

As in convolution.py: a pair (old, new) replaces a text of the right answer, a list holds several
pairs, a single text is the whole answer. The right answers stand in the chapter.
"""

LAST_START = "L = 32 + 2 * 2 - 1 - 2 * (5 - 1)"
TURNED = "w[::-1, ::-1]"
LEFT_OVER = "(n + 2 * p - k) % s"
SMALLEST = "s * (o - 1) + d * (k - 1) + 1 - 2 * p"
RESULT = "return smallest, smallest + s - 1"
ADD = "counts[s * i : s * i + k] += 1"
LENGTH = "np.zeros(s * (n - 1) + k, dtype=int)"

WRONG = {
    "dilated_size": {
        "padding forgotten": (LAST_START, "L = 32 - 1 - 2 * (5 - 1)"),
        "padding on one side": (LAST_START, "L = 32 + 2 - 1 - 2 * (5 - 1)"),
        "dilation forgotten": (LAST_START, "L = 32 + 2 * 2 - 1 - (5 - 1)"),
        "k for k - 1": (LAST_START, "L = 32 + 2 * 2 - 1 - 2 * 5"),
        "stride forgotten": ("L // 3 + 1", "L + 1"),
        "the first start forgotten": ("L // 3 + 1", "L // 3"),
        "a float": ("L // 3 + 1", "L / 3 + 1"),
        "the tutorial's formula": "dilated_size = 32 - 5 // 3 + 1",
        "a text": "dilated_size = '10'",
    },
    "true_convolution": {
        "not turned": (TURNED, "w"),
        "only rows turned": (TURNED, "w[::-1]"),
        "only columns turned": (TURNED, "w[:, ::-1]"),
        "turned a quarter": [(TURNED, "np.rot90(w)"), ("w.shape", "w.T.shape")],
        "transposed": [(TURNED, "w.T"), ("w.shape", "w.T.shape")],
        "picture turned": ("(x, w.shape)", "(x[::-1, ::-1], w.shape)"),
        "result turned instead": [(TURNED, "w"), ("axis=(2, 3))", "axis=(2, 3))[::-1, ::-1]")],
        "both turned": [(TURNED, "w"), ("(x, w.shape)", "(x[::-1, ::-1], w.shape)")],
        "all summed": (".sum(axis=(2, 3))", ".sum()"),
        "mean for sum": (".sum(axis=(2, 3))", ".mean(axis=(2, 3))"),
        "float32 lost": (".sum(axis=(2, 3))", ".sum(axis=(2, 3)).astype(float)"),
        "one row only": "def true_convolution(x, w):\n"
        "    return np.convolve(x.ravel(), w.ravel(), 'valid')[np.newaxis]",
        "turned in place": "def true_convolution(x, w):\n    w[:] = w[::-1, ::-1]\n"
        "    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape)\n"
        "    return (windows * w).sum(axis=(2, 3))",
    },
    "unseen_rows": {
        "padding forgotten": [(LEFT_OVER, "(n - k) % s"), ("- p)", ")")],
        "zeros counted as pixels": ("max(0, (n + 2 * p - k) % s - p)", LEFT_OVER),
        "below zero": ("max(0, (n + 2 * p - k) % s - p)", f"{LEFT_OVER} - p"),
        "padding on one side": (LEFT_OVER, "(n + p - k) % s"),
        "both paddings taken off": ("- p)", "- 2 * p)"),
        "kernel forgotten": (LEFT_OVER, "(n + 2 * p) % s"),
        "k for k - 1": (LEFT_OVER, "(n + 2 * p - k - 1) % s"),
        "quotient for rest": (LEFT_OVER, "(n + 2 * p - k) // s"),
        "number of windows": ("max(0, (n + 2 * p - k) % s - p)", "(n + 2 * p - k) // s + 1"),
        "a float": ("max(0, ", "max(0.0, "),
        "never any": ("max(0, (n + 2 * p - k) % s - p)", "0"),
    },
    "input_sizes": {
        "o for o - 1": (SMALLEST, "s * o + d * (k - 1) + 1 - 2 * p"),
        "dilation forgotten": (SMALLEST, "s * (o - 1) + k - 2 * p"),
        "k for k - 1": (SMALLEST, "s * (o - 1) + d * k + 1 - 2 * p"),
        "one forgotten": (SMALLEST, "s * (o - 1) + d * (k - 1) - 2 * p"),
        "padding on one side": (SMALLEST, "s * (o - 1) + d * (k - 1) + 1 - p"),
        "padding forgotten": (SMALLEST, "s * (o - 1) + d * (k - 1) + 1"),
        "padding added": (SMALLEST, "s * (o - 1) + d * (k - 1) + 1 + 2 * p"),
        "one too many": (RESULT, "return smallest, smallest + s"),
        "always one size": (RESULT, "return smallest, smallest"),
        "swapped": (RESULT, "return smallest + s - 1, smallest"),
        "only the smallest": (RESULT, "return smallest"),
        "a list": (RESULT, "return [smallest, smallest + s - 1]"),
        "every size": (RESULT, "return tuple(range(smallest, smallest + s))"),
    },
    "overlaps": {
        "stride forgotten": (ADD, "counts[i : i + k] += 1"),
        "one entry short": (ADD, "counts[s * i : s * i + k - 1] += 1"),
        "set, not added": (ADD, "counts[s * i : s * i + k] = 1"),
        "first copy forgotten": ("range(n)", "range(1, n)"),
        "last copy forgotten": ("range(n)", "range(n - 1)"),
        "too long": (LENGTH, "np.zeros(s * n + k, dtype=int)"),
        "floats": (", dtype=int", ""),
        "a list": ("return counts", "return counts.tolist()"),
        "k and s swapped": [(ADD, "counts[k * i : k * i + s] += 1")],
        "share of the kernel": ("return counts", "return counts / k"),
        "seen by how many": ("return counts", "return np.minimum(counts, 1)"),
        "from the right end": ("return counts", "return np.sort(counts)"),
    },
}
