"""A manifest in which any one value is of another type is damaged; it is never read as less."""

from __future__ import annotations

import copy
import json

import pytest

from birdfall.model.errors import CaseError
from birdfall.record import manifest

SOUND = {
    "format": 1,
    "software": "0.1",
    "imports": [
        {
            "source": "a.csv",
            "reader": "table",
            "digest": "d",
            "rows": {"acts": 3},
            "rejected": 0,
            "at": "2026-01-01T00:00:00Z",
            "options": {"mapping": "m", "year": 2026},
            "notes": ["n"],
        }
    ],
    "files": [{"path": "record/a.parquet", "sha256": "0" * 64, "bytes": 3, "rows": 4}],
}
#: One value of each type that JSON has, empty and not.
VALUES = (None, True, 3, 1.5, "x", [], [1], {}, {"k": 1})
#: Where a value of another type is right: a file that is no table has no rows, and an option is a
#: text or a whole number.
ALSO_RIGHT = {
    ("files", 0, "rows"): (type(None),),
    ("imports", 0, "options", "mapping"): (int, bool),
    ("imports", 0, "options", "year"): (str, bool),
}


def places(value, place=()):
    """Where there is a value, the whole first."""
    yield place
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*place, key))


def exchange(place, value):
    """The sound manifest with another value at a place, and the one that stood there."""
    changed = {"whole": copy.deepcopy(SOUND)}
    inside = changed
    for key in ("whole", *place)[:-1]:
        inside = inside[key]
    last = ("whole", *place)[-1]
    before, inside[last] = inside[last], value
    return changed["whole"], before


@pytest.mark.parametrize(
    "place", list(places(SOUND)), ids=lambda p: ".".join(map(str, p)) or "whole"
)
def test_a_value_of_another_type_is_damage(tmp_path, place):
    path = tmp_path / manifest.NAME
    path.write_text(json.dumps(SOUND))
    assert manifest.read(tmp_path).files and manifest.read(tmp_path).imports
    for value in VALUES:
        plain, before = exchange(place, value)
        right = (type(before), *ALSO_RIGHT.get(place, ()))
        if type(value) in right:
            continue
        path.write_text(json.dumps(plain))
        with pytest.raises(CaseError) as caught:
            manifest.read(tmp_path)
        assert str(path) in str(caught.value.where) and caught.value.fix, value
