"""The pages over the findings of a finished case: the same components as over a watch, and nothing renews itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from birdfall.record.ids import pseudonym
from birdfall.watch.dashboard.view import PAGES, build_chart

#: Steps of the overview's chart, latest last.
MAX_CHART_STEPS = 400


class CaseView:
    """Over a case. Waves, reporters and gaps are what its findings say; a question nobody asked has no answer here."""

    live = False
    pages: tuple[str, ...] = tuple(p for p in PAGES if p != "rules")

    def __init__(self, path: Path) -> None:
        from birdfall.record.case import Case

        self._case = Case.open(path)
        self._findings = self._case.findings()
        self.simulated = any(f.simulated for f in self._findings.values())
        self._names = self._case.record().names()
        self._public = {
            *self._case.settings.public,
            *self._case.settings.leaders,
            *self._case.settings.controls,
        }

    def version(self) -> str:
        return self._case.manifest.files[0].sha256 if self._case.manifest.files else ""

    def now(self) -> dict[str, Any]:
        found = self.waves()
        shown = self._rows("waves", "series")
        at = self._busiest(shown)
        shown = shown[max(0, at - MAX_CHART_STEPS // 2) :][:MAX_CHART_STEPS]
        kind = "found" if found else "none" if "waves" in self._findings else "unmeasured"
        return {
            "state": kind,
            "waves": found[:3],
            "count": len(found),
            "latest": _microseconds(shown[-1]["from"]) if shown else None,
            "down": [],
            "chart": self._chart(shown),
            "close": self._close(found[0]["id"]) if found else None,
        }

    def waves(self) -> list[dict[str, Any]]:
        return [self._wave(r) for r in self._rows("waves", "waves")]

    def wave(self, number: int) -> dict[str, Any] | None:
        found = next((r for r in self._rows("waves", "waves") if r["wave"] == number), None)
        return None if found is None else {**self._wave(found), "close": self._close(number)}

    def reporters(self) -> dict[str, Any]:
        rows = [
            {
                "reporter": pseudonym(r["code"]),
                "targets": r["targets"],
                "ever": r["reports"],
                "first": None,
                "last": None,
                "burst": None,
            }
            for r in self._rows("brigades", "reporters")
            if r.get("named", False)
        ]
        return {"bursts": [], "rows": rows, "alike": None}

    def rules(self) -> dict[str, Any]:
        return {"rules": [], "channels": []}

    def sources(self) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for span in self._rows("coverage", "spans"):
            name = span["source"] or ""
            row = found.setdefault(
                name,
                {
                    "source": name,
                    "state": "over",
                    "said": "",
                    "since": 0,
                    "lag": None,
                    "steps": None,
                    "refused": None,
                    "gaps": [],
                    "heard": None,
                },
            )
            row["heard"] = max(row["heard"] or 0, _microseconds(span["to"])) or None
            if span["kind"] == "gap":
                gap = {
                    "begin": _microseconds(span["from"]),
                    "end": _microseconds(span["to"]),
                    "why": span["note"] or "",
                }
                # each table of a source has the gap; one line says it
                if gap not in row["gaps"]:
                    row["gaps"].append(gap)
        return list(found.values())

    def download(self, number: int, form: str) -> str | None:
        return None

    def kept(self) -> dict[str, Any] | None:
        return None

    def report(self) -> Path | None:
        path = self._case.path / "reports" / "report.html"
        return path if path.is_file() else None

    # -- parts ----------------------------------------------------------------------------------------------------

    def _rows(self, name: str, table: str) -> list[dict[str, Any]]:
        finding = self._findings.get(name)
        if finding is None or table not in finding.tables:
            return []
        rows: list[dict[str, Any]] = finding.table(table).to_pylist()
        return rows

    @staticmethod
    def _busiest(rows: list[dict[str, Any]]) -> int:
        return max(range(len(rows)), key=lambda k: rows[k]["observed"], default=0)

    def _close(self, number: int) -> dict[str, Any] | None:
        return self._chart([r for r in self._rows("waves", "minutes") if r["wave"] == number])

    def _chart(self, rows: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The chart of rows of the waves finding; what they do not cover is a gap, as the sources' own are."""
        if not rows:
            return None
        points = [
            {"at": _microseconds(r["from"]), "observed": r["observed"], "high": r["high"]}
            for r in rows
        ]
        step = points[1]["at"] - points[0]["at"] if len(points) > 1 else 60_000_000
        begin, end = points[0]["at"], points[-1]["at"] + step
        gaps = [
            [max(g["begin"], begin), min(g["end"], end)]
            for s in self.sources()
            for g in s["gaps"]
            if g["end"] > begin and g["begin"] < end
        ]
        gaps += [
            [p["at"], p["at"] + step] for p, r in zip(points, rows, strict=True) if not r["covered"]
        ]
        return build_chart(points, gaps, step, "all")

    def _wave(self, row: dict[str, Any]) -> dict[str, Any]:
        leaders = [
            self._leader(a)
            for a in self._rows(f"audiences-{row['wave']}", "audiences")
            if a["role"] != "other" or a["outcome"] == "explains"
        ]
        returns = self._findings.get(f"returns-{row['wave']}")
        back = (
            returns["returned"].value
            if returns is not None and "returned" in returns.estimates
            else None
        )
        begin, end = _microseconds(row["start"]), _microseconds(row["end"])
        return {
            "id": row["wave"],
            "kind": "falls",
            "begin": begin,
            "opened": begin,
            "closed": end,
            "size": row["observed"],
            "returned": back,
            "expected": row["expected"],
            "delay": None,
            "leaders": leaders,
            "seconds": max((end - begin) / 1e6, 1.0),
            "reasons": {},
            "reported": None,
            "targets": [],
            "fell": 0,
            "together": 0,
            "gaps": sum(
                g["end"] > begin - 3_600_000_000 and g["begin"] < end
                for s in self.sources()
                for g in s["gaps"]
            ),
            "burst": None,
            "young": None,
            "case": True,
            "kept": True,
        }

    def _leader(self, audience: dict[str, Any]) -> dict[str, Any]:
        """One audience of a wave; with its ledger, where the case measured one."""
        entry = {
            "leader": audience["leader"],
            "name": self._name(audience["leader"]),
            "before": audience["followers"],
            "suspended": audience["suspended"],
            "returned": None,
            "left": None,
            "after": None,
            "now": None,
            "odds_ratio": audience["odds_ratio"],
            "or_low": audience["or_low"],
            "or_high": audience["or_high"],
            "hit": audience["outcome"] == "explains",
        }
        ledger = next(
            (
                f
                for f in self._findings.values()
                if f.kind == "ledger" and f.details.get("leader") == entry["leader"]
            ),
            None,
        )
        if ledger is not None:
            entry |= {
                "before": ledger["before"].value,
                "after": ledger["lowest"].value,
                "now": ledger["now"].value,
                "returned": ledger["restored"].value,
            }
        return entry

    def _name(self, account: str) -> str:
        if account in self._public:
            return "@" + self._names.get(account, account)
        code = self._case.record().ids.code(account)
        return pseudonym(code or 0)


def _microseconds(value: Any) -> int:
    return int(value.timestamp() * 1_000_000) if value is not None else 0
