"""Pictures that need NumPy alone."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from labkit.exercises import Picture

ARRAY = np.array([[0.0, 1.0, -1.0], [0.5, 0.0, -0.25]])


def test_text_twin():
    assert repr(Picture(ARRAY, alt="A sign.")) == "A sign.\n  ##OO\n==  oo"


def test_drawing_has_its_alternative_and_a_square_for_each_number():
    drawing = ElementTree.fromstring(Picture(ARRAY, alt='It says "<b>".')._repr_html_())
    assert drawing.get("aria-label") == 'It says "<b>".'
    assert drawing.find("title").text == 'It says "<b>".'
    squares = drawing.findall("rect")
    assert len(squares) == 4
    filled = [square.get("fill") != "none" for square in squares]
    assert filled == [True, False, True, False]  # row by row: 1, -1, 0.5, -0.25
    sides = [float(square.get("width")) for square in squares]
    assert sides[0] == sides[1] > sides[2] > sides[3] > 0


def test_every_square_lies_in_its_cell():
    for square in re.findall(r"<rect [^>]+>", Picture(ARRAY, alt="x")._repr_html_()):
        x, y, side = (float(re.search(rf' {k}="([\d.]+)"', square)[1]) for k in ("x", "y", "width"))
        assert int(x) == int(x + side)
        assert int(y) == int(y + side)


def test_zeros_and_whole_numbers():
    assert repr(Picture(np.zeros((2, 3), dtype=int), alt="Nothing.")) == "Nothing.\n\n"
    assert "##" in repr(Picture(np.array([[255, 0]], dtype=np.uint8), alt="One."))


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), (0, 3)])
def test_wrong_shape_is_refused(shape):
    with pytest.raises(ValueError, match="array must have two axes and a number; got shape"):
        Picture(np.zeros(shape), alt="x")


def test_a_picture_without_words_is_refused():
    with pytest.raises(ValueError, match="alt must say"):
        Picture(ARRAY, alt="")
