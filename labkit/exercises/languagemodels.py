"""The exercises of the chapter `languagemodels`.

What is right is known by hand, from letters counted one at a time, from a slow loop over all
subsets or steps, or from a text whose end was repeated on purpose.
"""

from itertools import combinations

import numpy as np

from labkit.exercises.compare import require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value

CABANA = value(
    "the tokens of cabana",
    ("c", "a", "ban", "a"),
    hint="Make the first merge wherever it fits, then the second, then the third.",
    mistakes=(
        (("c", "a", "b", "ana"), "The merge of b and an was learned before that of an and a."),
        (("c", "a", "b", "an", "a"), "That is after the first merge; two more are to be tried."),
        (("ca", "ban", "a"), "No merge joins c and a."),
    ),
)


def prices_any(answer, rng):
    """A text of a few words; its price is summed token by token."""
    text = "so it goes " * int(rng.integers(1, 4))
    log_p = np.log(rng.uniform(0.01, 1, size=int(rng.integers(2, 9))))
    price = 0.0
    for one in log_p:
        price -= float(one)
    same(float(answer(log_p.copy(), text)), price / len(list(text)))


NATS_PER_CHARACTER = (
    case(
        "two tokens, eight letters",
        np.array([-3.0, -1.0]),
        "language",
        expected=0.5,
        hint="The text costs 4 nats and has 8 letters.",
        mistakes=(
            (2.0, "That is the price of a token; how many letters has the text?"),
            (-0.5, "A price is positive: minus the log-probability."),
            (4.0, "That is the price of the whole text."),
        ),
    ),
    case(
        "Chinese is counted in characters",
        np.array([-6.0, -3.0, -3.0]),
        "春江",
        expected=6.0,
        hint="Two characters, though they have six bytes and here three tokens.",
    ),
    Check("any text", prices_any, "The price of the text over the number of its characters."),
)


def smallest_set(p, share):
    """Try all sets, small ones first; of one size the likeliest is the last to fail."""
    for size in range(1, len(p) + 1):
        for chosen in combinations(range(len(p)), size):
            if sum(p[i] for i in chosen) >= share:
                best = max(combinations(range(len(p)), size), key=lambda s: sum(p[i] for i in s))
                return sorted(best, key=lambda i: -p[i])
    return sorted(range(len(p)), key=lambda i: -p[i])


def nucleus_any(answer, rng):
    """Random probabilities, against the smallest of all sets that reaches the share."""
    for share in (0.2, 0.5, 0.9):
        p = rng.dirichlet(np.ones(7))
        same_array(np.asarray(answer(p.copy(), share)), np.array(smallest_set(p, share)))


NUCLEUS = (
    case(
        "four tokens by hand",
        np.array([0.125, 0.5, 0.125, 0.25]),
        0.7,
        expected=np.array([1, 3]),
        hint="0.5 is not yet 0.7; with 0.25 more it is enough.",
        mistakes=(
            (np.array([1]), "The token that crosses the line stays, too."),
            (np.array([3, 1]), "The likeliest comes first."),
            (np.array([0.5, 0.25]), "Those are the probabilities; return the ids."),
        ),
    ),
    case(
        "one token has it all",
        np.array([0.0625, 0.0625, 0.875]),
        0.5,
        expected=np.array([2]),
        hint="The likeliest token stays always, and here it is enough.",
    ),
    case(
        "exactly reached",
        np.array([0.25, 0.5, 0.25]),
        0.5,
        expected=np.array([1]),
        hint="A share that is reached exactly needs no further token.",
        mistakes=((np.array([1, 0]), "0.5 was there already: at least, not more than."),),
    ),
    Check(
        "any probabilities", nucleus_any, "The fewest ids that reach the share, likeliest first."
    ),
)


def finds_a_planted_loop(answer, rng):
    """Different ids, then a piece of different ids twice: nothing shorter repeats."""
    m = int(rng.integers(2, 6))
    order = rng.permutation(40)
    piece, before = order[:m], order[m : m + int(rng.integers(1, 9))]
    same(int(answer(np.concatenate([before, piece, piece]))), m)


