"""Which cases of a test run in `make test`, and which with the slow tests."""

from itertools import product

import pytest
from hypothesis import settings


def every_pair(first, second, *, fast):
    """All pairs of two parameters; those not in `fast` are slow.

    Each value of either stands in `fast`, so that no value is left to the slow tests alone.
    """
    assert {a for a, _ in fast} == set(first)
    assert {b for _, b in fast} == set(second)
    return [
        pytest.param(*pair, marks=[] if pair in fast else pytest.mark.slow)
        for pair in product(first, second)
    ]


def some_fast(values, number):
    """Values of a parameter, or tuples for several: the first `number` are fast, the others slow.

    For draws of a seed and the like, of which each says the same of another world.
    """
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=[] if i < number else pytest.mark.slow,
        )
        for i, value in enumerate(values)
    ]


def in_both_tiers(test, drawn, *, few, many, marks=(), **options):
    """A test of drawn examples twice: with few in the fast tests, with many in the slow ones.

    drawn: `given(...)`. few, many: how many examples; the few are the first of the many. marks: of
    pytest, on both. options: further settings of Hypothesis.
    """
    both = [settings(max_examples=n, **options)(drawn(test)) for n in (few, many)]
    for mark in marks:
        both = [mark(one) for one in both]
    return both[0], pytest.mark.slow(both[1])
