"""Raw events that a watch kept, of each kind of source that it has, are evidence again: imported
into a case they tell the statuses, reports and follows that the watch saw."""

import json

import pytest
from frames_made import account

from birdfall.record.case import Case
from birdfall.sources.ingest import ingest
from birdfall.watch.engine.archive import rotate
from birdfall.watch.feeds.decode_again import _DECODERS, decode_again
from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries import case_rows

T, SECOND = 1_700_000_000_000_000, 1_000_000
STREAM = "network.bsky.jetstream.subscribeEvents#"
OZONE = "tools.ozone.moderation.defs#modEvent"


def when(seconds):
    return f"2023-11-14T22:{13 + (20 + seconds) // 60:02}:{(20 + seconds) % 60:02}Z"


def standing(seconds, **status):
    return {"did": "did:plc:a", "seq": seconds + 1, "time": when(seconds)} | status


DOWN, UP = {"active": False, "status": "takendown"}, {"active": True}
FOLLOW = {"collection": "app.bsky.graph.follow", "rkey": "k"}
RECORD = {"$type": FOLLOW["collection"], "subject": "did:plc:leader", "createdAt": when(5)}


def jetstream(seconds, **event):
    return {"did": "did:plc:a", "time_us": T + seconds * SECOND} | event


def jetstream_2(seconds, kind, **event):
    payload = {"$type": STREAM + kind, "seq": seconds + 1, "did": "did:plc:a"}
    return {"$type": "message", "payload": payload | {"time": when(seconds)} | event}


def moderated(number, kind, seconds, **more):
    event = {"$type": OZONE + kind} | more
    return {
        "id": number, "event": event, "subject": {"did": "did:plc:a"}, "createdBy": "did:plc:b",
        "createdAt": when(seconds),
    }  # fmt: skip


def updated(event, seconds, **account):
    told = {"id": "5", "username": "ana", "created_by_application_id": 3} | account
    return {"event": event, "created_at": when(seconds), "object": told}


def blocked(action, seconds, **more):
    return {
        "id": seconds, "type": "log", "log_type": "block", "log_action": action, "namespace": 2,
        "title": "User:A", "timestamp": T // SECOND + seconds, "wiki": "w", "user": "Admin",
    } | more  # fmt: skip


