"""Wrong answers that people give to the exercises of the lab `transformers`.

A pair (old, new) replaces a text of the right answer, a list holds several pairs, a single text is
the whole answer. The right answers stand in the lab; test_matrix.py reads them.
"""

SEEN = "seen = np.where(mask, scores, -np.inf)"
SAFE_TOP = "np.where(top > -np.inf, top, 0.0)"
SAFE_TOTAL = "np.where(total > 0, total, 1.0)"
LAST_PLACES = "(s - t + np.arange(t))[:, None]"
SPLIT = "rows.reshape(*rows.shape[:2], heads, -1).swapaxes(1, 2)"
JOIN = "heard.swapaxes(1, 2).reshape(*x.shape[:2], -1)"
NORM = "gain * centred / np.sqrt(variance + eps) + bias"
ATTENDED = "x = x + many_heads(h, h, weights, heads, mask)"
LAST = 'return x + hidden @ weights["w2"] + weights["b2"]'
H1 = 'h = token_norm(x, weights["gain1"], weights["bias1"])'
H2 = 'h = token_norm(x, weights["gain2"], weights["bias2"])'
GROWN_KEYS = 'np.concatenate([keys, split(h @ weights["wk"])], axis=2)'
GROWN_VALUES = 'np.concatenate([values, split(h @ weights["wv"])], axis=2)'
TO_SPLIT = "rows.reshape(len(rows), 1, heads, -1).swapaxes(1, 2)"

