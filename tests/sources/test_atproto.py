"""Recordings of event streams: what each frame becomes, and that no frame can do harm."""

import gzip
import struct

import pytest
import zstandard
from atproto_streams import (
    account,
    at,
    commit,
    follow,
    frame,
    identity,
    microseconds,
    recording,
    unfollow,
)
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from birdfall.model.errors import InputError
from birdfall.model.progress import silent
from birdfall.record.case import Case
from birdfall.sources.atproto import reader as atproto
from birdfall.sources.atproto.frames import FrameError, decode_frame
from birdfall.sources.atproto.rows import RowBuilder, load_follows
from birdfall.sources.ingest import ingest, load
from birdfall.sources.shared.follow_index import load_follow_index
from birdfall.sources.shared.protocol import SourceOptions

ANA, BEA, LEA = "did:plc:ana", "did:plc:bea", "did:plc:lea"


def taken(tmp_path, frames, received=None, name="r.atfh"):
    path = tmp_path / name
    path.write_bytes(recording(frames, received))
    return load(path)


def rows(record, query):
    return [tuple(r.values()) for r in record.sql(query).to_pylist()]


def test_every_status_is_translated_and_repetitions_stay(tmp_path):
    words = [
        "takendown",
        "takendown",
        "suspended",
        "deactivated",
        "deleted",
        "throttled",
        "desynchronized",
        None,
        "new",
    ]
    record = taken(tmp_path, [account(ANA, n, word) for n, word in enumerate(words)])
    assert rows(record, "SELECT status, reason, epoch_us(time) FROM statuses ORDER BY line") == [
        ("taken_down", None, microseconds(0)),
        ("taken_down", None, microseconds(1)),
        ("suspended", None, microseconds(2)),
        ("deactivated", None, microseconds(3)),
        ("deleted", None, microseconds(4)),
        ("limited", "throttled", microseconds(5)),
        ("limited", "desynchronized", microseconds(6)),
        ("active", None, microseconds(7)),
        ("deactivated", "inactive, status new", microseconds(8)),
    ]


def test_an_unfollow_finds_its_edge_and_a_second_follow_is_another(tmp_path):
    frames = [
        follow(ANA, 1, "k1", LEA),
        unfollow(ANA, 2, "k1"),
        follow(ANA, 3, "k2", LEA),
        follow(BEA, 4, "k1", LEA),
    ]
    record = taken(tmp_path, frames)
    assert rows(
        record, "SELECT follower, epoch_us(since), epoch_us(until) FROM follows ORDER BY line"
    ) == [
        (ANA, microseconds(1), None),
        (ANA, microseconds(1), microseconds(2)),
        (ANA, microseconds(3), None),
        (BEA, microseconds(4), None),
    ]
    assert rows(record, "SELECT account, kind, object FROM acts ORDER BY line") == [
        (ANA, "follow", LEA),
        (ANA, "unfollow", LEA),
        (ANA, "follow", LEA),
        (BEA, "follow", LEA),
    ]
    edges = record.edges()
    assert sorted(
        zip(edges.follower.tolist(), (edges.until == 2**63 - 1).tolist(), strict=True)
    ) == sorted([(record.ids.code(ANA), True), (record.ids.code(BEA), True)])


def test_an_unfollow_of_an_edge_begun_earlier_is_told_until_it_is_known(tmp_path):
    first = taken(
        tmp_path,
        [follow(ANA, 1, "k1", LEA), follow(ANA, 2, "gone", BEA), unfollow(ANA, 3, "gone")],
        name="1.atfh",
    )
    later = tmp_path / "2.atfh"
    later.write_bytes(recording([unfollow(ANA, 9, "k1")]))
    alone = load(later)
    assert not alone.has("follows")
    ((reason, value, line),) = rows(alone, "SELECT reason, value, line FROM rejected")
    assert (
        "unfollow of somebody unknown" in reason and value.split()[0] == f"{ANA}/k1" and line == 1
    )
    assert load_follows(first) == {f"{ANA}/k1": (LEA, microseconds(1))}
    known = load_follow_index(first)
    assert list(known.follows.values()) == [(LEA, microseconds(1))]
    (batch,) = [
        r.batch
        for r in atproto.read(later, SourceOptions(known_follows=known), silent)
        if r.table == "follows"
    ]
    assert batch.column("followed").to_pylist() == [LEA]
    assert batch.column("until").cast("int64").to_pylist() == [microseconds(9)]
    assert known.follows == {}


