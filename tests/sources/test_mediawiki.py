"""Changes of a wiki: blocks that are lifted, changed, or run out."""

import json

from birdfall.measures.suspensions import spells
from birdfall.sources.ingest import load

HOUR = 3600
START = 1_795_448_400


def change(number, at, **body):
    return json.dumps(
        {
            "id": number,
            "timestamp": START + at,
            "wiki": "wiki",
            "user": "Admin",
            "title": "User:Ana",
            "namespace": 2,
            "type": "log",
            "comment": "",
            **body,
        }
    )


def block(number, at, action="block", parameters=None, **body):
    given = {"duration": "infinity", "sitewide": True} if parameters is None else parameters
    return change(number, at, log_type="block", log_action=action, log_params=given, **body)


def taken(tmp_path, *lines):
    path = tmp_path / "rc.jsonl"
    path.write_text("\n".join(lines), "utf-8")
    return load(path, reader="mediawiki")


def statuses(record):
    rows = record.sql(
        f"SELECT account, status, reason, epoch(time)::BIGINT - {START} t "
        "FROM statuses ORDER BY time, line"
    )
    return [tuple(r.values()) for r in rows.to_pylist()]


def test_blocks_end_by_unblock_by_time_and_not_at_all(tmp_path):
    record = taken(
        tmp_path,
        block(1, 0, parameters={"duration": "2 hours", "sitewide": True}),
        block(2, 1, title="Benutzer:Bea"),
        block(3, 2, title="User:Cid", parameters={"duration": "1 week"}),
        block(4, 3, "unblock", [], title="User:Bea", comment="appeal"),
        block(5, 4, title="User:192.0.2.0/24"),
        block(6, 5, title="User:Dan", parameters={"sitewide": False, "duration": "infinity"}),
        change(7, 3 * HOUR, type="edit", title="Page", user="Eva", namespace=0),
    )
    assert statuses(record) == [
        ("Ana", "suspended", None, 0),
        ("Bea", "suspended", None, 1),
        ("Cid", "suspended", None, 2),
        ("Bea", "active", "appeal", 3),
        ("Dan", "limited", None, 5),
        ("Ana", "active", "expired", 2 * HOUR),
    ]
    assert record.sql("SELECT reason FROM rejected").to_pylist() == [
        {"reason": "blocks of network addresses are no accounts"}
    ]
    assert record.sql("SELECT account, kind, object FROM acts").to_pylist() == [
        {"account": "Eva", "kind": "post", "object": "Page"}
    ]


def test_a_changed_block_has_the_new_end(tmp_path):
    record = taken(
        tmp_path,
        block(1, 0, parameters={"duration": "1 hour"}),
        block(2, 60, "reblock", {"duration": "1 day"}),
        change(3, 48 * HOUR, type="edit", title="Page"),
    )
    (spell,) = spells(record).to_pylist()
    assert spell["ended_by"].timestamp() == START + 60 + 24 * HOUR


def test_a_long_log_says_how_far_it_is(tmp_path):
    path, told = tmp_path / "rc.jsonl", []
    path.write_text("\n".join(block(i, i, title=f"User:u{i}") for i in range(3000)), "utf-8")
    record = load(path, reader="mediawiki", progress=lambda *said: told.append(said))
    assert record.sizes["statuses"] == 3000
    done = [so_far for stage, so_far, total, _ in told if stage == "read" and total]
    assert len(done) >= 2 and done == sorted(done)
    assert 0 < done[0] < done[-1] <= path.stat().st_size


def test_what_cannot_be_used_is_told(tmp_path):
    record = taken(
        tmp_path,
        "{}",
        "[]",
        block(1, 0, parameters={"duration": "soon"}),
        block(2, 1, "smite"),
        change(3, 1e9),
        change(4, 2, type="log", log_type="rights", log_action="rights"),
        block(5, 3, wiki="other"),
        block(1, 9),
    )
    assert statuses(record) == [("Ana", "suspended", None, 0)]
    reasons = sorted(r["reason"] for r in record.sql("SELECT reason FROM rejected").to_pylist())
    assert (
        len(reasons) == 8
        and "the block is taken, its duration cannot be read: it counts as endless" in reasons
    )


def test_the_recorded_wave(real):
    record = load(real("atproto-recordings/mediawiki-rc-block-wave.jsonl.gz"))
    found = spells(record)
    assert (
        found.num_rows == 60
        and sum(e is not None for e in found.column("ended_by").to_pylist()) == 30
    )
    begun = record.sql("SELECT account FROM accounts WHERE created_at IS NOT NULL").to_pylist()
    assert len(begun) == 90 and {"account": "Sock0000"} in begun
    assert record.sizes["acts"] == 45 and record.sizes["rejected"] == 0
