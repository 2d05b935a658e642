"""The gradients of a convolution, and the convolution that goes the other way.

What a gradient must be is known without its formula: it is the limit of differences of the forward
pass, and moving a pixel moves the output along the kernel that lies on it.
"""

import numpy as np

from labkit.exercises.compare import require, same, same_array, show
from labkit.exercises.convolution.forward import some_array
from labkit.exercises.exercise import Check, Exercise
from labkit.gradcheck import numerical_gradient
from labkit.ops.convolution import conv2d

ROUNDING = 1e-6  # of differences, relative to the largest number


def no_bias(c_out):
    """A bias of zeros."""
    return np.zeros(c_out)


def results(came, count):
    """The results of a call; raises Wrong unless there are so many."""
    ok = isinstance(came, tuple | list) and len(came) == count
    require(ok, f"{count} results are expected: return dw, db.", came, "dw and db")
    return came


def bias_counts(answer, rng):
    """A bias moves every place of every example: with g of ones it counts them."""
    g, x = np.ones((2, 3, 4, 5)), some_array(rng, 2, 2, 6, 6)
    _, db = results(answer(g, x, (3, 2)), 2)
    same_array(db, np.full(3, 40.0))


def one_window(answer, rng):
    """If one output number matters, the kernel's gradient is the window under it."""
    g, x = np.zeros((2, 3, 4, 5)), some_array(rng, 2, 2, 6, 6)
    g[1, 2, 3, 1] = 2.0
    dw, _ = results(answer(g, x, (3, 2)), 2)
    expected = np.zeros((3, 2, 3, 2))
    expected[2] = 2.0 * x[1, :, 3:6, 1:3]
    same_array(dw, expected)


def examples_add_up(answer, rng):
    """The same examples twice give twice the gradient."""
    g, x = some_array(rng, 2, 2, 3, 4), some_array(rng, 2, 3, 4, 6)
    once = results(answer(g, x, (2, 3)), 2)
    same(tuple(map(np.shape, once)), ((2, 3, 2, 3), (2,)))
    twice = answer(np.concatenate([g, g]), np.concatenate([x, x]), (2, 3))
    same(tuple(twice), tuple(2 * np.asarray(part) for part in once))


def parameter_differences(answer, rng):
    """Moving a weight a little moves the output by dw, with stride and padding."""
    x, w = rng.standard_normal((2, 2, 6, 5)), rng.standard_normal((3, 2, 3, 2))
    g = rng.standard_normal((2, 3, 3, 3))
    dw, _ = results(answer(g, x, (3, 2), stride=2, padding=1), 2)

    def loss(w):
        return (g * conv2d(x, w, no_bias(3), stride=2, padding=1)).sum()

    same_array(dw, numerical_gradient(loss, w), ROUNDING)


PARAMETER_GRADIENTS = (
    Check(
        "db: every place of every example",
        bias_counts,
        "b[o] is added at every place of every example, so every g[:, o] reaches it: a sum, over "
        "which axes?",
    ),
    Check(
        "dw where one output matters: its window",
        one_window,
        "out[n, o, i, j] holds w[o, c, u, v] times x[n, c, i + u, j + v]: that pixel is the "
        "derivative.",
    ),
    Check(
        "examples add up",
        examples_add_up,
        "The same weight works in every example: add, do not average. (A mean in the loss is "
        "already in g.)",
    ),
    Check(
        "stride and padding: equal to finite differences",
        parameter_differences,
        "Do to x what the forward pass did: the same padding, the same i * stride + u.",
    ),
)


def kernel_appears(answer, rng):
    """If one output number matters, the image's gradient is the kernel, at its place."""
    g, w = np.zeros((2, 3, 4, 5)), some_array(rng, 3, 2, 3, 2)
    g[1, 2, 1, 3] = 2.0
    expected = np.zeros((2, 2, 6, 6))
    expected[1, :, 1:4, 3:5] = 2.0 * w[2]
    same_array(answer(g, w, (6, 6)), expected)


def windows_add_up(answer, rng):
    """A pixel under several windows receives from each of them."""
    came = answer(np.ones((1, 1, 2, 4)), np.ones((1, 1, 2, 3)), (3, 6))
    rows = np.array([1.0, 2.0, 1.0])[:, None] * np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.0])
    same_array(came, rows[None, None])


def pixels_left_over(answer, rng):
    """Pixels that no window reaches receive nothing, and are still there."""
    came = answer(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)), (6, 7), stride=3)
    covered = np.zeros((1, 1, 6, 7))
    for i, j in ((0, 0), (0, 3), (3, 0), (3, 3)):
        covered[:, :, i : i + 2, j : j + 2] = 1.0
    same_array(came, covered)


def image_differences(answer, rng):
    """Moving a pixel a little moves the output by its gradient, with stride and padding."""
    x, w = rng.standard_normal((2, 2, 6, 5)), rng.standard_normal((3, 2, 3, 2))
    g = rng.standard_normal((2, 3, 3, 3))

    def loss(x):
        return (g * conv2d(x, w, no_bias(3), stride=2, padding=1)).sum()

    came = answer(g, w, (6, 5), stride=2, padding=1)
    same_array(came, numerical_gradient(loss, x), ROUNDING)


