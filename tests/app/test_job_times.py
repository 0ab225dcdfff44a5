"""How long measuring takes is said as a range, by what it took here before."""

from hypothesis import given
from hypothesis import strategies as st

from birdfall.app.job_times import TIMES, expected_time, read_times, timed
from birdfall.app.worker import JobLog, measure
from birdfall.app.workspace import DESKS, Workspace


def test_without_a_measurement_other_machines_are_gone_by(tmp_path):
    first = expected_time(tmp_path, 1000)
    assert first.measured == 0 and 0 < first.least < first.most
    more = expected_time(tmp_path, 10_000_000)
    assert more.least > first.least and more.most > first.most


@given(st.lists(st.tuples(st.integers(0, 10**8), st.floats(0.1, 10**5)), min_size=1, max_size=30))
def test_a_case_measured_before_took_a_time_within_what_is_said_of_it(tmp_path_factory, taken):
    folder = tmp_path_factory.mktemp("times")
    (folder / DESKS).mkdir()
    lines = [f'{{"rows": {rows}, "seconds": {seconds}}}\n' for rows, seconds in taken]
    (folder / DESKS / TIMES).write_text("nonsense\n" + "".join(lines) + '{"rows": 3}\n')
    for one in read_times(folder):
        said = expected_time(folder, one.rows)
        assert said.least <= one.seconds <= said.most


def test_a_measurement_is_noted_and_one_of_kept_findings_is_not(networked, tmp_path, monkeypatch):
    workspace = Workspace.open(tmp_path / "other")
    assert timed(workspace.path, {"acts": 5, "follows": 2}, lambda: "done") == "done"
    assert [one.rows for one in read_times(workspace.path)] == [7]
    desk = networked.workspace.desk("posts")
    monkeypatch.setattr("birdfall.app.worker.run", lambda *_given, **_named: {})
    monkeypatch.setattr("birdfall.app.worker.write_report", lambda *_given: None)
    monkeypatch.setattr("birdfall.app.worker.apply_choices", lambda *_given: None)
    request = type("Request", (), {"left_out": None, "language": "en"})
    measure(desk, request, JobLog(tmp_path / "log"))
    assert read_times(networked.workspace.path) == []
    page = networked.get("/es/c/posts/ask").text
    assert "según otros equipos" in page
    timed(networked.workspace.path, {"acts": 5}, lambda: None)
    assert "una medición anterior" in networked.get("/es/c/posts/ask").text
