"""A case in which all that can tell who a person is is a canary, and a search for canaries."""

from __future__ import annotations

import base64
import binascii
import io
import re
import sqlite3
import zipfile
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.schemas import TABLES, Rows
from birdfall.model.settings import Settings
from birdfall.record.case import Case

#: What every canary holds: in the bytes of anything that leaves, it gives a person away.
MARK = "zqxid"
ACCOUNTS = 40
MINUTE_US = 60_000_000


def account(number):
    """The id of an account."""
    return f"did:plc:{MARK}{number:04d}"


def handle(number):
    """Its handle."""
    return f"{MARK}_{number:04d}.example"


def rows(table, *values):
    """Rows of a table of the record; what is not given is blank."""
    schema = TABLES[table]
    full = [{f.name: value.get(f.name) for f in schema} for value in values]
    return Rows(table, pa.RecordBatch.from_pylist(full, schema))


def record_rows(numbers=range(ACCOUNTS), account=account, handle=handle):
    """Rows of every table, in which each account has all that can tell who it is."""
    source = f"tweets_of_{handle(3)}.csv"
    trace = {"source": source, "line": 1}

    def about(number):
        return {"account": account(number), **trace}

    yield rows(
        "accounts",
        *(
            about(n)
            | {
                "handle": handle(n),
                "name": f"Zqxid Name {n}",
                "description": f"zqxid bio {n}",
                "location": f"zqxid town {n}",
                "followers": 10 * n,
                "created_at": n,
            }
            for n in numbers
        ),
    )
    yield rows(
        "acts",
        *(
            about(n)
            | {
                "kind": kind,
                "object": thing,
                "object_kind": thing_kind,
                "time": n * MINUTE_US,
                "target": account((n + 1) % ACCOUNTS),
                "text": f"zqxid text {n}",
                "client": "phone" if n > 4 else f"{MARK}-app",
                "act_id": f"{MARK}-act-{n}",
            }
            for n in numbers
            for kind, thing, thing_kind in (
                ("post", f"{MARK}-post-{n}", "post"),
                ("report", account((n + 1) % ACCOUNTS), "account"),
                ("link", f"https://x.com/{handle(n)}/status/{MARK}1", "link"),
                ("link", f"https://m.example/@zqxid/{MARK}{n}", "link"),
                ("hashtag", "#flock", "hashtag"),
            )
        ),
    )
    yield rows(
        "statuses",
        *(
            about(n)
            | {
                "status": "suspended",
                "time": n * MINUTE_US,
                "observation": "change",
                "reason": f"as @{handle(n)} asked",
            }
            for n in numbers
        ),
    )
    yield rows(
        "follows",
        *(
            trace
            | {
                "follower": account(n),
                "followed": account(0),
                "observation": "seen",
                "observed_at": 0,
            }
            for n in numbers
            if n
        ),
    )
    yield rows("counts", *(about(n) | {"time": 0, "followers": n} for n in numbers))
    yield rows(
        "coverage",
        trace
        | {"from": 0, "to": MINUTE_US, "what": "acts", "kind": "gap", "note": f"lost @{handle(5)}"},
    )
    yield rows(
        "rejected",
        trace
        | {
            "column": "time",
            "value": f"@{handle(6)}",
            "reason": f"no time in the row of {account(6)}",
        },
    )


def findings(account=account, handle=handle):
    """A finding of every kind whose fields or tables name accounts."""
    one, two = account(1), account(2)
    code = pa.array([0], pa.int32())
    said = {
        "text": f"@{handle(1)} lost 200 followers",
        "who": f"@{handle(2)}",
        "when": "2013-10-31",
        "where": "",
        "language": "en",
    }
    yield Finding(
        "ledger",
        "ledger-1",
        "found",
        parameters={"leader": one},
        details={"leader": one, "code": 1},
        tables={"entries": pa.table({"account": [two], "cause": ["new"]})},
    )
    yield Finding(
        "ledger",
        "ledger-unknown",
        "cannot",
        details={"leader": one},
        reasons=(Note("no-edges-of-leader", {"leader": one, "needs": "follows"}),),
    )
    yield Finding(
        "counts",
        "counts",
        "found",
        parameters={"leaders": [one], "controls": [two]},
        tables={
            "waves": pa.table({"largest_account": [one]}),
            "ratios": pa.table({"leader": [one], "control": [two]}),
        },
    )
    yield Finding("automation", "automation-1", "nothing", parameters={"leaders": [one, two]})
    yield Finding(
        "audiences",
        "audiences-1",
        "found",
        tables={
            "audiences": pa.table({"leader": [one], "code": code}),
            "strata": pa.table(
                {
                    "stratum": [
                        f"client {MARK}-app, age 1/4",
                        "client phone, age 1/4",
                        "client web",
                    ],
                    "accounts": [60, 4, 5],
                    "suspended": [1, 2, 3],
                }
            ),
        },
    )
    yield Finding(
        "brigades",
        "brigades",
        "found",
        estimates={"reports": Estimate(3, "events")},
        tables={
            "blocks": pa.table({"target_ids": [[one, two]]}),
            "reporters": pa.table({"reporter": [one], "code": code}),
        },
    )
    yield Finding(
        "coordination",
        "coordination-repost",
        "found",
        parameters={"trace": ["repost"], "leave_out": [f"{MARK}-post-1", one]},
        tables=_network(one, two, handle),
    )
    yield Finding(
        "waves",
        "waves",
        "found",
        tables={
            "members": pa.table({"account": [one], "code": code}),
            "waves": pa.table(
                {"wave": [1], "trigger": ["client"], "trigger_value": [f"{MARK}-app, phone"]}
            ),
        },
    )
    yield Finding(
        "claim",
        f"claim-{MARK}-0001-example-lost-200-followers",
        "found",
        details={
            "said": said,
            "account": one,
            "verdict": "supported",
            "parsed": {"population": f"@{handle(1)}", "group": "", "of": ""},
        },
        reasons=(Note("account-not-known", {"account": f"@{handle(2)}"}),),
    )
    # of a measure of another package that declares nothing
    yield Finding(
        "theirs",
        "theirs",
        "found",
        details={"by": {one: [two]}, "of": f"@{handle(3)}"},
        tables={"pairs": pa.table({"first": [one], "second": [f"see @{handle(2)}"]})},
    )


