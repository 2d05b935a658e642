"""A small language whose entropy is known, so that the best possible loss of a model is, too."""

from __future__ import annotations

import numpy as np

NOUNS = [["cat", "dog", "owl"], ["cats", "dogs", "owls"]]
VERBS = [["sleeps", "runs"], ["sleep", "run"]]


def agreement_sentence(rng: np.random.Generator) -> tuple[list[str], list[float]]:
    """Draw a sentence whose verb agrees with its first noun; return words and probabilities.

    Each probability is that of the word, given all words before it; the last word is </s>. A
    sentence has 7 words on average, and an entropy of 2 log 6 + log 2 + log 4 nats.

    >>> words, p = agreement_sentence(np.random.default_rng(0))
    >>> " ".join(words)
    'the dogs near the cat near the owl run </s>'
    >>> [round(x, 2) for x in p]
    [1, 0.17, 0.5, 1, 0.17, 0.5, 1, 0.17, 0.25, 1]

    [The phenomenon: Linzen et al. 2016]
    """
    several = rng.integers(2)
    words, p = ["the", NOUNS[several][rng.integers(3)]], [1, 1 / 6]
    while rng.random() < 1 / 2:
        words += ["near", "the", NOUNS[rng.integers(2)][rng.integers(3)]]
        p += [1 / 2, 1, 1 / 6]
    return [*words, VERBS[several][rng.integers(2)], "</s>"], [*p, 1 / 4, 1]
