"""The exercises at the end of the chapter `convolution`."""

import numpy as np

from labkit.exercises.compare import require, same_array, show, whole_number
from labkit.exercises.exercise import Check, Exercise, case, value
from labkit.ops.sizes import conv_output_size

DILATED_SIZE = value(
    "the number of outputs",
    10,
    hint="How far does the dilated kernel reach? How long is the line with all its zeros?",
    mistakes=(
        (9, "The first start, before any step, counts; and zeros stand at both ends."),
        (8, "Did you count the zeros?"),
        (11, "With dilation 2 the kernel's entries are two pixels apart."),
    ),
)


def turned_rows(answer, rng):
    """In one dimension, NumPy has a true convolution."""
    x, w = rng.normal(size=9), rng.normal(size=4)
    expected = np.convolve(x, w, mode="valid")
    same_array(answer(x[np.newaxis], w[np.newaxis]), expected[np.newaxis])
    same_array(answer(x[:, np.newaxis], w[:, np.newaxis]), expected[:, np.newaxis])


def separable(answer, rng):
    """A kernel that is a column times a row convolves the columns, and then the rows."""
    x, column, row = rng.normal(size=(7, 5)), rng.normal(size=2), rng.normal(size=3)
    columns = [np.convolve(c, column, mode="valid") for c in x.T]
    expected = np.array([np.convolve(r, row, mode="valid") for r in np.transpose(columns)])
    same_array(answer(x, np.outer(column, row)), expected)


def stays_float32(answer, rng):
    """One bright pixel in the middle lays down the kernel, whatever its shape and type."""
    w = rng.integers(-9, 10, (3, 2)).astype(np.float32)
    x = np.zeros((5, 3), dtype=np.float32)
    x[2, 1] = 1
    same_array(answer(x, w), w)


TRUE_CONVOLUTION = (
    case(
        "one bright pixel",
        np.array([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]),
        np.array([[1.0, 2.0], [3.0, 4.0]]),
        expected=np.array([[1.0, 2.0], [3.0, 4.0]]),
        hint="Where does the bright pixel lie in the window when output (0, 0) is computed?",
        mistakes=((np.array([[4.0, 3.0], [2.0, 1.0]]), "That is cross-correlation."),),
    ),
    Check("matrices of one row, of one column", turned_rows, "Both axes are turned."),
    Check(
        "a kernel of 2 × 3", separable, "Which axis of the kernel belongs to which of the picture?"
    ),
    Check("a kernel of 3 × 2, in float32", stays_float32, "Build the result from x and w alone."),
)


def last_window_ends_there(answer, rng):
    """The last pixel that is seen ends a window, and the next window does not fit."""
    for _ in range(60):
        k, p = int(rng.integers(1, 8)), int(rng.integers(0, 3))
        s = int(rng.integers(1, k + 1))
        n = int(rng.integers(k, 40))
        unseen = whole_number(answer(n, k, s, p))
        line, end = n + 2 * p, n + p - unseen  # end: of what is seen, on the padded line
        ends = range(k, line + 1, s)  # of all windows
        good = end in ends and end + s > line if unseen > 0 else any(e >= n + p for e in ends)
        require(
            unseen >= 0 and good,
            f"With n = {n}, k = {k}, s = {s}, p = {p} the last window ends at place {ends[-1]} of "
            f"a padded line of {line}, of which the last {p} are zeros.",
            show(unseen),
            "the number of pixels behind the last window",
        )


UNSEEN_ROWS = (
    case(
        "a stride that divides what remains", 27, 3, 2, 0, expected=0, hint="Here nothing is left."
    ),
    case(
        "one left over",
        28,
        3,
        2,
        0,
        expected=1,
        hint="Which is the last pixel of the last window?",
    ),
    case(
        "the padding is what is left over",
        28,
        3,
        2,
        1,
        expected=0,
        hint="Zeros that no window sees are no loss.",
        mistakes=((1, "The pixel that no window sees here is a zero of the padding."),),
    ),
    case(
        "some zeros, some pixels", 40, 7, 6, 1, expected=4, hint="Zeros are the last to be missed."
    ),
    Check("60 settings", last_window_ends_there, "Write the starts of all windows on paper."),
)


