"""Hidden inputs of the lab `transformers`; see labkit.grading.hidden."""

import numpy as np

from labkit.grading.hidden import Draw


def whole(rng, low, high):
    """One whole number from low to high, both included."""
    return int(rng.integers(low, high + 1))


def ordinary(rng):
    """Scores of texts and heads; some rows may look nowhere."""
    n, h, t, s = (whole(rng, 2, 5) for _ in range(4))
    return (rng.normal(size=(n, h, t, s)) * 3, rng.random((n, 1, t, s)) < 0.5), {}


def extreme(rng):
    """Rows of very different height, and the largest scores often masked."""
    t, s = whole(rng, 3, 6), whole(rng, 4, 7)
    scores = rng.normal(size=(t, s)) + rng.choice(
        [-3000.0, 0.0, 3000.0], size=(t, 1)
    )
    scores[:, 0] += rng.choice([0.0, 5000.0])
    mask = rng.random((t, s)) < 0.6
    mask[:, 0] = rng.integers(2)
    return (scores, mask), {}


def texts(rng):
    """Texts of many lengths, 0 among them; as many queries as places, or fewer."""
    s = whole(rng, 3, 12)
    t = whole(rng, 1, s)
    return (rng.integers(0, s + 1, size=whole(rng, 2, 6)), t, s), {}


def weights_of(rng, d, heads, dk, dv):
    """All weights of a block; the hidden layer is a little wider than d."""
    hidden = d + whole(rng, 1, 4)
    shapes = {"wq": (d, heads * dk), "wk": (d, heads * dk), "wv": (d, heads * dv)}
    shapes |= {"wo": (heads * dv, d), "w1": (d, hidden), "b1": hidden}
    shapes |= {"w2": (hidden, d), "b2": d}
    shapes |= dict.fromkeys(("gain1", "bias1", "gain2", "bias2"), d)
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def sizes(rng):
    """Width, heads and the unequal widths of a head's keys and values."""
    dk = whole(rng, 1, 4)
    return whole(rng, 3, 7), whole(rng, 1, 4), dk, dk + whole(rng, 1, 2)


def asked(rng):
    """Tokens that ask another text, of another length; some may look nowhere."""
    d, heads, dk, dv = sizes(rng)
    n, t, s = whole(rng, 2, 3), whole(rng, 2, 4), whole(rng, 5, 7)
    x, memory = rng.normal(size=(n, t, d)), rng.normal(size=(n, s, d))
    weights = weights_of(rng, d, heads, dk, dv)
    four = {name: weights[name] for name in ("wq", "wk", "wv", "wo")}
    mask = rng.random((n, rng.choice([1, heads]), t, s)) < 0.6
    return (x, memory, four, heads, mask), {}


def tokens(rng):
    """Tokens far from zero, large and small, and sometimes an eps that counts."""
    d = whole(rng, 2, 9)
    shape = (whole(rng, 1, 4), whole(rng, 2, 5), d)
    x = rng.normal(size=shape) * 10.0 ** whole(rng, -2, 3) + whole(rng, -5, 5)
    config = {"eps": float(rng.uniform(0.1, 3))} if rng.integers(2) else {}
    return (x, rng.normal(size=d), rng.normal(size=d)), config


def block(rng):
    """A block that sees the past, as far as a random mask allows."""
    d, heads, dk, dv = sizes(rng)
    n, t = whole(rng, 2, 3), whole(rng, 3, 6)
    mask = np.tri(t, dtype=bool) & (rng.random((n, 1, t, t)) < 0.7)
    return (
        rng.normal(size=(n, t, d)),
        weights_of(rng, d, heads, dk, dv),
        heads,
        mask,
    ), {}


def step(rng):
    """A cache of a few tokens, or none, and the next token."""
    d, heads, dk, dv = sizes(rng)
    n, s = whole(rng, 1, 3), whole(rng, 0, 6)
    x, weights = rng.normal(size=(n, 1, d)), weights_of(rng, d, heads, dk, dv)
    keys, values = (
        rng.normal(size=(n, heads, s, dk)),
        rng.normal(size=(n, heads, s, dv)),
    )
    return (x, weights, heads, keys, values), {}


HIDDEN = {
    "masked_softmax": (
        Draw("other scores and masks", ordinary, times=6),
        Draw("large scores", extreme, times=6),
    ),
    "text_mask": (Draw("other texts", texts, times=20),),
    "many_heads": (Draw("other sizes and masks", asked, times=6),),
    "token_norm": (Draw("other tokens", tokens, times=8),),
    "block_forward": (Draw("other blocks", block, times=6),),
    "cached_step": (Draw("other caches", step, times=6),),
}
