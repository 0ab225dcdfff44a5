"""The page.

Whole without a network, the same every time, safe whatever accounts are called, honest about
refusals.
"""

import datetime as dt
import html
import re

import pyarrow as pa
import pytest

from birdfall.model.errors import UsageError
from birdfall.model.schemas import TIME, Rows
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Options
from birdfall.pipeline.run import run
from birdfall.record.case import Case
from birdfall.tell.report import render
from birdfall.tell.seal import seal_holds
from birdfall.tell.terminal import sparkline, verdict_text

START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
HOSTILE = '"><script>alert(1)</script>\u202e\x1b[31m'


def case_of(folder, *, wave=300, settings=None):
    case = Case.create(
        folder, settings or Settings(title=HOSTILE, question=HOSTILE, public=("leader",)), key=b"k"
    )
    n = 600
    seconds = [i * 7200.0 for i in range(n)] + [200 * 7200.0 + i for i in range(wave)]
    statuses = pa.record_batch(
        {
            "account": [f"secret-{i}" for i in range(len(seconds))],
            "status": ["suspended"] * len(seconds),
            "time": pa.array([START + dt.timedelta(seconds=s) for s in seconds], TIME),
            "observation": ["change"] * len(seconds),
        }
    )
    accounts = pa.record_batch({"account": ["leader"], "handle": [HOSTILE]})
    follows = pa.record_batch(
        {
            "follower": [f"secret-{n + i}" for i in range(wave)] + ["secret-1"],
            "followed": ["leader"] * (wave + 1),
            "observation": ["seen"] * (wave + 1),
            "observed_at": pa.array([START] * (wave + 1), TIME),
        }
    )
    case.append(
        [Rows("statuses", statuses), Rows("accounts", accounts), Rows("follows", follows)],
        source=HOSTILE,
    )
    run(case, Options(replicates=99, permutations=50))
    return case


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return case_of(tmp_path_factory.mktemp("report") / "case")


@pytest.fixture(scope="module")
def page(case):
    return render(case).decode()


def test_the_page_is_whole(page):
    assert not re.search(r'(?:src|href)="(?!#|data:)', page), "nothing is loaded from elsewhere"
    assert "default-src 'none'" in html.unescape(page)
    for language in ("en", "es", "fr", "ar", "pt"):
        assert f'<article id="report-{language}" lang="{language}"' in page
    assert 'dir="rtl"' in page


def test_the_same_case_gives_the_same_bytes(case, page):
    assert render(case).decode() == page
    assert seal_holds(page.encode())
    assert not seal_holds(page.replace("300", "301", 1).encode())


def test_hostile_content_is_only_text(page):
    assert "<script>alert" not in page
    assert "\x1b" not in page
    body = page.split("</title>")[1]
    assert "\u202e" not in re.sub(r"<bdi>.*?</bdi>", "", body, flags=re.S), (
        "overrides stand only where they are isolated"
    )


def test_accounts_that_are_not_public_have_no_id(page):
    assert "secret-" not in page


def test_a_quiet_case_says_so_as_large(tmp_path):
    page = render(case_of(tmp_path / "quiet", wave=0, settings=Settings(title="Quiet"))).decode()
    assert "<h1>No wave: suspensions in this data stay within what chance" in page


def test_simulated_data_is_labelled_in_every_language(tmp_path):
    page = render(case_of(tmp_path / "sim", settings=Settings(title="x", simulated=True))).decode()
    assert page.count('class="simulated"') == 5


def test_an_empty_case_cannot_say(tmp_path):
    case = Case.create(tmp_path / "empty", Settings(title="Empty"))
    case.append([Rows("accounts", pa.record_batch({"account": ["a"]}))], source="x")
    run(case)
    page = render(case, default="es").decode()
    assert '<html lang="es"' in page
    assert "<h1>Con estos datos solos no se puede medir nada.</h1>" in page
    assert "Los datos no incluyen conteos de seguidores." in page


def test_languages_are_those_asked_for(case):
    page = render(case, languages=("pt", "es"), default="pt").decode()
    assert 'id="report-en"' not in page
    with pytest.raises(UsageError):
        render(case, languages=("de",))


def test_styles_know_no_left_and_right():
    from importlib.resources import files

    css = (files("birdfall.tell") / "templates" / "report.css").read_text()
    assert not re.search(r"(?:margin|padding|border|text-align)[^;{]*\b(?:left|right)\b", css)


def test_the_terminal_shows_nothing_that_repaints_it(case):
    text = verdict_text(case, language="en")
    assert "\x1b" not in text and "\u202e" not in text
    assert "300 accounts were suspended" in text or "301 accounts were suspended" in text
    assert sparkline([0, 0, 8, 0]) == "▁▁█▁"
