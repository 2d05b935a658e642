"""From one output number by hand to a convolution layer, an edge detector and max pooling.

The checks know what is true of every right answer: a kernel that holds a single one copies pixels,
answers add up where kernels do, channels and examples do not disturb each other.
"""

import numpy as np

from labkit.exercises.compare import Wrong, require, same, same_array
from labkit.exercises.exercise import Check, Exercise, case, value


def some_array(rng, *shape):
    """Small whole numbers as floats: every sum of products is exact."""
    return rng.integers(-4, 5, shape).astype(np.float64)


def copied(x, u, v, stride, out_size):
    """The pixels that a kernel sees through its position (u, v)."""
    height, width = out_size
    return x[..., u::stride, v::stride][..., :height, :width]


VALUE_BY_HAND = value(
    "the number at row 1, column 0",
    4.0,
    hint="Lay the kernel on the image, multiply what lies on top of each other, add up.",
    mistakes=(
        (-3, "The kernel is not turned over: its top left number meets the top left pixel."),
        (6, "Rows and columns of the kernel have changed places."),
        (-8, "With a stride of 2, row 1 of the output begins at row 2 of the image."),
        (9, "That is row 0, column 1: rows come first."),
        (8, "That is row 0, column 0."),
    ),
)


def one_in_kernel(answer, rng):
    """A kernel with a single one copies the pixels under it."""
    image = some_array(rng, 6, 9)
    for u, v in ((0, 0), (2, 1), (0, 3)):
        kernel = np.zeros((3, 4))
        kernel[u, v] = 1.0
        same_array(answer(image, kernel), copied(image, u, v, 1, (4, 6)))


def stride_skips(answer, rng):
    """A stride keeps every second row and column of what stride one gives."""
    image, kernel = some_array(rng, 8, 7), some_array(rng, 3, 2)
    every = answer(image, kernel)
    require(isinstance(every, np.ndarray), "The result is not an array.", every)
    same(every.shape, (6, 6))
    same_array(answer(image, kernel, stride=2), every[::2, ::2].copy())


def kernels_add_up(answer, rng):
    """The answer for a sum of kernels is the sum of the answers."""
    image, a, b = some_array(rng, 7, 5), some_array(rng, 2, 3), some_array(rng, 2, 3)
    together = np.asarray(answer(image, a)) + 2 * np.asarray(answer(image, b))
    require(together.size > 1, "The result is no array of numbers.", together)
    same_array(answer(image, a + 2 * b), together)


CORRELATE = (
    case(
        "one place: multiply and add up",
        np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        np.array([[1.0, 0.0, -1.0], [2.0, 0.5, 0.0]]),
        expected=np.array([[8.5]]),
        hint="1 - 3 + 8 + 2.5: every pixel times the number that lies on it.",
    ),
    case(
        "the difference of neighbours",
        np.array([[0.0, 1.0, 4.0, 9.0], [0.0, 2.0, 4.0, 6.0], [5.0, 5.0, 5.0, 0.0]]),
        np.array([[-1.0, 1.0]]),
        expected=np.array([[1.0, 3.0, 5.0], [2.0, 2.0, 2.0], [0.0, 0.0, -5.0]]),
        hint="The kernel has one row and two columns: how many rows and columns has the output?",
    ),
    Check(
        "a kernel with a single one copies pixels",
        one_in_kernel,
        "out[i, j] is the sum over u, v of kernel[u, v] * image[i + u, j + v].",
    ),
    Check(
        "a stride of two keeps every second row and column",
        stride_skips,
        "With a stride, out[i, j] begins at image[i * stride, j * stride].",
    ),
    Check(
        "the sum of two kernels gives the sum of their answers",
        kernels_add_up,
        "Only products and sums are allowed: no maximum, no absolute value.",
    ),
)


def edge_shape(answer, rng):
    """Three by three finite numbers."""
    if np.asarray(answer).dtype.kind not in "iuf":
        raise Wrong("The kernel holds other things than numbers.", answer, "3 by 3 numbers")
    require(np.shape(answer) == (3, 3), "The shape differs.", answer, "shape (3, 3)")
    require(np.isfinite(answer).all(), "The kernel is not finite.", answer, "3 by 3 numbers")


def responds(patch, rule, holds):
    """Return the check that the kernel's response to a patch obeys a rule."""

    def run(answer, rng):
        edge_shape(answer, rng)
        response = float((np.asarray(answer) * patch).sum())
        rows = "; ".join(" ".join(str(int(i)) for i in row) for row in patch)
        problem = f"On the pixels [{rows}] the kernel gives {response:g}."
        require(holds(response), problem, f"{response:g}", rule)

    return run


