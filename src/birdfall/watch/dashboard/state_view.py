"""The pages over a watch. Each question opens its state anew, read-only: the watch is never held up."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

from birdfall.record.ids import pseudonym
from birdfall.watch.alerts.delivery import MAX_TRIES
from birdfall.watch.alerts.handoff import export_wave
from birdfall.watch.alerts.rules import DEFAULT_RULES
from birdfall.watch.dashboard.bursts import (
    burst_reporters,
    burst_targets,
    compare_reporters,
    last_report_time,
)
from birdfall.watch.dashboard.pseudonym_key import pseudonym_key
from birdfall.watch.dashboard.view import HOUR, MINUTE, PAGES, build_chart, usual_limit
from birdfall.watch.detect.detector_bank import LEARNING_TICKS
from birdfall.watch.detect.wave_contents import CHART_BEFORE_US, MAX_CHART_US, has_accounts
from birdfall.watch.engine.retention import size_of
from birdfall.watch.feeds.base import CONNECTED_BUT_SILENT, now
from birdfall.watch.model.stream_key import ALL_FALLS, ALL_REPORTS, StreamKey
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.model.wave import ReportDetails, SuspensionDetails, Wave, WaveKind
from birdfall.watch.store.database import State
from birdfall.watch.store.lock import is_in_use
from birdfall.watch.store.queries.accounts import handle_of
from birdfall.watch.store.queries.alerts import (
    count_alerts_by_rule,
    count_deliveries,
    list_rules,
)
from birdfall.watch.store.queries.falls import count_falls_per_step
from birdfall.watch.store.queries.raw import raw_file_bytes
from birdfall.watch.store.queries.reports import count_reports_per_step
from birdfall.watch.store.queries.sources import (
    first_observation,
    has_connection,
    latest_event,
    list_gaps_of,
    list_gaps_within,
    list_sources,
    state_version,
)
from birdfall.watch.store.queries.ticks import find_detector, list_ticks
from birdfall.watch.store.queries.waves import LISTED_WAVES, find_wave, list_waves

#: Gaps of a source that its page lists, latest first.
MAX_SHOWN_GAPS = 50
#: A burst of reports this long before a wave is told of with it.
MAX_BURST_LEAD_US = HOUR


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
            return state_version(state)

    def now(self) -> dict[str, Any]:
        with closing(self._state()) as state:
            every = list_waves(state)
            on = [w for w in every if w.closed is None]
            latest = self._latest(state)
            series = self._series(state, ALL_FALLS, latest - 2 * HOUR, latest, MINUTE)
            sources = self._sources(state)
            down = [s["source"] for s in sources if s["state"] in ("down", "mute")]
            stopped = any(s["state"] == "stopped" for s in sources)
            loud = any(p["observed"] > p["high"] for p in series[-60:])
            recent = [w for w in every if w.closed and w.closed > latest - HOUR]
            calm = "young" if _is_young(state, latest) else "unusual" if loud else "quiet"
            kind = "nodata" if down else "ended" if recent else calm
            if on:
                kind = "wave" if any(w.kind is WaveKind.FALLS for w in on) else "reports"
            if stopped:
                kind = "stopped"
            shown = sorted(on or recent[:3], key=lambda w: w.kind is not WaveKind.FALLS)
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
            every = list_waves(state)
            return [self._plain(state, w, every) for w in every[:LISTED_WAVES]]

    def wave(self, number: int) -> dict[str, Any] | None:
        with closing(self._state()) as state:
            found = find_wave(state, number)
            if found is None:
                return None
            return {
                **self._plain(state, found, list_waves(state)),
                "close": self._close(state, found),
            }

    def reporters(self) -> dict[str, Any]:
        with closing(self._state()) as state:
            bursts = [w for w in list_waves(state) if w.kind is WaveKind.REPORTS]
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
            found = find_wave(state, number)
            return (
                export_wave(state, found, form)
                if found is not None and has_accounts(state, found)
                else None
            )

    def kept(self) -> dict[str, Any] | None:
        with closing(self._state()) as state:
            raw = raw_file_bytes(state)
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
        tick = int(state.meta("tick", "0")) * TICK_US
        if has_connection(state) and self._running():
            return now()
        return max(latest_event(state), tick)

    def _running(self) -> bool:
        """Whether a watch writes this state: one that was killed could not say that it ended."""
        return is_in_use(self.path.parent) is not False

    def _rules(self, state: State) -> list[dict[str, Any]]:
        sent = count_alerts_by_rule(state)
        found = []
        for row in list_rules(state):
            rule = json.loads(row.rule)
            if rule.get("leader"):
                rule["leader"] = self._leader(state, rule["leader"])
            given = row.name not in {d.name for d in DEFAULT_RULES}
            found.append(
                {
                    **rule,
                    "given": given,
                    "past": json.loads(row.backtest),
                    "alerts": sent.get(row.name, 0),
                }
            )
        return found

    def _sources(self, state: State) -> list[dict[str, Any]]:
        running = self._running()
        found = []
        for row in list_sources(state):
            gaps = [
                {"begin": gap.begin, "end": gap.end, "why": gap.why}
                for gap in list_gaps_of(state, row.source, MAX_SHOWN_GAPS)
            ]
            over = not row.connected and (row.source.startswith("recording:") or row.source == "-")
            stands = (
                "up"
                if row.connected
                else "over"
                if over
                else "mute"
                if row.said == CONNECTED_BUT_SILENT
                else "down"
            )
            found.append(
                {
                    "source": row.source,
                    "said": row.said,
                    "state": stands if running or over else "stopped",
                    "since": row.since,
                    "lost": max(row.since, row.received),
                    "lag": max(row.received - row.event, 0) / 1e6 if row.event else None,
                    "steps": row.steps,
                    "refused": row.refused,
                    "gaps": gaps,
                    "heard": row.received or None,
                }
            )
        return found

    def _gaps(self, state: State, begin: int, end: int) -> list[list[int]]:
        """[begin, end] within a span that a source did not tell of: before the watch began, gaps since, and one that is lost now."""
        gaps = list_gaps_within(state, begin, end)
        since = self._since(state)
        early = [[begin, min(since, end)]] if since > begin else []
        lost = [
            s["lost"] for s in self._sources(state) if s["state"] in ("down", "mute") and s["lost"]
        ]
        late = [[max(since, begin), end] for since in lost if since < end]
        return early + [[max(gap.begin, begin), min(gap.end, end)] for gap in gaps] + late

    def _since(self, state: State) -> int:
        """Since when there is something to see: a stream may have told of the time before the watch began."""
        first = first_observation(state)
        return int(state.meta("begun", "0")) if first is None else first

    def _series(
        self, state: State, stream: StreamKey, begin: int, end: int, step: int
    ) -> list[dict[str, Any]]:
        """Observed and the most that is usual, per `step`: what happened is counted anew, up to this moment; what a tick expected is kept
        with each that had events, and between them the last one's word holds.
        """
        first = begin - begin % step
        n = max(int((end - first) // step) + 1, 1)
        observed, expected = [0] * n, [0.0] * n
        count = count_reports_per_step if stream.counts_reports else count_falls_per_step
        for k, number in count(state, first, step, n).items():
            observed[k] = number
        ticks = list_ticks(state, stream, first, end)
        for tick in ticks:
            k = (tick.begin - first) // step
            expected[k] = max(expected[k], tick.expected)
        usual = ticks[0].expected if ticks else 0.0
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
        end = min(max(w.closed or self._latest(state), w.begin + MINUTE), w.begin + MAX_CHART_US)
        begin, end = w.begin - CHART_BEFORE_US, end + MINUTE
        stream = ALL_FALLS if w.kind is WaveKind.FALLS else ALL_REPORTS
        return build_chart(
            self._series(state, stream, begin, end, TICK_US),
            self._gaps(state, begin, end),
            TICK_US,
            str(stream),
        )

    def _plain(self, state: State, w: Wave, every: list[Wave]) -> dict[str, Any]:
        details = w.details
        leaders = [
            {**ledger.to_json(), "name": self._leader(state, ledger.leader)} for ledger in w.ledgers
        ]
        falls = details if isinstance(details, SuspensionDetails) else SuspensionDetails()
        if isinstance(details, ReportDetails):
            end = last_report_time(state, w)
        else:
            end = details.end or w.closed or w.opened
        end = min(end, w.closed or end)
        since = self._since(state)
        gaps = self._gaps(state, max(w.begin - HOUR, since), w.closed or end)
        burst = (
            next(
                (
                    b
                    for b in every
                    if b.kind is WaveKind.REPORTS and w.begin - MAX_BURST_LEAD_US < b.begin <= end
                ),
                None,
            )
            if w.kind is WaveKind.FALLS
            else None
        )
        targets = burst_targets(state, w) if w.kind is WaveKind.REPORTS else []
        return {
            "id": w.id,
            "kind": w.kind.value,
            "begin": w.begin,
            "opened": w.opened,
            "closed": w.closed,
            "size": w.fallen,
            "returned": w.returned,
            "expected": w.expected,
            "delay": (w.opened - w.begin) / 1e6,
            "leaders": leaders,
            "seconds": max((end - w.begin) / 1e6, 1.0),
            "reasons": {k: v for k, v in falls.reasons.items() if k},
            "hosts": dict(falls.hosts),
            "clients": dict(falls.clients),
            "reported": falls.reported,
            "targets": [{**t, "name": self._shown(t["target"])} for t in targets],
            "fell": sum(t["fell"] is not None for t in targets),
            "together": len(w.together),
            "reports": details.reports if isinstance(details, ReportDetails) else None,
            "gaps": len(gaps),
            "case": w.begin >= state.kept_from,
            "kept": has_accounts(state, w),
            "young": (w.begin - since) / 1e6 if w.begin - since < HOUR else None,
            "burst": None
            if burst is None
            else {
                "id": burst.id,
                "reporters": burst.fallen,
                "together": len(burst.together),
            },
        }

    def _leader(self, state: State, account: str) -> str:
        handle = handle_of(state, account)
        return f"@{handle}" if handle else account

    def _shown(self, account: str) -> str:
        digest = hashlib.blake2b(account.encode(), key=self._key, digest_size=4).digest()
        return pseudonym(int.from_bytes(digest) % 1_000_000)


def channel_deliveries(state: State) -> list[dict[str, Any]]:
    """How alerts fare on their ways: {channel, arrived, waiting, lost, said}. lost: given up; said: what was last wrong, if something still is."""
    return [count._asdict() for count in count_deliveries(state, MAX_TRIES)]


def _is_young(state: State, latest: int) -> bool:
    """Whether the watch has not yet seen so much that it could call anything."""
    kept = find_detector(state, ALL_FALLS)
    if kept is None:
        return True
    # ticks in which nothing came are not written down one by one
    return bool(kept["ticks"] + max(latest // TICK_US - kept["tick"], 0) < LEARNING_TICKS)
