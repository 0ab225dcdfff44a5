"""The Python interface gives the numbers that the commands kept, and refuses what they refuse."""

import pytest

import birdfall
from tiers import some_fast


@pytest.mark.parametrize("kind", some_fast(["automation", "explanations", "brigades"], 2))
def test_methods_give_the_numbers_that_are_kept(small_case, kind):
    case = birdfall.open(small_case)
    kept = next(f for f in case.findings().values() if f.kind == kind)
    again = getattr(case, kind)()
    assert again.answer == kept.answer and again.details.get("set") == kept.details.get("set")
    for name, estimate in kept.estimates.items():
        # commands keep linear algebra to one thread; where it has several, a fitted weight differs
        # in its third digit
        value = again[name].value
        assert value == (
            None if estimate.value is None else pytest.approx(estimate.value, rel=0.01)
        ), name


def test_what_a_record_cannot_carry_is_refused():
    quiet = birdfall.simulate("quiet", accounts=3_000, observe="counts")
    for ask in (quiet.brigades, quiet.automation, quiet.explanations):
        with pytest.raises(birdfall.CannotAnswer):
            ask()
