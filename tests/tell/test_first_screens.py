"""The first screen answers the question that was brought, and shows nothing the data cannot."""

import datetime as dt
import re
from html import unescape

import pyarrow as pa
import pytest
from starlette.testclient import TestClient

from birdfall.measures.follower_counts import published_tables, read_facts, reconcile
from birdfall.measures.waves import waves
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.record.record import from_tables
from birdfall.tell.first_screen import four_numbers
from birdfall.tell.marks import plain
from birdfall.tell.names import names_of
from birdfall.tell.page import Page, leader_ledgers
from birdfall.tell.report import write_articles
from birdfall.tell.sentences import audience_sentence, departures_sentence, verdict
from birdfall.tell.words import LANGUAGES, words
from birdfall.watch.dashboard.app import create_application
from birdfall.watch.dashboard.case_view import CaseView
from builders import after, statuses
from commands import birdfall
from small_cases import CASES, FACTS, SLOW_CASES, make_case

#: By case: how the headline begins in English, the keys of its numbers, and what it never says.
EXPECTED = {
    "posts": ("20 accounts in 1 group acted together", 3, "suspended"),
    "quiet posts": ("No accounts acted together", 0, "suspended"),
    "suspensions": ("201 accounts were suspended", 2, "followers"),
    "counts": ("On 31 January 2024, @leader lost more followers", 3, "suspen"),
    "quiet counts": ("No account lost followers", 0, "suspen"),
    "suspensions and follows": ("201 accounts were suspended", 2, "%"),
    "reports": ("20 accounts reported the same 6 accounts", 3, "suspended"),
    "figures": ("By the published figures, @leader lost", 3, "suspended"),
    "nothing": ("Nothing can be measured", 0, "suspended"),
    "one account": ("Nothing can be measured", 0, "follower"),
    "wave of three": ("No wave", 0, "follower"),
    "posts in Arabic": ("Whether anybody acted together cannot be told", 0, "suspended"),
}


@pytest.fixture(scope="module")
def case_named(once):
    from birdfall.record.case import Case

    def named(name):
        folder = once("first-screen-" + name.replace(" ", "-"), lambda f: make_case(name, f / "c"))
        return Case.open(folder / "c")

    return named


#: What takes long is weighing explanations, which one case does for all.
NAMES = [
    pytest.param(name, marks=pytest.mark.slow) if name in SLOW_CASES else name for name in CASES
]


@pytest.mark.parametrize("name", NAMES)
def test_the_headline_answers_what_was_brought(case_named, name):
    begins, numbers, never = EXPECTED[name]
    case = case_named(name)
    articles = write_articles(case, LANGUAGES).articles
    first = articles[0]
    assert first.verdict.sentence.startswith(begins)
    assert len(first.four) == numbers
    screen = " ".join(
        [first.verdict.sentence, first.verdict.more, *(k.label for k in first.four)]
        + [n.text for k in first.four for n in k.steps]
    )
    assert never not in screen
    if name == "one account":  # what was brought says why, before what was not
        assert first.verdict.limit.startswith("The record is too short")
    asked = words("en")("verdict.cannot")
    assert asked not in screen, "nobody asked whether accounts fell"
    for article in articles:
        shown = [n.value for k in article.four for n in k.steps]
        assert shown == [n.value for k in first.four for n in k.steps], "one number, five languages"
        assert "{" not in article.verdict.sentence + article.verdict.more


def test_a_list_of_suspensions_says_nothing_of_returns(case_named):
    (article,) = write_articles(case_named("suspensions"), ["en"]).articles
    section = next(s for s in article.sections if s.id == "returns")
    assert "would not show returns" in section.body[0].text
    assert "chart" not in {b.kind for b in section.body}


def test_only_the_accounts_that_fell_are_summed(case_named):
    case = case_named("counts")
    drops = case.finding("counts").table("drops").to_pylist()
    fell = sum(r["gross"] for r in drops if r["account"] == "leader")
    (article,) = write_articles(case, ["en"]).articles
    assert [k.steps[0].value for k in article.four][:2] == [1, pytest.approx(fell)]


def test_the_letter_on_published_figures_is_in_the_language_asked(case_named):
    asked = birdfall("explain", case_named("figures").path, "--request", "--lang", "es", check=0)
    assert "10 de junio de 2020" in asked.stdout and "2020-06-10" not in asked.stdout


