"""The words on a chart stand beside what they speak of, inside the picture, on the roomier side."""

import pytest

from birdfall.tell.drawings import SIZES, plot_place


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(
    ("begin", "end", "anchor"),
    [(0.0, 0.1, "start"), (0.9, 1.0, "end"), (0.45, 0.5, "start"), (0.55, 0.56, "end")],
)
def test_words_stand_beside_the_wave(size, begin, end, anchor):
    place, (width, height) = plot_place((begin, end), size), SIZES[size]
    assert place.anchor == anchor
    room = place.x if anchor == "end" else width - place.x
    assert room > 0.35 * width, "two short lines fit"
    assert 0 < place.y < height / 2
