"""Wrong answers that people give to the exercises of the topic `transformers`."""

TOKEN = "(-2, 0, 0, 6)"
SHIFT = "np.concatenate([first, y[:, :-1]], axis=1)"
FIRST = "np.full((len(y), 1), start)"
Q = "(n, heads, t, d // heads)"
K = "(n, heads, s, d // heads)"
SCORES = "(n, heads, t, s)"
RESULT = "(n, t, d)"
ATTENTION = "4 * (d * d + d)"
LAYER = "d * hidden + hidden + hidden * d + d"
COUNT = "2 * attention + feed_forward + 3 * 2 * d"
TOTALS = "scores[:, None] + log_p"
BEST = "np.argsort(-totals, axis=None)[:width]"
FOUND = "np.divmod(best, totals.shape[1])"

WRONG = {
    "normed_token": {
        "not stretched": (TOKEN, "(-1, -1 / 3, -1 / 3, 5 / 3)"),
        "not shifted": (TOKEN, "(-3, -1, -1, 5)"),
        "not divided": (TOKEN, "(-8, -2, -2, 16)"),
        "divided by the variance": (TOKEN, "(0, 2 / 3, 2 / 3, 8 / 3)"),
        "variance over three": (TOKEN, "(-1.598, 0.134, 0.134, 5.330)"),
        "mean kept": (TOKEN, "(2, 4, 4, 10)"),
        "shifted first": (TOKEN, "(0, 2, 2, 8)"),
        "the other sign": (TOKEN, "(4, 2, 2, -4)"),
        "a number missing": (TOKEN, "(-2, 0, 6)"),
        "root mean square": (TOKEN, "(1.6, 2.8, 2.8, 6.4)"),
        "one number": (TOKEN, "0"),
    },
    "decoder_input": {
        "as it is": (SHIFT, "y"),
        "to the left": (SHIFT, "np.concatenate([y[:, 1:], first], axis=1)"),
        "rolled round": (SHIFT, "np.roll(y, 1, axis=1)"),
        "one too long": (SHIFT, "np.concatenate([first, y], axis=1)"),
        "first dropped, not last": (SHIFT, "np.concatenate([first, y[:, 1:]], axis=1)"),
        "start is 0": (FIRST, "np.zeros((len(y), 1), int)"),
        "start is 1": (FIRST, "np.ones((len(y), 1), int)"),
        "written into y": (
            f"return {SHIFT}",
            "y[:, 1:] = y[:, :-1].copy()\n    y[:, 0] = start\n    return y",
        ),
        "copied forward": (SHIFT, "np.full_like(y, start)"),
        "no start": (SHIFT, "y[:, :-1]"),
        "two starts": (SHIFT, "np.concatenate([first, first, y[:, :-2]], axis=1)"),
        "sentences shifted": (SHIFT, "np.concatenate([np.full((1, y.shape[1]), start), y[:-1]])"),
        "reversed": (SHIFT, "np.concatenate([first, y[:, :0:-1]], axis=1)"),
        "numbers with a point": (FIRST, "np.full((len(y), 1), float(start))"),
        "nothing returned": (f"return {SHIFT}", SHIFT),
    },
    "cross_shapes": {
        "queries of the source": (Q, "(n, heads, s, d // heads)"),
        "keys of the target": (K, "(n, heads, t, d // heads)"),
        "scores turned": (SCORES, "(n, heads, s, t)"),
        "scores of self-attention": (SCORES, "(n, heads, t, t)"),
        "scores of the source": (SCORES, "(n, heads, s, s)"),
        "as long as the source": (RESULT, "(n, s, d)"),
        "one score for all heads": (SCORES, "(n, t, s)"),
        "heads not joined": (RESULT, "(n, heads, t, d // heads)"),
        "full width in each head": (Q, "(n, heads, t, d)"),
        "keys of full width": (K, "(n, heads, s, d)"),
        "heads behind tokens": (Q, "(n, t, heads, d // heads)"),
        "keys turned": (K, "(n, heads, d // heads, s)"),
        "heads for width": (Q, "(n, heads, t, heads)"),
    },
    "decoder_block_parameters": {
        "one attention": (COUNT, "attention + feed_forward + 3 * 2 * d"),
        "an encoder's": (COUNT, "attention + feed_forward + 2 * 2 * d"),
        "two normalizations": (COUNT, "2 * attention + feed_forward + 2 * 2 * d"),
        "normalizations without shift": (COUNT, "2 * attention + feed_forward + 3 * d"),
        "normalizations forgotten": (COUNT, "2 * attention + feed_forward"),
        "no output matrix": (ATTENTION, "3 * (d * d + d)"),
        "no biases in attention": (ATTENTION, "4 * d * d"),
        "one bias in attention": (ATTENTION, "4 * d * d + d"),
        "no biases in the layers": (LAYER, "2 * d * hidden"),
        "hidden is 4 d": (LAYER, "8 * d * d + 5 * d"),
        "one layer": (LAYER, "d * hidden + hidden"),
        "two feed-forward layers": (COUNT, "2 * (attention + feed_forward) + 3 * 2 * d"),
        "nothing returned": (f"return {COUNT}", COUNT),
    },
    "beam_step": {
        "scores forgotten": (TOTALS, "log_p + 0 * scores[:, None]"),
        "worst first": (BEST, "np.argsort(totals, axis=None)[:width]"),
        "best last": (BEST, "np.argsort(totals, axis=None)[-width:]"),
        "the best of each beam": (
            f"return {FOUND}",
            "token = totals.argmax(axis=1)\n    order = np.argsort(-totals.max(axis=1))[:width]\n"
            "    return order, token[order]",
        ),
        "minus": (TOTALS, "log_p - scores[:, None]"),
        "multiplied": (TOTALS, "scores[:, None] * log_p"),
        "tokens and rows swapped": (FOUND, "np.divmod(best, totals.shape[1])[::-1]"),
        "cut by the number of beams": (FOUND, "np.divmod(best, totals.shape[0])"),
        "one too many": (BEST, "np.argsort(-totals, axis=None)[: width + 1]"),
        "as many as beams": (BEST, "np.argsort(-totals, axis=None)[: len(scores)]"),
        "places, not rows and tokens": (FOUND, "(best, best)"),
        "probabilities added": (TOTALS, "np.exp(scores)[:, None] + np.exp(log_p)"),
        "the best beam only": (
            TOTALS,
            "np.where(scores[:, None] == scores.max(), scores[:, None] + log_p, -1e9)",
        ),
        "nothing returned": (f"return {FOUND}", FOUND),
    },
}
