"""Settings that could not be read again are refused before anything is written; TOML that others
wrote is refused with its reason, whatever it holds."""

import pytest

from birdfall.claims.statements import read_claims
from birdfall.model.errors import UsageError
from birdfall.model.settings import Settings, parse_settings
from birdfall.record.case import Case
from birdfall.sources.table.mapping import parse_mapping
from birdfall.watch.alerts.rules import load_rules
from birdfall.world.priors import parse_priors

WRONG = [
    {"time_zone": "America"},
    {"time_zone": "../UTC"},
    {"time_zone": "\x00"},
    {"leaders": "42"},
    {"leaders": (42,)},
    {"title": "half \ud800"},
    {"title": None},
    {"delete_after": "soon"},
    {"delete_after": "2027-02-30"},
    {"names": {"a": 3}},
    {"reply": ({"who": "x"},)},
    {"simulated": "no"},
]


@pytest.mark.parametrize("changes", WRONG, ids=str)
def test_what_could_not_be_read_again_is_not_written(tmp_path, changes):
    with pytest.raises(UsageError):
        Case.create(tmp_path / "new", Settings(**changes))
    assert not (tmp_path / "new").exists()
    case = Case.create(tmp_path / "case")
    with pytest.raises(UsageError):
        case.change_settings(**changes)
    assert Case.open(tmp_path / "case").settings == Settings()


def test_what_is_written_is_read_again(tmp_path):
    given = Settings(
        title='a "title"\r\n\x01 of \\ ñ',
        time_zone="America/Caracas",
        names={"a.b": "é"},
        reply=({"who": "x", "asked": "2013-11-01"},),
    )
    assert Case.create(tmp_path / "case", given).settings == given


def read_rules_text(text, path):
    path.write_text(text)
    return load_rules(path)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "[" * 5_000 + "]" * 5_000,
        "a = " + "9" * 5_000,
        "to_toml = 'x'",
        "a" + ".a" * 1_000 + " = 1",
        "a = 0000-00-00",
        "a = '\ud800'",
    ],
    ids=["open", "deep", "digits", "method", "dots", "day", "half"],
)
@pytest.mark.parametrize(
    "read", [parse_settings, parse_priors, parse_mapping, read_rules_text, read_claims]
)
def test_toml_of_others_is_refused_with_its_reason(tmp_path, read, text):
    with pytest.raises(UsageError):
        if read is read_rules_text:
            read(text.replace("\ud800", "\x00"), tmp_path / "rules.toml")
        elif read is read_claims:
            read(text)
        else:
            read(text, "here")
