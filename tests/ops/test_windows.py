"""Windows: every number looked up by itself, and what goes back to where it came from."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from labkit.ops.windows import Windows, col2im, im2col, pad, taps, unpad


@st.composite
def windows_and_images(draw):
    """Windows with each field drawn by itself, and images in which they lie."""
    numbers = [draw(st.tuples(st.integers(1, 3), st.integers(1, 3))) for _ in range(4)]
    kernel_size, out_size, stride, dilation = numbers
    size, padding = [], []
    for k, out, s, d in zip(*numbers, strict=True):
        before, after, beyond = (draw(st.integers(0, 2)) for _ in range(3))
        reach = (out - 1) * s + d * (k - 1) + 1
        size.append(max(1, reach - before - after) + beyond)
        padding.append((before, after))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = rng.normal(size=(draw(st.integers(1, 2)), draw(st.integers(1, 3)), *size))
    return Windows(kernel_size, out_size, stride, tuple(padding), dilation), x


def element(x, row, column, windows, value):
    """What stands at a place of the padded image."""
    i, j = row - windows.padding[0][0], column - windows.padding[1][0]
    inside = 0 <= i < x.shape[2] and 0 <= j < x.shape[3]
    return x[:, :, i, j] if inside else value


@given(windows_and_images())
def test_padding_goes_around_and_comes_off(drawn):
    windows, x = drawn
    padded = pad(x, windows, value=-7.0)
    assert padded.shape[2:] == tuple(
        n + sum(p) for n, p in zip(x.shape[2:], windows.padding, strict=True)
    )
    for i, j in np.ndindex(padded.shape[2:]):
        assert (padded[:, :, i, j] == element(x, i, j, windows, -7.0)).all()
    np.testing.assert_array_equal(unpad(padded, windows), x)


@given(windows_and_images())
def test_every_window_has_its_numbers_and_adds_them_where_they_were(drawn):
    windows, x = drawn
    cols, padded = im2col(x, windows), pad(x, windows)
    (sh, sw), (dh, dw) = windows.stride, windows.dilation
    by_taps = {(i, j): padded[slices] for i, j, slices in taps(windows)}
    for i, j in np.ndindex(windows.kernel_size):
        np.testing.assert_array_equal(by_taps[i, j], cols[:, :, i, j])
        for u, v in np.ndindex(windows.out_size):
            expected = element(x, u * sh + i * dh, v * sw + j * dw, windows, 0.0)
            assert (cols[:, :, i, j, u, v] == expected).all()
    g = np.random.default_rng(0).normal(size=cols.shape)
    back = col2im(g, x.shape[2:], windows)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(back * x), np.sum(g * cols), rtol=1e-10, atol=1e-12)


def test_padding_on_one_side_alone():
    for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
        padding = np.zeros((2, 2), int)
        padding[place] = 1
        windows = Windows((1, 1), (1, 1), (1, 1), tuple(map(tuple, padding.tolist())), (1, 1))
        assert pad(np.ones((1, 1, 2, 3)), windows).sum() == 6
        assert pad(np.ones((1, 1, 2, 3)), windows).size == 6 + (3 if place[0] == 0 else 2)
