"""Pages over the findings of a finished case: those of a watch, but nothing renews itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from birdfall.model.findings import Finding
from birdfall.model.units import HOUR_US, MINUTE_US
from birdfall.record.case import Case
from birdfall.record.ids import keyed_pseudonym, pseudonym
from birdfall.tell.first_screen import four_numbers
from birdfall.tell.names import names_of
from birdfall.tell.page import Page
from birdfall.tell.quoting import quoting_of
from birdfall.tell.sentences import verdict
from birdfall.tell.words import Words
from birdfall.watch.dashboard.charts import Chart, Count, TimeSpan, build_chart
from birdfall.watch.dashboard.view import (
    PAGES,
    AudienceEntry,
    GapEntry,
    Headline,
    Overview,
    ReporterEntry,
    ReportersPage,
    RulesPage,
    Situation,
    SourceEntry,
    SourceState,
    StorageSummary,
    WaveEntry,
)
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.model.wave import WaveKind

#: Steps of the overview's chart, around the busiest one.
MAX_CHART_STEPS: Final = 400
#: Waves that the first page shows.
MAX_OVERVIEW_WAVES: Final = 3

#: A row of a finding's table, by column.
Row = dict[str, Any]


class CaseView:
    """Pages over a case: waves, reporters and gaps are what its findings say.

    path: the folder of the case. A question that nobody asked of it has no answer here.
    """

    live = False
    pages: tuple[str, ...] = tuple(p for p in PAGES if p != "rules")

    def __init__(self, path: Path) -> None:
        self._case = Case.open(path)
        self._findings = self._case.findings()
        self._names = self._case.record().names()
        self._public = frozenset(self._case.settings.public)
        self._quoting = quoting_of(self._case.record())

    @property
    def zone(self) -> str:
        """The zone of the case, which its report is in too."""
        return self._case.settings.time_zone

    @property
    def simulated(self) -> bool:
        """Whether any finding is of simulated data."""
        return any(f.simulated for f in self._findings.values())

    def version(self) -> str:
        """A text that is another one for another case."""
        files = self._case.manifest.files
        return files[0].sha256 if files else ""

    def overview(self) -> Overview:
        """The first waves, and what happened around the busiest step."""
        waves = self.waves()
        rows = self._rows("waves", "series")
        busiest = max(range(len(rows)), key=lambda k: int(rows[k]["observed"]), default=0)
        rows = rows[max(0, busiest - MAX_CHART_STEPS // 2) :][:MAX_CHART_STEPS]
        return Overview(
            Situation.FOUND if waves else self._unfound,
            waves[:MAX_OVERVIEW_WAVES],
            len(waves),
            None,
            (),
            self._chart(rows),
            self._near_chart(waves[0].id) if waves else None,
        )

    @property
    def _unfound(self) -> Situation:
        """What no wave means: that none stands out, or that nobody could or did look."""
        waves = self._findings.get("waves")
        looked = waves is not None and waves.answer != "cannot"
        return Situation.NONE if looked else Situation.UNMEASURED

    @property
    def without_waves(self) -> str:
        """Key of the words where no wave is listed."""
        return f"{self._unfound}.text"

    def headline(self, say: Words) -> Headline | None:
        """The sentence and the numbers with which the report of the case begins."""
        if not self._findings:
            return None
        record = self._quoting.record
        name = replace(names_of(record), isolated=say.direction == "rtl")
        page = Page(self._quoting.findings(self._findings), record, say, name)
        return Headline(verdict(page.findings, say, name), tuple(four_numbers(page)))

    def waves(self) -> tuple[WaveEntry, ...]:
        """The waves that were found, in the order of the finding."""
        return tuple(self._wave_row(r) for r in self._rows("waves", "waves"))

    def wave(self, number: int) -> WaveEntry | None:
        """One wave with its chart; None if there is none of that number."""
        for row in self._rows("waves", "waves"):
            if row["wave"] == number:
                return replace(self._wave_row(row), near=self._near_chart(number))
        return None

    def reporters(self) -> ReportersPage:
        """The reporters that the finding on brigades names."""
        rows = tuple(
            ReporterEntry(pseudonym(r["code"]), r["targets"], r["reports"])
            for r in self._rows("brigades", "reporters")
            if r.get("named", False)
        )
        return ReportersPage((), rows, None)

    def rules(self) -> RulesPage:
        """Nothing: a case has no rules."""
        return RulesPage()

    def sources(self) -> tuple[SourceEntry, ...]:
        """The files of the case, with their gaps."""
        heard: dict[str, int] = {}
        numbers: dict[str, int] = {}
        gaps: dict[str, list[GapEntry]] = {}
        for span in self._rows("coverage", "spans"):
            name = span["source"] or ""
            numbers.setdefault(name, len(numbers) + 1)
            begin, end = _microseconds(span["from"]), _microseconds(span["to"])
            heard[name] = max(heard.get(name, 0), end)
            listed = gaps.setdefault(name, [])
            gap = GapEntry(begin, end, self._quoting.text(span["note"] or ""))
            # each table of a source has the gap; one line says it
            if span["kind"] == "gap" and gap not in listed:
                listed.append(gap)
        return tuple(
            SourceEntry(
                source=self._quoting.file(name, numbers[name]),
                state=SourceState.OVER,
                heard=heard[name] or None,
                gaps=tuple(gaps[name]),
            )
            for name in heard
        )

    def download(self, number: int, form: str) -> str | None:
        """None: lists of a case are files of its export."""
        del number, form
        return None

    def storage(self) -> StorageSummary | None:
        """None: nothing of a case is removed."""
        return None

    def report(self) -> Path | None:
        """The report of the case, if it was written."""
        path = self._case.path / "reports" / "report.html"
        return path if path.is_file() else None

    # -- parts -------------------------------------------------------------------------------------

    def _rows(self, name: str, table: str) -> list[Row]:
        finding = self._findings.get(name)
        if finding is None or table not in finding.tables:
            return []
        rows: list[Row] = finding.table(table).to_pylist()
        return rows

    def _near_chart(self, number: int) -> Chart | None:
        return self._chart([r for r in self._rows("waves", "minutes") if r["wave"] == number])

    def _chart(self, rows: Sequence[Row]) -> Chart | None:
        """The chart of rows of the finding on waves; times they do not cover are gaps."""
        if not rows:
            return None
        counts = [Count(_microseconds(r["from"]), r["observed"], r["high"]) for r in rows]
        step = counts[1].at - counts[0].at if len(counts) > 1 else MINUTE_US
        begin, end = counts[0].at, counts[-1].at + step
        gaps = [
            TimeSpan(max(gap.begin, begin), min(gap.end, end))
            for gap in self._gaps_within(begin, end)
        ]
        gaps += [
            TimeSpan(count.at, count.at + step)
            for count, row in zip(counts, rows, strict=True)
            if not row["covered"]
        ]
        return build_chart(counts, gaps, step, str(ALL_FALLS))

    def _gaps_within(self, begin: int, end: int) -> Iterable[GapEntry]:
        for source in self.sources():
            for gap in source.gaps:
                if gap.end > begin and gap.begin < end:
                    yield gap

    def _wave_row(self, row: Row) -> WaveEntry:
        number = row["wave"]
        returns = self._findings.get(f"returns-{number}")
        returned = None
        if returns is not None and "returned" in returns.estimates:
            # a list of suspensions alone would show none: no number of this wave
            returned = _count_of(returns, "returned") or None
        begin, end = _microseconds(row["start"]), _microseconds(row["end"])
        return WaveEntry(
            id=number,
            kind=WaveKind.FALLS,
            begin=begin,
            opened=begin,
            closed=end,
            size=row["observed"],
            returned=returned,
            expected=row["expected"],
            delay=None,
            seconds=max((end - begin) / 1e6, 1.0),
            leaders=tuple(
                self._audience_row(audience)
                for audience in self._rows(f"audiences-{number}", "audiences")
                if audience["role"] != "other" or audience["outcome"] == "explains"
            ),
            gaps=sum(1 for _ in self._gaps_within(begin - HOUR_US, end)),
        )

    def _audience_row(self, row: Row) -> AudienceEntry:
        """One audience of a wave; with its ledger, where the case measured one."""
        leader = row["leader"]
        found = AudienceEntry(
            leader,
            self.name_of(leader),
            row["followers"],
            row["suspended"],
            None,
            None,
            None,
            row["odds_ratio"],
            row["or_low"],
            row["or_high"],
            row["outcome"] == "explains",
        )
        ledger = self._ledger_of(leader)
        if ledger is None:
            return found
        return replace(
            found,
            before=_count_of(ledger, "before"),
            after=_count_of(ledger, "lowest"),
            now=_count_of(ledger, "now"),
            returned=_count_of(ledger, "restored"),
        )

    def _ledger_of(self, leader: str) -> Finding | None:
        for finding in self._findings.values():
            if finding.kind == "ledger" and finding.details.get("leader") == leader:
                return finding
        return None

    def name_of(self, account: str) -> str:
        """What pages call an account: its handle if it is public, else a pseudonym."""
        if account in self._public:
            return "@" + self._names.get(account, account)
        code = self._case.record().ids.code(account)
        if code is None:
            # an account that the record does not hold has no number, and is nobody else either
            return keyed_pseudonym(account, self._case.key)
        return pseudonym(code)


def _count_of(finding: Finding, name: str) -> int | None:
    value = finding[name].value
    return None if value is None else int(value)


def _microseconds(moment: dt.datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp() * 1_000_000)
