"""The pages over a watch. Each question opens its state anew, read-only: the watch is never held up."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from birdfall.model.schemas import FALLEN
from birdfall.record.ids import pseudonym
from birdfall.watch.alerts.delivery import TRIES
from birdfall.watch.alerts.handoff import export_wave
from birdfall.watch.alerts.rules import DEFAULT
from birdfall.watch.dashboard.bursts import (
    burst_reporters,
    burst_targets,
    compare_reporters,
    last_report_time,
)
from birdfall.watch.dashboard.pseudonym_key import pseudonym_key
from birdfall.watch.dashboard.view import HOUR, MINUTE, PAGES, build_chart, usual_limit
from birdfall.watch.detect.detector_bank import FIRST, TICK_US
from birdfall.watch.detect.wave_queries import BEFORE, MOST, SHOWN, Wave, is_kept, wave, waves
from birdfall.watch.engine.retention import size_of
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, now
from birdfall.watch.store.database import State
from birdfall.watch.store.lock import is_in_use

#: A burst of reports this long before a wave is told of with it.
MAX_BURST_LEAD_US = HOUR

_FALLEN: Final = ", ".join(f"'{s}'" for s in FALLEN)
#: Events per step of a stream: (first, step, first, last).
_COUNT_EVENTS: Final = {
    "all": f"SELECT (time - ?) / ? AS k, count(*) FROM changes WHERE time BETWEEN ? AND ? AND NOT seen AND status IN ({_FALLEN}) "
    f"AND coalesce(previous, '') NOT IN ({_FALLEN}) GROUP BY k",
    "reports": "SELECT (time - ?) / ? AS k, count(*) FROM reports WHERE time BETWEEN ? AND ? GROUP BY k",
}


class StateView:
    """Over the SQLite file of a watch."""

    live = True
    pages: tuple[str, ...] = PAGES

    def __init__(self, path: Path) -> None:
        self.path = path
        self._key = pseudonym_key(path)

    @property
    def simulated(self) -> bool:
        """Whether who began the watch said that its data is simulated."""
        with closing(self._state()) as state:
            return state.meta("simulated") == "1"

    def _state(self) -> State:
        return State.open(self.path, read_only=True)

    def version(self) -> str:
        with closing(self._state()) as state:
            row = state.connection.execute(
                "SELECT (SELECT max(id) FROM changes), (SELECT max(id) FROM reports), (SELECT max(id) FROM alerts), "
                "(SELECT sum(tries) FROM deliveries), (SELECT sum(connected) FROM sources), (SELECT value FROM meta WHERE key = 'tick'), "
                "(SELECT sum(fallen) + sum(returned) + count(closed) FROM waves)"
            ).fetchone()
        return "-".join(str(v) for v in row)

    def now(self) -> dict[str, Any]:
        with closing(self._state()) as state:
            every = waves(state)
            on = [w for w in every if w.closed is None]
            latest = self._latest(state)
            series = self._series(state, "all", latest - 2 * HOUR, latest, MINUTE)
            sources = self._sources(state)
            down = [s["source"] for s in sources if s["state"] in ("down", "mute")]
            stopped = any(s["state"] == "stopped" for s in sources)
            loud = any(p["observed"] > p["high"] for p in series[-60:])
            recent = [w for w in every if w.closed and w.closed > latest - HOUR]
            calm = "young" if _is_young(state, latest) else "unusual" if loud else "quiet"
            kind = "nodata" if down else "ended" if recent else calm
            if on:
                kind = "wave" if any(w.kind == "falls" for w in on) else "reports"
            if stopped:
                kind = "stopped"
            shown = sorted(on or recent[:3], key=lambda w: w.kind != "falls")
            found = [self._plain(state, w, every) for w in shown]
            return {
                "state": kind,
                "waves": found,
                "latest": latest,
                "down": down,
                "chart": build_chart(
                    series, self._gaps(state, latest - 2 * HOUR, latest), MINUTE, "all"
                ),
                "close": self._close(state, shown[0]) if shown else None,
            }

    def waves(self) -> list[dict[str, Any]]:
        with closing(self._state()) as state:
            every = waves(state)
            return [self._plain(state, w, every) for w in every[:SHOWN]]

    def wave(self, number: int) -> dict[str, Any] | None:
        with closing(self._state()) as state:
            found = wave(state, number)
            if found is None:
                return None
            return {**self._plain(state, found, waves(state)), "close": self._close(state, found)}

    def reporters(self) -> dict[str, Any]:
        with closing(self._state()) as state:
            bursts = [w for w in waves(state) if w.kind == "reports"]
            rows = [
                {**row, "reporter": self._shown(row["reporter"]), "burst": w.id}
                for w in bursts[:20]
                for row in burst_reporters(state, w)
            ]
            return {
                "bursts": [self._plain(state, w, bursts) for w in bursts[:20]],
                "rows": rows,
                "alike": compare_reporters(state, bursts),
            }

    def rules(self) -> dict[str, Any]:
        with closing(self._state()) as state:
            return {"rules": self._rules(state), "channels": channel_deliveries(state)}

    def sources(self) -> list[dict[str, Any]]:
        with closing(self._state()) as state:
            return self._sources(state)

    def download(self, number: int, form: str) -> str | None:
        with closing(self._state()) as state:
            found = wave(state, number)
            return (
                export_wave(state, found, form)
                if found is not None and is_kept(state, found)
                else None
            )

    def kept(self) -> dict[str, Any] | None:
        with closing(self._state()) as state:
            raw = state.connection.execute(
                "SELECT coalesce(sum(bytes), 0) FROM raw_files"
            ).fetchone()[0]
            since, size = max(self._since(state), state.kept_from), size_of(self.path)
            most = float(state.meta("keep_gigabytes", "0"))
            return {
                "since": since,
                "forgets": state.meta("keep_days") != "",
                "forgot": state.kept_from > 0,
                "state": size / 1e6,
                "raw": raw / 1e6,
                "over": 0 < most * 1e9 < size,
            }

    def report(self) -> Path | None:
        return None

    # -- parts ----------------------------------------------------------------------------------------------------

    def _latest(self, state: State) -> int:
        row = state.connection.execute("SELECT max(event), sum(connected) FROM sources").fetchone()
        tick = int(state.meta("tick", "0")) * TICK_US
        return now() if row[1] and self._running() else max(int(row[0] or 0), tick)

    def _running(self) -> bool:
        """Whether a watch writes this state: one that was killed could not say that it ended."""
        return is_in_use(self.path.parent) is not False

    def _rules(self, state: State) -> list[dict[str, Any]]:
        sent: dict[str, int] = {}
        for row in state.connection.execute("SELECT rule FROM alerts"):
            for name in row["rule"].split(", "):
                sent[name] = sent.get(name, 0) + 1
        found = []
        for r in state.connection.execute("SELECT name, rule, backtest FROM rules ORDER BY name"):
            rule = json.loads(r["rule"])
            if rule.get("leader"):
                rule["leader"] = self._leader(state, rule["leader"])
            given = r["name"] not in {d.name for d in DEFAULT}
            found.append(
                {
                    **rule,
                    "given": given,
                    "past": json.loads(r["backtest"]),
                    "alerts": sent.get(r["name"], 0),
                }
            )
        return found

    def _sources(self, state: State) -> list[dict[str, Any]]:
        c = state.connection
        running = self._running()
        found = []
        for row in c.execute("SELECT * FROM sources ORDER BY source"):
            gaps = [
                {"begin": g["begin"], "end": g["end"], "why": g["why"]}
                for g in c.execute(
                    'SELECT "begin", "end", why FROM gaps WHERE source = ? ORDER BY id DESC LIMIT 50',
                    (row["source"],),
                )
            ]
            over = not row["connected"] and (
                row["source"].startswith("recording:") or row["source"] == "-"
            )
            stands = (
                "up"
                if row["connected"]
                else "over"
                if over
                else "mute"
                if row["said"] == CONNECTED_BUT_SILENT
                else "down"
            )
            found.append(
                {
                    "source": row["source"],
                    "said": row["said"],
                    "state": stands if running or over else "stopped",
                    "since": row["since"],
                    "lost": max(row["since"], row["received"]),
                    "lag": max(row["received"] - row["event"], 0) / 1e6 if row["event"] else None,
                    "steps": row["steps"],
                    "refused": row["refused"],
                    "gaps": gaps,
                    "heard": row["received"] or None,
                }
            )
        return found

    def _gaps(self, state: State, begin: int, end: int) -> list[list[int]]:
        """[begin, end] within a span that a source did not tell of: before the watch began, gaps since, and one that is lost now."""
        rows = state.connection.execute(
            'SELECT "begin", "end" FROM gaps WHERE "end" >= ? AND "begin" <= ? ORDER BY "begin"',
            (begin, end),
        )
        since = self._since(state)
        early = [[begin, min(since, end)]] if since > begin else []
        lost = [
            s["lost"] for s in self._sources(state) if s["state"] in ("down", "mute") and s["lost"]
        ]
        late = [[max(since, begin), end] for since in lost if since < end]
        return early + [[max(r["begin"], begin), min(r["end"], end)] for r in rows] + late

    def _since(self, state: State) -> int:
        """Since when there is something to see: a stream may have told of the time before the watch began."""
        row = state.connection.execute(
            "SELECT (SELECT min(begun) FROM sources WHERE begun > 0), (SELECT min(time) FROM changes), (SELECT min(since) FROM edges)"
        ).fetchone()
        return min((int(v) for v in row if v is not None), default=int(state.meta("begun", "0")))

    def _series(
        self, state: State, stream: str, begin: int, end: int, step: int
    ) -> list[dict[str, Any]]:
        """Observed and the most that is usual, per `step`: what happened is counted anew, up to this moment; what a tick expected is kept
        with each that had events, and between them the last one's word holds.
        """
        first = begin - begin % step
        n = max(int((end - first) // step) + 1, 1)
        observed, expected = [0] * n, [0.0] * n
        c = state.connection
        for k, number in c.execute(
            _COUNT_EVENTS[stream], (first, step, first, first + n * step - 1)
        ):
            observed[k] = number
        rows = c.execute(
            'SELECT "begin", expected FROM ticks WHERE stream = ? AND "begin" BETWEEN ? AND ? ORDER BY "begin"',
            (stream, first, end),
        ).fetchall()
        for row in rows:
            k = (row["begin"] - first) // step
            expected[k] = max(expected[k], row["expected"])
        usual = rows[0]["expected"] if rows else 0.0
        series = []
        for k in range(n):
            usual = expected[k] or usual
            series.append(
                {
                    "at": first + k * step,
                    "observed": observed[k],
                    "high": round(usual_limit(usual, step), 2),
                }
            )
        return series

    def _close(self, state: State, w: Wave) -> dict[str, Any]:
        """The chart of a wave from near, in ticks."""
        end = min(max(w.closed or self._latest(state), w.begin + MINUTE), w.begin + MOST)
        begin, end = w.begin - BEFORE, end + MINUTE
        stream = "all" if w.kind == "falls" else "reports"
        return build_chart(
            self._series(state, stream, begin, end, TICK_US),
            self._gaps(state, begin, end),
            TICK_US,
            stream,
        )

    def _plain(self, state: State, w: Wave, every: list[Wave]) -> dict[str, Any]:
        details = dict(w.details)
        leaders = [
            {**e, "name": self._leader(state, e["leader"])} for e in details.get("leaders", [])
        ]
        end = (
            last_report_time(state, w)
            if w.kind == "reports"
            else int(details.get("end") or w.closed or w.opened)
        )
        end = min(end, w.closed or end)
        since = self._since(state)
        gaps = self._gaps(state, max(w.begin - HOUR, since), w.closed or end)
        burst = (
            next(
                (
                    b
                    for b in every
                    if b.kind == "reports" and w.begin - MAX_BURST_LEAD_US < b.begin <= end
                ),
                None,
            )
            if w.kind == "falls"
            else None
        )
        targets = burst_targets(state, w) if w.kind == "reports" else []
        return {
            "id": w.id,
            "kind": w.kind,
            "begin": w.begin,
            "opened": w.opened,
            "closed": w.closed,
            "size": w.fallen,
            "returned": w.returned,
            "expected": w.expected,
            "delay": (w.opened - w.begin) / 1e6,
            "leaders": leaders,
            "seconds": max((end - w.begin) / 1e6, 1.0),
            "reasons": {k: v for k, v in details.get("reasons", {}).items() if k},
            "hosts": details.get("hosts", {}),
            "clients": details.get("clients", {}),
            "reported": details.get("reported", 0),
            "targets": [{**t, "name": self._shown(t["target"])} for t in targets],
            "fell": sum(t["fell"] is not None for t in targets),
            "together": len(details.get("together", [])),
            "reports": details.get("reports"),
            "gaps": len(gaps),
            "case": w.begin >= state.kept_from,
            "kept": is_kept(state, w),
            "young": (w.begin - since) / 1e6 if w.begin - since < HOUR else None,
            "burst": None
            if burst is None
            else {
                "id": burst.id,
                "reporters": burst.fallen,
                "together": len(burst.details["together"]),
            },
        }

    def _leader(self, state: State, account: str) -> str:
        row = state.connection.execute(
            "SELECT handle FROM standing WHERE account = ?", (account,)
        ).fetchone()
        return f"@{row[0]}" if row and row[0] else account

    def _shown(self, account: str) -> str:
        digest = hashlib.blake2b(account.encode(), key=self._key, digest_size=4).digest()
        return pseudonym(int.from_bytes(digest) % 1_000_000)


def channel_deliveries(state: State) -> list[dict[str, Any]]:
    """How alerts fare on their ways: {channel, arrived, waiting, lost, said}. lost: given up; said: what was last wrong, if something still is."""
    rows = state.connection.execute(
        "SELECT channel, count(done) AS arrived, sum(done IS NULL AND tries < ?1) AS waiting, sum(done IS NULL AND tries >= ?1) AS lost, "
        "(SELECT said FROM deliveries l WHERE l.channel = d.channel AND l.tries > 0 ORDER BY l.alert DESC LIMIT 1) AS said "
        "FROM deliveries d GROUP BY channel ORDER BY channel",
        (TRIES,),
    )
    return [dict(r) for r in rows]


def _is_young(state: State, latest: int) -> bool:
    """Whether the watch has not yet seen so much that it could call anything."""
    row = state.connection.execute("SELECT state FROM detectors WHERE stream = 'all'").fetchone()
    if row is None:
        return True
    kept = json.loads(row[0])
    # ticks in which nothing came are not written down one by one
    return bool(kept["ticks"] + max(latest // TICK_US - kept["tick"], 0) < FIRST)
