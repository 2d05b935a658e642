"""Wrong answers that people give to the exercises of the topic `digits`."""

CEIL = "-(-n // batch_size)"
NEEDED = "int(np.ceil(0.98 * 0.02 * (1.96 / 0.005) ** 2))"
PRINTS_SO = 'f"{k / n:.4f}" == printed'
COUNTS = 'return [k for k in range(n + 1) if f"{k / n:.4f}" == printed]'
HELD_OUT = "np.sort(np.concatenate([p[:per_class] for p in positions]))"
TWO_COUNTS = "int((right_1 & ~right_2).sum()), int((right_2 & ~right_1).sum())"

WRONG = {
    "steps_per_epoch": {
        "rounds down": (CEIL, "n // batch_size"),
        "always one more": (CEIL, "n // batch_size + 1"),
        "a float": (CEIL, "n / batch_size"),
        "a rounded-up float": (CEIL, "float(np.ceil(n / batch_size))"),
        "rounds to the nearest": (CEIL, "round(n / batch_size)"),
        "the other way round": (CEIL, "-(-batch_size // n)"),
        "the size of the last batch": (CEIL, "n % batch_size"),
        "at least one, else down": (CEIL, "max(1, n // batch_size)"),
        "prints": (f"return {CEIL}", f"print({CEIL})"),
    },
    "pictures_needed": {
        "rounds down": (NEEDED, "3011"),
        "a float": (NEEDED, "3011.84"),
        "the whole width": ("1.96 / 0.005", "1.96 / 0.01"),
        "half the half width": ("1.96 / 0.005", "1.96 / 0.0025"),
        "no z": ("1.96 / 0.005", "1 / 0.005"),
        "p instead of p (1 - p)": ("0.98 * 0.02", "0.98"),
        "not squared": ("(1.96 / 0.005) ** 2", "(1.96 / 0.005)"),
        "the worst case p = 1/2": ("0.98 * 0.02", "0.5 * 0.5"),
        "z of 99 percent": ("1.96", "2.576"),
    },
    "possible_counts": {
        "stops before n": ("range(n + 1)", "range(n)"),
        "neither end": ("range(n + 1)", "range(1, n)"),
        "compares floats": (PRINTS_SO, "k / n == float(printed)"),
        "truncates": (PRINTS_SO, "int(k / n * 10000) == int(float(printed) * 10000)"),
        "three decimals": (PRINTS_SO, 'f"{k / n:.3f}" == printed[:-1]'),
        "only the nearest count": (COUNTS, "return [round(float(printed) * n)]"),
        "only the first": (COUNTS, COUNTS + "[:1]"),
        "shares instead of counts": ("[k for k in", "[k / n for k in"),
        "how many, not which": (
            COUNTS,
            'return len([k for k in range(n + 1) if f"{k / n:.4f}" == printed])',
        ),
    },
    "held_out_indices": {
        "not in order": (HELD_OUT, "np.concatenate([p[:per_class] for p in positions])"),
        "the last of each class": ("p[:per_class]", "p[-per_class:]"),
        "one too many": ("p[:per_class]", "p[: per_class + 1]"),
        "classes 0 to k": ("np.unique(y)", "range(y.max() + 1)"),
        "as many as there are": ("min(len(p) for p in positions) < per_class", "per_class < 0"),
        "refuses the exact fit": ("positions) < per_class", "positions) <= per_class"),
        "the labels, not the positions": (HELD_OUT, f"y[{HELD_OUT}]"),
        "a mask": (HELD_OUT, f"np.isin(np.arange(len(y)), {HELD_OUT})"),
        "the first of the file": (HELD_OUT, "np.arange(per_class * len(positions))"),
    },
    "disagreements": {
        "all that each gets right": (TWO_COUNTS, "int(right_1.sum()), int(right_2.sum())"),
        "the two swapped": (
            TWO_COUNTS,
            "int((right_2 & ~right_1).sum()), int((right_1 & ~right_2).sum())",
        ),
        "where the answers differ": (
            TWO_COUNTS,
            "int((first != second).sum()), int((first != second).sum())",
        ),
        "one number for both": (TWO_COUNTS, "int((right_1 ^ right_2).sum())"),
        "shares": (
            TWO_COUNTS,
            "float((right_1 & ~right_2).mean()), float((right_2 & ~right_1).mean())",
        ),
        "the second against the first": ("second == target", "second == first"),
        "both wrong counted as a win": (TWO_COUNTS, "int((~right_2).sum()), int((~right_1).sum())"),
        "wrong instead of right": (
            "first == target, second == target",
            "first != target, second != target",
        ),
        "the difference": (
            TWO_COUNTS,
            "int(right_1.sum()) - int(right_2.sum()), int(right_2.sum()) - int(right_1.sum())",
        ),
    },
}
