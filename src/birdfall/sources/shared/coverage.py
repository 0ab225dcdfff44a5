"""Coverage of a stream: from first to last arrival, less silences; and clocks that disagree.

Sequence numbers say nothing of loss: a relay numbers events of all hosts, a filter leaves out what
was not asked for, and gaps are normal. Silence is what can be seen: no event at all for a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from birdfall.model.schemas import TABLES, TIME, Rows
from birdfall.model.units import DAY_US, MINUTE_US, SECOND_US

#: Without any event for so long, the stream counts as not watched.
SILENCE_US: Final = MINUTE_US
#: An event whose own time is further from its arrival is clock trouble (or a replay of the past).
CLOCK_TOLERANCE_US: Final = MINUTE_US
#: A record's own date may be earlier by this much before it is called backdated.
CREATED_TOLERANCE_US: Final = DAY_US


class ObservedSpans:
    """When one stream was observed, from the arrivals of its events, all in microseconds.

    Parameters
    ----------
    source
        What the rows carry in `source`.
    tables
        What the stream was observed for.
    silence
        Without any event for so long, the stream counts as not observed; None where quiet hours are
        no sign of a broken stream.
    """

    def __init__(
        self, source: str, tables: tuple[str, ...], silence: int | None = SILENCE_US
    ) -> None:
        self._source = source
        self._tables = tables
        self._silence = silence
        self._begun: int | None = None
        self._latest = 0
        self._rows: list[tuple[int, int, str, str, str | None]] = []
        # problem: [first arrival, last arrival, events, largest difference in microseconds]
        self._clock: dict[str, list[int]] = {}

    def add_arrival(self, received: int, time: int | None) -> None:
        """Note an event that arrived at `received` and says it happened at `time`."""
        if self._begun is None:
            self._begun = self._latest = received
        elif received < self._latest:
            self._note_clock_problem(
                "arrival times run backwards", self._latest, self._latest - received
            )
        else:
            if self._silence is not None and received - self._latest > self._silence:
                self._close()
                self._rows += [
                    (self._latest, received, table, "gap", "silence") for table in self._tables
                ]
                self._begun = received
            self._latest = received
        if time is not None and abs(received - time) > CLOCK_TOLERANCE_US:
            what = "events older than their arrival" if time < received else "events of the future"
            self._note_clock_problem(what, received, abs(received - time))

    def check_created(self, created: int | None, time: int) -> None:
        """Compare when a record says it was created (None: unreadable) with when it was written."""
        if created is None:
            self._note_clock_problem("records whose createdAt cannot be read", time, 0)
        elif abs(created - time) > CREATED_TOLERANCE_US:
            self._note_clock_problem(
                "records whose createdAt is off by over a day", time, abs(created - time)
            )

    def rows(self) -> Iterator[Rows]:
        """Coverage rows; none if nothing arrived."""
        self._close()
        spans = list(self._rows)
        for problem, (first, last, count, largest) in sorted(self._clock.items()):
            note = f"{problem}: {count}, at most {largest / SECOND_US:.0f} s"
            spans.append((first, last, "time", "clock", note))
        if not spans:
            return
        schema = TABLES["coverage"]
        columns = list(zip(*sorted(spans, key=lambda s: s[:4]), strict=True))
        arrays = [pa.array(columns[i], pa.int64()).cast(TIME) for i in (0, 1)]
        arrays += [pa.array(columns[i], pa.string()) for i in (2, 3, 4)] + [
            pa.repeat(pa.scalar(self._source), len(spans))
        ]
        fields = [schema.field(n) for n in ("from", "to", "what", "kind", "note", "source")]
        yield Rows("coverage", pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields)))

    def _close(self) -> None:
        if self._begun is not None:
            self._rows += [
                (self._begun, self._latest, table, "watched", None) for table in self._tables
            ]
            self._begun = None

    def _note_clock_problem(self, problem: str, at: int, difference: int) -> None:
        known = self._clock.setdefault(problem, [at, at, 0, 0])
        known[0], known[1] = min(known[0], at), max(known[1], at)
        known[2] += 1
        known[3] = max(known[3], difference)
