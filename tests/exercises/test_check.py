"""What `check` says about answers that are wrong in general ways, each in its own sentence."""

import math
import re
import warnings

import numpy as np
import pytest

from labkit import exercises
from labkit.exercises import check, examine
from labkit.exercises.answer import Answer, call_text
from labkit.exercises.compare import Unwritten, Wrong, require, same, same_array, show, whole_number
from labkit.exercises.exercise import Check, Exercise, case, refuses, value

SCALE = Exercise(
    name="scale",
    topic="convolution",
    form="scale(x, factor)",
    asks="scale(x, factor) returns a new array, factor times x.",
    checks=(
        case(
            "two numbers",
            np.array([1.0, 2.0]),
            3,
            expected=np.array([3.0, 6.0]),
            hint="Multiply every number.",
            mistakes=((np.array([4.0, 5.0]), "That is a sum."),),
        ),
        case(
            "a table",
            np.ones((5, 4)),
            0.5,
            expected=np.full((5, 4), 0.5),
            hint="A table is an array too.",
        ),
        refuses("a factor of zero", np.ones(2), 0, because="0 erases x", hint="raise ValueError"),
    ),
    see="labkit.ops.conv2d",
)
COUNT = Exercise(
    name="count",
    topic="convolution",
    form="count(n)",
    asks="count(n) returns n as an int.",
    checks=(case("seven", 7, expected=7, hint="Return it."),),
)
LENGTH = Exercise(
    name="length",
    topic="convolution",
    asks="How long is it?",
    checks=(value("the length", 41, hint="Measure.", mistakes=((40, "Count the first, too."),)),),
)


def right(x, factor):
    if factor == 0:
        raise ValueError("factor must not be zero")
    return factor * x


def first_details(exercise, answer):
    report = examine(exercise, answer)
    assert report.state == "wrong"
    return str(report)


def test_right_answer():
    report = examine(SCALE, right)
    assert (report.state, report.passed) == ("holds", 3)
    assert str(report) == (
        "✓ So far so good: scale, visible 3 of 3\n"
        "  These are samples: they can show a mistake, not that there is none."
    )


def test_one_of_three():
    report = examine(SCALE, lambda x, factor: x + factor)
    assert str(report) == (
        "✗ Not yet: scale, visible 0 of 3\n"
        "  ✗ two numbers\n"
        "      tried     scale(np.array([1.0, 2.0]), 3)\n"
        "      problem   That is a known slip.\n"
        "      came      [4, 5]\n"
        "      expected  [3, 6]\n"
        "      hint      That is a sum.\n"
        "  ✗ a table\n"
        "  ✗ a factor of zero\n"
        "  look up: help(labkit.ops.conv2d)"
    )


def test_partial_answer_counts_what_holds():
    report = examine(SCALE, lambda x, factor: factor * x)
    assert report.passed == 2
    text = str(report)
    assert "visible 2 of 3" in text
    assert "  ✓ two numbers\n  ✓ a table\n  ✗ a factor of zero" in text
    assert "a ValueError, because 0 erases x" in text


def stub(x, factor):
    raise NotImplementedError


def prints(x, factor):
    print(factor * x)


def changes_input(x, factor):
    x *= factor
    return x


def never_ends(x, factor):
    return never_ends(x, factor)


def divides(x, factor):
    return x / 0


def overflows(x, factor):
    return np.exp(1000 * x)


def stops(x, factor):
    raise KeyError("weight")


def leaves(x, factor):
    exit(1)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda x, factor: None, "scale returns nothing."),
        (prints, "scale prints its result and returns nothing."),
        (changes_input, "scale changes its input number 1 in place."),
        (never_ends, "scale calls itself without end."),
        (divides, "The numbers leave the range of floats: divide by zero"),
        (overflows, "The numbers leave the range of floats: overflow encountered in exp."),
        (lambda x, factor: math.exp(1000), "The numbers leave the range of floats: math range"),
        (lambda x, factor: warnings.warn("slow", stacklevel=1), "UserWarning: slow."),
        (stops, "The code stops with KeyError: 'weight'."),
        (leaves, "The code ends Python with exit() or quit()."),
        (lambda x: x, "scale does not take these arguments: "),
        (lambda *, x, factor: x, "scale does not take these arguments: "),
        (lambda x, factor: factor * x * np.nan, "2 of 2 numbers are NaN or infinite"),
        (lambda x, factor: (factor * x)[None], "The shape differs."),
        (lambda x, factor: (factor * x).astype(int), "The dtype differs."),
        (lambda x, factor: (factor * x).astype(np.float32), "The dtype differs."),
        (lambda x, factor: (factor * x).tolist(), "The result is a list, not an array."),
        (lambda x, factor: (factor * x).sum(), "The result is a float, not an array."),
        (lambda x, factor: factor * x + np.array([0, 1]), "1 of 2 numbers is wrong, the first at"),
        (lambda x, factor: np.array(["3", "6"]), "The dtype differs."),
        (lambda x, factor: right, "The result is a function, not an array."),
        (lambda x, factor: object(), "The result is an object, not an array."),
        (np.array([3.0, 6.0]), "scale is an array, and a function is expected."),
        (dict, "scale is a class, and a function is expected."),
    ],
)
def test_each_mishap_has_its_sentence(answer, sentence):
    text = first_details(SCALE, answer)
    assert sentence in text
    assert len(text.splitlines()) <= 14
    assert text == str(examine(SCALE, answer))  # the same in every run