def test_a_post_and_all_it_points_to(tmp_path):
    post = {
        "$type": "app.bsky.feed.post",
        "text": "Hola #Paz @bea http://x.org",
        "langs": ["es", "en"],
        "createdAt": at(0),
        "reply": {
            "parent": {"uri": f"at://{BEA}/app.bsky.feed.post/p", "cid": "b"},
            "root": {"uri": "at://r", "cid": "b"},
        },
        "embed": {
            "$type": "app.bsky.embed.recordWithMedia",
            "record": {"record": {"uri": f"at://{LEA}/app.bsky.feed.post/q", "cid": "b"}},
            "media": {"external": {"uri": "http://x.org", "title": ""}},
        },
        "facets": [
            {
                "features": [
                    {"$type": "app.bsky.richtext.facet#tag", "tag": "Paz"},
                    {"$type": "app.bsky.richtext.facet#link", "uri": "http://x.org"},
                    {"$type": "app.bsky.richtext.facet#mention", "did": BEA},
                ]
            },
            "junk",
            {"features": 7},
        ],
    }
    uri = f"at://{ANA}/app.bsky.feed.post/k"
    record = taken(tmp_path, [commit(ANA, 5, ("create", "app.bsky.feed.post/k", post))])
    assert rows(record, "SELECT kind, object, target, text, language FROM acts ORDER BY kind") == [
        ("hashtag", "paz", None, None, None),
        ("link", "http://x.org", None, None, None),
        ("mention", BEA, BEA, None, None),
        ("post", uri, None, post["text"], "es"),
        ("quote", f"at://{LEA}/app.bsky.feed.post/q", LEA, None, None),
        ("reply", f"at://{BEA}/app.bsky.feed.post/p", BEA, post["text"], "es"),
    ]
    assert set(rows(record, "SELECT act_id, epoch_us(time) FROM acts")) == {(uri, microseconds(5))}


def test_likes_reposts_blocks_profiles_and_what_is_left_out(tmp_path):
    def subject(kind):
        return {
            "$type": kind,
            "subject": {"uri": f"at://{LEA}/app.bsky.feed.post/1", "cid": "b"},
            "createdAt": at(0),
        }

    record = taken(
        tmp_path,
        [
            commit(
                ANA,
                1,
                ("create", "app.bsky.feed.like/a", subject("app.bsky.feed.like")),
                ("create", "app.bsky.feed.repost/b", subject("app.bsky.feed.repost")),
                ("create", "app.bsky.graph.block/c", {"subject": BEA, "createdAt": at(0)}),
                (
                    "create",
                    "app.bsky.actor.profile/self",
                    {"displayName": "Ana", "description": "=1+1"},
                ),
            ),
            commit(
                ANA,
                2,
                ("delete", "app.bsky.feed.like/a", None),
                ("create", "chat.other/x", {"a": 1}),
            ),
            frame("#sync", {"did": ANA, "rev": "x"}),
        ],
    )
    assert rows(record, "SELECT kind, target FROM acts ORDER BY kind") == [
        ("block", BEA),
        ("like", LEA),
        ("repost", LEA),
    ]
    assert rows(record, "SELECT name, description FROM accounts") == [("Ana", "=1+1")]
    left = rows(record, "SELECT reason, value FROM rejected ORDER BY reason")
    assert left == [
        ("#sync events hold nothing for the record", "1"),
        ("deletions of app.bsky.feed.like are no part of the record", "1"),
        ("records of chat.other are no part of the record", "1"),
    ]


def test_an_account_is_new_only_if_its_announcement_came_first(tmp_path):
    record = taken(
        tmp_path,
        [
            identity(ANA, 1, "ana.test"),
            account(ANA, 1.01),
            identity(ANA, 9, "ana.net"),
            account(ANA, 9),
            follow(BEA, 2, "k", ANA),
            identity(BEA, 3, "bea.test"),
            account(BEA, 3),
            identity(LEA, 4, "lea.test"),
            account(LEA, 400),
        ],
    )
    begun = rows(
        record, "SELECT account, epoch_us(created_at) FROM accounts WHERE created_at IS NOT NULL"
    )
    assert begun == [(ANA, microseconds(1))]
    assert record.names() == {ANA: "ana.net", BEA: "bea.test", LEA: "lea.test"}


