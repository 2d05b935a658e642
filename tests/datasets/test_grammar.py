"""The language of known entropy: what it says, with what probability, and how much that is."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from labkit import datasets

NUMBER = {
    word: i for i, words in enumerate(("cat dog owl", "cats dogs owls")) for word in words.split()
}
VERBS = ({"sleeps", "runs"}, {"sleep", "run"})


def drawn(count=4000):
    rng = np.random.default_rng(0)
    return [datasets.agreement_sentence(rng) for _ in range(count)]


def test_the_verb_agrees_with_the_first_noun_whatever_stands_between():
    others = Counter()
    for words, p in drawn(500):
        assert len(words) == len(p)
        assert words[-1] == "</s>"
        assert words[-2] in VERBS[NUMBER[words[1]]]
        assert words[0::3][:-1] == ["the"] * len(words[0::3][:-1])
        assert set(words[2:-2:3]) <= {"near"}
        others[NUMBER[words[1]], NUMBER[words[-3]]] += len(words) > 4
    assert min(others[pair] for pair in itertools.product((0, 1), repeat=2)) > 30


def test_probabilities_are_how_often_a_sentence_comes():
    found = drawn()
    counts = Counter(" ".join(words) for words, _ in found)
    for words, p in found:
        if len(words) == 4:  # "the cats run </s>", one of twelve that share a half
            assert math.prod(p) == pytest.approx(1 / 24)
        if len(words) == 7:
            assert math.prod(p) == pytest.approx(1 / 288)
    assert counts["the cats run </s>"] / 4000 == pytest.approx(1 / 24, abs=0.01)
    assert counts["the owl sleeps </s>"] / 4000 == pytest.approx(1 / 24, abs=0.01)
    assert len([s for s in counts if s.count(" ") == 3]) == 12


def test_length_and_entropy_are_those_of_the_docstring():
    found = drawn()
    assert np.mean([len(words) for words, _ in found]) == pytest.approx(7, abs=0.2)
    surprise = [-np.log(p).sum() for _, p in found]
    entropy = 2 * math.log(6) + math.log(2) + math.log(4)
    assert np.mean(surprise) == pytest.approx(entropy, abs=0.15)
    assert np.concatenate([p for _, p in found]).min() == pytest.approx(1 / 6)
