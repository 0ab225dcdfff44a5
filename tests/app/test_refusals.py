"""Reasons of refused rows are said in the language of the page."""

import pytest

from birdfall.app.refusals import WORDS_OF, refusal_key
from birdfall.sources.ingest import look_into_all
from birdfall.tell.words import LANGUAGES, words

TABLE = """account,suspended_at,followers
a1,2013-10-31T17:50:00Z,10
a2,1913-10-31T17:50:00Z,10
a3,soon,10
a4,,10
a5,2013-10-31T17:50:00Z,32K
Total,2013-10-31T17:50:00Z,-4
[deleted],2013-10-31T17:50:00Z,10
a6,41578.5,ten
1.23457E+18,2013-10-31T17:50:00Z,10
account,suspended_at,followers
"a7,2013-10-31T17:50:00Z,10
"""


def reasons_of(path):
    return [row["reason"] for look in look_into_all(path) for row in look.examples]


def test_every_reason_of_a_bad_table_has_words(tmp_path):
    path = tmp_path / "suspended.csv"
    path.write_text(TABLE)
    reasons = reasons_of(path)
    assert len(reasons) >= 6
    assert [reason for reason in reasons if refusal_key(reason) is None] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_key_has_words_in_every_language(language):
    say = words(language)
    others = ("not of the form %d", "no status that Birdfall knows", "over 1,000 bytes long")
    keys = {refusal_key(reason) for reason in (*WORDS_OF, *others, "not readable as CSV: x")}
    assert None not in keys and all(say.has(f"app.{key}") for key in keys)
    assert refusal_key("a reason of another reader") is None


def test_the_page_says_them_so_and_what_has_no_words_in_english(visitor):
    files = {"files": ("suspended.csv", TABLE.encode(), "text/csv")}
    page = visitor.send("/fr/", "/fr/begin", {}, files).text
    assert "n’est pas une heure sous une forme connue" in page
    assert "not a time in any form known" not in page