def just_these_sizes(answer, rng):
    """Both ends of the range give o outputs, and one pixel beyond either end does not."""
    for _ in range(60):
        o, k, s, d = (int(i) for i in rng.integers((2, 1, 1, 1), (20, 6, 6, 4)))
        p = int(rng.integers(0, (s * (o - 1) + d * (k - 1) + 1) // 2))
        smallest, largest = (whole_number(n) for n in _two(answer(o, k, s, p, d)))
        sizes = (smallest - 1, smallest, largest, largest + 1)
        outputs = [_outputs(n, k, s, p, d) for n in sizes]
        require(
            outputs == [o - 1, o, o, o + 1],
            f"With o = {o}, k = {k}, s = {s}, p = {p}, d = {d} the sizes {sizes} give {outputs}.",
            show((smallest, largest)),
            f"{[o - 1, o, o, o + 1]}",
        )


def _two(came):
    pair = isinstance(came, tuple) and len(came) == 2
    require(pair, "Two results are expected, the smallest size and the largest.", came)
    return came


def _outputs(n, k, s, p, d):
    try:
        return conv_output_size(n, k, stride=s, padding=p, dilation=d)
    except ValueError:
        return 0


INPUT_SIZES = (
    case(
        "stride one: a single size",
        26,
        3,
        1,
        0,
        1,
        expected=(28, 28),
        hint="With stride 1 every pixel more is an output more.",
    ),
    case(
        "stride two: two sizes",
        13,
        3,
        2,
        0,
        1,
        expected=(27, 28),
        hint="What may be left over after the last whole stride?",
    ),
    case("padding", 112, 7, 2, 3, 1, expected=(223, 224), hint="Zeros stand at both ends."),
    case(
        "dilation", 5, 2, 3, 1, 4, expected=(15, 17), hint="The kernel reaches d (k - 1) further."
    ),
    Check(
        "60 settings, and their neighbours", just_these_sizes, "Put your sizes into the formula."
    ),
)


def every_copy_counts(answer, rng):
    """All n copies of k are laid down, as many from the left as from the right."""
    for _ in range(20):
        n, k, s = (int(i) for i in rng.integers((1, 1, 1), (8, 8, 5)))
        counts = answer(n, k, s)
        require(isinstance(counts, np.ndarray), "The result is not an array.", counts)
        require(counts.shape == (s * (n - 1) + k,), "The length is another one.", counts)
        require(counts.sum() == n * k, f"{n} copies of {k} make {n * k} counts.", counts)
        require((counts == counts[::-1]).all(), "Left and right are not alike.", counts)


OVERLAPS = (
    case(
        "a checkerboard",
        3,
        3,
        2,
        expected=np.array([1, 1, 2, 1, 2, 1, 1]),
        hint="Copy i starts at place s i and is k long.",
    ),
    case(
        "none",
        3,
        4,
        2,
        expected=np.array([1, 1, 2, 2, 2, 2, 1, 1]),
        hint="Copies are added where they overlap.",
    ),
    case("gaps", 3, 1, 3, expected=np.array([1, 0, 0, 1, 0, 0, 1]), hint="k may be less than s."),
    Check("20 settings: all copies, on both sides", every_copy_counts, "Count the copies."),
)

EXERCISES = (
    Exercise(
        name="dilated_size",
        topic="convolution",
        asks="dilated_size is the number of outputs of a line of 32 pixels: kernel 5, stride 3, "
        "padding 2, dilation 2.",
        section="How many places can a window take?",
        equation="eq-conv-output-size",
        see="labkit.ops.sizes.conv_output_size",
        checks=(DILATED_SIZE,),
    ),
    Exercise(
        name="true_convolution",
        topic="convolution",
        form="true_convolution(x, w)",
        asks="true_convolution(x, w) slides w, turned by half a turn, over x wherever it fits: "
        "x (h, w), w (kh, kw), result (h - kh + 1, w - kw + 1).",
        section="One picture, four weights",
        equation="eq-conv2d",
        see="labkit.ops.convolution.conv2d",
        points=2,
        checks=TRUE_CONVOLUTION,
    ),
    Exercise(
        name="unseen_rows",
        topic="convolution",
        form="unseen_rows(n, k, s, p)",
        asks="unseen_rows(n, k, s, p) returns how many of the n pixels lie behind the last window; "
        "kernel k, stride s <= k, padding p, dilation 1.",
        section="What can one output see?",
        equation="eq-conv-output-size",
        see="labkit.ops.sizes.conv_output_size",
        points=2,
        checks=UNSEEN_ROWS,
    ),
    Exercise(
        name="input_sizes",
        topic="convolution",
        form="input_sizes(o, k, s, p, d)",
        asks="input_sizes(o, k, s, p, d) returns the smallest and the largest size, as a tuple of "
        "two ints, that give o outputs.",
        section="A convolution is a matrix",
        equation="eq-conv-transpose-output-size",
        see="labkit.ops.sizes.conv_transpose_output_size",
        points=2,
        checks=INPUT_SIZES,
    ),
    Exercise(
        name="overlaps",
        topic="convolution",
        form="overlaps(n, k, s)",
        asks="overlaps(n, k, s) returns an array of ints: how many of the n copies, each k long, "
        "reach each place of a transposed convolution of stride s along a line.",
        section="A convolution is a matrix",
        equation="eq-conv-transpose2d",
        see="labkit.ops.convolution.conv_transpose2d",
        points=2,
        checks=OVERLAPS,
    ),
)
