"""From a file to a report, as forms without scripts."""

import html
import io
import re
import zipfile

import pytest
from app_made import JobState, last_state, run_jobs_here

from birdfall.app import jobs, worker
from birdfall.app.history import last_changes
from birdfall.app.jobs import JobKind, JobRequest
from birdfall.world.write_case import write_case
from suspension_lists import suspension_list
from worlds import SMALL

LANGUAGES = ("en", "es", "fr", "ar", "pt")


def give(visitor, text, name="list.csv", **more):
    return visitor.send(
        "/en/", "/en/begin", {"title": "Night", **more}, {"files": (name, text, "text/csv")}
    )


@pytest.mark.slow
def test_a_list_of_suspensions_becomes_an_answer(visitor):
    page = give(visitor, suspension_list())
    assert page.url.path == "/en/c/night/data"
    # the zone is asked with two examples, and nothing goes on before it is answered
    assert "names no time zone" in page.text
    assert page.text.count("Written in") == 2
    assert "/take-in" not in page.text
    page = visitor.send("/en/c/night/data", "/en/c/night/data/1", {"zone": "America/Caracas"})
    assert "400 statuses of accounts" in page.text
    assert "Were accounts suspended together?" in page.text
    page = visitor.send("/en/c/night/data", "/en/c/night/take-in")
    assert page.url.path == "/en/c/night/ask"
    assert "does not say who followed whom" in page.text
    page = visitor.send(
        "/en/c/night/ask", "/en/c/night/ask", {"title": "The night", "question": "Who fell?"}
    )
    assert page.url.path == "/en/c/night/"
    assert last_state(visitor, "night") is JobState.DONE
    assert "accounts were suspended within" in page.text
    assert "Who fell?" in page.text
    case = visitor.workspace.desk("night").case()
    assert case.settings.time_zone == "America/Caracas"
    assert case.finding("waves").answer == "found"
    for language in LANGUAGES:
        page = visitor.get(f"/{language}/c/night/")
        assert page.status_code == 200 and f'lang="{language}"' in page.text


def test_a_pasted_table_is_read_as_a_file_is(visitor):
    table = suspension_list(zone="Z").replace(",", "\t")
    page = visitor.send("/en/", "/en/begin", {"title": "Pasted", "table": table})
    assert page.url.path == "/en/c/pasted/data"
    assert "table.tsv" in page.text and "400 statuses of accounts" in page.text


def test_the_day_order_is_asked_with_both_days(visitor):
    text = "account,time,status\na,03/04/2013 10:00,suspended\nb,05/04/2013 10:00,suspended\n"
    page = give(visitor, text)
    assert "fits two days" in page.text
    assert "3 Apr 2013" in page.text and "4 Mar 2013" in page.text
    page = visitor.send("/en/c/night/data", "/en/c/night/data/1", {"order": "dmy"})
    page = visitor.send("/en/c/night/data", "/en/c/night/data/1", {"zone": "UTC"})
    assert "2 statuses of accounts" in page.text


def test_a_wrong_file_says_what_is_wrong_and_stops_nothing_else(visitor):
    page = give(visitor, b"\x89PNG\r\n\x1a\n" + bytes(200), name="photo.png")
    assert page.status_code == 200
    assert "This file cannot be read." in page.text or "One thing must be said first" in page.text
    assert "/take-in" not in page.text
    page = visitor.send("/en/c/night/data", "/en/c/night/data/1/remove")
    assert "No files were given here." in page.text
    page = visitor.send(
        "/en/c/night/data",
        "/en/c/night/files",
        files={"files": ("list.csv", suspension_list(zone="Z"), "text/csv")},
    )
    assert "/take-in" in page.text


def test_a_column_is_what_a_person_says_it_is(visitor):
    text = "who,when it went\n" + "".join(
        f"u{n},2013-10-{1 + n % 28:02}T10:00:00Z\n" for n in range(40)
    )
    page = give(visitor, text)
    assert "/take-in" not in page.text
    page = visitor.send(
        "/en/c/night/data",
        "/en/c/night/data/1",
        {"columns": "yes", "column-0": "account", "column-1": "suspended_at"},
    )
    assert "40 statuses of accounts" in page.text
    page = visitor.send("/en/c/night/data", "/en/c/night/data/1", {"forget": "yes"})
    assert "/take-in" not in page.text


def test_refused_rows_are_shown_with_their_reason(visitor):
    page = give(visitor, suspension_list(zone="Z") + "u9999,some day,suspended\n")
    assert "1 row was rejected" in page.text
    assert "some day" in page.text


