"""The lab's block: layer normalization, a pre-norm block, and one step of it with a cache."""

import math

import numpy as np

from labkit.exercises.compare import require, same_array
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.exercises.transformers.heads import heard, some_weights

CACHE_NUMBERS = value(
    "the numbers in the cache",
    18_432_000,
    hint="Every block keeps, for every token, one key and one value in every head.",
    mistakes=(
        (9_216_000, "Keys alone do not answer: the values are kept too."),
        (1_536_000, "That is one block; each has keys and values of its own."),
        (221_184_000, "The twelve heads share the width of 768: each keeps 64 numbers."),
        (144_000_000, "Those are attention weights; they are used once and thrown away."),
        (768_000, "Count the blocks, and the values beside the keys."),
    ),
)


def normal(token, gain, bias):
    """One token, normalized number by number."""
    mean = math.fsum(token) / len(token)
    spread = math.sqrt(math.fsum((a - mean) ** 2 for a in token) / len(token) + 1e-5)
    return np.array(
        [(a - mean) / spread * g + b for a, g, b in zip(token, gain, bias, strict=True)]
    )


def after(weights, heads, token, seen):
    """One token behind the block, if it sees the tokens ``seen``."""
    norms = [normal(one, weights["gain1"], weights["bias1"]) for one in (token, *seen)]
    token = token + heard(weights, heads, norms[0], norms[1:])
    hidden = normal(token, weights["gain2"], weights["bias2"]) @ weights["w1"] + weights["b1"]
    kept = [i for i, a in enumerate(hidden) if a > 0]
    return token + hidden[kept] @ weights["w2"][kept] + weights["b2"]


def norm_by_token(answer, rng):
    """Tokens of very different sizes, each by itself."""
    x = rng.normal(size=(2, 3, 5)) * 10.0 ** np.array([[[-2], [0], [2]], [[1], [3], [-1]]])
    gain, bias = rng.normal(size=5), rng.normal(size=5)
    expected = np.empty_like(x)
    for n, i in np.ndindex(2, 3):
        expected[n, i] = normal(x[n, i], gain, bias)
    same_array(answer(x, gain, bias), expected)


TOKEN_NORM = (
    case(
        "variance 9, eps 7",
        np.array([[[0.0, 0.0, 6.0, 6.0]]]),
        np.ones(4),
        np.zeros(4),
        eps=7.0,
        expected=np.array([[[-0.75, -0.75, 0.75, 0.75]]]),
        hint="eps is added to the variance, before the root: the root of 9 + 7.",
        mistakes=(
            (np.array([[[-0.3, -0.3, 0.3, 0.3]]]), "eps goes under the root, not behind it."),
        ),
    ),
    case(
        "every number has a gain and a bias",
        np.array([[[1.0, 1.0, 3.0, 3.0]]]),
        np.array([1.0, 2.0, 3.0, 4.0]),
        np.array([10.0, 20.0, 30.0, 40.0]),
        eps=0.0,
        expected=np.array([[[9.0, 18.0, 33.0, 44.0]]]),
        hint="First normalize, then multiply by gain, then add bias.",
    ),
    case(
        "a token of equal numbers",
        np.array([[[5.0, 5.0, 5.0]]]),
        np.array([1.0, 2.0, 3.0]),
        np.array([0.5, 0.25, 4.0]),
        expected=np.array([[[0.5, 0.25, 4.0]]]),
        hint="Its variance is 0, and eps keeps the division possible.",
    ),
    Check(
        "each token by itself, large and small",
        norm_by_token,
        "Mean and variance run over the last axis alone; the variance divides by d.",
    ),
)


def silent_parts(answer, rng):
    """If neither part says anything, the tokens pass unchanged."""
    weights = some_weights(rng, 4, 2, 2, 2, 5)
    for name in ("wo", "w2", "b2"):
        weights[name] = np.zeros_like(weights[name])
    x = rng.normal(size=(2, 3, 4))
    same_array(answer(x, weights, 2, np.ones((1, 1, 3, 3), dtype=bool)), x)


def feed_forward_by_hand(answer, rng):
    """Attention is silent; a gain of zero makes the second normalization its bias."""
    weights = {name: np.eye(2) for name in ("wq", "wk", "wv")}
    weights |= {"wo": np.zeros((2, 2)), "gain1": np.ones(2), "bias1": np.ones(2)}
    weights |= {"gain2": np.zeros(2), "bias2": np.array([-1.0, 2.0])}
    weights |= {"w1": np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]), "b1": np.array([0.5, 0.0, 1.0])}
    weights |= {"w2": np.array([[7.0, 7.0], [1.0, 0.0], [0.0, 3.0]]), "b2": np.array([10.0, 20.0])}
    came = answer(np.array([[[1.0, 3.0]]]), weights, 1, np.ones((1, 1, 1, 1), dtype=bool))
    same_array(came, np.array([[[13.0, 26.0]]]))


def block_by_token(answer, rng):
    """Two texts, causal; keys narrower than values."""
    weights = some_weights(rng, 6, 2, 2, 4, 7)
    x = rng.normal(size=(2, 4, 6)) * 3 + 1
    expected = np.empty_like(x)
    for n, i in np.ndindex(2, 4):
        expected[n, i] = after(weights, 2, x[n, i], x[n, : i + 1])
    same_array(answer(x, weights, 2, np.tri(4, dtype=bool)[None, None]), expected)


