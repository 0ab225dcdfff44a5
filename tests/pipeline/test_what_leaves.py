"""What leaves a case names nobody: every export format, searched for canaries byte by byte."""

from __future__ import annotations

import base64
import gzip
import hmac
import os
import re

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from birdfall.claims import claim_slug
from birdfall.cli.network_files import accounts_of_case, accounts_of_files, write_network
from birdfall.inquiry import Inquiry
from birdfall.pipeline.export import BUILT_IN, export
from birdfall.pipeline.report import write_report
from birdfall.record.ids import pseudonym
from birdfall.tell.notebook import render
from birdfall.tell.words import LANGUAGES
from birdfall.watch.dashboard.app import create_application
from birdfall.watch.dashboard.case_view import CaseView
from canaries import ACCOUNTS, MARK, account, canaries_in, canary_case, handle

FORMATS = [f.name for f in BUILT_IN]
IDENTIFIED = [form for form in FORMATS if form != "evidence"]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return canary_case(tmp_path_factory.mktemp("leaves") / "case")


def reportable_case(folder):
    """The same with findings that a page can show: made from it, and the claim."""
    case = canary_case(folder)
    claim = next(f for f in case.findings().values() if f.kind == "claim")
    case.remove_findings()
    inquiry = Inquiry(case.record(), case)
    made = [inquiry.coverage(), inquiry.waves(), inquiry.ledger(account(0)), inquiry.brigades()]
    case.save(claim, *made)
    return case


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    return reportable_case(tmp_path_factory.mktemp("reported") / "case")


@pytest.mark.parametrize("form", FORMATS)
def test_no_export_names_anybody(case, form, tmp_path):
    made = export(case, form, tmp_path / "out")
    assert made
    assert canaries_in(*made)[:5] == []


@pytest.mark.parametrize(
    "hidden",
    [
        MARK.upper().encode(),
        MARK.encode("utf-16-le"),
        b"7b" + MARK.encode().hex().encode(),
        *(base64.b64encode(b"." * n + MARK.encode() + b"..") for n in range(3)),
        base64.b64encode(gzip.compress(b"a picture of " * 40 + MARK.encode(), mtime=0)),
        gzip.compress(MARK.encode(), mtime=0),
    ],
)
def test_the_search_finds_a_canary_however_it_is_written(hidden, tmp_path):
    (tmp_path / "page.html").write_bytes(b"<p>" * (not hidden.startswith(b"\x1f")) + hidden)
    assert canaries_in(tmp_path / "page.html")


@pytest.mark.parametrize("form", IDENTIFIED)
def test_the_search_finds_what_an_identified_export_holds(case, form, tmp_path):
    assert canaries_in(*export(case, form, tmp_path / "out", identified=True))


@pytest.fixture(scope="module")
def network(case):
    record = case.record()
    return case.finding("coordination-repost"), accounts_of_case(case, record)


def test_no_file_of_a_network_names_anybody(network, tmp_path):
    made = write_network(*network, tmp_path / "network", False)
    assert {p.suffix for p in made} == {".gexf", ".graphml", ".json", ".csv", ".parquet"}
    assert canaries_in(*made)[:5] == []


@pytest.mark.parametrize("name", ["edges.csv", "edges.parquet"])
def test_no_file_of_edges_names_anybody(network, name, tmp_path):
    (made,) = write_network(*network, tmp_path / name, False)
    assert canaries_in(made) == []


def test_the_digest_of_an_object_cannot_be_guessed_from_a_network_of_files(case, tmp_path):
    record = case.record()
    people = accounts_of_files(record.ids, record.names)
    write_network(case.finding("coordination-repost"), people, tmp_path / "network", False)
    shared = (tmp_path / "network" / "groups.csv").read_text()
    assert "id-" in shared
    for known in (b"network", b"birdfall", b""):
        guess = hmac.digest(known, f"{MARK}-post-2".encode(), "sha256").hex()
        assert guess[:16] not in shared


def test_a_public_account_goes_by_its_handle(tmp_path):
    case = canary_case(tmp_path / "case")
    case.change_settings(public=(account(1),))
    people = accounts_of_case(case, case.record())
    made = write_network(case.finding("coordination-repost"), people, tmp_path / "network", False)
    drawn = next(p for p in made if p.suffix == ".gexf").read_text("utf-8")
    assert f'label="{handle(1)}"' in drawn and f"{MARK}0002" not in drawn


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_report_names_anybody(reported, language, tmp_path):
    path = write_report(reported, language, (language,), tmp_path / f"{language}.html")
    assert b"-10 lost 200 followers" in path.read_bytes()
    assert canaries_in(path)[:5] == []


