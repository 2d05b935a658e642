"""Wrong answers that people give to the lab `optimizers`.

As in convolution.py: a pair (old, new) replaces a text of the right answer, a list holds several
pairs, a single text is the whole answer. The right answers stand in the lab.
"""

CURVATURES = "curvatures = np.linalg.eigvalsh(hessian)"
LIMIT = "2 / curvatures[-1]"
VELOCITY = "v = momentum * v + g"
NESTEROV = "w - lr * (g + momentum * v), v"
SQUARES = "s = alpha * s + (1 - alpha) * g * g"
SCALED = "w - lr * g / (np.sqrt(s) + eps), s"
MEAN = "m = beta1 * m + (1 - beta1) * g"
SQUARE = "v = beta2 * v + (1 - beta2) * g**2"
FAIR = "fair_m, fair_v = m / (1 - beta1**t), v / (1 - beta2**t)"
STEP = "step = lr * fair_m / (np.sqrt(fair_v) + eps)"
DECAYED = "w - lr * decay * w - step, m, v"
WAY = "way = min((t - warmup) / (steps - warmup), 1)"
COSINE = "lr / 2 * (1 + np.cos(np.pi * way))"
LENGTH = "float(np.sqrt(sum((g**2).sum() for g in grads)))"
FACTOR = "limit / length if length > limit else 1.0"

