"""Mini-batches, splits and scaling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.dataloader import batches, next_tokens, standardize, train_test_split, windows


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def pairs(n):
    """Examples with two axes whose label can be read off the example."""
    x = np.arange(n * 3).reshape(n, 3)
    return x, x[:, 0] * 10


@given(n=st.integers(0, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 3) | st.none())
@settings(max_examples=60)
def test_every_example_comes_once_with_its_own_label(n, batch_size, seed):
    x, y = pairs(n)
    rng = None if seed is None else np.random.default_rng(seed)
    parts = list(batches(x, y, batch_size=batch_size, rng=rng))
    sizes = [len(part) for part, _ in parts]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert sum(sizes) == n
    assert len(parts) == -(-n // batch_size)
    seen = np.concatenate([part for part, _ in parts]) if parts else x
    assert sorted(seen[:, 0]) == list(x[:, 0])
    for part, labels in parts:
        np.testing.assert_array_equal(labels, part[:, 0] * 10)
    if rng is None:
        np.testing.assert_array_equal(seen, x)


def test_drop_last_leaves_out_what_does_not_fill_a_batch():
    x, y = pairs(7)
    assert [len(a) for a, _ in batches(x, y, batch_size=3, drop_last=True)] == [3, 3]
    assert [len(a) for a, _ in batches(x, y, batch_size=7, drop_last=True)] == [7]
    assert list(batches(x, y, batch_size=8, drop_last=True)) == []


def test_the_same_seed_gives_the_same_order_and_the_next_epoch_another():
    x, y = pairs(50)

    def order(rng):
        return np.concatenate([a[:, 0] for a, _ in batches(x, y, batch_size=8, rng=rng)]).tolist()

    rng, same = np.random.default_rng(1), np.random.default_rng(1)
    first, second = order(rng), order(rng)
    assert first == order(same)
    assert second == order(same)
    assert first != second
    assert first != list(x[:, 0])


def test_batches_are_copies():
    x, y = pairs(4)
    for part, _ in batches(x, y, batch_size=2):
        part[:] = -1
    np.testing.assert_array_equal(x, pairs(4)[0])


@pytest.mark.parametrize("batch_size", [0, -1, 2.0, "3", None])
def test_a_bad_batch_size_is_refused_at_once(batch_size):
    with pytest.raises(ValueError, match="batch_size must be a positive integer; got"):
        batches(*pairs(3), batch_size=batch_size)


def test_different_lengths_are_refused_at_once():
    with pytest.raises(ValueError, match="same length; got 3 and 2"):
        batches(np.ones(3), np.ones(2), batch_size=1)
    with pytest.raises(ValueError, match="same length; got 3 and 2"):
        train_test_split(np.ones(3), np.ones(2), test_size=1, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("n", "test_size", "expected"), [(10, 3, 3), (10, 0.25, 3), (7, 0.5, 4), (10, np.int64(9), 9)]
)
@pytest.mark.parametrize("stratify", [False, True])
def test_a_split_has_every_example_once(n, test_size, expected, stratify, rng):
    x, _ = pairs(n)
    y = np.arange(n) % 2
    x_train, x_test, y_train, y_test = train_test_split(
        x, y, test_size=test_size, rng=rng, stratify=stratify
    )
    assert len(x_test) == len(y_test) == expected
    assert len(x_train) == len(y_train) == n - expected
    assert sorted([*x_train[:, 0], *x_test[:, 0]]) == list(x[:, 0])
    np.testing.assert_array_equal(x_test[:, 0] // 3 % 2, y_test)
    np.testing.assert_array_equal(x_train[:, 0] // 3 % 2, y_train)


def test_a_split_of_sorted_data_is_shuffled(rng):
    x = np.arange(1000)
    _, x_test, _, _ = train_test_split(x, x, test_size=100, rng=rng)
    assert 350 < x_test.mean() < 650  # the last hundred would have 949.5
    assert list(x_test) != sorted(x_test)


@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=6),
    share=st.floats(0.05, 0.95),
    seed=st.integers(0, 5),
)
@settings(max_examples=100)
def test_stratified_classes_keep_their_share_to_within_one(counts, share, seed):
    y = np.repeat(np.arange(len(counts)) * 7, counts)
    if len(y) < 3:
        return
    n_test = min(max(1, round(len(y) * share)), len(y) - 1)
    *_, y_test = train_test_split(
        y, y, test_size=n_test, rng=np.random.default_rng(seed), stratify=True
    )
    assert len(y_test) == n_test
    for label, count in enumerate(counts):
        assert abs((y_test == label * 7).sum() - count * n_test / len(y)) < 1


def test_stratified_shares_by_hand(rng):
    # 10 test examples of 30: 20 of class a give 6.67, 8 of b 2.67, 2 of c 0.67; the floors 6, 2, 0
    # leave two, and the rests .67 are equal up to rounding: no class may be more than one off.
    y = np.array(["a"] * 20 + ["b"] * 8 + ["c"] * 2)
    *_, y_test = train_test_split(y, y, test_size=10, rng=rng, stratify=True)
    counts = [(y_test == label).sum() for label in "abc"]
    assert sum(counts) == 10
    assert counts[0] in (6, 7)
    assert counts[1] in (2, 3)
    assert counts[2] in (0, 1)


@pytest.mark.parametrize("test_size", [0, 10, 11, -1, 0.0, 1.0, 1.5, float("nan"), "3", True, None])
def test_a_bad_test_size_is_refused(test_size, rng):
    with pytest.raises(ValueError, match="test_size must"):
        train_test_split(*pairs(10), test_size=test_size, rng=rng)


def test_standardize_by_hand():
    train = np.array([[1.0, 10.0], [3.0, 10.0]])  # means 2 and 10; deviations 1 and 0
    test = np.array([[4.0, 12.0]])
    scaled, others = standardize(train, test)
    np.testing.assert_array_equal(scaled, [[-1, 0], [1, 0]])
    np.testing.assert_array_equal(others, [[2, 2]])  # a deviation of 0 leaves the unit as it is
    np.testing.assert_array_equal(train, [[1, 10], [3, 10]])


def test_standardize_over_all_pixels_and_over_channels(rng):
    x = rng.normal(5, 3, size=(4, 2, 6, 5))
    (all_pixels,) = standardize(x, axis=None)
    assert all_pixels.mean() == pytest.approx(0, abs=1e-12)
    assert all_pixels.std() == pytest.approx(1, abs=1e-12)
    (channels,) = standardize(x, axis=(0, 2, 3))
    np.testing.assert_allclose(channels.mean(axis=(0, 2, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(channels.std(axis=(0, 2, 3)), 1, atol=1e-12)


def test_standardize_keeps_float32_and_takes_bytes(rng):
    assert standardize(rng.normal(size=(5, 2)).astype(np.float32))[0].dtype == np.float32
    (scaled,) = standardize(np.array([[0], [255]], np.uint8))
    assert scaled.dtype == np.float64
    assert scaled.tolist() == [[-1], [1]]


def test_standardize_does_not_lose_float32_digits_to_a_large_mean():
    x = (np.arange(10) + 1_000_000).astype(np.float32)[:, np.newaxis]
    (scaled,) = standardize(x)
    expected = (np.arange(10) - 4.5) / np.sqrt(8.25)
    np.testing.assert_allclose(scaled[:, 0], expected, rtol=1e-6)


def test_standardize_needs_an_example():
    with pytest.raises(ValueError, match="train must hold at least one example"):
        standardize(np.zeros((0, 3)))


def test_next_tokens_of_a_padded_sequence_are_asked_as_if_it_stood_alone():
    sequences = [[4, 5, 6, 7], [], [9]]
    x, y = next_tokens(sequences, bos=2, eos=3, ignore_index=-100)
    assert x.tolist() == [[2, 4, 5, 6, 7], [2, 2, 2, 2, 2], [2, 9, 2, 2, 2]]
    assert y.tolist() == [[4, 5, 6, 7, 3], [3, *[-100] * 4], [9, 3, *[-100] * 3]]
    for row, ids in enumerate(sequences):
        alone_x, alone_y = next_tokens([ids], bos=2, eos=3)
        asked = y[row] != -100
        assert x[row][asked].tolist() == alone_x[0].tolist()
        assert y[row][asked].tolist() == alone_y[0].tolist()


def test_next_tokens_of_nothing_are_refused():
    with pytest.raises(ValueError, match="sequences must be at least one; got none"):
        next_tokens([], bos=0, eos=1)


def test_windows_come_from_everywhere_and_know_what_follows():
    ids = np.arange(100, 112)
    x, y = windows(ids, n=500, t=4, rng=np.random.default_rng(0))
    assert x.shape == y.shape == (500, 4)
    assert (np.diff(x, axis=1) == 1).all()
    assert (y == x + 1).all()
    assert set(x[:, 0]) == set(range(100, 108))  # 8 places, the last of which ends with the text
    x, y = windows(ids[:5], n=2, t=4, rng=np.random.default_rng(0))
    assert x.tolist() == [[100, 101, 102, 103]] * 2
    assert y[0, -1] == 104


def test_a_text_too_short_for_a_window_is_refused():
    with pytest.raises(ValueError, match="ids must be longer than t, 5; got 5"):
        windows(np.arange(5), n=1, t=5, rng=np.random.default_rng(0))