def test_booleans_are_compared_one_by_one():
    expected = np.array([True, False, False])
    same_array(expected.copy(), expected)
    with pytest.raises(Wrong, match=r"1 of 3 numbers is wrong, the first at \[2\]"):
        same_array(np.array([True, False, True]), expected)
    with pytest.raises(Wrong, match="The dtype differs"):
        same_array(expected.astype(int), expected)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda n: 7.0, "A whole number is expected, and 7.0 is a float."),
        (lambda n: np.float64(7), "A whole number is expected, and 7.0 is a float."),
        (lambda n: "7", "The result is a text, not a whole number."),
        (lambda n: True, "The result is True or False, not a whole number."),
        (lambda n: [7], "The result is a list, not a whole number."),
        (lambda n: np.array([7]), "The result is an array, not a whole number."),
        (lambda n: 8, "That is not the number."),
    ],
)
def test_counts_are_whole_numbers(answer, sentence):
    assert sentence in first_details(COUNT, answer)


@pytest.mark.parametrize("seven", [7, np.int64(7), np.uint8(7), np.array(7)])
def test_every_kind_of_whole_number_is_one(seven):
    assert examine(COUNT, lambda n: seven).state == "holds"


@pytest.mark.parametrize("answer", [stub, lambda x, factor: ..., ...])
def test_the_stub_is_told_what_to_write(answer):
    report = examine(SCALE, answer)
    assert str(report) == (
        "○ Not written yet: scale, visible 0 of 3\n"
        "  To write: scale(x, factor) returns a new array, factor times x."
    )


def test_half_written_is_half_right():
    def half(x, factor):
        if x.ndim > 1:
            raise NotImplementedError
        return right(x, factor)

    text = first_details(SCALE, half)
    assert "visible 2 of 3" in text
    assert "  ○ a table" in text
    assert "This case is not written yet." in text


def test_the_line_of_the_mistake_is_shown():
    text = first_details(SCALE, stops)
    line = stops.__code__.co_firstlineno + 1
    assert f'KeyError at line {line} of the cell: raise KeyError("weight")' in text


def test_the_line_is_the_learners_even_if_numpy_raises():
    text = first_details(SCALE, lambda x, factor: np.concatenate([x, [[1]]]))
    assert "of the cell: text = first_details(SCALE" in text


def test_what_was_printed_is_shown_and_does_not_clutter(capsys):
    def chatty(x, factor):
        print("x is", x)
        return x

    assert "printed   x is [1. 2.]" in first_details(SCALE, chatty)
    assert capsys.readouterr().out == ""


def test_addresses_of_objects_are_left_out():
    def speaks(x, factor):
        raise RuntimeError(f"no {object()}")

    assert "no <object object at 0x…>" in first_details(SCALE, speaks)


def test_long_messages_are_cut():
    def speaks(x, factor):
        raise RuntimeError("very " * 1000 + "long")

    assert max(len(line) for line in first_details(SCALE, speaks).splitlines()) < 330


def test_large_inputs_can_be_fetched():
    report = examine(SCALE, lambda x, factor: x if x.ndim > 1 else factor * x)
    assert "tried     scale(<array of shape (5, 4)>, 0.5)" in str(report)
    assert "check('scale').inputs has the values of this call" in str(report)
    (x, factor), config = report.inputs
    assert (x.shape, factor, config) == ((5, 4), 0.5, {})


def test_inputs_are_shown_as_they_were_before_the_call():
    assert "tried     scale(np.array([1.0, 2.0]), 3)" in first_details(SCALE, changes_input)


def test_numpys_settings_are_the_learners_again():
    before = np.geterr()
    examine(SCALE, overflows)
    assert np.geterr() == before
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        warnings.warn("heard", stacklevel=1)
    assert len(seen) == 1


def test_a_deprecation_is_not_the_learners_mistake():
    def old(x, factor):
        warnings.warn("soon gone", DeprecationWarning, stacklevel=1)
        return right(x, factor)

    assert examine(SCALE, old).state == "holds"


