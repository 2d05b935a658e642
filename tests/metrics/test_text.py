"""Metrics of text: the examples of the BLEU paper, numbers by hand, and what must always hold."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.metrics import (
    bleu,
    clipped_matches,
    edit_distance,
    perplexity,
    word_error_rate,
)


def tokens(text):
    return text.lower().split()


# Papineni et al. 2002, examples 1 and 2
PARTY = tokens(
    "It is a guide to action which ensures that the military always obeys the commands of the party"
)
TROOPS = tokens(
    "It is to insure the troops forever hearing the activity guidebook that party direct"
)
PARTY_REFERENCES = [
    tokens(
        "It is a guide to action that ensures that the military will forever heed Party commands"
    ),
    tokens(
        "It is the guiding principle which guarantees the military forces always being under the "
        "command of the Party"
    ),
    tokens("It is the practical guide for the army always to heed the directions of the party"),
]
CATS = [tokens("the cat is on the mat"), tokens("there is a cat on the mat")]

words = st.lists(st.sampled_from("abcd"), max_size=8)


# --- perplexity -------------------------------------------------------------------------------


def test_perplexity_of_equal_chances_is_their_number():
    assert perplexity(np.full((3, 4), -math.log(50))) == pytest.approx(50)
    assert perplexity(np.zeros(5)) == 1


def test_perplexity_is_the_geometric_mean():
    assert perplexity(np.log([0.5, 0.125])) == pytest.approx(1 / math.sqrt(0.5 * 0.125))


@pytest.mark.parametrize("wrong", [np.array([-1.0, 0.1]), np.zeros(0), np.array([np.nan])])
def test_what_are_no_log_probabilities_is_refused(wrong):
    with pytest.raises(ValueError, match="at least one number, none above 0"):
        perplexity(wrong)


# --- BLEU -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("candidate", "references", "n", "expected"),
    [
        (["the"] * 7, CATS, 1, (2, 7)),
        (["the"] * 7, CATS, 2, (0, 6)),
        (PARTY, PARTY_REFERENCES, 1, (17, 18)),
        (PARTY, PARTY_REFERENCES, 2, (10, 17)),
        (TROOPS, PARTY_REFERENCES, 1, (8, 14)),
        (TROOPS, PARTY_REFERENCES, 2, (1, 13)),
        (["a"], [["a"]], 2, (0, 0)),
    ],
)
def test_the_papers_precisions(candidate, references, n, expected):
    assert clipped_matches(candidate, references, n=n) == expected


def test_bleu_by_hand():
    """Of "the cat sat on the mat", 5 of 6 words and 3 of 5 pairs are in the first reference."""
    candidate = tokens("the cat sat on the mat")
    assert bleu([candidate], [CATS[:1]], n=2) == pytest.approx(math.sqrt(5 / 6 * 3 / 5))
    assert bleu([candidate], [CATS[:1]]) == 0  # no four words in a row


def test_a_short_candidate_pays_e_to_the_one_minus_r_over_c():
    """Three of six words, all right: e^(1 - 6/3); of two references the nearer one counts."""
    candidate = tokens("the cat is")
    assert bleu([candidate], [CATS[:1]], n=2) == pytest.approx(math.exp(-1))
    assert bleu([candidate], [[CATS[0], ["the", "dog"]]], n=2) == 1
    assert bleu([candidate], [[CATS[0], tokens("a b c d"), tokens("x y")]], n=2) == 1
    longer = [[CATS[0][:4], ["cat"]]]  # four words are nearer to three than one is
    assert bleu([candidate], longer, n=2) == pytest.approx(math.exp(1 - 4 / 3))


def test_a_long_candidate_pays_in_precision_alone():
    assert bleu([tokens("a b c d")], [[tokens("a b")]], n=1) == pytest.approx(2 / 4)


def test_a_corpus_is_counted_together_not_averaged():
    """3 of 3 and 1 of 5 words, 4 of 8 together; lengths 3 + 5 and 3 + 5."""
    candidates = [tokens("a b c"), tokens("x q q q q")]
    references = [[tokens("a b c")], [tokens("x y z u v")]]
    assert bleu(candidates, references, n=1) == pytest.approx(4 / 8)


@given(words.filter(lambda candidate: len(candidate) >= 4), st.lists(words, max_size=2))
def test_bleu_of_a_reference_is_one(candidate, others):
    assert bleu([candidate], [[*others, candidate]]) == pytest.approx(1)


@given(words, words)
def test_bleu_lies_between_zero_and_one(a, b):
    assert 0 <= bleu([a], [[b]], n=2) <= 1


@pytest.mark.parametrize(
    ("candidates", "references"),
    [
        ([], []),
        ([["a"]], []),
        ([["a"]], [[]]),
        ([["a"]], [[["a"]], [["b"]]]),
        ([["a"], ["b"]], [[["a"]], []]),
    ],
)
def test_candidates_without_references_are_refused(candidates, references):
    with pytest.raises(ValueError, match="every candidate needs a list of references"):
        bleu(candidates, references)


# --- edits ------------------------------------------------------------------------------------


@functools.cache
def slow_distance(a, b):
    """The definition: drop, insert or replace the first letter, and go on."""
    if not a or not b:
        return len(a) + len(b)
    if a[0] == b[0]:
        return slow_distance(a[1:], b[1:])
    return 1 + min(slow_distance(a[1:], b), slow_distance(a, b[1:]), slow_distance(a[1:], b[1:]))


texts = st.text("abc", max_size=6)


@given(texts, texts, texts)
@settings(max_examples=150)
def test_edit_distance_is_the_definition_and_a_distance(a, b, c):
    d = edit_distance(a, b)
    assert d == slow_distance(a, b) == edit_distance(b, a)
    assert (d == 0) == (a == b)
    assert edit_distance(a, c) <= d + edit_distance(b, c)


def test_edit_distance_by_hand():
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == edit_distance("abc", "") == 3
    assert edit_distance(tokens("the cat sat"), tokens("the cat")) == 1


def test_word_error_rate_by_hand():
    """One word missing and one wrong, of six; words count together, not sentence by sentence."""
    assert word_error_rate(["a b", "x y c"], ["a b d", "x z c"]) == pytest.approx(2 / 6)
    assert word_error_rate(["a  b\n"], ["a b"]) == 0
    assert word_error_rate(["a b c d"], ["x"]) == 4
    assert word_error_rate(["", "a"], ["a b", ""]) == pytest.approx(3 / 2)


@pytest.mark.parametrize(
    ("predicted", "target", "message"),
    [
        ("abc", ["a"], "two equally long lists of sentences"),
        (["a"], "a", "two equally long lists of sentences"),
        (["a"], ["a", "b"], "two equally long lists of sentences"),
        (["a"], [" "], "at least one word; got none"),
        ([], [], "at least one word; got none"),
    ],
)
def test_what_are_no_sentences_is_refused(predicted, target, message):
    with pytest.raises(ValueError, match=message):
        word_error_rate(predicted, target)


# --- what holds of any text ---------------------------------------------------------------------


@given(words, st.lists(words, min_size=1, max_size=3), st.integers(1, 3))
def test_matches_are_counted_one_by_one(candidate, references, n):
    """Every n-gram of the candidate crosses out an equal one, in the reference that has it most."""

    def grams(sequence):
        return [tuple(sequence[i : i + n]) for i in range(len(sequence) - n + 1)]

    matches, total = clipped_matches(candidate, references, n=n)
    own = grams(candidate)
    assert total == len(own)
    expected = 0
    for gram in set(own):
        expected += min(own.count(gram), max(grams(r).count(gram) for r in references))
    assert matches == expected
    assert clipped_matches(candidate, references[::-1], n=n) == (matches, total)
    assert clipped_matches(candidate, [*references, candidate], n=n) == (total, total)


@given(texts, texts)
def test_a_distance_is_at_least_the_difference_in_length_and_at_most_the_longer(a, b):
    d = edit_distance(a, b)
    assert abs(len(a) - len(b)) <= d <= max(len(a), len(b))
    assert edit_distance(a[::-1], b[::-1]) == d
    assert edit_distance(a + "xyz", b + "xyz") == d
    assert edit_distance(list(a), list(b)) == d


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=8))
def test_perplexity_is_one_over_the_geometric_mean(p):
    expected = math.prod(1 / x for x in p) ** (1 / len(p))
    assert perplexity(np.log(p)) == pytest.approx(expected)
    assert 1 - 1e-12 <= perplexity(np.log(p)) <= 1 / min(p) * (1 + 1e-12)
    assert perplexity(np.log([1 / 7] * len(p))) == pytest.approx(7)
