"""What a page says of files that were given."""

from pathlib import Path

import pytest

from birdfall.app.reading import GivenReading, roles_of
from birdfall.model.schemas import ACT_KINDS
from birdfall.sources.ingest import look_into_all
from birdfall.sources.table.column_choice import ROLES
from birdfall.tell.words import LANGUAGES, words

DATA = Path(__file__).resolve().parents[2] / "examples" / "data"


def test_columns_that_date_a_change_say_which():
    [look] = look_into_all(DATA / "suspended.csv")
    assert roles_of(look.mapping, GivenReading()) == {
        "account": "account",
        "suspended_at": "suspended_at",
        "restored_at": "restored_at",
    }
    assert roles_of(look.mapping, GivenReading(columns={"time": "restored_at"})) == {
        "account": "account",
        "suspended_at": "suspended_at",
        "restored_at": "time",
    }


def test_what_a_file_gives_is_listed_in_words(visitor):
    files = {"files": ("follows.csv", (DATA / "follows.csv").read_text(), "text/csv")}
    page = visitor.send("/en/", "/en/begin", {"title": "Follows"}, files)
    assert "1,400 follows and 2 accounts." in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_role_and_kind_of_act_has_a_word(language):
    say = words(language)
    keys = [*(f"app.role.{r}" for r in ROLES), *(f"app.kind.{k}" for k in ACT_KINDS)]
    assert [key for key in keys if not say.has(key)] == []