WRONG = {
    "step_by_hand": {
        "uphill": "step_by_hand = 5.2",
        "the factor before the square forgotten": "step_by_hand = 3.4",
        "the rate forgotten": "step_by_hand = -8.0",
        "the step alone": "step_by_hand = 1.2",
        "the loss for the slope": "step_by_hand = 1.8",
        "the slope of 2 w^2": "step_by_hand = 2.4",
        "the bottom": "step_by_hand = 1.0",
        "the slope": "step_by_hand = 12.0",
        "a whole number": "step_by_hand = 3",
        "a text": "step_by_hand = '2.8'",
        "a function": "def step_by_hand(): return 2.8",
    },
    "stable_rate": {
        "the flattest direction": (LIMIT, "2 / curvatures[0]"),
        "to the bottom in one step": (LIMIT, "1 / curvatures[-1]"),
        "the sum of the curvatures": (LIMIT, "2 / curvatures.sum()"),
        "the mean of the curvatures": (LIMIT, "2 / curvatures.mean()"),
        "steepest and flattest together": (LIMIT, "2 / (curvatures[0] + curvatures[-1])"),
        "the diagonal": (CURVATURES, "curvatures = np.sort(np.diag(hessian))"),
        "the largest number": (LIMIT, "2 / hessian.max()"),
        "row sums": (LIMIT, "2 / np.abs(hessian).sum()"),
        "a limit for each direction": (LIMIT, "2 / curvatures"),
        "a saddle by its steepest side": ("curvatures[0] <= 0", "curvatures[-1] <= 0"),
        "no saddle noticed": ("curvatures[0] <= 0", "False"),
        "squares of the curvatures": (LIMIT, "2 / np.linalg.eigvalsh(hessian @ hessian)[-1]"),
    },
    "same_steps_rate": {
        "divided instead": "same_steps_rate = 12.0",
        "the same rate": "same_steps_rate = 0.6",
        "times the momentum": "same_steps_rate = 0.57",
        "divided by the momentum": "same_steps_rate = 0.6 / 0.95",
        "the factor alone": "same_steps_rate = 0.05",
        "a half": "same_steps_rate = 0.3",
        "squared factor": "same_steps_rate = 0.6 * 0.05**2",
        "a text": "same_steps_rate = '0.03'",
        "both rates": "same_steps_rate = (0.6, 0.03)",
    },
    "nesterov_step": {
        "plain momentum": (NESTEROV, "w - lr * v, v"),
        "momentum twice": (NESTEROV, "w - lr * (v + momentum * v), v"),
        "looks ahead with the old velocity": (
            f"{VELOCITY}\n    return {NESTEROV}",
            "new = momentum * v + g\n    return w - lr * (g + momentum * v), new",
        ),
        "averages": (VELOCITY, "v = momentum * v + (1 - momentum) * g"),
        "rate in the velocity": (VELOCITY, "v = momentum * v + lr * g"),
        "the old velocity returned": (
            f"{VELOCITY}\n    return {NESTEROV}",
            "new = momentum * v + g\n    return w - lr * (g + momentum * new), v",
        ),
        "uphill": (NESTEROV, "w + lr * (g + momentum * v), v"),
        "no slope in the step": (NESTEROV, "w - lr * momentum * v, v"),
        "the weights alone": (NESTEROV, "w - lr * (g + momentum * v)"),
        "velocity first": (NESTEROV, "v, w - lr * (g + momentum * v)"),
        "in place": (VELOCITY, "v *= momentum\n    v += g"),
        "float64": (NESTEROV, "np.zeros(w.shape) + w - lr * (g + momentum * v), v"),
        "half of the rate": (NESTEROV, "w - lr / 2 * (g + momentum * v), v"),
    },
    "rmsprop_step": {
        "Adagrad": (SQUARES, "s = s + g**2"),
        "alpha before the new square": (SQUARES, "s = (1 - alpha) * s + alpha * g**2"),
        "no square": (SQUARES, "s = alpha * s + (1 - alpha) * np.abs(g)"),
        "no root": (SCALED, "w - lr * g / (s + eps), s"),
        "eps under the root": (SCALED, "w - lr * g / np.sqrt(s + eps), s"),
        "eps larger where no slope was": (SCALED, "w - lr * g / np.maximum(np.sqrt(s), eps), s"),
        "no eps": (SCALED, "w - lr * g / np.sqrt(s), s"),
        "the old squares divide": (
            f"{SQUARES}\n    return {SCALED}",
            "new = alpha * s + (1 - alpha) * g**2\n    return w - lr * g / (np.sqrt(s) + eps), new",
        ),
        "corrected as in Adam's first step": (SCALED, SCALED.replace("(s)", "(s / (1 - alpha))")),
        "only the sign": (SCALED, "w - lr * np.sign(g), s"),
        "one size for all": (SCALED, "w - lr * g / (np.sqrt(s.mean()) + eps), s"),
        "uphill": (SCALED, "w + lr * g / (np.sqrt(s) + eps), s"),
        "the root returned": (SCALED, "w - lr * g / (np.sqrt(s) + eps), np.sqrt(s)"),
        "squares in place": (SQUARES, "s *= alpha\n    s += (1 - alpha) * g**2"),
    },
    "adam_step": {
        "no correction": (FAIR, "fair_m, fair_v = m, v"),
        "a product for the power": (FAIR, FAIR.replace("**t", " * t")),
        "the first step's correction for ever": (FAIR, FAIR.replace("**t", "")),
        "steps counted from 0": (FAIR, FAIR.replace("**t", "**(t + 1)")),
        "m alone corrected": (FAIR, "fair_m, fair_v = m / (1 - beta1**t), v"),
        "v alone corrected": (FAIR, "fair_m, fair_v = m, v / (1 - beta2**t)"),
        "betas swapped": [
            (MEAN, "m = beta2 * m + (1 - beta2) * g"),
            (SQUARE, "v = beta1 * v + (1 - beta1) * g**2"),
        ],
        "corrections swapped": (FAIR, "fair_m, fair_v = m / (1 - beta2**t), v / (1 - beta1**t)"),
        "corrected averages kept": ("- step, m, v", "- step, fair_m, fair_v"),
        "a sum, no average": (MEAN, "m = beta1 * m + g"),
        "squares of m": (SQUARE, SQUARE.replace("g**2", "m**2")),
        "no root": (STEP, "step = lr * fair_m / (fair_v + eps)"),
        "eps under the root": (STEP, "step = lr * fair_m / np.sqrt(fair_v + eps)"),
        "eps before the correction, as Keras": (
            STEP,
            "step = lr * fair_m * (1 - beta2**t) ** 0.5 / (np.sqrt(v) + eps)",
        ),
        "no momentum": (STEP, "step = lr * g / (np.sqrt(fair_v) + eps)"),
        "no decay": (DECAYED, "w - step, m, v"),
        "decay without the rate": (DECAYED, "w - decay * w - step, m, v"),
        "decay in the slope, as Adam": (MEAN, f"g = g + decay * w\n    {MEAN}"),
        "decay after the step": (DECAYED, "(w - step) * (1 - lr * decay), m, v"),
        "weights grow": (DECAYED, "w + lr * decay * w - step, m, v"),
        "uphill": (DECAYED, "w - lr * decay * w + step, m, v"),
        "averages in place": (MEAN, "m *= beta1\n    m += (1 - beta1) * g"),
        "float64": (MEAN, MEAN + "\n    m = m.astype(np.float64)"),
        "weights alone": ("- step, m, v", "- step"),
    },
    "warm_rate": {
        "steps counted from 0": ("lr * t / warmup", "lr * (t - 1) / warmup"),
        "the fall begins at 0": (WAY, "way = min(t / steps, 1)"),
        "the fall as long as all steps": (WAY, "way = min((t - warmup) / steps, 1)"),
        "climbs again": (WAY, "way = (t - warmup) / (steps - warmup)"),
        "a straight line down": (COSINE, "lr * (1 - way)"),
        "a quarter of a wave": (COSINE, "lr * np.cos(np.pi / 2 * way)"),
        "no half": (COSINE, "lr * (1 + np.cos(np.pi * way))"),
        "a whole wave": (COSINE, "lr / 2 * (1 + np.cos(2 * np.pi * way))"),
        "a sine": (COSINE, "lr / 2 * (1 + np.sin(np.pi * way))"),
        "the full rate at once": ("lr * t / warmup", "lr"),
        "divides by no warm-up": ("if t <= warmup:", "if t / warmup <= 1:"),
        "one step too early": ("if t <= warmup:", "if t < warmup - 1:"),
        "negative at the end": (COSINE, "lr * np.cos(np.pi * way)"),
        "squared warm-up": ("lr * t / warmup", "lr * (t / warmup) ** 2"),
        "prints": (f"return {COSINE}", f"print({COSINE})"),
    },
    "clip_together": {
        "each array by itself": (
            "return tuple(factor * g for g in grads)",
            "return tuple(g * min(1, limit / max(np.linalg.norm(g), 1e-9)) for g in grads)",
        ),
        "each number by itself": ("factor * g for", "np.clip(g, -limit, limit) for"),
        "a sum of sizes": (LENGTH, "float(sum(np.abs(g).sum() for g in grads))"),
        "no root": (LENGTH, "float(sum((g**2).sum() for g in grads))"),
        "lengths added": (LENGTH, "float(sum(np.sqrt((g**2).sum()) for g in grads))"),
        "the largest array": (LENGTH, "float(max(np.sqrt((g**2).sum()) for g in grads))"),
        "the mean square": (
            LENGTH,
            "float(np.sqrt(np.mean(np.concatenate([g.ravel() for g in grads]) ** 2)))",
        ),
        "longer too": (FACTOR, "limit / length if length > 0 else 1.0"),
        "divides by nothing": (FACTOR, "min(1.0, limit / length)"),
        "to length one": (FACTOR, "1 / length if length > limit else 1.0"),
        "thrown away": (FACTOR, "0.0 if length > limit else 1.0"),
        "in place": (
            "return tuple(factor * g for g in grads)",
            "for g in grads:\n        g *= factor\n    return grads",
        ),
        "one long array": (
            "return tuple(factor * g for g in grads)",
            "return factor * np.concatenate([g.ravel() for g in grads])",
        ),
        "float64": ("factor * g for", "np.float64(factor) * g.astype(np.float64) for"),
        "upside down": (FACTOR, "length / limit if length > limit else 1.0"),
    },
}
