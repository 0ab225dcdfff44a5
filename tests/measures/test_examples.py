"""Every example in a docstring of the measures and kernels runs and gives what it says."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import birdfall.kernels
import birdfall.measures


def modules():
    for package in (birdfall.kernels, birdfall.measures):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            yield found.name


@pytest.mark.parametrize("name", list(modules()))
def test_examples_give_what_they_say(name):
    failed, _ = doctest.testmod(import_module(name))
    assert failed == 0


@pytest.mark.parametrize(
    "package",
    ["audiences", "automation", "follower_counts", "ledgers", "returns", "suspensions", "waves"],
)
def test_every_measure_has_an_example(package):
    face = import_module(f"birdfall.measures.{package}")
    finder = doctest.DocTestFinder(recurse=False)
    functions = [getattr(face, name) for name in face.__all__ if name[0].islower()]
    assert any(test.examples for f in functions for test in finder.find(f))