def test_an_interrupt_stops_everything():
    def slow(x, factor):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        examine(SCALE, slow)


def test_a_result_that_no_check_foresaw():
    odd = Exercise(
        name="odd",
        topic="convolution",
        form="odd()",
        asks="",
        checks=(Check("it adds", lambda answer, rng: answer() + 1, "Numbers add."),),
    )
    assert "This cannot be compared with what is expected." in first_details(odd, lambda: "one")


def test_a_value_is_never_given_away():
    for wrong in (40, 41.0, "41", [41], 42, 1e300, math.nan):
        text = first_details(LENGTH, wrong)
        assert "  expected" not in text
        assert "41" not in text.replace(repr(wrong), "").replace(str(wrong), "")
    assert "Count the first, too." in first_details(LENGTH, 40)
    assert "It holds here." in str(examine(LENGTH, 41))
    assert "length is a function, and a value is expected." in first_details(LENGTH, lambda: 41)


def test_never_all_correct():
    for text in (str(examine(SCALE, right)), examine(SCALE, right)._repr_html_()):
        assert "visible 3 of 3" in text
        assert not re.search(r"\ball\b|correct|perfect|full marks", text)


# --- as HTML ------------------------------------------------------------------------------------


def plain(markup):
    text = re.sub(r"<[^>]+>", " ", markup)
    for code, sign in (("&lt;", "<"), ("&gt;", ">"), ("&#x27;", "'"), ("&quot;", '"')):
        text = text.replace(code, sign)
    return text.replace("&amp;", "&").split()


@pytest.mark.parametrize("answer", [right, stub, changes_input, stops, 5, prints])
def test_html_says_what_the_text_says(answer):
    report = examine(SCALE, answer)
    words = str(report).replace("look up:", "Look up:").split()
    assert " ".join(plain(report._repr_html_())).replace(" :", ":").replace(" ,", ",") == " ".join(
        words
    )


def test_what_a_learner_returns_cannot_become_markup():
    report = examine(COUNT, lambda n: "<script>alert(1)</script>")
    assert "<script>" in str(report)
    assert "<script>" not in report._repr_html_()


def test_html_does_without_colour():
    markup = examine(SCALE, stops)._repr_html_()
    assert not re.search(r"(?<![-\w])(color|background|class=\"(red|green))", markup)
    assert '<th scope="row"' in markup


# --- whose answer -------------------------------------------------------------------------------


def test_check_finds_the_callers_variable():
    size_by_hand = 17
    assert check("size_by_hand").first_wrong.wrong.came == str(size_by_hand)
    assert check("size_by_hand", 16).state == "holds"


def test_check_finds_the_notebooks_variable():
    namespace = {"check": check, "size_by_hand": 16}
    assert eval('check("size_by_hand")', namespace).state == "holds"
    del namespace["size_by_hand"]
    said = str(eval('check("size_by_hand")', namespace))
    assert "There is no size_by_hand here yet." in said
    assert "Run the cell that defines size_by_hand" in said


def test_check_says_which_name_was_meant():
    with pytest.raises(ValueError, match="got 'sizebyhand'; did you mean 'size_by_hand'"):
        check("sizebyhand")
    with pytest.raises(ValueError, match=r"got 'zzz'; there are \["):
        check("zzz")


def test_two_exercises_may_not_share_a_name(monkeypatch):
    monkeypatch.setattr(exercises, "TOPICS", ("convolution", "convolution"))
    with pytest.raises(ValueError, match="names of exercises must differ"):
        exercises.exercises()


# --- the pieces ---------------------------------------------------------------------------------


def test_an_answer_gets_copies():
    seen = []
    answer = Answer("keep", lambda x: seen.append(x) or 1)
    given = np.arange(3)
    assert answer(given) == 1
    assert seen[0] is not given


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ([1, [2, 3]], lambda x: x[1].append(4)),
        ({"a": np.ones(2)}, lambda x: x["a"].fill(2)),
        ({"a": 1}, lambda x: x.pop("a")),
    ],
)
def test_changes_deep_inside_an_input_are_seen(argument, change):
    def function(x):
        change(x)
        return 1

    with pytest.raises(Wrong, match="changes its input number 1 in place"):
        Answer("f", function)(argument)


def test_unwritten_is_no_wrong_answer():
    with pytest.raises(Unwritten):
        Answer("f", stub)(1, 2)