def loop_leaves_its_input(answer, rng):
    """The text is still needed."""
    ids = rng.integers(0, 3, size=12)
    kept = ids.copy()
    answer(ids)
    require(np.array_equal(ids, kept), "The ids themselves were changed.", ids, str(kept.tolist()))


LOOP_LENGTH = (
    case(
        "a loop of three",
        np.array([9, 4, 5, 6, 4, 5, 6]),
        expected=3,
        hint="4 5 6 stands twice at the end.",
    ),
    case(
        "no loop",
        np.array([1, 5, 2, 5]),
        expected=0,
        hint="5 occurs twice, but the pieces 1 5 and 2 5 differ.",
    ),
    case(
        "the shortest counts",
        np.array([7, 7, 7, 7]),
        expected=1,
        hint="7 7 is one piece of length 1 twice; 2 is not the smallest.",
    ),
    case(
        "all of it is the loop",
        np.array([3, 8, 3, 8]),
        expected=2,
        hint="The piece may be half of all ids.",
    ),
    Check("a loop planted behind other ids", finds_a_planted_loop, "Only the end matters."),
    Check("the ids stay", loop_leaves_its_input, "Compare; do not write into ids."),
)


def reads_step_by_step(answer, rng):
    """Play the steps: what is new is read, or everything."""
    prompt, count = int(rng.integers(1, 30)), int(rng.integers(2, 20))
    with_cache = without = known = 0
    for length in range(prompt, prompt + count):
        with_cache += length - known
        known = length
        without += length
    same(answer(prompt, count, True), with_cache)
    same(answer(prompt, count, False), without)


TOKENS_READ = (
    case(
        "3 tokens behind 5, with a cache",
        5,
        3,
        True,
        expected=7,
        hint="First all 5, then the two tokens that were written before the last.",
        mistakes=((8, "Who reads the last token that is written?"),),
    ),
    case(
        "3 tokens behind 5, without",
        5,
        3,
        False,
        expected=18,
        hint="5, then 6, then 7.",
        mistakes=(
            (21, "The first token is written after reading 5, not 6."),
            (15, "The text grows from step to step."),
        ),
    ),
    case("nothing to write", 5, 0, True, expected=0, hint="Without a step nothing is read."),
    Check("step by step", reads_step_by_step, "Play a few steps on paper and add up."),
)

EXERCISES: tuple[Exercise, ...] = (
    Exercise(
        name="cabana",
        topic="languagemodels",
        asks="cabana is the tuple of tokens into which the three merges cut cabana.",
        section="Two words, three merges",
        see="labkit.tokenizers.learn_merges",
        checks=(CABANA,),
    ),
    Exercise(
        name="nats_per_character",
        topic="languagemodels",
        form="nats_per_character(log_p, text)",
        asks="nats_per_character(log_p, text) returns the loss per character of a text.",
        section="What a guess costs",
        equation="eq-language-model",
        see="labkit.metrics.perplexity",
        checks=NATS_PER_CHARACTER,
    ),
    Exercise(
        name="nucleus",
        topic="languagemodels",
        form="nucleus(p, share)",
        asks="nucleus(p, share) returns the ids that top-p sampling keeps, likeliest first.",
        section="From guesses to a text",
        equation="eq-top-p",
        see="labkit.generation.top_p",
        points=2,
        checks=NUCLEUS,
    ),
    Exercise(
        name="loop_length",
        topic="languagemodels",
        form="loop_length(ids)",
        asks="loop_length(ids) returns the length of the shortest piece that stands twice at the "
        "end, or 0.",
        section="Where it fails",
        see="labkit.generation.greedy",
        points=2,
        checks=LOOP_LENGTH,
    ),
    Exercise(
        name="tokens_read",
        topic="languagemodels",
        form="tokens_read(prompt, count, cached)",
        asks="tokens_read(prompt, count, cached) returns how many tokens a model reads in all.",
        section="Read once",
        equation="eq-kv-cache",
        see="labkit.generation.generate",
        checks=TOKENS_READ,
    ),
)
