"""Which cases of a test run in `make test`, and which with the slow tests."""

from itertools import product

import pytest


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
    """Values of a parameter: the first `number` of them are fast, the others slow.

    For draws of a seed and the like, of which each says the same of another world.
    """
    return [
        value if i < number else pytest.param(value, marks=pytest.mark.slow)
        for i, value in enumerate(values)
    ]
