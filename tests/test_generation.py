"""Generation: numbers by hand, counted draws, every continuation tried; caches change nothing."""

import itertools
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from labkit import models
from labkit.generation import beam_search, generate, greedy, sample, top_k, top_p
from labkit.ops import log_softmax, softmax

K = 6
GPT = models.GPTConfig(vocabulary=K, context=12, d=12, layers=2, heads=3)
PAIR = models.TransformerConfig(9, K, d=12, layers=2, heads=3, hidden=10)


def rng(seed=0):
    return np.random.default_rng(seed)


def scattered(model):
    """Weights large enough that the next token is not always the same one."""
    for i, parameter in enumerate(model.parameters()):
        parameter.data = rng(i).normal(0, 0.7, parameter.shape)
    return model


def language_models():
    pair = scattered(models.Transformer(PAIR, rng=rng(), dtype=np.float64))
    source = rng(8).integers(9, size=(1, 4))
    yield "gpt", scattered(models.GPT(GPT, rng=rng(), dtype=np.float64))
    yield "transformer", pair.given(source, lengths=[3])
    for kind in ("rnn", "lstm", "gru"):
        sizes = {"vocabulary": K, "d": 5, "hidden": 8, "layers": 2, "kind": kind}
        yield kind, scattered(models.RecurrentLM(rng=rng(), dtype=np.float64, **sizes))


each_model = pytest.mark.parametrize(
    "model", [pytest.param(model, id=name) for name, model in language_models()]
)
logit_rows = arrays(np.float64, (4, 7), elements=st.floats(-30, 30, width=32))


# --- which token ---------------------------------------------------------------------------------


def test_tokens_are_chosen_along_the_last_axis_however_many_there_are():
    logits = rng(3).normal(size=(2, 3, 5))
    expected = [[max(range(5), key=row.__getitem__) for row in rows] for rows in logits.tolist()]
    for choose in (greedy, lambda logits: sample(logits, rng=rng(), k=1)):
        np.testing.assert_array_equal(choose(logits), expected)
        np.testing.assert_array_equal(choose(logits[1, 2]), expected[1][2])


def test_top_k_keeps_the_largest_and_their_equals():
    logits = np.array([[3.0, 1.0, 2.0, 2.0], [0.0, 0.0, 0.0, -1.0]])
    inf = np.inf
    np.testing.assert_array_equal(top_k(logits, k=1), [[3, -inf, -inf, -inf], [0, 0, 0, -inf]])
    np.testing.assert_array_equal(top_k(logits, k=2), [[3, -inf, 2, 2], [0, 0, 0, -inf]])
    for k in (4, 99):
        np.testing.assert_array_equal(top_k(logits, k=k), logits)


def test_top_p_by_hand():
    """0.5 and 0.3 reach 0.8 and no less does 0.75; 0.4 is reached by the first alone."""
    logits = np.log([[0.05, 0.5, 0.15, 0.3]])
    kept = {
        p: np.flatnonzero(np.isfinite(top_p(logits, p=p)[0])).tolist() for p in (0.4, 0.75, 0.9)
    }
    assert kept == {0.4: [1], 0.75: [1, 3], 0.9: [1, 2, 3]}
    np.testing.assert_array_equal(top_p(logits, p=1.0), logits)
    np.testing.assert_array_equal(top_p(np.zeros(2), p=0.5), [0, -np.inf])  # exactly reached
    assert np.isfinite(top_p(np.array([1000.0, -1000.0]), p=1e-9)).tolist() == [True, False]


@given(logit_rows, st.floats(0.01, 1.0))
def test_top_p_keeps_the_fewest_that_reach_p(logits, p):
    kept = np.isfinite(top_p(logits, p=p))
    probabilities = softmax(logits)
    for row, stays in zip(probabilities, kept, strict=True):
        mass = row[stays].sum()
        assert mass >= p - 1e-9
        assert mass - row[stays].min() < p
        assert not stays.all() or p > row[stays].sum() - row.min() - 1e-12
        assert row[~stays].max(initial=0) <= row[stays].min()


@given(logit_rows, st.integers(1, 9))
def test_top_k_keeps_no_less_than_k_and_none_below(logits, k):
    kept = np.isfinite(top_k(logits, k=k))
    assert (kept.sum(axis=-1) >= min(k, 7)).all()
    for row, stays in zip(logits, kept, strict=True):
        assert row[~stays].max(initial=-np.inf) < row[stays].min()
        assert (row > row[stays].min()).sum() < k


