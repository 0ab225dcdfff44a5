"""Repositories of the AT Protocol as CAR files, made here block by block."""

import libipld
import pytest
from atproto_streams import cid_of, link, varint

from birdfall.model.errors import InputError
from birdfall.sources.ingest import load

DID = "did:plc:alfa"
WHEN = "2024-01-01T00:00:00.000Z"
LEADER = "at://did:plc:leader/app.bsky.feed.post/1"


def packed(**fields):
    """DAG-CBOR of a map whose bytes of CIDs are links."""
    ordered = sorted(fields.items(), key=lambda f: (len(f[0]), f[0]))
    out = bytes([0xA0 + len(ordered)])
    for name, value in ordered:
        out += libipld.encode_dag_cbor(name)
        out += value if isinstance(value, Packed) else libipld.encode_dag_cbor(value)
    return Packed(out)


class Packed(bytes):
    """What is encoded already."""


def car(records, *, revision="3kwyvxr5nmc2a", lost=()):
    """A repository of records by their path, in a tree of two nodes."""
    blocks = [libipld.encode_dag_cbor(r) for _, r in records]
    half = len(records) // 2
    left = node(records[:half], blocks[:half])
    root = node(records[half:], blocks[half:], left)
    commit = packed(did=DID, version=3, rev=revision, data=Packed(link(cid_of(root))), prev=None)
    header = b"\xa2\x65roots\x81" + link(cid_of(commit)) + b"\x67version\x01"
    kept = [b for i, b in enumerate(blocks) if i not in lost]
    body = b"".join(varint(36 + len(b)) + cid_of(b) + b for b in (commit, root, left, *kept))
    return varint(len(header)) + header + body


def node(records, blocks, left=None):
    entries, last = [], b""
    for (path, _), block in zip(records, blocks, strict=True):
        key = path.encode()
        same = next((i for i, (a, b) in enumerate(zip(last, key, strict=False)) if a != b), 0)
        value = Packed(link(cid_of(block)))
        entries.append(packed(p=same, k=key[same:], v=value, t=None))
        last = key
    listed = Packed(bytes([0x80 + len(entries)]) + b"".join(entries))
    return packed(l=Packed(link(cid_of(left))) if left else None, e=listed)


RECORDS = [
    ("app.bsky.actor.profile/self", {"$type": "app.bsky.actor.profile", "displayName": "Alfa"}),
    ("app.bsky.feed.like/3k1", {"subject": {"uri": LEADER, "cid": "c"}, "createdAt": WHEN}),
    ("app.bsky.feed.post/3k2", {"text": "hola", "createdAt": WHEN}),
    ("app.bsky.feed.repost/3k3", {"subject": {"uri": LEADER, "cid": "c"}, "createdAt": WHEN}),
    ("app.bsky.feed.repost/3k4", {"subject": {"uri": LEADER, "cid": "c"}, "createdAt": "soon"}),
    ("app.bsky.graph.follow/3k5", {"subject": "did:plc:leader", "createdAt": WHEN}),
    ("app.bsky.graph.listitem/3k6", {"subject": "did:plc:x", "createdAt": WHEN}),
]


def test_a_repository_gives_the_acts_that_stand_in_it(tmp_path):
    path = tmp_path / "repo.car"
    path.write_bytes(car(RECORDS))
    record = load(path)
    acts = record.table("acts").to_pylist()
    assert [(a["kind"], a["object"]) for a in acts] == [
        ("like", LEADER),
        ("post", f"at://{DID}/app.bsky.feed.post/3k2"),
        ("repost", LEADER),
        ("follow", "did:plc:leader"),
    ]
    assert {a["account"] for a in acts} == {DID}
    (edge,) = record.table("follows").to_pylist()
    assert edge["since"].isoformat() == "2024-01-01T00:00:00+00:00" and edge["observed_at"]
    reasons = [r["reason"] for r in record.table("rejected").to_pylist()]
    assert reasons == [
        "a time that cannot be read",
        "records of app.bsky.graph.listitem are no part of the record",
    ]


def test_a_record_that_is_not_in_the_file_is_told(tmp_path):
    path = tmp_path / "repo.car"
    path.write_bytes(car(RECORDS, lost={2}))
    record = load(path)
    assert "post" not in {a["kind"] for a in record.table("acts").to_pylist()}
    told = record.table("rejected").to_pylist()
    assert any("not in the file" in r["reason"] and "3k2" in r["value"] for r in told)


@pytest.mark.parametrize("cut", [40, 120, 300])
def test_a_damaged_repository_is_refused(tmp_path, cut):
    path = tmp_path / "repo.car"
    path.write_bytes(car(RECORDS)[:cut])
    with pytest.raises(InputError, match="no whole repository"):
        load(path)
