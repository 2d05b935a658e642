"""How large an output is, and how much of the input it sees: whole numbers, no arrays."""

import itertools

from labkit.exercises.compare import require, show, whole_number
from labkit.exercises.exercise import Check, Exercise, case, refuses, value

SIZE_BY_HAND = value(
    "the number of places",
    16,
    hint="How long is the row with its zeros? How far can the kernel's first pixel travel in it?",
    mistakes=(
        (16.5, "There is no half place: a kernel that would stick out has no place at all."),
        (17, "The last place must fit entirely: round down, not up."),
        (15, "The zeros stand on both sides, and the first place, before any step, counts too."),
        (14, "Did you count the zeros around the row?"),
    ),
)


def last_place_fits(answer, rng):
    """The last place lies inside the padded row, and one place more would not."""
    settings = itertools.product(
        (5, 7, 28, 32, 224), (1, 2, 3, 5, 7, 11), (1, 2, 3, 4), (0, 1, 2, 3), (1, 2)
    )
    for n, k, s, p, d in settings:
        span, row = d * (k - 1) + 1, n + 2 * p
        if span > row:
            continue
        out = whole_number(answer(n, k, stride=s, padding=p, dilation=d))
        end = (out - 1) * s + span
        require(
            out >= 1 and end <= row,
            f"With {out} places the last one ends at pixel {end} of a padded row of {row}.",
            out,
            "the last place fits into the padded row",
        )
        require(
            end + s > row,
            f"With {out} places the last one ends at pixel {end} of a padded row of {row}: "
            f"there is room for another.",
            out,
            "no further place fits",
        )


OUTPUT_SIZE = (
    case(
        "steps of one, no padding",
        28,
        3,
        expected=26,
        hint="In a row of 28, at which pixels can a kernel of 3 begin?",
    ),
    case(
        "steps that do not come out even",
        28,
        3,
        stride=2,
        expected=13,
        hint="Count the steps that fit entirely, and the first place, which needs no step.",
        mistakes=((14, "A place that sticks out of the row is no place: round down."),),
    ),
    case(
        "stride, then padding",
        32,
        3,
        2,
        1,
        expected=16,
        hint="The zeros stand before the row and after it; the stride is the third argument.",
    ),
    case(
        "dilation",
        28,
        3,
        dilation=2,
        expected=24,
        hint="With dilation 2 a kernel of 3 reaches over 5 pixels: x . x . x",
    ),
    Check(
        "864 settings: the last place fits, another does not",
        last_place_fits,
        "Put the numbers of this call into your formula by hand, one term at a time.",
    ),
    refuses(
        "a kernel that is too large",
        6,
        7,
        stride=2,
        because="a kernel of 7 has no place in a row of 6",
        hint="raise ValueError(...) with a message that names both numbers.",
    ),
)