@given(logit_rows, st.integers(1, 9), st.floats(0.01, 1), st.floats(-100, 100))
def test_what_is_kept_has_the_likeliest_and_its_shares_are_the_same(logits, k, p, shift):
    """Among themselves; and what fewer keep, more keep too, wherever the logits' zero is."""
    before = softmax(logits)
    for kept, fewer, moved in (
        (top_k(logits, k=k), top_k(logits, k=max(k - 1, 1)), top_k(logits + shift, k=k)),
        (top_p(logits, p=p), top_p(logits, p=p / 2), top_p(logits, p=p)),
    ):
        stays = np.isfinite(kept)
        assert stays[np.arange(4), greedy(logits)].all()
        assert (stays >= np.isfinite(fewer)).all()
        assert (stays <= np.isfinite(moved)).all()
        among = np.where(stays, before, 0)
        among = among / among.sum(axis=-1, keepdims=True)
        np.testing.assert_allclose(softmax(kept), among, rtol=1e-12)


@given(logit_rows, st.integers(0, 1000))
def test_of_one_token_there_is_nothing_to_draw(logits, seed):
    for config in ({"k": 1}, {"p": 1e-9}, {"k": 3, "p": 1e-9, "temperature": 0.5}):
        drawn = sample(logits, rng=rng(seed), **config)
        np.testing.assert_array_equal(
            np.take_along_axis(logits, drawn[:, np.newaxis], axis=1)[:, 0], logits.max(axis=1)
        )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_have_the_softmaxs_shares(temperature):
    logits, n = np.array([1.0, 0.0, -1.0, 2.0]), 40_000
    p = np.exp(logits / temperature) / np.exp(logits / temperature).sum()
    drawn = sample(np.tile(logits, (n, 1)), rng=rng(), temperature=temperature)
    shares = np.bincount(drawn, minlength=4) / n
    assert (np.abs(shares - p) < 4 * np.sqrt(p * (1 - p) / n)).all()


def test_draws_are_those_of_scipy_pytorch_and_keras():
    """One chi-squared test of the counts against the softmax, two against others' counts."""
    stats, torch = pytest.importorskip("scipy.stats"), pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    logits, n = np.tile([1.0, 0.0, -1.0, 2.0], (20_000, 1)), 20_000
    ours = np.bincount(sample(logits, rng=rng()), minlength=4)
    assert stats.chisquare(ours, n * softmax(logits[0])).pvalue > 0.01
    torch.manual_seed(1)
    for theirs in (
        torch.multinomial(torch.tensor(softmax(logits)), 1),
        keras.random.categorical(logits, 1, seed=1),
    ):
        counts = np.bincount(theirs.numpy().ravel(), minlength=4)
        assert stats.chi2_contingency([ours, counts]).pvalue > 0.01


def test_the_best_are_pytorchs_and_kerass():
    torch = pytest.importorskip("torch")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    logits = torch.tensor(rng().normal(size=(5, 9)))
    np.testing.assert_array_equal(greedy(logits.numpy()), torch.argmax(logits, 1))
    np.testing.assert_array_equal(greedy(logits.numpy()), keras.ops.argmax(logits, 1))
    kept = np.isfinite(top_k(logits.numpy(), k=3))
    for theirs in (torch.topk(logits, 3), keras.ops.top_k(logits, 3)):
        np.testing.assert_array_equal(np.flatnonzero(kept), chosen(theirs[1].numpy()))


def chosen(columns):
    """Where these columns of each row stand in the flat array of nine columns."""
    return np.sort((columns + 9 * np.arange(len(columns))[:, np.newaxis]).ravel())


def test_draws_come_from_what_was_kept():
    logits = np.tile(np.log([0.4, 0.3, 0.2, 0.1]), (2000, 1))
    assert set(sample(logits, rng=rng(), k=2)) == {0, 1}
    assert set(sample(logits, rng=rng(), p=0.8)) == {0, 1, 2}
    assert set(sample(logits, rng=rng(), k=3, p=0.4)) == {0}
    assert set(sample(logits, rng=rng(), temperature=1e-3)) == {0}
    hot = sample(logits, rng=rng(), temperature=1000.0, p=0.6)  # the temperature comes first
    assert set(hot) == {0, 1, 2}


def test_draws_repeat_for_a_seed_and_leave_the_logits():
    logits = rng(1).normal(size=(50, 5))
    before = logits.copy()
    np.testing.assert_array_equal(sample(logits, rng=rng(3), k=4), sample(logits, rng=rng(3), k=4))
    assert (sample(logits, rng=rng(3)) != sample(logits, rng=rng(4))).any()
    np.testing.assert_array_equal(logits, before)