def test_refusing_needs_a_value_error():
    check_zero = refuses("zero", 0, because="of zero", hint="")
    rng = np.random.default_rng(0)
    with pytest.raises(Wrong, match="TypeError"):
        check_zero.run(Answer("f", lambda n: n + ""), rng)
    with pytest.raises(Wrong, match="must not give a result"):
        check_zero.run(Answer("f", lambda n: n), rng)


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (np.array([1.0, 2.0 + 1e-7]), np.array([1.0, 2.0])),
        (np.array([0.0, 1e-12]), np.zeros(2)),
        (np.array([1, 3]), np.array([1, 2])),
        (np.array([1.0, np.inf]), np.array([1.0, np.inf])),
        (1.0 + 1e-7, 1.0),
        (math.inf, 1.0),
        (True, 1.0),
        (1, True),
        ("a", "b"),
        ((1, 2), (1, 2, 3)),
        (3, (1, 2)),
        ((1, 3), (1, 2)),
    ],
)
def test_different_things_are_not_the_same(came, expected):
    with pytest.raises(Wrong):
        same(came, expected)


@pytest.mark.parametrize(
    ("came", "expected"),
    [
        (np.array([1.0, 2.0 + 1e-10]), np.array([1.0, 2.0])),
        (np.array([1, 2], dtype=np.int32), np.array([1, 2])),
        (np.float32([0.1, 3]), np.array([0.1, 3.00001], dtype=np.float32)),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (1, 1.0),
        (np.array(1.0), 1.0),
        (True, True),
        ("a", "a"),
        ([1, 2.0], (1, 2.0)),
    ],
)
def test_rounding_and_kinds_do_not_matter(came, expected):
    same(came, expected)


def test_a_float_of_few_digits_does_not_make_the_expected_number_coarse():
    for came in (np.float16(1 / 3), np.float32(1 / 3), np.array(1 / 3, dtype=np.float16)):
        with pytest.raises(Wrong, match="not the number"):
            same(came, 1 / 3)
    same(np.float32(1 / 3), np.float32(1 / 3 + 1e-6))


def test_require_and_whole_number():
    require(True, "never said")
    with pytest.raises(Wrong, match="too bad"):
        require(np.bool_(False), "too bad")
    with pytest.raises(Wrong, match="not a whole number"):
        whole_number(None)


def test_a_call_is_written_as_it_was():
    text = call_text("f", (1, "a", [2.5], np.zeros((5, 4))), {"n": None, "p": (1, 2)})
    assert text == "f(1, 'a', [2.5], <array of shape (5, 4)>, n=None, p=(1, 2))"
    config = {"grads": [np.array([3.0])], "empty": np.zeros((2, 0, 3)), "graph": {"x": [("y", 2)]}}
    text = call_text("f", ((2,), [], ()), config)
    assert eval(text, {"np": np, "f": lambda *args, **config: repr((args, config))}) == repr(
        (((2,), [], ()), config)
    )


def test_weights_that_fill_a_page_are_named():
    weights = {"wq": np.eye(4), "wk": np.eye(4)}
    assert call_text("f", (weights,), {}) == "f(<dict of wq, wk>)"


def test_a_tuple_of_one_is_no_number_in_brackets():
    assert show((2,)) == "(2,)"


def test_an_exercise_without_checks_is_refused():
    with pytest.raises(ValueError, match="checks of empty must be there"):
        Exercise(name="empty", topic="convolution", asks="", checks=())
    with pytest.raises(ValueError, match="checks of twice must be there and say different"):
        Exercise(name="twice", topic="x", asks="", checks=COUNT.checks * 2)
    with pytest.raises(ValueError, match=r"form of odd must start with odd\("):
        Exercise(name="odd", topic="x", asks="", checks=COUNT.checks, form="even(n)")


GRADED = [one for one in exercises.exercises().values() if one.graded and one.form]
NOTHING = (*(np.zeros((0,) * n) for n in (1, 2, 4)), *((np.zeros(0),) * n for n in (2, 3, 4, 5)))


@pytest.mark.parametrize("exercise", GRADED, ids=lambda exercise: exercise.name)
def test_results_without_numbers_hold_nowhere(exercise):
    for nothing in NOTHING:
        report = examine(exercise, lambda *args, nothing=nothing, **config: nothing)
        assert not [one.check.says for one in report.outcomes if one.state == "holds"]


@pytest.mark.parametrize(
    ("came", "earlier"),
    [
        (np.zeros(2), np.array([1.0, np.inf])),
        (np.zeros(2), np.array([1.0, np.nan])),
        (0.0, math.inf),
        (np.array([-(2**63)]), np.array([0])),  # the difference wraps around, and is negative
        (np.array([1, 10**10 + 1]), np.array([1, 10**10])),
    ],
)
def test_nothing_is_near_infinity_and_whole_numbers_differ_by_nothing(came, earlier):
    with pytest.raises(Wrong):
        same(came, earlier)
