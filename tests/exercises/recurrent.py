"""Wrong answers that people give to the exercises of the topic `recurrent`."""

COUNT = "4 * d * (d_in + d + 2)"
GATE, BIAS = "share ** (1 / steps)", "np.log(f / (1 - f))"
TARGET, INPUT = (
    "y[row, : len(words) + 1] = [*words, eos]",
    "x[row, : len(words) + 1] = [bos, *words]",
)
LOG_P, CHOSEN = "z - np.log(np.exp(z).sum(axis=-1, keepdims=True))", "np.exp(-chosen.mean())"
SHIFT, ASKED = "z = logits - logits.max(axis=-1, keepdims=True)", "asked = target != -1"
SUM, PROPOSAL = "g * q + delta @ u.T", "d_n = g * (1 - q) * (1 - n**2)"
DELTA_Q, DELTA_R = "g * (h - n) * q * (1 - q)", "d_n * (a_n + b) * r * (1 - r)"

WRONG = {
    "lstm_parameters": {
        "one bias": (COUNT, "4 * d * (d_in + d + 1)"),
        "no bias": (COUNT, "4 * d * (d_in + d)"),
        "three gates": (COUNT, "3 * d * (d_in + d + 2)"),
        "one gate": (COUNT, "d * (d_in + d + 2)"),
        "input twice": (COUNT, "4 * d * (d_in + d_in + 2)"),
        "state twice": (COUNT, "4 * d * (d + d + 2)"),
        "gates only in the input": (COUNT, "4 * d * (d_in + 2) + d * d"),
        "two biases for all gates together": (COUNT, "4 * d * (d_in + d) + 2"),
        "biases of one gate": (COUNT, "4 * d * (d_in + d) + 2 * d"),
        "product of the sizes": (COUNT, "4 * d * d_in * d + 8 * d"),
        "swapped": (COUNT, "4 * d_in * (d_in + d + 2)"),
        "a float": (COUNT, "4.0 * d * (d_in + d + 2.5)"),
        "prints": (f"return {COUNT}", f"print({COUNT})"),
    },
    "forget_bias": {
        "one step": (GATE, "share"),
        "share over steps": (GATE, "share / steps"),
        "power for root": (GATE, "share**steps"),
        "sign": (BIAS, "np.log((1 - f) / f)"),
        "the gate itself": (BIAS, "f"),
        "log of the gate": (BIAS, "np.log(f)"),
        "odds without the logarithm": (BIAS, "f / (1 - f)"),
        "forgetting for keeping": (GATE, "1 - share ** (1 / steps)"),
        "log of the steps": (BIAS, "np.log(steps)"),
        "tanh for sigma": (BIAS, "np.arctanh(f)"),
        "sigma instead of its inverse": (BIAS, "1 / (1 + np.exp(-f))"),
        "one step less": (GATE, "share ** (1 / (steps + 1))"),
        "two digits": (BIAS, "round(np.log(f / (1 - f)), 2)"),
    },
    "next_token_pairs": {
        "no end": (TARGET, "y[row, : len(words)] = words"),
        "no shift": (TARGET, "y[row, : len(words) + 1] = [bos, *words]"),
        "two steps ahead": (TARGET, "y[row, : len(words)] = [*words[1:], eos]"),
        "beginning for end": (TARGET, "y[row, : len(words) + 1] = [*words, bos]"),
        "padding counts": (
            "np.full((len(sentences), t), -1)",
            "np.zeros((len(sentences), t), int)",
        ),
        "input ends with the end": (INPUT, "x[row, : len(words) + 1] = [*words, eos]"),
        "end for beginning": (INPUT, "x[row, : len(words) + 1] = [eos, *words]"),
        "last word not read": (INPUT, "x[row, : len(words)] = [bos, *words[:-1]]"),
        "padded in front": (
            TARGET,
            "y[row, t - len(words) - 1 :] = [*words, eos]",
        ),
        "inputs padded with -1": (
            "x = np.zeros((len(sentences), t), int)",
            "x = np.full((len(sentences), t), -1)",
        ),
        "one column too many": ("max(map(len, sentences)) + 1", "max(map(len, sentences)) + 2"),
        "swapped": ("return x, y", "return y, x"),
        "lists": ("return x, y", "return x.tolist(), y.tolist()"),
        "floats": ("return x, y", "return x.astype(float), y.astype(float)"),
        "targets only": ("return x, y", "return y"),
        "the last word alone is asked": (
            TARGET,
            "y[row, len(words)] = eos",
        ),
    },
    "masked_perplexity": {
        "the loss": (CHOSEN, "-chosen.mean()"),
        "a sum": (CHOSEN, "np.exp(-chosen.sum())"),
        "the sign": (CHOSEN, "np.exp(chosen.mean())"),
        "mean of the surprises": (CHOSEN, "np.exp(-chosen).mean()"),
        "one over the mean probability": (CHOSEN, "1 / np.exp(chosen).mean()"),
        "in bits": (CHOSEN, "2 ** (-chosen.mean())"),
        "padding counts as class 0": (ASKED, "asked = target == target"),
        "divided by all places": (CHOSEN, "np.exp(-chosen.sum() / target.size)"),
        "class 0 left out": (ASKED, "asked = target > 0"),
        "no shift": (SHIFT, "z = logits"),
        "logits for log-probabilities": (LOG_P, "z"),
        "normalised over time": (LOG_P, "z - np.log(np.exp(z).sum(axis=1, keepdims=True))"),
        "the likeliest word": (
            "np.take_along_axis(log_p[asked], target[asked][:, None], axis=-1)",
            "log_p[asked].max(axis=-1)",
        ),
        "mean of the sentences": (
            CHOSEN,
            "np.mean([1.0 * np.exp(-chosen.mean())] + [1.0])",
        ),
        "nothing asked is infinity": ("if not asked.any():", "if False:"),
    },
    "gru_slope": {
        "q only": (SUM, "g * q"),
        "no direct path": (SUM, "delta @ u.T"),
        "not transposed, other way round": (SUM, "g * q + (u @ delta.T).T * 2 - delta @ u.T * 2"),
        "1 - q kept": (SUM, "g * (1 - q) + delta @ u.T"),
        "roles of q swapped": (PROPOSAL, "d_n = g * q * (1 - n**2)"),
        "slope of tanh forgotten": (PROPOSAL, "d_n = g * (1 - q)"),
        "slope of sigma forgotten in q": (DELTA_Q, "g * (h - n)"),
        "sign in q": (DELTA_Q, "g * (n - h) * q * (1 - q)"),
        "h forgotten in q": (DELTA_Q, "-g * n * q * (1 - q)"),
        "bias forgotten in r": (DELTA_R, "d_n * a_n * r * (1 - r)"),
        "slope of sigma forgotten in r": (DELTA_R, "d_n * (a_n + b)"),
        "reset before the product": ("d_n * r]", "d_n]"),
        "gates in Keras's order": (
            "delta = np.concatenate([d_r, d_q,",
            "delta = np.concatenate([d_q, d_r,",
        ),
        "r forgotten in the proposal": (
            "n = np.tanh(z_n + r * (a_n + b))",
            "n = np.tanh(z_n + a_n + b)",
        ),
        "the new state": (SUM, "(1 - q) * n + q * h"),
    },
}