DARK, BRIGHT = np.zeros((3, 3)), np.ones((3, 3))
LEFT_EDGE = np.array([[0.0, 0.0, 1.0]] * 3)
TOP_EDGE = LEFT_EDGE.T

EDGE_KERNEL = (
    Check("three by three numbers", edge_shape, "np.array([[.., .., ..], [..], [..]])"),
    Check(
        "nothing where the picture is even",
        responds(BRIGHT, "zero on an even patch", lambda r: abs(r) < 1e-9),
        "All nine numbers are seen at once: what must their sum be?",
    ),
    Check(
        "positive where dark turns bright, from left to right",
        responds(LEFT_EDGE, "more than zero", lambda r: r > 1e-9),
        "Which column lies on the bright pixels? What sign do its numbers need?",
    ),
    Check(
        "nothing on an edge that lies flat",
        responds(TOP_EDGE, "zero: this edge runs along the row", lambda r: abs(r) < 1e-9),
        "Here one row is bright and two are dark: each row of the kernel must cancel by itself.",
    ),
    Check(
        "nothing on a flat edge one pixel higher",
        responds(
            1 - LEFT_EDGE[:, ::-1].T, "zero: this edge runs along the row", lambda r: abs(r) < 1e-9
        ),
        "Each row of the kernel must cancel by itself.",
    ),
)


PLACES = ((0, 0), (2, 1), (1, 0), (0, 1), (2, 0), (1, 1))  # in a kernel of 3 by 2


