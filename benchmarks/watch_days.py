"""How often the watch calls anything on the recorded days of 2022: docs/methods/watch.md.

    python benchmarks/watch_days.py FOLDER [listed|totals] [seed] [hours]

hours: between learning from what is stored, 6 as the watch does. FOLDER has suspensions.parquet and
daily_totals.csv. Five minutes for those listed, twenty for the totals (8 if learned once a day).

The data count days, so each report's suspensions are laid at random over the time since the report
before (nobody knows when within it they fell): a day, or the days without a report before it. That
assumes no bursts within a day: it tries false alarms of levels that differ from day to day, and no
delays. The first report has nothing before it, and is left out.
"""

import csv
import itertools
import json
import sys
import tempfile
from pathlib import Path

import numpy as np

from birdfall.watch.alerts.backtest import MAX_HISTORY_DAYS
from birdfall.watch.engine import learning
from birdfall.watch.engine.watcher import Watcher
from birdfall.watch.feeds.replay import RecordingFeed
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.model.ticks import TICK_US
from birdfall.watch.store.database import State, TickValues
from birdfall.watch.store.queries.waves import list_waves

DAY = 86_400_000_000


def listed(folder: Path) -> dict[int, int]:
    """Listed accounts (over 1,000 followers, or tracked) by the day they were found suspended."""
    import pyarrow.parquet as pq

    found = (
        pq.read_table(folder / "suspensions.parquet", columns=["suspended_observed"])
        .column(0)
        .drop_null()
    )
    days, counts = np.unique(
        found.to_numpy().astype("datetime64[D]").astype(int), return_counts=True
    )
    return dict(zip(days.tolist(), counts.tolist(), strict=True))


def totals(folder: Path) -> dict[int, int]:
    """All suspensions by the day of the report."""
    with (folder / "daily_totals.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {
        day(r["report_date"]): int(r["tracked_suspensions"]) + int(r["untracked_suspensions"])
        for r in rows
    }


def day(text: str) -> int:
    """Days since 1970."""
    return int(np.datetime64(text, "D").astype(int))


def laid_out(days: dict[int, int], seed: int) -> np.ndarray:
    """Times of the suspensions, microseconds, in order."""
    rng = np.random.default_rng(seed)
    known = sorted(days)
    parts = [
        rng.integers((before + 1) * DAY, (now + 1) * DAY, days[now])
        for before, now in itertools.pairwise(known)
    ]
    return np.sort(np.concatenate(parts))


def watched(times: np.ndarray, begin: int, end: int, place: Path) -> list[dict[str, object]]:
    """The waves that a watch from day `begin` to before day `end` calls, by its own loop.

    Eight weeks before are its stored history.
    """
    state, feed = State.open(place), RecordingFeed("r", ())
    before = times[(times >= (begin - MAX_HISTORY_DAYS) * DAY) & (times < begin * DAY)]
    with state.transaction():
        ticks, counts = np.unique(before // TICK_US, return_counts=True)
        state.keep_ticks(
            [
                TickValues(ALL_FALLS, int(t) * TICK_US, int(n), 0.0, 0.0)
                for t, n in zip(ticks, counts, strict=True)
            ]
        )
        state.keep_meta(begun=int(before[0]) if len(before) else 0)
    watch = Watcher(state, [feed], keep_raw=False, recount_every=3600.0)
    mine = times[(times >= begin * DAY) & (times < end * DAY)].tolist()
    for k in range(0, len(mine), 2000):
        batch = [
            StreamBatch(t, (Status(f"a{k + i}", "suspended", t),))
            for i, t in enumerate(mine[k : k + 2000])
        ]
        watch.process_batches([(feed, batch)])
    watch.settle()
    told = [
        json.loads(r[0])
        for r in state.connection.execute(
            "SELECT body FROM alerts WHERE kind = 'falls' ORDER BY id"
        )
    ]
    found = [
        {
            "begin": str(np.datetime64(w.begin, "us").astype("datetime64[s]")),
            "fallen": w.fallen,
            "told": [a["news"] for a in told if a["numbers"]["wave"] == w.id],
        }
        for w in reversed(list_waves(state))
        if w.kind == "falls"
    ]
    state.close()
    return found


def main() -> None:
    folder, which = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "listed"
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    if len(sys.argv) > 4:
        learning.RELEARN_TICKS = int(float(sys.argv[4]) * 3.6e9 / TICK_US)
    times = laid_out({"listed": listed, "totals": totals}[which](folder), seed)
    first, last = int(times[0] // DAY), int(times[-1] // DAY) + 1
    with tempfile.TemporaryDirectory() as place:
        found = watched(times, first, last, Path(place, "w.sqlite"))
    print(
        json.dumps(
            {
                "which": which,
                "seed": seed,
                "days": last - first,
                "events": len(times),
                "learned_every_hours": learning.RELEARN_TICKS * TICK_US / 3.6e9,
                "waves": len(found),
                "allowed": round((last - first) / 365.25, 2),
                "at": found,
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    main()