def _network(one, two, handle):
    edge = {
        "source": pa.array([0], pa.int32()),
        "target": pa.array([1], pa.int32()),
        "source_id": [one],
        "target_id": [two],
        "weight": [2.0],
        "layer": ["repost"],
    }
    return {
        "nodes": pa.table(
            {
                "code": pa.array([0, 1], pa.int32()),
                "account": [one, two],
                "group": pa.array([1, 1], pa.int32()),
            }
        ),
        "edges": pa.table(edge),
        "groups": pa.table(
            {
                "group": [1],
                "kind": ["pairs"],
                "members": [2],
                "top_object": [f"{MARK}-post-2"],
                "top_layer": ["repost"],
                "accounts": [[one, two]],
                "languages": ["es 2"],
            }
        ),
        "examples": pa.table(
            {
                "group": [1],
                "layer": ["report"],
                "object": [two],
                "account": [one],
                "other": [two],
                "shown": [f"zqxid text of @{handle(1)}, https://x.com/i/status/{MARK}"],
            }
        ),
        "heaviest": pa.table({"object": [one], "events": [3]}),
    }


def canary_case(folder, *, key=b"k" * 32, account=account, handle=handle, numbers=range(ACCOUNTS)):
    """The case; nobody in it is public."""
    settings = Settings(
        title=f"What happened to @{handle(1)}",
        question=f"Who reported @{handle(1)}?",
        leaders=(account(1),),
        names={account(2): handle(2)},
        reply=(
            {
                "who": f"@{handle(4)}",
                "asked": "2013-11-01",
                "received": "2013-11-02",
                "text": f"see https://example.org/{handle(4)}/status/{MARK}",
            },
        ),
    )
    case = Case.create(folder, settings, key=key)
    case.append(
        record_rows(numbers, account, handle), source=f"tweets_of_{handle(3)}.csv", digest="d"
    )
    case.save(*findings(account, handle))
    return case


def _written_forms():
    """The mark as it may stand in bytes: plain, in UTF-16, in hexadecimal, from behind, and in
    base64 wherever in a group of three bytes it begins.
    """
    plain = MARK.encode()
    forms = [MARK.encode("utf-16-le"), MARK.encode("utf-16-be"), plain.hex().encode(), plain[::-1]]
    for before in range(3):
        packed = base64.b64encode(b"\0" * before + plain)
        forms.append(packed[(0, 2, 3)[before] : (8 * (before + len(plain))) // 6])
    return re.compile(b"(?i:" + plain + b")|" + b"|".join(map(re.escape, forms)))


WRITTEN = _written_forms()
#: What may be base64 of something larger, such as a picture in a page.
_PACKED = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")


def unpacked(data):
    """Bytes, and what is packed in them: gzip, zlib, base64."""
    yield data
    if data[:2] in (b"\x1f\x8b", b"\x78\x9c", b"\x78\xda"):
        try:
            yield zlib.decompress(data, 47)
        except zlib.error:
            return
    for match in _PACKED.finditer(data):
        text = match[0].rstrip(b"=")
        try:
            yield from unpacked(base64.b64decode(text + b"=" * (-len(text) % 4)))
        except binascii.Error:
            continue


def texts_within(path):
    """All that a file holds as text, its own name first: bytes, unpacked where they are packed."""
    data = path.read_bytes()
    yield path.name.encode()
    yield from unpacked(data)
    if data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            yield packed.comment
            for entry in packed.infolist():
                yield from (entry.filename.encode(), entry.comment, entry.extra)
                yield from unpacked(packed.read(entry))
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield str(table.schema).encode() + str(table.schema.metadata).encode()
        yield str(table.to_pydict()).encode()
    if data.startswith(b"SQLite format 3"):
        database = sqlite3.connect(path)
        yield "\n".join(database.iterdump()).encode()
        database.close()


def canaries_in(*paths):
    """Every canary in the bytes and names of these files, with what stands around it."""
    found = []
    for path in paths:
        for text in texts_within(path):
            found += [
                (path.name, text[max(m.start() - 60, 0) : m.end() + 30])
                for m in WRITTEN.finditer(text)
            ]
    return found