BLOCK_FORWARD = (
    Check(
        "silent parts leave the tokens as they are",
        silent_parts,
        "Each part is added to what came in, and nothing is normalized on the way out.",
    ),
    Check(
        "the feed-forward layer by hand",
        feed_forward_by_hand,
        "(-1, 2) w1 + b1 = (-0.5, 2, 1); ReLU makes it (0, 2, 1); w2 and b2 make it (12, 23).",
    ),
    Check(
        "two texts, token by token",
        block_by_token,
        "x + attention(norm1(x)) first; then norm2 of that sum. Pass the mask on.",
    ),
)


def cache_of(rng, n, heads, dk, dv, s):
    """Keys and values of s tokens."""
    return rng.normal(size=(n, heads, s, dk)), rng.normal(size=(n, heads, s, dv))


def three(came, *shapes):
    """The three results, if they are arrays of these shapes."""
    many = isinstance(came, tuple | list) and len(came) == 3
    require(many, "Three results are expected: out, keys, values.", came, "out, keys, values")
    for name, one, shape in zip(("out", "keys", "values"), came, shapes, strict=True):
        problem = f"The shape of {name} differs."
        require(np.shape(one) == shape, problem, f"shape {np.shape(one)}", f"shape {shape}")
    return came


def first_step(answer, rng):
    """The first token has nobody to ask but itself."""
    weights = some_weights(rng, 4, 2, 3, 2, 5)
    x = rng.normal(size=(2, 1, 4))
    came = answer(x, weights, 2, *cache_of(rng, 2, 2, 3, 2, 0))
    out, _, _ = three(came, (2, 1, 4), (2, 2, 1, 3), (2, 2, 1, 2))
    same_array(out, np.array([[after(weights, 2, one, [one])] for one in x[:, 0]]))


def cache_is_used(answer, rng):
    """All keys alike: the answer is the mean of the values, the old ones as they were given."""
    weights = some_weights(rng, 4, 2, 3, 2, 5)
    for name in ("wk", "wv", "w2", "b2"):
        weights[name] = np.zeros_like(weights[name])
    weights["wo"] = np.eye(4)
    x, values = np.array([[[1.0, 2.0, 3.0, 4.0]]]), np.zeros((1, 2, 3, 2))
    values[0, :, :, 0] = [[4.0, 8.0, 8.0], [0.0, 0.0, 40.0]]
    came = answer(x, weights, 2, np.zeros((1, 2, 3, 3)), values)
    out, keys, kept = three(came, (1, 1, 4), (1, 2, 4, 3), (1, 2, 4, 2))
    same_array(keys, np.zeros((1, 2, 4, 3)))
    same_array(kept, np.concatenate([values, np.zeros((1, 2, 1, 2))], axis=2))
    same_array(out, np.array([[[6.0, 2.0, 13.0, 4.0]]]))


def steps_are_the_pass(answer, rng):
    """Step by step through two texts: what the whole pass says."""
    weights = some_weights(rng, 6, 3, 2, 4, 7)
    x = rng.normal(size=(2, 5, 6))
    keys, values = cache_of(rng, 2, 3, 2, 4, 0)
    for i in range(5):
        came = answer(x[:, i : i + 1], weights, 3, keys, values)
        out, keys, values = three(came, (2, 1, 6), (2, 3, i + 1, 2), (2, 3, i + 1, 4))
        expected = np.array([[after(weights, 3, one[i], one[: i + 1])] for one in x])
        same_array(out, expected)


CACHED_STEP = (
    Check(
        "the first token, an empty cache",
        first_step,
        "Normalize, make its key and its value, append them on axis 2, and only then ask.",
    ),
    Check(
        "what is in the cache is asked",
        cache_is_used,
        "The new token sees every old key and its own; old keys and values stay as they are.",
    ),
    Check(
        "step by step: the whole pass",
        steps_are_the_pass,
        "After attention comes the rest of the block, both sums and the second normalization.",
    ),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="token_norm",
        topic="transformers",
        graded=True,
        form="token_norm(x, gain, bias, eps=1e-05)",
        asks="token_norm(x, gain, bias, eps=1e-5) returns the layer normalization of every token "
        "of x (b, t, d), with a gain and a bias (d,).",
        section="One token on paper",
        equation="eq-layer-norm",
        see="labkit.ops.layer_norm",
        points=2,
        checks=TOKEN_NORM,
    ),
    Exercise(
        name="block_forward",
        topic="transformers",
        graded=True,
        form="block_forward(x, weights, heads, mask)",
        asks="block_forward(x, weights, heads, mask) returns the tokens x (b, t, d) behind a "
        "pre-norm block.",
        section="A block",
        equation="eq-pre-norm",
        see="labkit.nn.TransformerBlock",
        points=3,
        checks=BLOCK_FORWARD,
    ),
    Exercise(
        name="cache_numbers",
        topic="transformers",
        graded=True,
        asks="cache_numbers is how many numbers a cache of keys and values holds after 1,000 "
        "tokens: 12 blocks, width 768, 12 heads of 64.",
        section="Reading and writing",
        see="labkit.nn.MultiHeadAttention",
        checks=(CACHE_NUMBERS,),
    ),
    Exercise(
        name="cached_step",
        topic="transformers",
        graded=True,
        form="cached_step(x, weights, heads, keys, values)",
        asks="cached_step(x, weights, heads, keys, values) returns the next token x (b, 1, d) "
        "behind a causal block, and the cache grown by it: keys and values (b, heads, s + 1, ...).",
        section="Reading and writing",
        equation="eq-translation",
        see="labkit.nn.TransformerBlock",
        points=4,
        checks=CACHED_STEP,
    ),
)
