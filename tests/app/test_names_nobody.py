"""What the workspace shows and tells programs of a case in which everybody is a canary: pages of
results and the interface name nobody; the pages on which accounts are chosen do, and no others."""

import pytest
from app_made import Visitor

from birdfall.inquiry import Inquiry
from birdfall.pipeline.run import STAGES_FILE
from canaries import MARK, account, canary_case

TOKEN = "t" * 30
#: Pages on which the person who has the case chooses accounts, or reads the words of a claim again.
BY_HANDLE = ("ask", "publish")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("work")
    case = canary_case(folder / "night")
    claim = next(f for f in case.findings().values() if f.kind == "claim")
    case.remove_findings()
    inquiry = Inquiry(case.record(), case)
    made = [inquiry.coverage(), inquiry.waves(), inquiry.ledger(account(0)), inquiry.brigades()]
    case.save(claim, *made)
    case.change_settings(title="A night")
    case.put({STAGES_FILE: b"{}"})
    return folder


@pytest.fixture
def visitor(folder):
    return Visitor(folder, TOKEN).enter()


def pages():
    questions = ("base", "claims", "ledgers", "brigades", "method", "replies")
    written = ("texts", *(f"objects/{kind}" for kind in ("hashtag", "link", "domain")))
    return ["", "accounts", "check", *written, *(f"q/{name}" for name in questions)]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_pages_of_results_name_nobody(visitor, language):
    seen = 0
    for page in pages():
        answer = visitor.get(f"/{language}/c/night/{page}")
        assert MARK not in (answer.text + str(answer.headers)).lower(), page
        seen += answer.status_code == 200
    assert seen > 5


def test_the_list_of_accounts_that_is_taken_away_names_nobody(visitor):
    answer = visitor.get("/en/c/night/accounts.csv?wave=0")
    assert answer.status_code == 200 and answer.text.count("\n") == 41 and ",other," in answer.text
    assert MARK not in (answer.text + str(answer.headers)).lower()


def test_accounts_are_chosen_by_no_id(visitor):
    page = visitor.get("/en/c/night/accounts").text
    menu = page.partition('name="leader"')[2]
    code = menu.partition('<option value="')[2].partition('<option value="')[2].partition('"')[0]
    assert code.isdigit()
    assert f'value="{code}" selected' in visitor.get(f"/en/c/night/accounts?leader={code}").text


def test_the_interface_names_nobody(visitor):
    visitor.workspace.desk("night").case().change_settings(title=f"What hit @{MARK}_0001.example")
    program = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("cases", "cases/night/findings", "cases/night/accounts"):
        answer = visitor.client.get(f"/api/v1/{path}", headers=program)
        assert answer.status_code == 200
        assert MARK not in answer.text.lower(), path
    listed = visitor.client.get("/api/v1/cases", headers=program).json()
    assert listed[0]["title"].startswith("What hit @")


def test_an_application_that_few_use_is_named_and_asked_for_in_no_session_without_handles(visitor):
    place = "/en/c/night/accounts"
    assert f"{MARK}-app" not in visitor.get(f"{place}/{code_of(visitor, 1)}").text
    rare = visitor.get(f"{place}.csv?client={MARK}-app").text
    assert rare.count("\n") == 1, "nobody is found by the name of an application that few use"
    assert visitor.get(f"{place}.csv?client=other").text.count("\n") == 1 + 5


def code_of(visitor, number):
    """The code of an account of the case."""
    return visitor.workspace.desk("night").case().record().ids.code(account(number))


@pytest.mark.parametrize("page", BY_HANDLE)
def test_pages_on_which_accounts_are_chosen_name_them(visitor, page):
    assert MARK in visitor.get(f"/en/c/night/{page}").text