def test_the_report_of_a_public_account_quotes_it_as_it_was_written(tmp_path):
    case = reportable_case(tmp_path / "case")
    case.change_settings(public=(account(1),))
    page = write_report(case, "en", ("en",)).read_text("utf-8")
    assert f"@{handle(1)} lost 200 followers" in page and handle(2) not in page


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps permissions otherwise")
@pytest.mark.parametrize("form", IDENTIFIED)
def test_an_identified_export_is_for_its_owner_alone(case, form, tmp_path):
    made = export(case, form, tmp_path / "out", identified=True)
    assert {p.stat().st_mode & 0o077 for p in (tmp_path / "out", *made)} == {0}


def test_strata_and_clients_of_fewer_than_ten_are_merged(case, tmp_path):
    export(case, "parquet", tmp_path / "out")
    strata = pq.read_table(tmp_path / "out" / "audiences_1.strata.parquet").to_pylist()
    assert strata == [
        {"stratum": "client other, age 1/4", "accounts": 60, "suspended": 1},
        {"stratum": "other", "accounts": 9, "suspended": 5},
    ]
    acts = pq.read_table(tmp_path / "out" / "acts.parquet")
    assert set(acts.column("client").to_pylist()) == {"phone", "other"}


@pytest.mark.parametrize("form", ["parquet", pytest.param("csv", marks=pytest.mark.slow)])
def test_what_leaves_depends_on_nobodys_name_or_place(form, tmp_path):
    """Renamed and reordered, the same flock leaves the same but for the pseudonyms."""
    plain = canary_case(tmp_path / "plain")

    def other_account(number):
        return f"did:web:qzvw{(number * 17 + 5) % ACCOUNTS:03d}.example"

    def other_handle(number):
        return f"qzvw-{(number * 23 + 1) % ACCOUNTS:03d}.example"

    other = canary_case(
        tmp_path / "other",
        account=other_account,
        handle=other_handle,
        numbers=range(ACCOUNTS - 1, -1, -1),
    )
    shown = [
        _leaves(plain, account, form, tmp_path / "plain-out"),
        _leaves(other, other_account, form, tmp_path / "other-out"),
    ]
    assert shown[0] == shown[1]


def _leaves(case, account, form, out):
    """Sorted rows of every file, pseudonyms by the number of the account, digests made alike."""
    ids = case.record().ids
    called = {pseudonym(ids.code(account(n))): f"account {n}" for n in range(ACCOUNTS)}
    texts = {}
    for path in export(case, form, out):
        table = pq.read_table(path).to_pylist() if form == "parquet" else []
        rows = [str(row) for row in table] or path.read_text("utf-8").splitlines()
        texts[path.name] = sorted(
            re.sub(
                r"[a-z]+-\d+\b",
                lambda m: called.get(m[0], m[0]),
                re.sub(r"(id|source)-[0-9a-f]{6,}", "digest", row),
            )
            for row in rows
        )
    return texts


def test_nothing_that_a_notebook_prints_names_anybody(reported):
    record = reported.record()
    inquiry = Inquiry(record, reported)
    shown = [repr(inquiry), inquiry._repr_html_(), repr(record), repr(record.ids)]
    for finding in reported.findings().values():
        if finding.kind != "claim":
            shown += [repr(finding), finding.to_html(), render(finding, "ar")]
    assert "40 accounts" in shown[0]
    assert not re.search(MARK, "".join(shown), re.IGNORECASE)


def test_the_name_of_a_claim_holds_nobody_whom_it_names():
    assert claim_slug(f"@{handle(1)} lost 200 followers").startswith("claim-lost-200-followers-")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_a_served_case_names_anybody(reported, language):
    web = TestClient(
        create_application(CaseView(reported.path), token=None, host="127.0.0.1"),
        base_url="http://127.0.0.1:1",
    )
    for page in ("now", "waves", "wave/1", "reporters", "sources"):
        answer = web.get(f"/{language}/{page}")
        assert not re.search(MARK, answer.text + str(answer.headers), re.IGNORECASE), page


def test_a_served_case_names_leaders_only_where_they_are_public(tmp_path):
    case = canary_case(tmp_path / "case")
    assert CaseView(case.path).name_of(account(1)) == pseudonym(case.record().ids.code(account(1)))
    case.change_settings(public=(account(1),))
    assert CaseView(case.path).name_of(account(1)) == f"@{handle(1)}"
