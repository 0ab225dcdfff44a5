"""A statement that is kept stands in the report at once, nothing else is measured again, and all of
it still verifies.
"""

import json

import pytest


def suspended(folder):
    rows = ["account,suspended_at"]
    rows += [
        f"v{d}-{i},2013-10-{d:02d}T{(5 * i + d) % 24:02d}:{(7 * i + 11 * d) % 60:02d}:00Z"
        for d in range(21, 31)
        for i in range(3)
    ]
    rows += [f"w{i},2013-10-31T22:2{i % 10}:{i % 60:02d}Z" for i in range(300)]
    (folder / "suspended.csv").write_text("\n".join(rows) + "\n")


@pytest.mark.slow
def test_a_kept_statement_is_in_the_report(run, tmp_path):
    suspended(tmp_path)
    case = tmp_path / "case"
    run("run", tmp_path / "suspended.csv", "-o", case, check=0)
    waves = (case / "findings" / "waves.json").stat().st_mtime_ns
    for statement in (
        "300 accounts in ten minutes",
        "More than 10,600 accounts were suspended in ten minutes",
    ):
        run("check", case, statement, "--save", "--said-by", "a newspaper")
        assert statement in (case / "reports" / "report.html").read_text("utf-8")
    assert (case / "findings" / "waves.json").stat().st_mtime_ns == waves
    kept = list((case / "findings").glob("claim-*.json"))
    assert len(kept) == 2
    run("verify", case, check=0)
    run("verify", case / "reports" / "report.html", check=0)
    again = run("run", case, "--json", check=0)
    assert sum(f["kind"] == "claim" for f in json.loads(again.stdout)["findings"].values()) == 2