def layer_copies(stride, padding, groups):
    """Return the check that one-hot kernels copy the right pixels of the right channel."""

    def run(answer, rng):
        x = some_array(rng, 2, 6, 7, 6)  # with stride 2, padding 1 the last zeros are used
        c_out, c_group = 2 * groups, 6 // groups
        w, b = np.zeros((c_out, c_group, 3, 2)), np.zeros(c_out)
        padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        size = [(n + 2 * padding - k) // stride + 1 for n, k in ((7, 3), (6, 2))]
        expected = np.empty((2, c_out, *size))
        for o in range(c_out):
            c, (u, v) = int(rng.integers(c_group)), PLACES[o]
            w[o, c, u, v] = o + 1.0
            seen = padded[:, o // 2 * c_group + c]  # two outputs in each group
            expected[:, o] = (o + 1.0) * copied(seen, u, v, stride, size)
        same_array(answer(x, w, b, stride=stride, padding=padding, groups=groups), expected)

    return run


def bias_of_channel(answer, rng):
    """Kernels of zeros leave the bias of each channel."""
    x, w, b = some_array(rng, 2, 3, 5, 4), np.zeros((4, 3, 2, 3)), np.array([1.0, -2.0, 0.5, 4.0])
    expected = np.broadcast_to(b[:, None, None], (2, 4, 4, 2)).copy()
    same_array(answer(x, w, b), expected)


def layer_adds_up(answer, rng):
    """Kernels of ones add up everything they see, over all channels."""
    x = np.ones((1, 3, 4, 6)) * np.array([1.0, 10.0, 100.0])[:, None, None]
    same_array(answer(x, np.ones((2, 3, 2, 3)), np.zeros(2)), np.full((1, 2, 3, 4), 666.0))


def keeps_float32(answer, rng):
    """float32 in, float32 out."""
    x, w, b = (some_array(rng, *s).astype(np.float32) for s in ((1, 2, 4, 5), (3, 2, 2, 3), (3,)))
    same_array(
        answer(x, np.zeros_like(w), b), np.zeros((1, 3, 3, 3), np.float32) + b[:, None, None]
    )


CONV_FORWARD = (
    Check(
        "six ones under a kernel, three channels",
        layer_adds_up,
        "The sum runs over the channels of the input too: one output channel sees all of them.",
    ),
    Check(
        "a bias for each output channel",
        bias_of_channel,
        "b[o] is added once to every number of output channel o.",
    ),
    Check(
        "single ones copy pixels of one channel",
        layer_copies(1, 0, 1),
        "out[:, o, i, j] sums w[o, c, u, v] * x[:, c, i + u, j + v] over c, u and v.",
    ),
    Check(
        "stride and padding",
        layer_copies(2, 1, 1),
        "Pad height and width with zeros, np.pad(x, ((0, 0), (0, 0), ...)), then stride over it.",
    ),
    Check(
        "groups see only their own channels",
        layer_copies(2, 1, 3),
        "With groups, output channel o belongs to group o // (c_out // groups); where do the "
        "input channels of that group begin?",
    ),
    Check("float32 stays float32", keeps_float32, "np.zeros(shape, dtype=x.dtype)"),
)


def images_stay_apart(answer, rng):
    """What stands in one channel of one image changes no other."""
    x = some_array(rng, 2, 3, 7, 6)
    changed = x.copy()
    changed[1, 2] += 100.0
    before, after = answer(x, 3, 2), answer(changed, 3, 2)
    require(np.shape(before) == (2, 3, 3, 2), "The shape differs.", before, "(2, 3, 3, 2)")
    raised = np.zeros((2, 3, 3, 2))
    raised[1, 2] = 100.0
    same_array(after, before + raised)


def pool_pixels(answer, rng):
    """No pixel of a window is larger than its maximum, and one of them equals it."""
    x = some_array(rng, 1, 2, 9, 8) * 250.0
    out = answer(x, 3, 2)
    same(np.shape(out), (1, 2, 4, 3))
    seen = [copied(x, u, v, 2, (4, 3)) for u in range(3) for v in range(3)]
    too_small = sum((pixel > out).sum() for pixel in seen)
    require(too_small == 0, f"{too_small} pixels are larger than the maximum of their window.")
    among = np.any([pixel == out for pixel in seen], axis=0)
    require(among.all(), f"{(~among).sum()} results do not occur in their window.")


GRID = np.arange(16.0).reshape(1, 1, 4, 4)

MAX_POOL = (
    case(
        "four windows on 0 to 15",
        GRID,
        2,
        2,
        expected=np.array([[[[5.0, 7.0], [13.0, 15.0]]]]),
        hint="The largest of 0, 1, 4, 5 is 5.",
    ),
    case(
        "all pixels negative",
        GRID - 20.0,
        3,
        1,
        expected=np.array([[[[-10.0, -9.0], [-6.0, -5.0]]]]),
        hint="What does the search for the largest begin with? Zero is larger than all of these.",
    ),
    case(
        "a row and a column left over",
        np.arange(42.0).reshape(1, 1, 6, 7)[:, :, ::-1],
        2,
        3,
        expected=np.array([[[[36.0, 39.0], [15.0, 18.0]]]]),
        hint="Only windows that fit entirely count: output_size says how many.",
    ),
    Check(
        "windows that overlap",
        pool_pixels,
        "Window (i, j) covers the rows i * stride to i * stride + kernel_size, end excluded.",
    ),
    Check(
        "channels and images stay apart",
        images_stay_apart,
        "Take the maximum over rows and columns only: axis=(2, 3).",
    ),
)

EXERCISES = (
    Exercise(
        name="value_by_hand",
        topic="convolution",
        graded=True,
        asks="Compute the output at row 1, column 0 (stride 2, no padding) by hand.",
        checks=(VALUE_BY_HAND,),
        section="One picture, four weights",
        equation="eq-conv2d",
        see="labkit.ops.conv2d",
    ),
    Exercise(
        name="correlate",
        topic="convolution",
        graded=True,
        form="correlate(image, kernel, stride=1)",
        asks="correlate(image, kernel, stride=1) slides a kernel (kh, kw) over an image "
        "(height, width) and returns the array of the sums.",
        checks=CORRELATE,
        section="One picture, four weights",
        equation="eq-conv2d",
        see="labkit.ops.conv2d_loop",
        points=3,
    ),
    Exercise(
        name="edge_kernel",
        topic="convolution",
        graded=True,
        asks="A 3 by 3 kernel that is positive where dark turns bright from left to right, and "
        "zero on even patches and on edges that lie flat.",
        checks=EDGE_KERNEL,
        section="Edges of real digits",
        equation="eq-conv2d",
        see="labkit.ops.conv2d",
        points=2,
    ),
    Exercise(
        name="conv_forward",
        topic="convolution",
        graded=True,
        form="conv_forward(x, w, b, stride=1, padding=0, groups=1)",
        asks="conv_forward(x, w, b, stride=1, padding=0, groups=1) returns the layer's output "
        "(n, c_out, oh, ow) for images x (n, c_in, height, width), kernels "
        "w (c_out, c_in // groups, kh, kw) and biases b (c_out,).",
        checks=CONV_FORWARD,
        section="Channels, groups and what they cost",
        equation="eq-conv2d",
        see="labkit.ops.conv2d",
        points=4,
    ),
    Exercise(
        name="max_pool",
        topic="convolution",
        graded=True,
        form="max_pool(x, kernel_size, stride)",
        asks="max_pool(x, kernel_size, stride) returns the maximum of every window that fits, "
        "for images x (n, c, height, width).",
        checks=MAX_POOL,
        section="Pooling",
        equation="eq-max-pool2d",
        see="labkit.ops.max_pool2d",
        points=2,
    ),
)