def test_coverage_tells_silences_and_clocks_but_not_sequence_gaps(tmp_path):
    arrivals = [microseconds(n) for n in (0, 10, 400, 410, 405)]
    frames = [
        account(ANA, 0, None, seq=5),
        account(ANA, 10, "takendown", seq=900_000),
        account(ANA, 400, seq=900_001),
        account(ANA, -5000, "suspended", seq=900_002),
        account(BEA, 405, seq=900_003),
    ]
    record = taken(tmp_path, frames, arrivals)
    spans = rows(
        record,
        """SELECT epoch_us("from"), epoch_us("to"), kind
        FROM coverage WHERE what = 'statuses' ORDER BY 1""",
    )
    assert spans == [
        (arrivals[0], arrivals[1], "watched"),
        (arrivals[1], arrivals[2], "gap"),
        (arrivals[2], arrivals[3], "watched"),
    ]
    notes = sorted(n for (n,) in rows(record, "SELECT note FROM coverage WHERE kind = 'clock'"))
    assert notes == [
        "arrival times run backwards: 1, at most 5 s",
        "events older than their arrival: 1, at most 5410 s",
    ]


def test_backdated_records_stand_at_the_time_they_were_written(tmp_path):
    post = {"$type": "app.bsky.feed.post", "text": "old", "createdAt": "1999-01-01T00:00:00Z"}
    record = taken(tmp_path, [commit(ANA, 5, ("create", "app.bsky.feed.post/k", post))])
    assert rows(record, "SELECT epoch_us(time) FROM acts") == [(microseconds(5),)]
    assert (
        "createdAt is off" in rows(record, "SELECT note FROM coverage WHERE kind = 'clock'")[0][0]
    )


def test_a_repeated_event_is_taken_once_and_a_new_count_is_not_a_repetition(tmp_path):
    frames = [
        account(ANA, 1, "takendown", seq=7),
        account(ANA, 1, "takendown", seq=7),
        account(BEA, 2, "takendown", seq=7),
    ]
    record = taken(tmp_path, frames)
    assert record.sizes["statuses"] == 2
    assert rows(record, "SELECT value FROM rejected") == [("1",)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not"),
        (b"\xa0", "header and a body"),
        (b"\x9b" + b"\xff" * 8, "DAG-CBOR"),
        (b"\x81" * 100_000 + b"\x00", "DAG-CBOR"),
        (frame("#account", {"did": "not-a-did", "time": at(0), "active": True}), "no did"),
        (
            frame("#account", {"did": "did:" + "x" * 5000, "time": at(0), "active": True}),
            "no usable",
        ),
        (frame("#account", {"did": ANA, "time": "yesterday", "active": True}), "time"),
        (frame("#account", {"did": ANA, "time": "2026-03-01T00:00:00", "active": True}), "zone"),
        (
            frame("#account", {"did": ANA, "time": "2026-03-01T00:00:00-23:59", "active": True}),
            "no place has",
        ),
        (
            frame("#account", {"did": ANA, "time": "1970-01-01T00:00:00Z", "active": True}),
            "implausible",
        ),
        (frame("#account", {"did": ANA, "time": at(0), "active": "yes"}), "status"),
        (frame("#commit", {"repo": ANA, "time": at(0), "ops": 3}), "operations"),
        (frame("#commit", {"repo": ANA, "time": at(0), "ops": [3]}), "operation"),
        (frame("#identity", {"did": ANA, "time": at(0), "handle": 3}), "handle"),
    ],
)
def test_a_bad_frame_is_counted_and_the_rest_is_read(tmp_path, body, reason):
    with pytest.raises(FrameError, match=reason):
        decode_frame(body)
    record = taken(tmp_path, [account(ANA, 0), body, account(ANA, 2, "takendown")])
    assert rows(record, "SELECT status FROM statuses ORDER BY line") == [
        ("active",),
        ("taken_down",),
    ]
    ((said, line, source),) = rows(record, "SELECT reason, line, source FROM rejected")
    assert reason in said and (line, source) == (2, "r.atfh")