INPUT_GRADIENT = (
    Check(
        "where one output matters, the kernel appears",
        kernel_appears,
        "Pixel [i + u, j + v] was multiplied by w[o, c, u, v] to make out[o, i, j].",
    ),
    Check(
        "windows that overlap add up",
        windows_add_up,
        "Write with += : a pixel that several windows see gets something from each.",
    ),
    Check(
        "pixels that no window reaches",
        pixels_left_over,
        "Begin with zeros of the image's own size; with a stride, some of them stay.",
    ),
    Check(
        "stride and padding: equal to finite differences",
        image_differences,
        "Spread into a padded image of zeros, then cut the padding off.",
    ),
)


def one_pixel(answer, rng):
    """One bright pixel leaves one kernel, at stride times its place."""
    x, w = np.zeros((1, 2, 3, 4)), some_array(rng, 2, 3, 2, 3)
    x[0, 1, 2, 1] = 1.0
    expected = np.zeros((1, 3, 8, 12))  # (3 - 1) * 3 + 2 rows, (4 - 1) * 3 + 3 columns
    expected[0, :, 6:8, 3:6] = w[1]
    same_array(answer(x, w, stride=3), expected)


def pixels_add_up(answer, rng):
    """Where kernels overlap, they add up: the checkerboard of an uneven overlap."""
    came = answer(np.ones((1, 1, 1, 4)), np.ones((1, 1, 1, 3)), stride=2)
    same_array(came, np.array([[[[1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0]]]]))


def padding_cuts(answer, rng):
    """Padding takes rows and columns away."""
    came = answer(np.ones((1, 1, 3, 2)), np.ones((1, 1, 3, 4)), padding=1)
    same(np.shape(came), (1, 1, 3, 3))
    same_array(came, np.array([2.0, 3.0, 2.0])[:, None] * np.array([[[[2.0, 2.0, 2.0]]]]))


def adjoint(answer, rng):
    """<conv2d(a, w), x> = <a, conv_transposed(x, w)> for every a and x."""
    for stride, padding in ((1, 0), (2, 1), (3, 2)):
        x, w = some_array(rng, 2, 3, 4, 3), some_array(rng, 3, 2, 4, 5)
        came = answer(x, w, stride=stride, padding=padding)
        size = tuple((n - 1) * stride + k - 2 * padding for n, k in ((4, 4), (3, 5)))
        same(np.shape(came), (2, 2, *size))
        a = some_array(rng, 2, 2, *size)
        left = (conv2d(a, w, stride=stride, padding=padding) * x).sum()
        right = (a * came).sum()
        problem = f"For stride {stride}, padding {padding} the two products differ."
        rule = f"<a, conv_transposed(x, w)> = <conv2d(a, w), x> = {show(left)}"
        require(np.isclose(left, right, rtol=1e-9), problem, show(right), rule)


CONV_TRANSPOSED = (
    Check(
        "one pixel leaves one kernel",
        one_pixel,
        "Pixel [i, j] puts its kernel at [i * stride, j * stride]; the last kernel still fits.",
    ),
    Check(
        "kernels that overlap add up",
        pixels_add_up,
        "It is input_gradient with x in the place of g. What is the size of the large image?",
    ),
    Check(
        "padding cuts the border off",
        padding_cuts,
        "(rows - 1) * stride + kernel rows, minus the padding on both sides.",
    ),
    Check(
        "the same products with conv2d turned around",
        adjoint,
        "The small image has the channels w.shape[0], the large one w.shape[1].",
    ),
)

EXERCISES = (
    Exercise(
        name="parameter_gradients",
        topic="convolution",
        graded=True,
        form="parameter_gradients(g, x, kernel_size, stride=1, padding=0)",
        asks="parameter_gradients(g, x, kernel_size, stride=1, padding=0) returns dw "
        "(c_out, c_in, kh, kw) and db (c_out,), from g (n, c_out, oh, ow), the gradient of the "
        "output, and the images x; kernel_size is the pair (kh, kw).",
        checks=PARAMETER_GRADIENTS,
        section="A convolution is a matrix",
        equation="eq-conv2d-gradient",
        see="labkit.ops.conv2d",
        points=4,
    ),
    Exercise(
        name="input_gradient",
        topic="convolution",
        graded=True,
        form="input_gradient(g, w, size, stride=1, padding=0)",
        asks="input_gradient(g, w, size, stride=1, padding=0) returns dx (n, c_in, height, "
        "width), from g, the gradient of the output, and w; size is the pair (height, width).",
        checks=INPUT_GRADIENT,
        section="A convolution is a matrix",
        equation="eq-conv2d-gradient",
        see="labkit.ops.conv2d",
        points=4,
    ),
    Exercise(
        name="conv_transposed",
        topic="convolution",
        graded=True,
        form="conv_transposed(x, w, stride=1, padding=0)",
        asks="conv_transposed(x, w, stride=1, padding=0) spreads images x (n, c_in, height, "
        "width) through kernels w (c_in, c_out, kh, kw) into larger images.",
        checks=CONV_TRANSPOSED,
        section="A convolution is a matrix",
        equation="eq-conv-transpose2d",
        see="labkit.ops.conv_transpose2d",
        points=3,
    ),
)
