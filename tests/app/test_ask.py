"""Which questions are asked: chosen on the page, kept, and handed to the job."""

import pytest
from starlette.datastructures import FormData

from birdfall.app.ask_pages import left_out_of, said_left_out
from birdfall.app.data_pages import ALWAYS_ASKED
from birdfall.app.jobs import JobKind, JobRequest

PAGE = "/en/c/posts/ask"


@pytest.fixture
def begun(monkeypatch):
    """The jobs that were begun; none of them is done."""
    begun = []
    monkeypatch.setattr("birdfall.app.ask_pages.begin_job", lambda _desk, job: begun.append(job))
    return begun


def test_a_question_that_is_left_out_is_handed_to_the_job_and_kept(networked, begun):
    page = networked.get(PAGE).text
    assert 'name="ask" value="coordination"' in page and "checked" in page
    assert all(f'name="ask" value="{name}"' not in page for name in ALWAYS_ASKED)
    networked.send(PAGE, PAGE, {"title": "t", "offered": ["coordination", "automation"],
                                "ask": "automation"})  # fmt: skip
    assert [(job.kind, job.left_out) for job in begun] == [(JobKind.MEASURE, ("coordination",))]
    desk = networked.workspace.desk("posts")
    assert left_out_of(desk) == ["coordination"]
    part = networked.get(PAGE).text.partition('name="ask" value="coordination"')[2]
    assert "checked" not in part.partition("</td>")[0]
    networked.send(PAGE, PAGE, {"title": "t", "keep": "yes", "offered": "coordination",
                                "ask": "coordination"})  # fmt: skip
    assert left_out_of(desk) == [] and len(begun) == 1


def test_what_a_form_does_not_offer_stays_as_it_was():
    form = FormData([("offered", "returns"), ("offered", "waves"), ("offered", "nonsense")])
    assert said_left_out(form, ["ledgers", "returns"]) == ["ledgers", "returns"]
    asked = FormData([("offered", "returns"), ("ask", "returns")])
    assert said_left_out(asked, ["ledgers", "returns"]) == ["ledgers"]
    assert said_left_out(FormData([]), []) == []


def test_a_job_of_an_earlier_version_asks_as_the_case_was_measured():
    earlier = '{"kind": "measure", "language": "fr", "choices": {}}'
    assert JobRequest.from_text(earlier) == JobRequest(JobKind.MEASURE, "fr")
    job = JobRequest(JobKind.MEASURE, "fr", {}, ("returns",))
    assert JobRequest.from_text(job.to_text()) == job