@pytest.mark.parametrize("blocks", [b"", b"\x00", b"\xff" * 40, 7])
def test_a_bad_archive_rejects_the_records_and_keeps_the_deletions(tmp_path, blocks):
    body = commit(
        ANA,
        3,
        ("create", "app.bsky.graph.follow/x", {"subject": BEA}),
        ("delete", "app.bsky.graph.follow/k", None),
        blocks=blocks,
    )
    record = taken(tmp_path, [follow(ANA, 1, "k", LEA), body])
    assert rows(record, "SELECT kind FROM acts ORDER BY line") == [("follow",), ("unfollow",)]
    assert rows(record, "SELECT value FROM rejected") == [(f"{ANA}/x",)]


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_a_recording_cut_short_or_nonsense_after_a_frame(tmp_path, step):
    whole = recording([account(ANA, 0), account(ANA, 1, "takendown")])
    path = tmp_path / "cut.atfh"
    for cut in range(len(recording([account(ANA, 0)])) + 1, len(whole), step):
        path.write_bytes(whole[:cut])
        record = load(path)
        assert record.sizes["statuses"] == 1 and record.sizes["rejected"] == 1
    path.write_bytes(whole + struct.pack(">QI", 1, 2**32 - 1) + b"x")
    record = load(path)
    assert record.sizes["statuses"] == 2
    assert rows(record, "SELECT value FROM rejected") == [(str(2**32 - 1),)]


def test_packed_recordings_read_alike_and_damaged_ones_leave_the_case_as_it_was(tmp_path):
    plain = recording([account(ANA, 0), account(ANA, 1, "takendown")] * 50)
    places = {"a.atfh": plain, "a.gz": gzip.compress(plain), "a.zst": zstandard.compress(plain)}
    sizes = set()
    for name, data in places.items():
        (tmp_path / name).write_bytes(data)
        sizes.add(load(tmp_path / name).sizes["statuses"])
    assert sizes == {100}
    case = Case.create(tmp_path / "case")
    ingest(case, tmp_path / "a.gz")
    before = case.record().digests
    (tmp_path / "b.gz").write_bytes(gzip.compress(plain + plain)[:-30])
    with pytest.raises(InputError):
        ingest(case, tmp_path / "b.gz")
    assert case.record().digests == before


@given(st.data())
@hypothesis_settings(max_examples=300)
def test_no_bytes_can_break_a_frame(data):
    whole = [
        account(ANA, 0, "takendown"),
        follow(ANA, 1, "k", LEA),
        identity(ANA, 0, "a.test"),
        unfollow(ANA, 2, "k"),
    ]
    body = bytearray(data.draw(st.sampled_from(whole)))
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(body) - 1), st.integers(0, 255)), max_size=6)
    ):
        body[place] = value
    body = bytes(body[: data.draw(st.integers(0, len(body)))]) + data.draw(st.binary(max_size=9))
    builder = RowBuilder("fuzz")
    try:
        builder.add_event(1, decode_frame(body), microseconds(0))
    except FrameError as error:
        builder.reject(1, str(error), microseconds(0))
    assert all(r.batch.num_rows for r in builder.finish())


@pytest.mark.parametrize("name", ["wave-ci", "wave-pds0.4.217"])
def test_real_recordings_hold_every_account_of_the_truth(real, name):
    import csv

    record = load(real(f"atproto-recordings/{name}.atfh.gz"))
    truth = list(
        csv.DictReader(real(f"atproto-recordings/{name}-truth.csv").open(encoding="utf-8"))
    )
    begun = dict(
        rows(
            record,
            "SELECT account, epoch_us(created_at) FROM accounts WHERE created_at IS NOT NULL",
        )
    )
    assert set(begun) == {t["did"] for t in truth}
    assert record.names() == {t["did"]: t["handle"] for t in truth}
    fallen = {
        a
        for (a,) in rows(
            record, "SELECT DISTINCT account FROM statuses WHERE status = 'taken_down'"
        )
    }
    assert fallen == {t["did"] for t in truth if t["takedown_at"]}
    assert rows(record, "SELECT reason FROM rejected") == [
        ("#sync events hold nothing for the record",)
    ]


def test_an_unfollow_of_an_earlier_files_follow_is_resolved(tmp_path):
    from atproto_streams import follow, recording, unfollow

    from birdfall.record.case import Case
    from birdfall.sources.ingest import ingest

    first, second = tmp_path / "first.atfh", tmp_path / "second.atfh"
    first.write_bytes(recording([follow("did:plc:a", 0, "k1", "did:plc:leader")]))
    second.write_bytes(
        recording(
            [unfollow("did:plc:a", 500, "k1")], received=[500_000_000 + 1_772_366_400_000_000]
        )
    )
    case = Case.create(tmp_path / "case")
    ingest(case, first)
    receipt = ingest(case, second)
    assert receipt.rejected == 0
    rows = (
        case.record()
        .sql("SELECT follower, followed, until FROM follows WHERE until IS NOT NULL")
        .to_pylist()
    )
    assert [(r["follower"], r["followed"]) for r in rows] == [("did:plc:a", "did:plc:leader")]
