"""Moderation events: reports, takedowns, reversals."""

import csv
import json

from birdfall.measures.suspensions import spells
from birdfall.sources.ingest import load

ANA, BEA = "did:plc:ana", "did:plc:bea"


def event(number, kind, time, subject=None, by=BEA, **body):
    return json.dumps(
        {
            "id": number,
            "event": {"$type": f"tools.ozone.moderation.defs#modEvent{kind}", **body},
            "subject": subject or {"$type": "com.atproto.admin.defs#repoRef", "did": ANA},
            "createdBy": by,
            "createdAt": f"2026-03-01T{time}Z",
            "subjectHandle": "ana.test",
        }
    )


def taken(tmp_path, *lines):
    path = tmp_path / "events.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return load(path)


def test_reports_say_who_reported_what_and_why(tmp_path):
    post = {
        "$type": "com.atproto.repo.strongRef",
        "uri": f"at://{ANA}/app.bsky.feed.post/1",
        "cid": "b",
    }
    reason = "com.atproto.moderation.defs#reasonSpam"
    record = taken(
        tmp_path,
        event(1, "Report", "10:00:00", reportType=reason, comment="bot?"),
        event(2, "Report", "10:00:01.5", post, reportType=reason),
        event(2, "Report", "10:00:01.5", post),
        "{}",
        "]",
        event(3, "Tag", "10:00:02"),
    )
    columns = "account, kind, object, object_kind, target, text, client, line"
    assert [
        tuple(r.values())
        for r in record.sql(f"SELECT {columns} FROM acts ORDER BY line").to_pylist()
    ] == [
        (BEA, "report", ANA, "account", ANA, "bot?", "reasonSpam", 1),
        (BEA, "report", post["uri"], "post", ANA, None, "reasonSpam", 2),
    ]
    assert sorted(r["reason"] for r in record.sql("SELECT reason FROM rejected").to_pylist()) == [
        "Tag events hold nothing for the record",
        "an event that came twice with the same id",
        "not JSON",
        "not a moderation event",
    ]


def test_a_takedown_of_a_post_is_none_of_the_account_and_one_with_a_duration_ends(tmp_path):
    post = {"uri": f"at://{ANA}/app.bsky.feed.post/1", "cid": "b"}
    record = taken(
        tmp_path,
        event(1, "Takedown", "10:00:00", post),
        event(2, "Takedown", "10:00:01", durationInHours=2, comment="spam"),
        event(3, "Tag", "13:00:00"),
        event(4, "Takedown", "14:00:00", durationInHours=2),
        event(5, "Tag", "14:30:00"),
    )
    rows = record.sql(
        "SELECT status, reason, strftime(time, '%H:%M:%S') t FROM statuses ORDER BY time"
    ).to_pylist()
    assert [tuple(r.values()) for r in rows] == [
        ("taken_down", "spam", "10:00:01"),
        ("active", "expired", "12:00:01"),
        ("taken_down", None, "14:00:00"),
    ]


def test_the_real_service_agrees_with_its_truth(real):
    record = load(real("atproto-recordings/brigade-ozone-events.jsonl.gz"))
    with real("atproto-recordings/brigade-reports-truth.csv").open(encoding="utf-8") as file:
        truth = sorted((t["reporter"], t["subject"], t["report_id"]) for t in csv.DictReader(file))
    reports = record.sql(
        "SELECT account, target, act_id FROM acts WHERE kind = 'report'"
    ).to_pylist()
    assert sorted(tuple(r.values()) for r in reports) == truth
    with real("atproto-recordings/brigade-truth.csv").open(encoding="utf-8") as file:
        rows = [t for t in csv.DictReader(file) if t["takedown_at"]]
    found = {s["account"]: s["ended_by"] is not None for s in spells(record).to_pylist()}
    assert found == {t["did"]: bool(t["reversed_at"]) for t in rows}
