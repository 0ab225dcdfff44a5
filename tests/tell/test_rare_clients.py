"""An application that few accounts use is named in no sentence of a report."""

import pyarrow as pa
import pytest

from birdfall.model.findings import Finding
from birdfall.record.clients import MERGED, RareClients
from birdfall.tell.quoting import quoting_of
from birdfall.tell.sections.base_rates import _trigger_value
from birdfall.tell.words import LANGUAGES, words
from canaries import MARK, canary_case


def test_what_the_fallen_share_is_quoted_without_an_application_that_few_use(tmp_path):
    case = canary_case(tmp_path / "case")
    table = pa.table({"trigger": ["client"], "trigger_value": [f"phone, {MARK}-app"]})
    told = quoting_of(case.record()).findings(
        {"waves": Finding("waves", "waves", "found", tables={"waves": table})}
    )
    assert told["waves"].table("waves").column("trigger_value").to_pylist() == ["phone, other"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_report_says_that_it_was_one_that_few_use(language):
    say = words(language, "UTC")
    told = _trigger_value("client", f"phone, {MERGED}", say)
    assert told == say("base.few_clients") and "base." not in told
    # Arabic sets foreign words apart by marks that show nothing
    assert _trigger_value("language", MERGED, say).strip("\u2068\u2069") == MERGED


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("Her Own App", "other"),
        ("client Her Own App, age 1/4", "client other, age 1/4"),
        ("Her Own App, a, b", "other"),
        ("phone, a, b", "phone, other"),
        ("phone, web", "phone, web"),
        ("client phone, age 1/4", "client phone, age 1/4"),
        ("", ""),
    ],
)
def test_rare_ones_are_merged_wherever_they_stand(text, merged):
    assert RareClients(frozenset({"Her Own App", "a, b"})).merge_in(text) == merged
