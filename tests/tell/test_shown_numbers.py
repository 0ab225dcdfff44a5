"""Numbers in a text are found where they stand, whole, and each once."""

from hypothesis import given
from hypothesis import strategies as st

from birdfall.tell.blocks import DetailsBlock, ShownNumber, TextBlock, split_at_numbers, unfolded


def shown(*texts):
    return [ShownNumber(t, f"x.{i}", None) for i, t in enumerate(texts)]


def test_a_number_is_no_part_of_a_longer_one():
    (before, number, after) = split_at_numbers("Of 7,000 in 17,000: 7.", shown("7"))
    assert (before, number.text, after) == ("Of 7,000 in 17,000: ", "7", ".")
    assert split_at_numbers("1\u202f700 and 70", shown("7")) == ["1\u202f700 and 70"]


def test_the_same_number_twice_is_two_numbers():
    pieces = split_at_numbers("10 of 10", shown("10", "10"))
    assert [p if isinstance(p, str) else p.key for p in pieces] == ["x.0", " of ", "x.1"]


def test_a_language_may_turn_the_order_round():
    pieces = split_at_numbers("94% of 378", shown("378", "94%"))
    assert [p if isinstance(p, str) else p.key for p in pieces] == ["x.1", " of ", "x.0"]


@given(
    st.lists(st.integers(0, 99_999), max_size=6),
    st.lists(st.text("ab ,.%–", max_size=5), max_size=7),
)
def test_the_pieces_are_the_text(numbers, between):
    texts = [f"{n:,}" for n in numbers]
    text = "".join(b + t for b, t in zip([*between, *[" "] * 9], texts, strict=False))
    pieces = split_at_numbers(text, shown(*texts))
    assert "".join(p if isinstance(p, str) else p.text for p in pieces) == text


def test_what_folds_out_is_among_all_blocks():
    inner, outer = TextBlock("in"), TextBlock("out")
    folded = DetailsBlock("more", [DetailsBlock("even more", [inner])])
    assert list(unfolded([outer, folded])) == [outer, inner]
