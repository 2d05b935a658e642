"""How good a text is: how surprising, how alike, and how many words have to be mended."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def perplexity(log_probabilities: np.ndarray) -> float:
    """Return e to the mean negative log-probability, :eq:`eq-perplexity`.

    Among so many equally likely words one would have had to guess.

    log_probabilities of any shape, in nats: that of each token, given those before it.

    Raises ValueError if there are none, or one is above 0.

    >>> import numpy as np
    >>> round(perplexity(np.log([0.5, 0.125])), 12)
    4.0

    [Jelinek et al. 1977]
    """
    import numpy as np  # here, because the functions below run where it is missing

    log_probabilities = np.asarray(log_probabilities)
    if not log_probabilities.size or not (log_probabilities <= 0).all():
        raise ValueError("log_probabilities must be at least one number, none above 0")
    return float(np.exp(-log_probabilities.mean(dtype=np.float64)))


def clipped_matches(
    candidate: Sequence, references: Sequence[Sequence], *, n: int
) -> tuple[int, int]:
    """Return how many n-grams of the candidate are in a reference, and how many it has.

    candidate and references are sequences of tokens. An n-gram counts no more often than in the
    reference that has it most.

    >>> clipped_matches(["the"] * 7, ["the cat is on the mat".split()], n=1)
    (2, 7)

    [Papineni et al. 2002, section 2.1]
    """
    grams = _ngrams(candidate, n)
    most: Counter = Counter()
    for reference in references:
        most |= _ngrams(reference, n)  # the larger of the two counts
    return (grams & most).total(), grams.total()


def bleu(
    candidates: Sequence[Sequence], references: Sequence[Sequence[Sequence]], *, n: int = 4
) -> float:
    """Return BLEU of a corpus, in [0, 1], :eq:`eq-bleu`::

        brevity penalty * (p_1 p_2 ... p_n)^(1/n),    brevity penalty = e^min(0, 1 - r / c)

    candidates: token sequences; references: for each of them a list of token sequences. p_i is the
    share of `clipped_matches` of i-grams over the whole corpus; c counts the candidates' tokens,
    and r those of the references nearest in length, the shorter of two. Without smoothing: 0 where
    no n-gram matches.

    Raises ValueError if there are no candidates, or one has no reference.

    >>> candidate = "the cat sat on the mat".split()
    >>> round(bleu([candidate], [["the cat is on the mat".split()]], n=2), 4)
    0.7071

    [Papineni et al. 2002, section 2.3]
    """
    if not candidates or len(candidates) != len(references) or not all(references):
        raise ValueError(
            "every candidate needs a list of references; "
            f"got {len(candidates)} candidates and {len(references)} lists"
        )
    logs = 0.0
    for i in range(1, n + 1):
        pairs = zip(candidates, references, strict=True)
        counts = [clipped_matches(candidate, those, n=i) for candidate, those in pairs]
        matches, total = (sum(column) for column in zip(*counts, strict=True))
        if not matches:
            return 0.0
        logs += math.log(matches / total) / n
    c = sum(map(len, candidates))
    r = sum(_nearest_length(*pair) for pair in zip(candidates, references, strict=True))
    return math.exp(min(0, 1 - r / c) + logs)


def edit_distance(a: Sequence, b: Sequence) -> int:
    """Return the least number of insertions, deletions and replacements that make b out of a.

    Of letters, if a and b are strings; of words, if they are lists of words.

    >>> edit_distance("kitten", "sitting"), edit_distance("the cat".split(), "the cat sat".split())
    (3, 1)

    [Levenshtein 1966; Wagner and Fischer 1974]
    """
    row = list(range(len(b) + 1))  # from nothing to the first j of b
    for i, x in enumerate(a, start=1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, start=1):
            replaced = diagonal + (x != y)
            diagonal, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, replaced)
    return row[-1]


def word_error_rate(predicted: Sequence[str], target: Sequence[str]) -> float:
    """Return the edits of words that the predicted sentences need, per word of the target ones.

    Words are what blanks separate. It may be above 1, where too much was said.

    Raises ValueError if the lists differ in length, or the target has no word.

    >>> word_error_rate(["the cat sat", "hello"], ["the cat sat down", "hello"])
    0.2
    """
    if isinstance(predicted, str) or isinstance(target, str) or len(predicted) != len(target):
        raise ValueError("predicted and target must be two equally long lists of sentences")
    words = sum(len(sentence.split()) for sentence in target)
    if not words:
        raise ValueError("target must hold at least one word; got none")
    pairs = zip(predicted, target, strict=True)
    return sum(edit_distance(p.split(), t.split()) for p, t in pairs) / words


def _ngrams(tokens: Sequence, n: int) -> Counter:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def _nearest_length(candidate: Sequence, references: Sequence[Sequence]) -> int:
    return min((len(r) for r in references), key=lambda size: (abs(size - len(candidate)), size))