def test_float32_stays():
    logits = rng().normal(size=(3, 5)).astype(np.float32)
    assert top_k(logits, k=2).dtype == top_p(logits, p=0.5).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: top_k(x, k=0), "k must be at least 1; got 0"),
        (lambda x: top_p(x, p=0.0), r"p must be in \(0, 1\]; got 0.0"),
        (lambda x: top_p(x, p=1.1), r"p must be in \(0, 1\]; got 1.1"),
        (lambda x: sample(x, rng=rng(), temperature=0.0), "temperature must be positive; got 0.0"),
        (lambda x: generate(None, np.zeros(3, int), count=1), "ids must be whole numbers"),
        (lambda x: generate(None, np.zeros((1, 0), int), count=1), "ids must be whole numbers"),
        (lambda x: generate(None, x, count=1), "ids must be whole numbers"),
        (
            lambda x: beam_search(None, np.zeros((1, 2), int), width=0, count=1),
            "width must be at least 1",
        ),
        (
            lambda x: beam_search(None, np.zeros((2, 2), int), width=1, count=1),
            r"ids one row; got 1, \(2, 2\)",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.zeros((2, 3)))


# --- one after the other -------------------------------------------------------------------------


@each_model
def test_a_cache_gives_the_same_tokens(model):
    start = rng(1).integers(K, size=(3 if hasattr(model, "parameters") else 1, 2))
    for choose in (greedy, lambda logits, r=None: sample(logits, rng=rng(7), p=0.9)):
        plain = generate(model, start, count=8, choose=choose, cached=False)
        np.testing.assert_array_equal(generate(model, start, count=8, choose=choose), plain)
        assert plain.shape == (len(start), 10)
        np.testing.assert_array_equal(plain[:, :2], start)


@each_model
def test_beams_with_a_cache_are_the_same(model):
    start = np.array([[2, 4]])
    plain = beam_search(model, start, width=3, count=6, end=1, cached=False)
    cached = beam_search(model, start, width=3, count=6, end=1)
    for (score, row), (their_score, their_row) in zip(plain, cached, strict=True):
        assert score == pytest.approx(their_score, abs=1e-9)
        np.testing.assert_array_equal(row, their_row)


class Counting:
    """A model that notes how many tokens it is given, and keeps nothing in its cache."""

    def __init__(self):
        self.read = []

    def new_cache(self):
        return []

    def __call__(self, ids, cache=None):
        self.read.append(ids.shape[1])
        return np.eye(K)[ids]


@pytest.mark.parametrize(
    "run",
    [
        lambda model, **how: generate(model, np.array([[1, 2]]), count=3, **how),
        lambda model, **how: beam_search(model, np.array([[1, 2]]), width=2, count=3, **how),
    ],
    ids=["generate", "beam_search"],
)
def test_what_was_read_is_not_read_again_unless_there_is_no_cache(run):
    for how, read in (
        ({}, [2, 1, 1]),
        ({"cached": True}, [2, 1, 1]),
        ({"cached": False}, [2, 3, 4]),
    ):
        model = Counting()
        run(model, **how)
        assert model.read == read


def test_greedy_generation_is_the_likeliest_token_each_time():
    model = next(language_models())[1]
    ids = generate(model, np.array([[3]]), count=5)
    for t in range(1, 6):
        assert ids[0, t] == np.argmax(model(ids[:, :t]).data[0, -1])
    assert generate(model, ids, count=0).tolist() == ids.tolist()