WRONG = {
    "masked_share": {
        "sees the fourth": "masked_share = 3 / 16",
        "does not see itself": "masked_share = 0.75",
        "no root": "masked_share = 9 / 26",
        "divided by the width": "masked_share = 3**0.5 / (1 + 3**0.5 + 2)",
        "not normalized": "masked_share = 3.0",
        "weight of the third": "masked_share = 0.5",
        "the score": "masked_share = float(np.log(3))",
        "shares of the scores": "masked_share = float(np.log(3) / np.log(12))",
        "a text": "masked_share = '3/8'",
    },
    "masked_softmax": {
        "no mask": (SEEN, "seen = scores"),
        "masked scores are zero": (SEEN, "seen = np.where(mask, scores, 0.0)"),
        "masked scores are a little lower": (SEEN, "seen = np.where(mask, scores, scores - 9)"),
        "a small finite number": (SEEN, "seen = np.where(mask, scores, -1000.0)"),
        "mask turned round": (SEEN, "seen = np.where(mask, -np.inf, scores)"),
        "nothing subtracted": (f"seen - {SAFE_TOP}", "seen"),
        "largest of all scores, the masked too": (
            "top = seen.max(",
            "top = scores.max(",
        ),
        "largest of the whole array": (
            "seen.max(axis=-1, keepdims=True)",
            "seen.max(keepdims=True)",
        ),
        "rows without any: not a number": (SAFE_TOP, "top"),
        "rows without any: divides by zero": (SAFE_TOTAL, "total"),
        "rows without any: the mean": (
            SEEN,
            "seen = np.where(mask | ~mask.any(axis=-1, keepdims=True), scores, -np.inf)",
        ),
        "masked after the softmax": [
            (SEEN, "seen = scores"),
            (f"return grown / {SAFE_TOTAL}", "return grown / total * mask"),
        ],
        "along the queries": ("axis=-1", "axis=-2"),
        "one sum for all": ("grown.sum(axis=-1, keepdims=True)", "grown.sum()"),
        "not divided": (f"return grown / {SAFE_TOTAL}", "return grown"),
    },
    "text_mask": {
        "padding is seen": ("return causal & real", "return causal | ~real"),
        "everything real is seen": ("return causal & real", "return real & (place[:t, None] > -1)"),
        "either rule": ("return causal & real", "return causal | real"),
        "queries are the first": (LAST_PLACES, "np.arange(t)[:, None]"),
        "not itself": ("place <=", "place <"),
        "sees ahead": ("place <=", "place >="),
        "one padding token too many": ("real = place <", "real = place <="),
        "padding in front": ("real = place <", "real = s - 1 - place <"),
        "queries as columns": ("return causal & real", "return (causal & real).swapaxes(2, 3)"),
        "no axis for the heads": ("return causal & real", "return (causal & real)[:, 0]"),
        "ints": ("return causal & real", "return (causal & real).astype(int)"),
        "one place late": ("s - t + np.arange(t)", "s - t + 1 + np.arange(t)"),
        "True is masked": ("return causal & real", "return ~(causal & real)"),
    },
    "many_heads": {
        "root of the whole width": ("q.shape[-1]", "x.shape[-1]"),
        "root of all heads' width": ("np.sqrt(q.shape[-1])", "np.sqrt(heads * q.shape[-1])"),
        "no root": (" / np.sqrt(q.shape[-1])", ""),
        "root of the keys' number": ("np.sqrt(q.shape[-1])", "np.sqrt(k.shape[2])"),
        "reshaped without a swap": (
            SPLIT,
            "rows.reshape(len(rows), heads, rows.shape[1], -1)",
        ),
        "columns dealt in turn": (
            SPLIT,
            "rows.reshape(*rows.shape[:2], -1, heads).transpose(0, 3, 1, 2)",
        ),
        "joined without a swap": (JOIN, "heard.reshape(*x.shape[:2], -1)"),
        "joined in turn": (JOIN, "heard.transpose(0, 2, 3, 1).reshape(*x.shape[:2], -1)"),
        "asks itself": ("memory @", "x @"),
        "memory asks": ('x @ weights["wq"]', 'memory @ weights["wq"]'),
        "values of x": ('memory @ weights["wv"]', 'x @ weights["wv"]'),
        "keys for values": ('weights["wv"]', 'weights["wk"]'),
        "queries and keys exchanged": [
            ('weights["wq"]', 'weights["w?"]'),
            ('weights["wk"]', 'weights["wq"]'),
            ('weights["w?"]', 'weights["wk"]'),
        ],
        "no wo": ('return joined @ weights["wo"]', "return joined"),
        "no mask": ("masked_softmax(scores, mask)", "masked_softmax(scores, mask | True)"),
        "one head": ("heads, -1)", "1, -1)"),
        "heads share the first mask": (
            "masked_softmax(scores, mask)",
            "masked_softmax(scores, mask[:, :1])",
        ),
        "weights changed in place": (
            "q = split",
            'weights["wq"] /= 2\n    q = 2 * split',
        ),
    },
    "token_norm": {
        "eps behind the root": ("np.sqrt(variance + eps)", "(np.sqrt(variance) + eps)"),
        "no eps": ("variance + eps", "variance"),
        "another eps": ("variance + eps", "variance + 1e-6"),
        "no root": ("np.sqrt(variance + eps)", "(variance + eps)"),
        "divides by d - 1": (
            "(centred**2).mean(axis=-1, keepdims=True)",
            "x.var(axis=-1, keepdims=True, ddof=1)",
        ),
        "over the tokens": ("axis=-1", "axis=1"),
        "over the batch": ("axis=-1", "axis=0"),
        "over everything": ("axis=-1", "axis=None"),
        "not centred": ("x - x.mean(axis=-1, keepdims=True)", "x"),
        "mean of squares of x": ("(centred**2)", "(x**2)"),
        "no bias": (" + bias", ""),
        "no gain": ("gain * centred", "centred"),
        "bias before the gain": (NORM, "gain * (centred / np.sqrt(variance + eps) + bias)"),
        "one plus the gain": ("gain * centred", "(1 + gain) * centred"),
    },
    "block_forward": {
        "post-norm": [
            (ATTENDED, "x = token_norm(x + many_heads(x, x, weights, heads, mask), 1.0, 0.0)"),
        ],
        "no first sum": ("x = x + many_heads", "x = many_heads"),
        "no second sum": ("return x + hidden", "return hidden"),
        "sums with the normalized": ("x = x + many_heads", "x = h + many_heads"),
        "second sum with the normalized": ("return x + hidden", "return h + hidden"),
        "first normalization left out": (H1, "h = x"),
        "second normalization left out": (H2, "h = x"),
        "the first normalization twice": (H2, H1),
        "second one not renewed": (H2, "pass"),
        "parts side by side": (
            f"{ATTENDED}\n    {H2}",
            "said = many_heads(h, h, weights, heads, mask)\n"
            '    h = token_norm(x, weights["gain2"], weights["bias2"])\n    x = x + said',
        ),
        "memory not normalized": ("many_heads(h, h,", "many_heads(h, x,"),
        "no mask": ("heads, mask)\n    h", "heads, mask | True)\n    h"),
        "no relu": (
            'np.maximum(h @ weights["w1"] + weights["b1"], 0.0)',
            'h @ weights["w1"] + weights["b1"]',
        ),
        "relu before the bias": (
            'np.maximum(h @ weights["w1"] + weights["b1"], 0.0)',
            'np.maximum(h @ weights["w1"], 0.0) + weights["b1"]',
        ),
        "relu at the end too": (
            'hidden @ weights["w2"] + weights["b2"]',
            'np.maximum(hidden @ weights["w2"] + weights["b2"], 0.0)',
        ),
        "last bias forgotten": (' + weights["b2"]', ""),
        "one head": ("weights, heads, mask)\n", "weights, 1, mask)\n"),
        "changes x": ("x = x + many_heads", "x += many_heads"),
    },
    "cache_numbers": {
        "keys alone": "cache_numbers = 12 * 768 * 1000",
        "one block": "cache_numbers = 2 * 768 * 1000",
        "one block, keys alone": "cache_numbers = 768 * 1000",
        "heads twice": "cache_numbers = 2 * 12 * 12 * 768 * 1000",
        "attention maps": "cache_numbers = 12 * 12 * 1000**2",
        "one head": "cache_numbers = 2 * 12 * 64 * 1000",
        "queries too": "cache_numbers = 3 * 12 * 768 * 1000",
        "one token": "cache_numbers = 2 * 12 * 768",
        "bytes": "cache_numbers = 4 * 2 * 12 * 768 * 1000",
        "a float": "cache_numbers = 18_432_000.0",
    },
    "cached_step": {
        "does not see itself": (
            "scores = q @ keys.swapaxes",
            "scores = q @ keys[:, :, :-1].swapaxes",
        ),
        "cache not asked": [
            (GROWN_KEYS, 'split(h @ weights["wk"])'),
            (GROWN_VALUES, 'split(h @ weights["wv"])'),
        ],
        "cache not grown": (
            'weights["b2"], keys, values',
            'weights["b2"], keys[:, :, :-1], values[:, :, :-1]',
        ),
        "new token in front": [
            (GROWN_KEYS, 'np.concatenate([split(h @ weights["wk"]), keys], axis=2)'),
            (GROWN_VALUES, 'np.concatenate([split(h @ weights["wv"]), values], axis=2)'),
        ],
        "keys in front, values behind": (
            GROWN_KEYS,
            'np.concatenate([split(h @ weights["wk"]), keys], axis=2)',
        ),
        "appended to the heads": ("axis=2", "axis=1"),
        "appended to the widths": ("axis=2", "axis=3"),
        "token not normalized": (H1, "h = x"),
        "keys of the raw token": ('split(h @ weights["wk"])', 'split(x @ weights["wk"])'),
        "values of the raw token": ('split(h @ weights["wv"])', 'split(x @ weights["wv"])'),
        "values for keys": (
            'weights["b2"], keys, values',
            'weights["b2"], values, keys',
        ),
        "no first sum": ("x = x + joined", "x = joined"),
        "feed-forward forgotten": (LAST, "return x"),
        "second normalization left out": (H2, "h = x"),
        "no root": (" / np.sqrt(q.shape[-1])", ""),
        "root of the length": ("np.sqrt(q.shape[-1])", "np.sqrt(keys.shape[2])"),
        "columns dealt in turn": (
            TO_SPLIT,
            "rows.reshape(len(rows), 1, -1, heads).transpose(0, 3, 1, 2)",
        ),
        "one result": (", keys, values\n    ", "\n    "),
        "sees the first tokens alone": (
            "np.ones(scores.shape, dtype=bool)",
            "np.tri(*scores.shape[2:], dtype=bool)",
        ),
    },
}
