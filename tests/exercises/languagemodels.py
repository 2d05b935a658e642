"""Wrong answers that people give to the exercises of the topic `languagemodels`."""

CABANA = '("c", "a", "ban", "a")'
PRICE = "-np.sum(log_p) / len(text)"
ORDER = 'np.argsort(-p, kind="stable")'
BEFORE = "np.cumsum(p[order]) - p[order]"
KEPT = "order[before < share]"
LENGTHS = "range(1, len(ids) // 2 + 1)"
TWICE = "ids[-m:] == ids[-2 * m : -m]"
CACHED = "prompt + count - 1"
WITHOUT = "count * prompt + count * (count - 1) // 2"

WRONG = {
    "cabana": {
        "the last merge first": (CABANA, '("c", "a", "b", "ana")'),
        "one merge only": (CABANA, '("c", "a", "b", "an", "a")'),
        "a merge that is not there": (CABANA, '("ca", "ban", "a")'),
        "letters": (CABANA, 'tuple("cabana")'),
        "whole": (CABANA, '("cabana",)'),
        "all three on one word": (CABANA, '("c", "a", "bana")'),
        "joined": (CABANA, '"c a ban a"'),
        "its number of tokens": (CABANA, "4"),
        "from the right": (CABANA, '("a", "ban", "a", "c")'),
        "an in the middle": (CABANA, '("c", "ab", "an", "a")'),
    },
    "nats_per_character": {
        "per token": (PRICE, "-np.mean(log_p)"),
        "the whole price": (PRICE, "-np.sum(log_p)"),
        "the sign": (PRICE, "np.sum(log_p) / len(text)"),
        "per byte": (PRICE, "-np.sum(log_p) / len(text.encode())"),
        "per word": (PRICE, "-np.sum(log_p) / len(text.split())"),
        "in bits": (PRICE, "-np.sum(log_p) / np.log(2) / len(text)"),
        "perplexity": (PRICE, "np.exp(-np.sum(log_p) / len(text))"),
        "mean over characters": (PRICE, "-np.mean(log_p) / len(text)"),
        "spaces not counted": (PRICE, '-np.sum(log_p) / len(text.replace(" ", ""))'),
        "kinds of characters": (PRICE, "-np.sum(log_p) / len(set(text))"),
        "probabilities": (PRICE, "-np.sum(np.exp(log_p)) / len(text)"),
        "nothing returned": (f"return {PRICE}", PRICE),
    },
    "nucleus": {
        "the crossing token lost": (KEPT, "order[before + p[order] <= share]"),
        "one too many where it is exact": (KEPT, "order[before <= share]"),
        "unlikely ones": (ORDER, 'np.argsort(p, kind="stable")'),
        "in the order of ids": (KEPT, "np.sort(order[before < share])"),
        "the probabilities": (KEPT, "p[order[before < share]]"),
        "a mask": (KEPT, "before < share"),
        "not sorted": (ORDER, "np.arange(len(p))"),
        "a threshold for each": (KEPT, "order[p[order] >= 1 - share]"),
        "the likeliest alone": (KEPT, "order[:1]"),
        "all": (KEPT, "order"),
        "top-k of two": (KEPT, "order[:2]"),
        "places in the order": (KEPT, "np.flatnonzero(before < share)"),
        "sum not exclusive": (BEFORE, "np.cumsum(p[order])"),
        "nothing returned": (f"return {KEPT}", KEPT),
    },
    "loop_length": {
        "the longest": (LENGTHS, "range(len(ids) // 2, 0, -1)"),
        "half left out": (LENGTHS, "range(1, len(ids) // 2)"),
        "from two on": (LENGTHS, "range(2, len(ids) // 2 + 1)"),
        "at the beginning": (TWICE, "ids[:m] == ids[m : 2 * m]"),
        "last ids only": (TWICE, "ids[-1] == ids[-1 - m]"),
        "same ids in any order": (TWICE, "sorted(ids[-m:]) == sorted(ids[-2 * m : -m]) and m > 1"),
        "anywhere": (TWICE, "any(ids[i : i + m] == ids[i + m : i + 2 * m] for i in range(9))"),
        "twice the length": ("return m", "return 2 * m"),
        "None for none": ("return 0", "return None"),
        "minus one for none": ("return 0", "return -1"),
        "the piece": ("return m", "return ids[-m:]"),
        "true": ("return m", "return True"),
        "reversed for good": (
            "ids = list(ids)",
            "ids[:] = ids[::-1].copy(); ids = list(ids[::-1])",
        ),
    },
    "tokens_read": {
        "the last one is read, too": (CACHED, "prompt + count"),
        "the prompt only": (CACHED, "prompt"),
        "the new ones only": (CACHED, "count"),
        "no cache at all": (CACHED, WITHOUT),
        "always cached": (WITHOUT, CACHED),
        "one token further": (WITHOUT, "count * prompt + count * (count + 1) // 2"),
        "the text does not grow": (WITHOUT, "count * prompt"),
        "the prompt once": (WITHOUT, "prompt + count * (count - 1) // 2"),
        "squared": (WITHOUT, "(prompt + count) ** 2"),
        "nothing is still the prompt": ("if count == 0", "if count < 0"),
        "the other way round": ("if cached", "if not cached"),
        "numbers with a point": (WITHOUT, "count * prompt + count * (count - 1) / 2"),
        "half the square": (WITHOUT, "(prompt + count) * (prompt + count - 1) // 2"),
        "nothing returned": (f"return {WITHOUT}", WITHOUT),
    },
}