def test_a_model_in_training_generates_without_dropout_and_stays_in_training():
    sizes = {"vocabulary": K, "d": 5, "hidden": 8, "dropout": 0.5}
    model = models.RecurrentLM(rng=rng(), **sizes)
    start = np.array([[1], [2]])
    first, second = (generate(model, start, count=6) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert all(module.training for module in model.modules())


def test_gpt_refuses_more_than_its_context():
    model = next(language_models())[1]
    for cached in (True, False):
        with pytest.raises(ValueError, match="ids must be at most 12 tokens; got 13"):
            generate(model, np.array([[1]]), count=13, cached=cached)


# --- beams ---------------------------------------------------------------------------------------


def all_continuations(model, start, count, end, penalty):
    """Every continuation there is, scored by one reading of the whole."""
    found = []
    for length in range(1, count + 1):
        for tail in itertools.product(range(K), repeat=length):
            if end in tail[:-1] or (length < count and tail[-1] != end):
                continue
            row = np.array([[*start[0], *tail]])
            log_p = log_softmax(model(row).data)[0, start.shape[1] - 1 : -1]
            found.append((log_p[np.arange(length), tail].sum() / length**penalty, row[0]))
    return sorted(found, key=lambda pair: -pair[0])


@pytest.mark.parametrize(("end", "penalty"), [(None, 0.0), (1, 0.0), (1, 1.0)])
def test_wide_beams_find_the_best_of_all(end, penalty):
    model = next(language_models())[1]
    start = np.array([[2, 4]])
    everything = all_continuations(model, start, 3, end, penalty)
    found = beam_search(model, start, width=K**3, count=3, end=end, length_penalty=penalty)
    for (score, row), (best, best_row) in zip(found[:9], everything[:9], strict=True):
        assert score == pytest.approx(best, rel=1e-9)
        np.testing.assert_array_equal(row, best_row)
    if end is None:
        assert len(found) == K**3


def test_one_beam_is_greedy_and_two_may_be_better():
    model = next(language_models())[1]
    start = np.array([[5, 0]])
    ((score, row),) = beam_search(model, start, width=1, count=6)
    np.testing.assert_array_equal(row, generate(model, start, count=6)[0])
    assert beam_search(model, start, width=4, count=6)[0][0] >= score


def likelihood(after, row):
    """The log-probability of all tokens of a row but the first, one after the other."""
    return sum(log_softmax(after[a])[b] for a, b in itertools.pairwise(row))


@given(
    k=st.integers(2, 4), count=st.integers(1, 4), width=st.integers(2, 5), seed=st.integers(0, 999)
)
def test_beams_of_any_table_of_what_follows_what(k, count, width, seed):
    """One is greedy; all find the best; any number says rightly how likely what it found is."""
    after, start = rng(seed).normal(size=(k, k)) * 2, np.array([[seed % k]])

    def beams(width, **config):
        return beam_search(
            lambda ids: after[ids], start, width=width, count=count, cached=False, **config
        )

    ((alone, row),) = beams(1)
    greedily = generate(lambda ids: after[ids], start, count=count, cached=False)[0]
    np.testing.assert_array_equal(row, greedily)
    everything = [
        likelihood(after, (seed % k, *tail)) for tail in itertools.product(range(k), repeat=count)
    ]
    best = beams(k**count)
    np.testing.assert_allclose([s for s, _ in best], sorted(everything, reverse=True), rtol=1e-12)
    assert best[0][0] >= alone - 1e-12
    for penalty, end in itertools.product((0.0, 0.7), (None, 0)):
        found = beams(width, length_penalty=penalty, end=end)
        assert len(found) <= width
        assert len({tuple(row) for _, row in found}) == len(found)
        assert [score for score, _ in found] == sorted((s for s, _ in found), reverse=True)
        for score, row in found:
            length = len(row) - 1
            assert 1 <= length <= count
            assert length == count or row[-1] == end
            assert end not in row[1:-1] or end is None
            assert score == pytest.approx(likelihood(after, row) / length**penalty, rel=1e-12)


@given(st.integers(0, 5), st.integers(0, 5), st.integers(0, 999))
def test_going_on_is_as_if_never_stopped(first, then, seed):
    after = rng(seed).normal(size=(5, 5))
    start = np.array([[seed % 5], [0]])

    def go_on(ids, count):
        return generate(lambda ids: after[ids], ids, count=count, cached=False)

    np.testing.assert_array_equal(go_on(go_on(start, first), then), go_on(start, first + then))


def test_a_beam_that_has_ended_is_kept_and_no_longer_read():
    """The end has 0.9 at once: alone it beats everything that goes on."""
    after = np.log([[0.05, 0.9, 0.05]] * 3)
    found = beam_search(
        lambda ids: after[ids], np.array([[0]]), width=2, count=3, end=1, cached=False
    )
    assert found[0][1].tolist() == [0, 1]
    assert np.exp(found[0][0]) == pytest.approx(0.9)
    assert len(found) == 2
    assert all(1 not in row[1:-1] for _, row in found)


@pytest.mark.parametrize(
    ("first", "best"),
    [
        ((0.4, 0.25, 0.35), [([0, 0], 0.16), ([0, 2], 0.16)]),  # an end in third place is no beam
        ((0.3, 0.5, 0.2), [([1], 0.5), ([2, 2], 0.196)]),  # an end in first place costs no beam
    ],
)
def test_ends_count_among_the_best_and_take_no_place(first, best):
    """Two beams; token 1 is the end, and what follows 2 is all alike, or almost surely 2."""
    other = (0.34, 0.32, 0.34) if first[1] < 0.5 else (0.01, 0.01, 0.98)
    after = np.log(np.array([(0.4, 0.2, 0.4), first, other]) + 1e-12)
    found = beam_search(
        lambda ids: after[ids], np.array([[1]]), width=2, count=2, end=1, cached=False
    )
    assert [row[1:].tolist() for _, row in found] == [row for row, _ in best]
    np.testing.assert_allclose(np.exp([score for score, _ in found]), [p for _, p in best], 1e-2)


def test_no_steps_give_nothing():
    assert (
        beam_search(
            lambda ids: np.zeros((1, 1, 3)), np.array([[0]]), width=2, count=0, cached=False
        )
        == []
    )
