"""Wrong answers that people give to the exercises of the topic `attention`."""

ANSWER = "(1 * 8 + 4 * 16 + 25 * 0) / 30"
DISTANCE = "np.arange(t)[:, None] - np.arange(t)"
WINDOW = "(distance >= 0) & (distance < width)"
SCORES = "np.where(mask, q @ k.T / q.shape[1] ** 0.5, -np.inf)"
EXP = "np.exp(scores - scores.max(axis=1, keepdims=True))"
MIX = "weights / weights.sum(axis=1, keepdims=True) @ v"
ANGLE = "(i - j) * theta"
PRODUCT = "(q[0] * cos - q[1] * sin) * k[0] + (q[0] * sin + q[1] * cos) * k[1]"
WORK = "4 * t * d**2 + 2 * t**2 * d"

WRONG = {
    "louder_answer": {
        "the old answer": (ANSWER, "(1 * 8 + 2 * 16 + 5 * 0) / 8"),
        "the answer doubled": (ANSWER, "2 * 5.0"),
        "not divided": (ANSWER, "1 * 8 + 4 * 16 + 25 * 0"),
        "shares doubled": (ANSWER, "(2 * 8 + 4 * 16 + 10 * 0) / 16"),
        "first share squared to two": (ANSWER, "(2 * 8 + 4 * 16 + 25 * 0) / 31"),
        "divided by the old sum": (ANSWER, "(1 * 8 + 4 * 16 + 25 * 0) / 8"),
        "log 5 doubled to 10": (ANSWER, "(1 * 8 + 4 * 16 + 10 * 0) / 15"),
        "the mean": (ANSWER, "(8 + 16 + 0) / 3"),
        "the winner": (ANSWER, "0.0"),
        "the weights": (ANSWER, "np.array([1, 4, 25]) / 30"),
    },
    "window_mask": {
        "one too many": (WINDOW, "(distance >= 0) & (distance <= width)"),
        "not itself": (WINDOW, "(distance > 0) & (distance < width)"),
        "both sides": (WINDOW, "abs(distance) < width"),
        "ahead": (WINDOW, "(distance <= 0) & (-distance < width)"),
        "transposed": (DISTANCE, "np.arange(t) - np.arange(t)[:, None]"),
        "the causal mask": (WINDOW, "distance >= 0"),
        "the window only": (WINDOW, "distance < width"),
        "numbers": (f"return {WINDOW}", f"return ({WINDOW}).astype(float)"),
        "turned round": (f"return {WINDOW}", f"return ~({WINDOW})"),
        "or": (WINDOW, "(distance >= 0) | (distance < width)"),
        "one row": (DISTANCE, "np.arange(t)"),
        "as wide as the window": (DISTANCE, "np.arange(t)[:, None] - np.arange(min(t, width))"),
    },
    "attend": {
        "not scaled": (SCORES, "np.where(mask, q @ k.T, -np.inf)"),
        "scaled by d": (SCORES, "np.where(mask, q @ k.T / q.shape[1], -np.inf)"),
        "scaled by the queries": (SCORES, "np.where(mask, q @ k.T / len(q) ** 0.5, -np.inf)"),
        "scaled by the values": (SCORES, "np.where(mask, q @ k.T / v.shape[1] ** 0.5, -np.inf)"),
        "no mask": (SCORES, "q @ k.T / q.shape[1] ** 0.5"),
        "masked to zero": (SCORES, "np.where(mask, q @ k.T / q.shape[1] ** 0.5, 0)"),
        "mask turned round": (SCORES, "np.where(mask, -np.inf, q @ k.T / q.shape[1] ** 0.5)"),
        "masked a little": (SCORES, "np.where(mask, q @ k.T / q.shape[1] ** 0.5, -20.0)"),
        "no shift": (EXP, "np.exp(scores)"),
        "one shift for all": (EXP, "np.exp(scores - scores.max())"),
        "shifted by columns": (EXP, "np.exp(scores - scores.max(axis=0))"),
        "sums over the queries": (MIX, "weights / weights.sum(axis=0, keepdims=True) @ v"),
        "sums over all": (MIX, "weights / weights.sum() @ v"),
        "no sum": (MIX, "weights @ v"),
        "the hardest match": (MIX, "v[weights.argmax(axis=1)]"),
        "no values": (MIX, "weights / weights.sum(axis=1, keepdims=True)"),
        "the queries changed": (
            SCORES,
            "np.where(mask, (q := q.__imul__(1 / q.shape[1] ** 0.5)) @ k.T, -np.inf)",
        ),
    },
    "turned_product": {
        "the other way": (ANGLE, "(j - i) * theta"),
        "the sum of the positions": (ANGLE, "(i + j) * theta"),
        "the query's position": (ANGLE, "i * theta"),
        "the distance without sign": (ANGLE, "abs(i - j) * theta"),
        "theta forgotten": (ANGLE, "i - j"),
        "no turn": (PRODUCT, "q[0] * k[0] + q[1] * k[1]"),
        "a sign": (PRODUCT, "(q[0] * cos + q[1] * sin) * k[0] + (q[0] * sin + q[1] * cos) * k[1]"),
        "clockwise": (
            PRODUCT,
            "(q[0] * cos + q[1] * sin) * k[0] + (q[1] * cos - q[0] * sin) * k[1]",
        ),
        "cos of the product": (PRODUCT, "(q[0] * k[0] + q[1] * k[1]) * cos"),
        "first number only": (PRODUCT, "(q[0] * cos - q[1] * sin) * k[0]"),
        "sine and cosine swapped": (
            PRODUCT,
            "(q[0] * sin - q[1] * cos) * k[0] + (q[0] * cos + q[1] * sin) * k[1]",
        ),
    },
    "attention_work": {
        "no sums": (WORK, "4 * t * d**2 + t**2 * d"),
        "the matrices": (WORK, "4 * t * d**2"),
        "three matrices": (WORK, "3 * t * d**2 + 2 * t**2 * d"),
        "the scores": (WORK, "2 * t**2 * d"),
        "pairs once": (WORK, "4 * t * d**2 + t * (t - 1) * d"),
        "linear in the text": (WORK, "4 * t * d**2 + 2 * t * d"),
        "width and length swapped": (WORK, "4 * d * t**2 + 2 * d**2 * t"),
        "one token": (WORK, "4 * d**2 + 2 * t * d"),
        "scores without width": (WORK, "4 * t * d**2 + 2 * t**2"),
        "weights counted": (WORK, "4 * d**2 + 2 * t**2 * d"),
        "causal": (WORK, "4 * t * d**2 + t * (t + 1) * d"),
    },
}