def test_published_figures_tell_the_whole_story(case_named):
    (article,) = write_articles(case_named("figures"), ["en"]).articles
    section = next(s for s in article.sections if s.id == "reconciliation")
    texts = [f"{b.lead} {b.text}" for b in section.body if b.kind == "text"]
    assert "table" not in {b.kind for b in section.body}, "one picture, on the first screen"
    table, legend = article.charts
    assert "Band: 6,200 to 7,800" in legend.text
    assert [r[2].mark for r in table.rows] == ["yes", "no", "yes"]
    assert [r[1].dumbbell and r[1].dumbbell.fits for r in table.rows] == [True, False, None]
    told = " ".join(texts)
    for part in (
        "@minister: 32,000, then 1, then 17,000 followers",
        "almost 7,000 (minister, followers of @leader, 10 Jun 2020)",
        "a part would be larger than the whole: almost 20,000",
        "Said to have come back: about 50 (newspaper, 11 Jun 2020)",
        "“no comment” (spokesperson of the platform, 10 Jun 2020)",
        "@leader lost at least 4 times the share of followers that @other lost",
    ):
        assert part in told or part in article.verdict.limit, part
    everything = next(b for b in section.body[-1].blocks if b.kind == "table")
    assert len(everything.rows) == 15, "all that was published is listed"


def test_the_first_screen_draws_whoever_lost_most_though_nobody_was_named(case_named):
    (article,) = write_articles(case_named("counts"), ["en"]).articles
    assert [block.title for block in article.charts] == ["Followers of @leader"]
    assert article.verdict.more == "That is 9% of its followers."


def counted(*rows, series=(), **row):
    """A finding of counts: its largest fall, the accounts of it and their levels."""
    day = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    fall = {"wave": 1, "start": day, "accounts_hit": 2, "accounts": 3, "median_hazard": 0.1}
    fall |= {"largest_hazard": 0.3, "largest_account": "leader", "gross": 900.0, "net": -800.0}
    tables = {
        "waves": pa.Table.from_pylist([fall | row]),
        "drops": pa.Table.from_pylist([{"wave": 1, **drop} for drop in rows]),
        "series": pa.Table.from_pylist(
            [{"account": a, "followers": level} for a, level in series]
            or [{"account": "leader", "followers": 9.0}]
        ),
    }
    return Finding("counts", "counts", "found", tables=tables)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_loss_of_many_names_who_lost_most_and_no_part_is_larger_than_the_whole(language):
    say = words(language)
    several = verdict({"counts": counted()}, say, "@{}".format)
    assert "@leader" in several.more and "30" in several.more
    shrinking = verdict({"counts": counted(gross=876.0, net=-892.0)}, say, "@{}".format).sentence
    assert shrinking.index("892") < shrinking.index("876"), "the whole, then what is beyond usual"
    growing = verdict({"counts": counted(gross=892.0, net=-876.0)}, say, "@{}".format).sentence
    assert growing.index("892") < growing.index("876")


def test_a_profile_that_was_rebuilt_stands_on_the_first_screen():
    drop = {"account": "minister", "before": 32_000, "after": 1, "rebuilt": True}
    other = {"account": "leader", "before": 900, "after": 600, "rebuilt": False}
    series = [("minister", 32_000.0), ("minister", 1.0), ("minister", 17_000.0), ("leader", 600.0)]
    found = counted(drop, other, series=series, gross=300.0, net=-300.0, accounts_hit=1)
    for language in LANGUAGES:
        page = Page({"counts": found}, None, words(language), "@{}".format)
        rebuilt = four_numbers(page)[-1]
        assert [step.value for step in rebuilt.steps] == [32_000, 1, 17_000]
        assert "@minister" in rebuilt.label


@pytest.mark.parametrize(
    ("outcome", "said"), [("not raised", "was hit harder"), ("too few alike", "cannot be told")]
)
def test_who_asked_about_an_audience_hears_that_none_was_hit_harder(outcome, said):
    def audience(role):
        rows = pa.Table.from_pylist([{"role": role, "outcome": outcome}])
        return Finding("audiences", "audiences-1", "nothing", tables={"audiences": rows})

    assert said in audience_sentence(audience("leader"), words("en"), str)
    assert audience_sentence(audience("other"), words("en"), str) == "", "nobody asked"