LINES = [
    {"kind": "account", "account": "a", "handle": "ana", "created": True, "time": when(0)},
    {"kind": "follow", "follower": "a", "followed": "did:plc:leader", "time": when(5)},
    {"kind": "report", "account": "b", "target": "a", "id": 7, "reason": "spam", "time": when(6)},
    {"kind": "status", "account": "a", "status": "suspended", "reason": "spam", "host": "h",
     "time": T + 9 * SECOND},
    {"kind": "status", "account": "a", "status": "suspended", "time": when(10)},
    {"kind": "status", "account": "b", "status": "deactivated"},
    {"kind": "status", "account": "a", "status": "active", "time": when(20)},
    {"kind": "unfollow", "follower": "a", "followed": "did:plc:leader", "time": when(30)},
    {"kind": "heard", "time": when(40)},
]  # fmt: skip
JETSTREAM = [
    jetstream(5, kind="commit", commit={"operation": "create", **FOLLOW, "record": RECORD}),
    jetstream(9, kind="account", account=standing(9, **DOWN)),
    jetstream(20, kind="account", account=standing(20, **UP)),
    jetstream(30, kind="commit", commit={"operation": "delete", **FOLLOW}),
]
JETSTREAM_2 = [
    jetstream_2(5, "commit", operation="create", **FOLLOW, record=RECORD),
    jetstream_2(9, "account", account=standing(9, **DOWN)),
    jetstream_2(20, "account", account=standing(20, **UP)),
    jetstream_2(30, "commit", operation="delete", **FOLLOW),
]
FRAMES = [
    account("did:plc:a", T + 9 * SECOND, status="takendown", sequence=1),
    account("did:plc:a", T + 20 * SECOND, sequence=2),
]
REPORTED = {
    "event": "report.created",
    "object": {"id": "1", "created_at": when(6), "category": "spam", "comment": "ads",
               "account": {"id": "9"}, "target_account": {"id": "5"}},
}  # fmt: skip
MASTODON = [
    updated("account.created", 0),
    REPORTED,
    updated("account.updated", 9, suspended=True, domain="h.example"),
    updated("account.updated", 12, suspended=True),
    updated("account.updated", 20),
    updated("account.updated", 25, silenced=True),
    {"event": "status.created", "created_at": when(30), "object": {"id": "1"}},
]
WIKI = [
    blocked("block", 9, comment="spam"),
    blocked("unblock", 20),
    blocked("block", 30, log_params={"sitewide": False}),
    blocked("block", 31, title="User:192.0.2.1"),
    {"id": 99, "type": "log", "log_type": "newusers", "log_action": "create", "namespace": 2,
     "title": "User:B", "timestamp": T // SECOND + 40, "wiki": "w", "user": "B"},
]  # fmt: skip
MODERATED = [
    moderated(1, "Report", 6, reportType="com.atproto.moderation.defs#reasonSpam"),
    moderated(2, "Takedown", 9),
    moderated(3, "ReverseTakedown", 20),
]
#: By the name of a source: what it says of a fall and a return, and of whatever else it can tell.
TOLD = {
    "atproto:h.example": FRAMES,
    "jetstream:h.example": JETSTREAM,
    "jetstream2:h.example": JETSTREAM_2,
    "ozone:h.example": MODERATED,
    "mastodon:h.example": MASTODON,
    "mastodon-hooks:127.0.0.1:1": MASTODON,
    "wiki:h.example": WIKI,
    "kafka:h.example:1/frames": FRAMES,
    "kafka:h.example:1/jetstream": JETSTREAM,
    "kafka:h.example:1/jetstream2": JETSTREAM_2,
    "kafka:h.example:1/lines": LINES,
    "-": LINES,
    "recording:r.atfh": FRAMES,
    "recording:r.jsonl": JETSTREAM,
    "recording:r.ndjson": LINES,
    "recording:ozone.jsonl": MODERATED,
    "recording:wiki.jsonl": WIKI,
}


def raw_of(told):
    return told if isinstance(told, bytes) else json.dumps(told, separators=(",", ":")).encode()


def step_of(source, number, raw):
    received = T + 60 * SECOND + number
    try:
        return StreamBatch(received, tuple(decode_again(source, raw, received)), raw=raw)
    except DecodeError as error:
        return StreamBatch(received, refused=str(error), raw=raw)


def archive_of(folder, steps, *, files_of=1000):
    """A watch that saw steps of each source; its state, and its raw events imported."""
    state = State.open(folder / "watch.sqlite")
    state.leaders.add("did:plc:leader")
    case = Case.create(folder / "case")
    for source, raws in steps.items():
        told = [step_of(source, n, raw) for n, raw in enumerate(raws)]
        for begin in range(0, len(told), files_of):
            with state.transaction():
                ingest_batch(state, source, told[begin : begin + files_of])
            (path,) = rotate(state, folder / "raw", everything=True)
            ingest(case, path)
    return state, case.record()


def rows(record, table, columns, where="true"):
    if not record.has(table):
        return []
    found = record.sql(f"SELECT {columns} FROM {table} WHERE {where} ORDER BY ALL")
    return [tuple(row.values()) for row in found.to_pylist()]


def without_first_active(statuses):
    """What an account was from the first is no news: the watch leaves it out, a stream tells it."""
    known, kept = {}, []
    for account_, status, time, reason in sorted(statuses, key=lambda row: row[2]):
        if status != known.get(account_, "active"):
            kept.append((account_, status, time, reason or None))
        known[account_] = status
    return kept


@pytest.mark.parametrize("source", TOLD)
def test_what_a_watch_saw_is_what_its_raw_events_tell(tmp_path, source):
    state, record = archive_of(tmp_path, {source: [raw_of(one) for one in TOLD[source]]})
    saw = [
        (row["account"], row["status"], row["time"], row["reason"])
        for row in case_rows.select_statuses(state, "w", 0)
    ]
    told = rows(record, "statuses", "account, status, epoch_us(time), reason")
    assert without_first_active(saw), "the example tells of a fall"
    # of the protocol's own word for a takedown the status alone is kept in a case
    drop = source.startswith("-") is False and any("did:plc:a" in row for row in saw)
    for_case = [(*row[:3], None if drop else row[3]) for row in without_first_active(saw)]
    assert without_first_active(told) == for_case
    reports = [
        # the state's own key has the source before the id
        (row["account"], row["target"], row["time"], row["client"],
         row["act_id"].removeprefix(f"{source}:"))
        for row in case_rows.select_acts(state, "w", 0)
    ]  # fmt: skip
    columns = "account, target, epoch_us(time), client, act_id"
    assert rows(record, "acts", columns, "kind = 'report'") == reports
    follows = [
        (row["follower"], row["followed"], row["since"], row["until"])
        for row in case_rows.select_follows(state, "w", 0)
    ]
    kept = rows(
        record, "follows", "follower, followed, epoch_us(min(since)), epoch_us(max(until))",
        "true GROUP BY ALL",
    )  # fmt: skip
    assert kept == follows
    handles = [(row["account"], row["handle"]) for row in case_rows.select_accounts(state, "w")]
    named = {one for one in handles if one[0] != one[1]}  # on a wiki the name is the account
    assert named <= set(rows(record, "accounts", "account, handle"))
    assert not rows(record, "rejected", "*", "line IS NOT NULL"), "nothing is refused"
    state.close()


@pytest.mark.parametrize("source", ["-", "mastodon-hooks:127.0.0.1:1"])
def test_a_story_that_goes_on_in_the_next_file_is_one_story(tmp_path, source):
    """A return, or the end of a follow, that stands in another file than its beginning."""
    raws = [raw_of(one) for one in TOLD[source]]
    (tmp_path / "one").mkdir()
    (tmp_path / "many").mkdir()
    states, records = zip(
        archive_of(tmp_path / "one", {source: raws}),
        archive_of(tmp_path / "many", {source: raws}, files_of=3),
        strict=True,
    )
    one, many = (
        without_first_active(rows(r, "statuses", "account, status, epoch_us(time), reason"))
        for r in records
    )
    assert one == many
    edges = [(r.edges().since.tolist(), r.edges().until.tolist()) for r in records]
    assert edges[0] == edges[1]
    assert len(edges[0][1]) == (source == "-")
    for state in states:
        state.close()


def test_each_kind_of_source_is_among_them():
    assert {source.partition(":")[0] for source in TOLD} == set(_DECODERS)


def test_what_a_watch_refused_is_refused_again_with_its_reason(tmp_path):
    """And said as what its source speaks, not as the change of a wiki that it never was."""
    wrong = {
        "-": [{"kind": "status", "account": "a"}, {"kind": "status", "account": "a", "status": "x"},
              {"kind": "else"}, {"kind": "follow", "follower": "a\ud800", "followed": "b"},
              {"kind": "status", "account": "a", "status": "active", "time": "yesterday"}],
        "mastodon-hooks:127.0.0.1:1": [{"event": "account.updated"}, {"event": "account.updated",
              "object": {"id": "5"}}, {"event": "report.created", "object": {"id": "1"}}],
        "of-another-package:1": [{"some": "thing"}],
    }  # fmt: skip
    raws = {source: [raw_of(one) for one in told] for source, told in wrong.items()}
    state, record = archive_of(tmp_path, raws)
    assert not record.has("statuses")
    reasons = [row[0] for row in rows(record, "rejected", "reason", "line IS NOT NULL")]
    assert len(reasons) == 9
    assert not [one for one in reasons if "wiki" in one]
    refused = {row[0] for row in state.connection.execute("SELECT why FROM set_apart")}
    assert refused - {"a source of another package"} <= set(reasons)
    state.close()
