"""Small event streams written from scratch: frames with real CAR archives, and a recording."""

import datetime as dt
import hashlib
import struct

import libipld

START = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def at(seconds):
    return (START + dt.timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def microseconds(seconds):
    return round((START.timestamp() + seconds) * 1e6)


def frame(kind, body):
    return libipld.encode_dag_cbor({"op": 1, "t": kind}) + libipld.encode_dag_cbor(body)


def account(did, seconds, status=None, seq=None):
    body = {"did": did, "time": at(seconds), "active": status is None}
    return frame(
        "#account", body | ({"status": status} if status else {}) | ({"seq": seq} if seq else {})
    )


def identity(did, seconds, handle):
    return frame("#identity", {"did": did, "time": at(seconds), "handle": handle})


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def cid_of(block):
    return b"\x01\x71\x12\x20" + hashlib.sha256(block).digest()


def car(blocks):
    root = cid_of(b"root")
    # {"roots": [link], "version": 1} by hand: the encoder takes bytes for bytes, not for a link
    header = b"\xa2\x65roots\x81\xd8\x2a\x58\x25\x00" + root + b"\x67version\x01"
    body = b"".join(varint(len(cid_of(b) + b)) + cid_of(b) + b for b in blocks)
    return varint(len(header)) + header + body


def link(cid):
    return b"\xd8\x2a\x58\x25\x00" + cid


def commit(did, seconds, *operations, blocks=None, **extra):
    """operations: (action, path, record or None)."""
    encoded = [
        None if record is None else libipld.encode_dag_cbor(record) for _, _, record in operations
    ]
    ops = b""
    for (action, path, _), block in zip(operations, encoded, strict=True):
        cid = b"\xf6" if block is None else link(cid_of(block))
        ops += b"\xa3\x63cid" + cid
        ops += (
            b"\x64path"
            + libipld.encode_dag_cbor(path)
            + b"\x66action"
            + libipld.encode_dag_cbor(action)
        )
    archive = car([b for b in encoded if b is not None]) if blocks is None else blocks
    body = {"repo": did, "time": at(seconds), "blocks": archive} | extra
    items = {k: libipld.encode_dag_cbor(v) for k, v in body.items()} | {
        "ops": bytes([0x80 + len(operations)]) + ops
    }
    packed = b"".join(
        libipld.encode_dag_cbor(k) + items[k] for k in sorted(items, key=lambda k: (len(k), k))
    )
    return libipld.encode_dag_cbor({"op": 1, "t": "#commit"}) + bytes([0xA0 + len(items)]) + packed


def follow(did, seconds, key, subject):
    record = {"$type": "app.bsky.graph.follow", "subject": subject, "createdAt": at(seconds)}
    return commit(did, seconds, ("create", f"app.bsky.graph.follow/{key}", record))


def unfollow(did, seconds, key):
    return commit(did, seconds, ("delete", f"app.bsky.graph.follow/{key}", None))


def recording(frames, received=None):
    out = b"ATFH1\n"
    for number, body in enumerate(frames):
        arrival = (microseconds(number) if received is None else received[number]) * 1000
        out += struct.pack(">QI", arrival, len(body)) + body
    return out