def test_deletions_are_told_beside_a_wave_of_suspensions():
    start = dt.datetime(2023, 3, 5, tzinfo=dt.UTC)
    rows = [(f"b{i}", "suspended", after(start, 7200 * i)) for i in range(300)]
    rows += [(f"w{i}", "suspended", after(start, 1_000_000 + i)) for i in range(120)]
    rows += [(f"d{i}", "deleted", after(start, 30 * i)) for i in range(70)]
    found = waves(from_tables({"statuses": statuses(rows)}), replicates=19)
    assert found.answer == "found"
    for language in LANGUAGES:
        limit = plain(verdict({"waves": found}, words(language), str).limit)
        assert "70" in limit, language
    few = dict(found.estimates, departures_10min=Estimate(2, "accounts"))
    usual = verdict({"waves": found.replace(estimates=few)}, words("en"), str)
    assert "Deleted" not in usual.limit, "ordinary departures stand further down"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_under_one_number_is_in_the_singular(language):
    say = words(language)
    for key in ("four.coordination.groups", "four.brigades.brigades", "four.hit"):
        assert say(key, n=1) != say(key, n=5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_of_one_account_alone_say_what_they_lack_and_what_they_tell(language):
    say, header = words(language), FACTS.split(b"\n")[0]
    rows = [line for line in FACTS.split(b"\n") if line.startswith((b"9,", b"10,", b"11,"))]
    data = b"\n".join([header, *rows])
    found = reconcile(read_facts(data, "facts.csv"))
    assert found.answer == "cannot"
    found = found.replace(tables={**found.tables, **published_tables(data, "facts.csv")})
    unexplained = Finding(
        "explanations", "explanations", "cannot", reasons=(Note("too-little-known-to-explain"),)
    )
    said = verdict({"explanations": unexplained, "reconciliation": found}, say, str)
    for level in (32_000, 1, 17_000):
        assert say.number(level) in said.more
    assert said.limit == say("note.too-few-levels"), "what the figures lack, not what others do"
    assert said.sentence != say("verdict.empty")


def ledger(name, before, lowest):
    found = {"before": before, "lowest": lowest}
    estimates = {key: Estimate(value, "followers") for key, value in found.items()}
    return Finding("ledger", f"ledger-{name}", "found", estimates, details={"leader": name})


def test_the_ledger_of_whoever_lost_most_stands_first_where_no_audience_explains_the_wave():
    found = {f.name: f for f in (ledger("control", 1100, 1100), ledger("leader", 900, 600))}
    assert [f.details["leader"] for f in leader_ledgers(found)] == ["leader"]


@pytest.mark.parametrize("status", ["deleted", "deactivated"])
@pytest.mark.parametrize("suspended", [0, 10])
def test_departures_that_are_no_suspensions_are_counted(status, suspended):
    start = dt.datetime(2023, 3, 5, tzinfo=dt.UTC)
    rows = [(f"d{i}", status, after(start, 40_000 * i)) for i in range(60)]
    rows += [(f"w{i}", status, after(start, 20 * 86_400 + i)) for i in range(90)]
    rows += [(f"s{i}", "suspended", after(start, 200_000 * i)) for i in range(suspended)]
    found = waves(from_tables({"statuses": statuses(rows)}), replicates=19)
    counted = {name: found[name].value for name in ("deleted", "deactivated", "departures_10min")}
    other = {"deleted": "deactivated", "deactivated": "deleted"}[status]
    assert counted == {status: 150, other: 0, "departures_10min": 90}
    for language in LANGUAGES:
        said = verdict({"waves": found}, words(language), str)
        more = plain(said.more)
        assert "150" in more and "90" in more, language
        assert said.confidence >= 2
    assert "not suspensions" in plain(verdict({"waves": found}, words("en"), str).more)


def test_where_nobody_left_nothing_is_said_of_departures():
    start = dt.datetime(2023, 3, 5, tzinfo=dt.UTC)
    rows = [(f"s{i}", "suspended", after(start, 200_000 * i)) for i in range(10)]
    found = waves(from_tables({"statuses": statuses(rows)}), replicates=19)
    assert found.answer == "nothing"
    assert "deleted" not in found.estimates
    assert departures_sentence(found, words("en")) == ""


@pytest.mark.parametrize("name", NAMES)
def test_the_pages_of_the_case_begin_with_the_same_answer(case_named, name):
    case = case_named(name)
    web = TestClient(
        create_application(CaseView(case.path), token=None, host="127.0.0.1"),
        base_url="http://127.0.0.1:1",
    )
    record = case.record()
    for language in LANGUAGES:
        say = words(language, record.settings.time_zone)
        report = Page(case.findings(), record, say, names_of(record))
        said = verdict(report.findings, say, report.name)
        page = unescape(web.get(f"/{language}/now").text)
        shown = re.sub(r"[\u2066-\u2069]", "", page)
        for told in (said.sentence, said.more, said.limit):
            assert re.sub(r"[\u2066-\u2069]", "", told) in shown
        for number in four_numbers(report):
            assert all(f"<span>{step.text}</span>" in page for step in number.steps)
    looked = case.finding("waves").answer != "cannot" if "waves" in case.findings() else False
    waves = unescape(web.get("/en/waves").text)
    for page in (unescape(web.get("/en/now").text), waves):
        assert looked or "No wave" not in page
        assert looked or "do suspensions exceed" not in page
    assert looked or "Waves were not measured" in waves
