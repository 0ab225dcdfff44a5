"""What the dashboard shows, as plain values: over the state of a watch, or over the findings of a case.

Accounts are pseudonyms here, but for watched leaders and accounts a case lists as public; lists with platform ids are
downloads, which a person asks for.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from pathlib import Path
from typing import Any, Protocol

from birdfall.record.ids import pseudonym
from birdfall.watch.bank import STEP
from birdfall.watch.feed import now
from birdfall.watch.handing import handed
from birdfall.watch.state import State
from birdfall.watch.waves import Wave, wave, waves

HOUR = 3_600_000_000
MINUTE = 60_000_000
#: A live source that said nothing for so long is shown as behind.
LATE = 60_000_000


class View(Protocol):
    """What pages ask for. All times are microseconds."""

    simulated: bool
    live: bool

    def version(self) -> str:
        """Changes whenever a page would."""
        ...

    def now(self) -> dict[str, Any]: ...

    def waves(self) -> list[dict[str, Any]]: ...

    def wave(self, number: int) -> dict[str, Any] | None: ...

    def reporters(self) -> list[dict[str, Any]]: ...

    def rules(self) -> list[dict[str, Any]]: ...

    def sources(self) -> list[dict[str, Any]]: ...

    def download(self, number: int, form: str) -> str | None: ...

    def report(self) -> Path | None: ...


class StateView:
    """Over a watch. Each question opens the file anew, read-only: the watch is never held up."""

    simulated = False
    live = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key = secrets.token_bytes(16)

    def _state(self) -> State:
        return State.open(self.path, read_only=True)

    def version(self) -> str:
        state = self._state()
        try:
            row = state.connection.execute(
                "SELECT (SELECT max(id) FROM changes), (SELECT max(id) FROM reports), (SELECT max(id) FROM alerts), "
                "(SELECT sum(connected) FROM sources), (SELECT value FROM meta WHERE key = 'tick'), "
                "(SELECT sum(fallen) + sum(returned) + count(closed) FROM waves)"
            ).fetchone()
        finally:
            state.close()
        return "-".join(str(v) for v in row)

    def now(self) -> dict[str, Any]:
        state = self._state()
        try:
            on = waves(state, open_only=True)
            latest = self._latest(state)
            series = self._series(state, "all", latest - 2 * HOUR, latest, MINUTE)
            down = [s["source"] for s in self._sources(state) if s["state"] == "down"]
            loud = any(p["observed"] > p["high"] for p in series[-60:])
            recent = [w for w in waves(state) if w.closed and w.closed > latest - HOUR]
            kind = "wave" if on else "nodata" if down else "unusual" if loud or recent else "quiet"
            return {
                "state": kind, "waves": [self._plain(w) for w in on or recent[:3]], "series": series, "latest": latest, "down": down,
            }  # fmt: skip
        finally:
            state.close()

    def waves(self) -> list[dict[str, Any]]:
        state = self._state()
        try:
            return [self._plain(w) for w in waves(state)]
        finally:
            state.close()

    def wave(self, number: int) -> dict[str, Any] | None:
        state = self._state()
        try:
            found = wave(state, number)
            if found is None:
                return None
            end = found.closed or self._latest(state)
            stream = "all" if found.kind == "falls" else "reports"
            series = self._series(
                state, stream, found.begin - 30 * MINUTE, min(end, found.begin + 2 * HOUR) + 5 * MINUTE, STEP
            )
            return {**self._plain(found), "series": series, "step": STEP // 1_000_000}
        finally:
            state.close()

    def reporters(self) -> list[dict[str, Any]]:
        state = self._state()
        try:
            found: dict[str, dict[str, Any]] = {}
            for w in waves(state):
                if w.kind != "reports":
                    continue
                targets = len(w.details["targets"])
                for reporter in w.details["together"]:
                    row = found.setdefault(reporter, {"reporter": self._shown(reporter), "bursts": 0, "targets": 0})
                    row["bursts"] += 1
                    row["targets"] = max(row["targets"], targets)
            return sorted(found.values(), key=lambda r: (-r["bursts"], -r["targets"], r["reporter"]))
        finally:
            state.close()

    def rules(self) -> list[dict[str, Any]]:
        state = self._state()
        try:
            sent: dict[str, int] = {}
            for row in state.connection.execute("SELECT rule FROM alerts"):
                for name in row["rule"].split(", "):
                    sent[name] = sent.get(name, 0) + 1
            return [
                {**json.loads(r["rule"]), "past": json.loads(r["backtest"]), "alerts": sent.get(r["name"], 0)}
                for r in state.connection.execute("SELECT name, rule, backtest FROM rules ORDER BY name")
            ]
        finally:
            state.close()

    def sources(self) -> list[dict[str, Any]]:
        state = self._state()
        try:
            return self._sources(state)
        finally:
            state.close()

    def download(self, number: int, form: str) -> str | None:
        state = State.open(self.path)
        try:
            found = wave(state, number)
            return None if found is None else handed(state, found, form)
        finally:
            state.close()

    def report(self) -> Path | None:
        return None

    def _latest(self, state: State) -> int:
        row = state.connection.execute("SELECT max(event), sum(connected) FROM sources").fetchone()
        tick = int(state.meta("tick", "0")) * STEP
        return now() if row[1] else max(int(row[0] or 0), tick)

    def _sources(self, state: State) -> list[dict[str, Any]]:
        c = state.connection
        found = []
        for row in c.execute("SELECT * FROM sources ORDER BY source"):
            gaps = [
                {"begin": g["begin"], "end": g["end"], "why": g["why"]}
                for g in c.execute('SELECT "begin", "end", why FROM gaps WHERE source = ? ORDER BY id DESC LIMIT 50', (row["source"],))
            ]  # fmt: skip
            over = not row["connected"] and (row["source"].startswith("recording:") or row["source"] == "-")
            found.append({
                "source": row["source"], "state": "up" if row["connected"] else "over" if over else "down", "said": row["said"],
                "since": row["since"], "lag": max(row["received"] - row["event"], 0) / 1e6 if row["event"] else None,
                "steps": row["steps"], "refused": row["refused"], "gaps": gaps, "received": row["received"],
            })  # fmt: skip
        return found

    def _series(self, state: State, stream: str, begin: int, end: int, step: int) -> list[dict[str, Any]]:
        """Observed and the most that is usual, per `step`; usual where nothing is stored is what the nearest tick said."""
        first = begin - begin % step
        n = max(int((end - first) // step) + 1, 1)
        observed, high = [0] * n, [0.0] * n
        rows = state.connection.execute(
            'SELECT "begin", observed, high FROM ticks WHERE stream = ? AND "begin" BETWEEN ? AND ?',
            (stream, first, end),
        ).fetchall()
        usual = min((r["high"] for r in rows), default=1.0)
        for row in rows:
            k = (row["begin"] - first) // step
            if 0 <= k < n:
                observed[k] += row["observed"]
                high[k] = max(high[k], row["high"])
        return [{"at": first + k * step, "observed": observed[k], "high": round(high[k] or usual, 2)} for k in range(n)]

    def _plain(self, w: Wave) -> dict[str, Any]:
        details = dict(w.details)
        leaders = [{**e, "name": self._leader(e["leader"])} for e in details.get("leaders", [])]
        return {
            "id": w.id, "kind": w.kind, "begin": w.begin, "opened": w.opened, "closed": w.closed, "size": w.fallen,
            "returned": w.returned, "expected": w.expected, "delay": (w.opened - w.begin) / 1e6, "leaders": leaders,
            "reasons": details.get("reasons", {}), "reported": details.get("reported", 0),
            "targets": [{**t, "name": self._shown(t["target"])} for t in details.get("targets", [])],
            "together": len(details.get("together", [])),
        }  # fmt: skip

    def _leader(self, account: str) -> str:
        state = self._state()
        try:
            row = state.connection.execute("SELECT handle FROM standing WHERE account = ?", (account,)).fetchone()
        finally:
            state.close()
        return f"@{row[0]}" if row and row[0] else account

    def _shown(self, account: str) -> str:
        digest = hashlib.blake2b(account.encode(), key=self._key, digest_size=4).digest()
        return pseudonym(int.from_bytes(digest) % 1_000_000)


class CaseView:
    """Over the findings of a case: the same pages, nothing renews itself."""

    live = False

    def __init__(self, path: Path) -> None:
        from birdfall.record.case import Case

        self._case = Case.open(path)
        self._findings = self._case.findings()
        self.simulated = any(f.simulated for f in self._findings.values())
        self._names = self._case.record().names()
        self._public = {*self._case.settings.public, *self._case.settings.leaders, *self._case.settings.controls}

    def version(self) -> str:
        return self._case.manifest.files[0].sha256 if self._case.manifest.files else ""

    def now(self) -> dict[str, Any]:
        found = self.waves()
        series = self._rows("waves", "series")
        shown = [{"at": _us(r["from"]), "observed": r["observed"], "high": r["high"]} for r in series[-400:]]
        kind = "wave" if found else "quiet" if "waves" in self._findings else "nodata"
        return {
            "state": kind,
            "waves": found[:3],
            "series": shown,
            "latest": shown[-1]["at"] if shown else 0,
            "down": [],
        }

    def waves(self) -> list[dict[str, Any]]:
        return [self._wave(r) for r in self._rows("waves", "waves")]

    def wave(self, number: int) -> dict[str, Any] | None:
        found = next((r for r in self._rows("waves", "waves") if r["wave"] == number), None)
        if found is None:
            return None
        minutes = [r for r in self._rows("waves", "minutes") if r["wave"] == number]
        series = [{"at": _us(r["from"]), "observed": r["observed"], "high": r["high"]} for r in minutes]
        step = (series[1]["at"] - series[0]["at"]) // 1_000_000 if len(series) > 1 else 60
        return {**self._wave(found), "series": series, "step": step}

    def reporters(self) -> list[dict[str, Any]]:
        rows = self._rows("brigades", "reporters")
        return [
            {"reporter": pseudonym(r["code"]), "bursts": 1, "targets": r["targets"]}
            for r in rows
            if r.get("named", False)
        ]

    def rules(self) -> list[dict[str, Any]]:
        return []

    def sources(self) -> list[dict[str, Any]]:
        spans = self._rows("coverage", "spans")
        found: dict[str, dict[str, Any]] = {}
        for span in spans:
            row = found.setdefault(
                span["source"] or "–",
                {"source": span["source"] or "–", "state": "over", "said": "", "since": 0, "lag": None, "steps": None, "refused": None, "gaps": [], "received": 0},
            )  # fmt: skip
            if span["kind"] == "gap":
                row["gaps"].append({"begin": _us(span["from"]), "end": _us(span["to"]), "why": span["note"] or ""})
        return list(found.values())

    def download(self, number: int, form: str) -> str | None:
        return None

    def report(self) -> Path | None:
        path = self._case.path / "reports" / "report.html"
        return path if path.is_file() else None

    def _rows(self, name: str, table: str) -> list[dict[str, Any]]:
        finding = self._findings.get(name)
        if finding is None or table not in finding.tables:
            return []
        rows: list[dict[str, Any]] = finding.table(table).to_pylist()
        return rows

    def _wave(self, row: dict[str, Any]) -> dict[str, Any]:
        leaders = [
            {
                "leader": a["leader"], "name": self._name(a["leader"]), "before": a["followers"], "suspended": a["suspended"],
                "returned": None, "left": None, "after": None, "now": None, "odds_ratio": a["odds_ratio"], "or_low": a["or_low"],
                "or_high": a["or_high"], "hit": a["outcome"] == "explains",
            }
            for a in self._rows(f"audiences-{row['wave']}", "audiences")
            if a["role"] != "other" or a["outcome"] == "explains"
        ]  # fmt: skip
        for entry in leaders:
            ledger = next(
                (
                    f
                    for f in self._findings.values()
                    if f.kind == "ledger" and f.details.get("leader") == entry["leader"]
                ),
                None,
            )
            if ledger is not None:
                entry |= {"before": ledger["before"].value, "after": ledger["lowest"].value, "now": ledger["now"].value,
                          "returned": ledger["restored"].value}  # fmt: skip
        returns = self._findings.get(f"returns-{row['wave']}")
        back = returns["returned"].value if returns is not None and "returned" in returns.estimates else None
        return {
            "id": row["wave"], "kind": "falls", "begin": _us(row["start"]), "opened": _us(row["start"]), "closed": _us(row["end"]),
            "size": row["size"] if row["size"] is not None else row["observed"], "returned": back, "expected": row["expected"],
            "delay": None, "leaders": leaders, "reasons": {}, "reported": 0, "targets": [], "together": 0,
        }  # fmt: skip

    def _name(self, account: str) -> str:
        if account in self._public:
            return "@" + self._names.get(account, account)
        code = self._case.record().ids.code(account)
        return pseudonym(code or 0)


def _us(value: Any) -> int:
    return int(value.timestamp() * 1_000_000) if value is not None else 0
