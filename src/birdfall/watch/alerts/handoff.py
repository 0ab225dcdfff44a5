"""Hand-over: a wave in the shapes other people's tools take. Nothing here acts; a person reads it and decides.

ozone: bodies for `tools.ozone.moderation.emitEvent`, one per account: a tag; ozone-comment: a comment; ozone-report: a report. osprey: actions for its input
topic. coop: bodies for `POST /api/v1/report`. csv: the accounts. hold: suspensions that look like a brigade's work, for review.
restore: accounts of the wave that are still down. reporters: who reported them, or the targets of a burst.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from collections.abc import Iterator
from typing import Any, Final

from birdfall.model.errors import UsageError, printable
from birdfall.watch.detect.wave_queries import Wave, fallen, is_kept
from birdfall.watch.store.database import State

FORMS: Final = (
    "ozone",
    "ozone-comment",
    "ozone-report",
    "osprey",
    "coop",
    "csv",
    "hold",
    "restore",
    "reporters",
)
#: Forms that are tables, with a line of names first.
TABLES: Final = ("csv", "hold", "restore", "reporters")
#: A suspension looks like a brigade's work if so many of those who reported the account had reported others of the wave too.
TOGETHER, REPORTERS = 0.5, 5
_DANGEROUS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
#: Characters of a text that a cell holds.
LONGEST: Final = 10_000


def export_wave(state: State, wave: Wave, form: str, by: str = "") -> str:
    """The wave as text in one of `FORMS`. by: the did of the moderator who will send it to Ozone. Raises UsageError for another form, and where its accounts were forgotten."""
    if not is_kept(state, wave):
        raise UsageError(
            f"the accounts of wave {wave.id} are no longer kept",
            where=str(state.path),
            fix="Those of the waves that are listed are.",
        )
    end = int(wave.details.get("end") or wave.closed or 1 << 62)
    if form == "reporters":
        return _csv(
            _reporters(state, wave, end),
            ["reporter", "targets", "reports", "first", "last", "ever", "wave"],
        )
    if form in TABLES:
        rows = list(_rows(state, wave, end))
        if form == "hold":
            rows = [r for r in rows if r["reporters"] >= REPORTERS and r["together"] >= TOGETHER]
        elif form == "restore":
            rows = [r for r in rows if r["status_now"] not in ("active", "limited")]
        return _csv(
            rows,
            ["account", "suspended_at", "reason", "status_now", "reporters", "together", "wave"],
        )
    if form.startswith("ozone") and form in FORMS:
        kind = form.partition("-")[2] or "tag"
        return _lines(
            _ozone(wave, account, kind, by)
            for account in dict.fromkeys(a for a, _, _ in fallen(state, wave.begin, end))
        )
    if form == "osprey":
        return _lines([_osprey(wave)])
    if form == "coop":
        return _lines(
            _coop(wave, account, moment) for account, moment, _ in fallen(state, wave.begin, end)
        )
    raise UsageError(f"no form is called {form!r}", fix=f"Known: {', '.join(FORMS)}.")


def _rows(state: State, wave: Wave, end: int) -> Iterator[dict[str, Any]]:
    c = state.connection
    listed = fallen(state, wave.begin, end)
    c.execute("CREATE TEMP TABLE IF NOT EXISTS those (account TEXT PRIMARY KEY) WITHOUT ROWID")
    c.execute("DELETE FROM those")
    c.executemany("INSERT OR IGNORE INTO those VALUES (?)", [(a,) for a, _, _ in listed])
    several = {
        r[0]
        for r in c.execute(
            "SELECT reporter FROM reports WHERE target IN (SELECT account FROM those) GROUP BY reporter HAVING count(DISTINCT target) >= 2"
        )
    }
    seen = set()
    for account, moment, reason in listed:
        if account in seen:
            continue
        seen.add(account)
        by = {
            r[0]
            for r in c.execute(
                "SELECT DISTINCT reporter FROM reports WHERE target = ? AND time <= ?",
                (account, moment),
            )
        }
        status = c.execute("SELECT status FROM standing WHERE account = ?", (account,)).fetchone()
        yield {
            "account": account,
            "suspended_at": _rfc(moment),
            "reason": reason,
            "status_now": status[0] if status else "",
            "reporters": len(by),
            "together": round(len(by & several) / len(by), 3) if by else 0.0,
            "wave": wave.id,
        }


def _reporters(state: State, wave: Wave, end: int) -> list[dict[str, Any]]:
    """Who reported the targets of a burst within it, or the fallen of a wave before they fell; most targets first."""
    c = state.connection
    c.execute(
        "CREATE TEMP TABLE IF NOT EXISTS theirs (account TEXT PRIMARY KEY, begin INTEGER, end INTEGER) WITHOUT ROWID"
    )
    c.execute("DELETE FROM theirs")
    if wave.kind == "reports":
        spans = [
            (t["target"], wave.begin, wave.closed or 1 << 62)
            for t in wave.details.get("targets", [])
        ]
    else:
        spans = [(account, 0, moment) for account, moment, _ in fallen(state, wave.begin, end)]
    c.executemany("INSERT OR IGNORE INTO theirs VALUES (?, ?, ?)", spans)
    rows = c.execute(
        "SELECT reporter, count(DISTINCT target) AS targets, count(*) AS reports, min(time) AS first, max(time) AS last "
        "FROM reports r JOIN theirs t ON t.account = r.target AND r.time BETWEEN t.begin AND t.end GROUP BY reporter ORDER BY targets DESC, first, reporter"
    ).fetchall()
    ever = dict(c.execute("SELECT reporter, count(*) FROM reports GROUP BY reporter").fetchall())
    return [
        {
            **dict(r),
            "first": _rfc(r["first"]),
            "last": _rfc(r["last"]),
            "ever": ever[r["reporter"]],
            "wave": wave.id,
        }
        for r in rows
    ]


def _csv(rows: list[dict[str, Any]], names: list[str]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _cell(v) if isinstance(v, str) else v for k, v in r.items()} for r in rows)
    return out.getvalue()


def _cell(text: str) -> str:
    """A cell that a spreadsheet would take for a formula gets a quote in front; what would steer a terminal is written out."""
    shown = printable(text, LONGEST)
    return f"'{shown}" if text.startswith(_DANGEROUS) else shown


def _lines(items: Any) -> str:
    # other than ASCII is written as \\u...: the lines are shown in terminals, and mean the same
    return "".join(json.dumps(item, ensure_ascii=True, sort_keys=True) + "\n" for item in items)


def _ozone(wave: Wave, account: str, kind: str, by: str) -> dict[str, Any]:
    """A tag, a comment or a report: each puts the account before moderators and changes nothing for its owner."""
    if wave.kind == "reports":
        what = f"Suspended after {wave.fallen} accounts reported {len(wave.details.get('targets', []))} others together"
    else:
        what = f"One of {wave.fallen} accounts suspended together"
    comment = f"{what} from {_rfc(wave.begin)} (Birdfall, wave {wave.id}); proposed for review."
    event: dict[str, Any] = {
        "$type": f"tools.ozone.moderation.defs#modEvent{kind.capitalize()}",
        "comment": comment,
    }
    if kind == "tag":
        event |= {"add": [f"birdfall-wave-{wave.id}"], "remove": []}
    elif kind == "report":
        event |= {"reportType": "com.atproto.moderation.defs#reasonOther"}
    return {
        "event": event,
        "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": account},
        "createdBy": by or "put the did of the moderator here",
    }


def _osprey(wave: Wave) -> dict[str, Any]:
    stage = "closed" if wave.closed else "opened"
    data = {
        "wave": wave.id,
        "stream": wave.stream,
        "begin": _rfc(wave.begin),
        "size": wave.fallen,
        "returned": wave.returned,
        "expected": wave.expected,
    }
    return action(
        f"wave:{wave.id}:{stage}", action_name(wave.kind, stage), data, wave.closed or wave.opened
    )


def action_name(kind: str, news: str) -> str:
    """What an alert is called as an action: `wave_opened`, `wave_updated`, `wave_closed`, `brigade_detected`, ..."""
    if kind not in ("falls", "reports"):
        return {"returns": "wave_returning", "no-data": "no_data"}.get(kind, kind.replace("-", "_"))
    stage = news if news in ("opened", "closed") else "updated"
    return (
        f"wave_{stage}"
        if kind == "falls"
        else f"brigade_{'detected' if stage == 'opened' else stage}"
    )


def action(key: str, name: str, data: dict[str, Any], moment: int) -> dict[str, Any]:
    """An action as Osprey's input topic takes it. `action_id` is made of the key: what is sent twice has one id."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) >> 1
    return {
        "send_time": _rfc(moment),
        "data": {"action_id": number, "action_name": name, "data": data},
    }


def _coop(wave: Wave, account: str, moment: int) -> dict[str, Any]:
    reason = f"suspended together with {wave.fallen - 1} others"
    if wave.kind == "reports":
        reason = f"suspended after {wave.fallen} accounts reported {len(wave.details.get('targets', []))} others together"
    return {
        "reporter": {"kind": "user", "typeId": "birdfall", "id": "birdfall"},
        "reportedAt": _rfc(moment),
        "reportedItem": {"id": account, "typeId": "account", "data": {"wave": wave.id}},
        "reportedForReason": {"reason": f"{reason}; proposed for review"},
    }


def _rfc(moment: int) -> str:
    return dt.datetime.fromtimestamp(moment / 1e6, dt.UTC).isoformat(timespec="milliseconds")