def windows_cover(answer, rng):
    """Floor: as many windows as fit. Ceiling: the end is covered, and each starts on the input."""
    for _ in range(60):
        n, k, s = (int(i) for i in rng.integers((6, 2, 1), (30, 6, 5)))
        p, ceil_mode = int(rng.integers(0, k // 2 + 1)), bool(rng.integers(2))
        out = whole_number(answer(n, k, s, padding=p, ceil_mode=ceil_mode))
        start = (out - 1) * s - p  # of the last window, counted from the first pixel
        end, row = start + k, n + p
        if ceil_mode:
            good = start < n and (end >= row or start + s >= n) and (end - s < row or out == 1)
            rule = "the windows reach the end, none begins behind the last pixel, none is too many"
        else:
            good = end <= row < end + s
            rule = "as many windows as fit entirely"
        problem = (
            f"With {out} windows the last covers the pixels {start} to {end - 1}; the row with "
            f"its padding ends at pixel {row - 1}."
        )
        require(out >= 1 and good, problem, show(out), rule)


POOL_SIZE = (
    case("windows that fit entirely", 12, 3, 2, expected=5, hint="As in output_size."),
    case(
        "no stride given",
        9,
        3,
        expected=3,
        hint="stride=None means windows that touch and do not overlap: what is their step?",
    ),
    case(
        "ceil_mode lets the last window stick out",
        5,
        2,
        2,
        ceil_mode=True,
        expected=3,
        hint="Rounding up without floats: -(-a // b).",
        mistakes=((2, "With ceil_mode the pixel that is left over has a window too."),),
    ),
    case(
        "ceil_mode where nothing is left over",
        8,
        2,
        2,
        ceil_mode=True,
        expected=4,
        hint="Rounding up changes nothing where the division comes out even.",
    ),
    case(
        "no window in the padding behind the row",
        3,
        2,
        2,
        padding=1,
        ceil_mode=True,
        expected=2,
        hint="Where would the last window begin? It must begin before the row ends.",
    ),
    Check(
        "60 settings, floor and ceiling",
        windows_cover,
        "Draw the row and its padding on paper and slide the window.",
    ),
)

FIELD_SIZE = (
    case("one layer", [(5, 1, 1)], expected=5, hint="One output of one layer sees one kernel."),
    case(
        "two layers",
        [(3, 1, 1), (3, 1, 1)],
        expected=5,
        hint="Two neighbours of the first layer share most of what they see.",
        mistakes=(
            (6, "Neighbours overlap: the sum of the kernels counts pixels twice."),
            (9, "Neighbours overlap: fields grow by addition, not by multiplication."),
        ),
    ),
    case(
        "a stride before the last layer",
        [(3, 2, 1), (3, 1, 1)],
        expected=7,
        hint="Behind a stride of 2, neighbours stand 2 input pixels apart.",
    ),
    case(
        "the last stride",
        [(4, 1, 1), (2, 3, 1)],
        expected=5,
        hint="One output is looked at: how far away its neighbour stands does not matter.",
    ),
    case(
        "strides multiply",
        [(7, 2, 1), (3, 2, 1), (3, 3, 1), (2, 1, 1)],
        expected=31,
        hint="After strides 2, 2 and 3, how many input pixels lie between two neighbours?",
    ),
    case(
        "dilation",
        [(3, 1, 2), (3, 2, 1), (3, 1, 4)],
        expected=23,
        hint="A dilated kernel of k reaches over d (k - 1) + 1 elements.",
    ),
    case("no layer", [], expected=1, hint="Without any layer an output is an input."),
)

EXERCISES = (
    Exercise(
        name="size_by_hand",
        topic="convolution",
        graded=True,
        asks="How many places has a kernel of 7 pixels, moving in steps of 2, on a row of 34 "
        "pixels with 2 zeros on each side?",
        checks=(SIZE_BY_HAND,),
        section="How many places can a window take?",
        equation="eq-conv-output-size",
        see="labkit.ops.conv_output_size",
    ),
    Exercise(
        name="output_size",
        topic="convolution",
        graded=True,
        form="output_size(size, kernel_size, stride=1, padding=0, dilation=1)",
        asks="output_size(size, kernel_size, stride=1, padding=0, dilation=1) returns the number "
        "of places of a kernel on a row, and raises ValueError if it has none.",
        checks=OUTPUT_SIZE,
        section="How many places can a window take?",
        equation="eq-conv-output-size",
        see="labkit.ops.conv_output_size",
        points=2,
    ),
    Exercise(
        name="pool_size",
        topic="convolution",
        graded=True,
        form="pool_size(size, kernel_size, stride=None, padding=0, ceil_mode=False)",
        asks="pool_size(size, kernel_size, stride=None, padding=0, ceil_mode=False) returns the "
        "number of pooling windows on a row.",
        checks=POOL_SIZE,
        section="Pooling",
        equation="eq-pool-output-size",
        see="labkit.ops.pool_output_size",
        points=2,
    ),
    Exercise(
        name="field_size",
        topic="convolution",
        graded=True,
        form="field_size(layers)",
        asks="field_size(layers) returns how many input pixels in a row one output sees; layers "
        "is a list of (kernel_size, stride, dilation), first layer first.",
        checks=FIELD_SIZE,
        section="What can one output see?",
        equation="eq-receptive-field",
        see="labkit.ops.receptive_field",
        points=2,
    ),
)
