"""A pseudonym leads back to its account, and nothing that only looks like one does."""

import pyarrow as pa
import pytest

from birdfall.record.ids import Ids, pseudonym

IDS = Ids(pa.array([f"a{n}" for n in range(500)]))


def test_each_account_is_found_by_its_pseudonym():
    assert [IDS.called(pseudonym(n)) for n in range(500)] == [f"a{n}" for n in range(500)]


@pytest.mark.parametrize("number", ["9", "010", "-1", "", "١٠", "9" * 40])
def test_what_only_looks_like_a_pseudonym_names_nobody(number):
    bird = pseudonym(0).rpartition("-")[0]
    assert IDS.called(f"{bird}-{number}") is None


def test_a_pseudonym_of_nobody_names_nobody():
    assert IDS.called(pseudonym(500)) is None