@pytest.mark.parametrize(("event", "state"), [("begun", "cut-off"), ("failed", "failed")])
def test_a_run_that_is_not_done_shows_no_answer(measured, event, state):
    desk = measured.workspace.desk("night")
    jobs.request_path(desk, 1).parent.mkdir(parents=True)
    jobs.request_path(desk, 1).write_text(JobRequest(JobKind.MEASURE).to_text())
    error = {"what": "the disk is full", "where": "", "why": "", "fix": ""}
    jobs.lock_path(desk).touch()
    worker.JobLog(jobs.log_path(desk, 1)).write(event, process=0, error=error)
    for page in ("", "q/audience", "accounts", "check", "publish"):
        answer = measured.get(f"/en/c/night/{page}")
        assert answer.url.path == "/en/c/night/job", page
        assert f'class="state {state}"' in answer.text
    assert "Go on" in answer.text


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "there is not enough memory for this"),
        (OSError(28, "No space left on device", "/case/x"), "the disk is full"),
        (ValueError("odd"), "Birdfall met an error that nobody foresaw (ValueError: odd)"),
    ],
)
def test_what_a_job_failed_of_is_said_as_the_commands_say_it(
    measured, monkeypatch, tmp_path, error, said
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where the details are left

    def fail(*_):
        raise error

    monkeypatch.setitem(worker.WORK, JobKind.MEASURE, fail)
    with pytest.raises(type(error)):
        run_jobs_here(monkeypatch)(measured.workspace.desk("night"), JobRequest(JobKind.MEASURE))
    page = html.unescape(measured.get("/en/c/night/job").text)
    assert said in page
    assert f"{type(error).__name__}: <" not in page


def test_what_a_file_holds_is_never_markup(visitor):
    hostile = '<script>alert(1)</script>"><img src=x>'
    text = f'account,time,status\n"{hostile.replace(chr(34), chr(34) * 2)}",soon,suspended\n'
    page = give(visitor, text, name="<b>list.csv", title=hostile)
    assert "<script>alert" not in page.text and "<img src=x" not in page.text


def test_a_file_that_is_read_otherwise_makes_the_case_anew(visitor):
    give(visitor, suspension_list())
    for zone, night in (("UTC", "17:50"), ("America/Caracas", "22:20")):
        visitor.send("/en/c/night/data", "/en/c/night/data/1", {"zone": zone})
        visitor.send("/en/c/night/data", "/en/c/night/take-in")
        record = visitor.workspace.desk("night").case().record()
        begin = f"2013-10-31 {night}:00+00"
        within = record.sql(
            "SELECT count(*) AS n FROM statuses WHERE time >= $1::TIMESTAMPTZ "
            "AND time < $1::TIMESTAMPTZ + INTERVAL 10 MINUTE",
            [begin],
        )
        assert within.column("n")[0].as_py() >= 200
        assert record.sizes["statuses"] == 400


def test_files_are_added_to_a_case_that_was_made_elsewhere(visitor):
    write_case("caracas-2013", visitor.workspace.path / "a night & day", **SMALL)
    page = "/en/c/a%20night%20%26%20day/data"
    assert f'action="{page.removesuffix("/data")}/files"' in visitor.get(page).text
    before = visitor.workspace.desk("a night & day").case().record().sizes["statuses"]
    for _ in range(2):
        visitor.send(
            page,
            page.replace("/data", "/files"),
            files={"files": ("list.csv", suspension_list(zone="Z"), "text/csv")},
        )
        visitor.send(page, page.replace("/data", "/take-in"))
        record = visitor.workspace.desk("a night & day").case().record()
        assert record.sizes["statuses"] == before + 400


def test_nothing_is_chosen_that_the_record_does_not_know(visitor):
    give(visitor, suspension_list(zone="Z"))
    visitor.send("/en/c/night/data", "/en/c/night/take-in")
    page = visitor.send("/en/c/night/ask", "/en/c/night/ask", {"more_leaders": "@nobody"})
    assert page.status_code == 400
    assert "no account" in page.text


@pytest.mark.parametrize(
    "language",
    [pytest.param(x, marks=() if x in ("fr", "ar") else pytest.mark.slow) for x in LANGUAGES],
)
def test_every_page_of_a_measured_case_in_every_language(measured, language):
    for page in ("", "data", "ask", "accounts", "check", "publish", "q/audience", "q/method"):
        answer = measured.get(f"/{language}/c/night/{page}")
        assert answer.status_code == 200, page
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in (
            answer.text
        )


def test_comparable_accounts_are_suggested_with_the_reason(measured):
    page = measured.get("/en/c/night/ask").text
    desk = measured.workspace.desk("night")
    before = desk.case().settings
    assert before.leaders and before.controls
    assert "its audience is of like size" in page
    chosen = {f"part:{before.leaders[0]}": "leaders", "title": "Only one", "keep": "yes"}
    page = measured.send("/en/c/night/ask", "/en/c/night/ask", chosen)
    assert page.url.path == "/en/c/night/ask"
    assert "to compare with" in page.text
    after = desk.case().settings
    assert after.leaders == before.leaders[:1] and after.controls == ()
    assert after.title == "Only one"
    assert jobs.last_job(desk) is None  # nothing was measured


def test_numbers_on_the_pages_are_those_of_the_findings(measured):
    case = measured.workspace.desk("night").case()
    wave = case.finding("waves").table("waves").to_pylist()[0]
    assert f"{int(wave['observed']):,} accounts were suspended" in measured.get("/en/c/night/").text
    page = measured.get("/en/c/night/accounts?wave=1").text
    assert f"{int(wave['observed']):,} accounts were suspended from" in page


@pytest.mark.slow
def test_evidence_and_report_are_given_out_and_hold(measured):
    page = measured.send("/en/c/night/publish", "/en/c/night/publish/evidence")
    assert page.url.path == "/en/c/night/publish"
    pack = zipfile.ZipFile(io.BytesIO(measured.get("/en/c/night/evidence.zip").content))
    names = pack.namelist()
    assert "report.html" in names and "evidence/evidence.json" in names
    case = measured.workspace.desk("night").case()
    assert pack.read("evidence/case.key") != case.key
    page = measured.send("/en/c/night/publish", "/en/c/night/publish/verify")
    assert "Everything holds" in page.text
    report = measured.get("/en/c/night/report.html")
    assert "sandbox" in report.headers["content-security-policy"]
    assert report.content == case.read("reports/report.html")


BROKEN = (
    "account,suspended_at\n"
    + "".join(f"a{n},2024-03-01T10:{n:02}:00Z\n" for n in range(40))
    + "b1,yesterday\nb2,2024-03-01 noon\nb3,2024-03-01T11:03:00Z\n"
)


def test_rows_that_were_refused_are_put_right_on_the_page(visitor):
    page = give(visitor, BROKEN).text
    assert "2 rows were rejected" in page and "41 statuses" in page
    data, said = "/en/c/night/data", {"mend": "yes", "mend-42-1": "2024-03-01T11:01:00Z"}
    page = visitor.send(data, f"{data}/1", said).text
    assert "1 row was rejected" in page and "42 statuses" in page
    assert "1 value was put right here" in page and "<bdi>yesterday</bdi>" in page
    # one that is still wrong is refused again, and counted once when it is right
    page = visitor.send(data, f"{data}/1", {"mend": "yes", "mend-43-1": "noon"}).text
    assert "1 row was rejected" in page and 'value="noon"' in page
    page = visitor.send(
        data, f"{data}/1", {"mend": "yes", "mend-43-1": "2024-03-01T12:00:00Z"}
    ).text
    assert "rejected" not in page and "2 values were put right here" in page
    # the file that was given stays as it was, and the case says that values were put right
    desk = visitor.workspace.desk("night")
    (file,) = desk.files()
    assert file.path.read_text() == BROKEN
    visitor.send(data, "/en/c/night/take-in")
    (imported,) = desk.case().manifest.imports
    assert imported.rows == {"statuses": 43} and "list.mended-2.csv" in str(imported)
    assert any(change.what == "mended" for change in last_changes(desk))
    page = visitor.send(data, f"{data}/1", {"forget": "mended"}).text
    assert "2 rows were rejected" in page and "put right here" not in page
    visitor.send(data, f"{data}/1/remove")
    assert not file.mended_folder.exists()


def test_only_values_that_were_refused_are_changed(visitor):
    give(visitor, BROKEN)
    data = "/en/c/night/data"
    page = visitor.send(
        data, f"{data}/1", {"mend": "yes", "mend-2-0": "z", "mend-99-1": "x", "mend-42-7": "x"}
    ).text
    assert "2 rows were rejected" in page and "put right here" not in page


def test_what_would_help_is_said_in_words_and_never_as_a_number(visitor):
    give(visitor, suspension_list(zone="Z"))
    page = visitor.get("/en/c/night/data").text
    helps = re.findall(r"What would help: ([^<]*)<", page)
    assert helps and not [one for one in helps if any(c.isdigit() for c in one)]
