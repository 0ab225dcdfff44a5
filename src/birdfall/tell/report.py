"""The report: one self-contained page in five languages that opens with the answer.

Everything is written once, in Python: sentences from the catalogues, numbers formatted here, charts as static SVG. The page needs
no script to be read: languages are articles of one document, chosen by their anchors; scripts only copy, print and bring the map to
life. Same case, same bytes. Design: docs/methods/report.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import birdfall
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding
from birdfall.record.case import Case
from birdfall.record.query import Record
from birdfall.tell import figures
from birdfall.tell.names import Names, names_of, plain
from birdfall.tell.seal import BLANK, seal
from birdfall.tell.sections import sections
from birdfall.tell.sentences import verdict
from birdfall.tell.words import LANGUAGES, NAMES, Words, words

WIDE, NARROW = 720, 340


def render(case: Case, *, languages: Sequence[str] = LANGUAGES, default: str | None = None) -> bytes:
    """The report of a case as UTF-8 HTML. Raises UsageError for a language there is no catalogue for."""
    unknown = [one for one in languages if one not in LANGUAGES]
    if unknown or not languages:
        raise UsageError(
            f"no words for {', '.join(unknown) or 'no language'}", fix=f"Languages: {', '.join(LANGUAGES)}."
        )
    record = case.record()
    first = default or record.settings.language
    order = [first, *(one for one in languages if one != first)]
    findings = case.findings()
    drawings, maps = _drawings(findings, record)
    name = names_of(record)
    articles = [_article(one, findings, record, name, drawings, maps, case) for one in order]
    style, script = _asset("report.css"), _asset("report.js")
    if maps:
        script += "\n" + (files("birdfall.tell") / "assets" / "map.js").read_text("utf-8")
    page = _environment().from_string(_asset("report.html.j2")).render(
        articles=articles, first=first, languages=order, names=NAMES, style=Markup(style), script=Markup(script),
        csp=_policy(style, script), simulated=record.settings.simulated, title=plain(record.settings.title) or "Birdfall",
        symbols=Markup("".join((*(figures.as_symbol(svg, key) for key, svg in sorted(drawings.items())), *(_poster(key, maps[key]) for key in sorted(maps))))),
        data=Markup(_embedded(findings, record)), blank=BLANK.decode(), version=birdfall.__version__,
    )  # fmt: skip
    return seal(page.encode("utf-8", "replace"))


def _article(
    language: str, findings: Mapping[str, Finding], record: Record, name: Names, drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]], case: Case,
) -> dict[str, Any]:  # fmt: skip
    say = words(language, record.settings.time_zone)
    name = replace(name, isolated=say.direction == "rtl")
    said = verdict(findings, say, name)
    return {
        "lang": language, "dir": say.direction, "say": say, "question": plain(record.settings.question), "verdict": said,
        "simulated": record.settings.simulated,
        "four": _four(findings, say, name), "charts": _charts(findings, say, drawings, name),
        "sections": sections(findings, record, say, name, drawings, maps), "zone": record.settings.time_zone,
        "imports": [
            {"source": plain(i.source), "reader": i.reader, "rows": say.number(sum(i.rows.values())), "digest": i.digest[:16]}
            for i in case.manifest.imports
        ],
        "inputs": [{"table": i.table, "rows": say.number(i.rows), "digest": i.digest[:16]} for i in _inputs(findings)],
        "options": json.dumps(findings["waves"].parameters, sort_keys=True) if "waves" in findings else "",
        "methods": sorted({m for f in findings.values() for m in f.method}),
        "jsonld": Markup(_claim_reviews(findings, say)),
    }  # fmt: skip


def _inputs(findings: Mapping[str, Finding]) -> list[Any]:
    found = {i.table: i for f in findings.values() for i in f.inputs if i.rows}
    return [found[t] for t in sorted(found)]


def _four(findings: Mapping[str, Finding], say: Words, name: Names) -> list[dict[str, Any]]:
    """The four numbers of the first screen; those the data cannot give are left out."""
    four: list[dict[str, Any]] = []
    waves = findings.get("waves")
    if waves is not None and waves.answer == "found":
        top = waves.table("waves").to_pylist()[0]
        four.append({"values": [say.number(int(top["observed"]))], "label": say("four.hit"), "key": "waves.observed"})
        four.append(
            {
                "values": [say.duration(max(1.0, top["duration_s"]))],
                "label": say("four.duration"),
                "key": "waves.duration_s",
            }
        )
    ledger = next(
        (f for f in findings.values() if f.kind == "ledger" and "before" in f.estimates and f["before"].value), None
    )
    chosen = _leader_ledger(findings) or ledger
    if chosen is not None:
        values = [say.number(chosen[k].value) for k in ("before", "lowest", "now")]
        four.append(
            {
                "values": values,
                "label": say("four.followers", leader=name(chosen.details["leader"])),
                "key": chosen.name,
            }
        )
    returns = findings.get("returns-1")
    if returns is not None and "returned" in returns.estimates:
        share = say.percent((returns["returned"].value or 0) / max(returns["fallen"].value or 1, 1))
        four.append({"values": [share], "label": say("four.back"), "key": "returns-1.returned"})
    return four


def _leader_ledger(findings: Mapping[str, Finding]) -> Finding | None:
    """The ledger of the audience that explains the wave, if there is one."""
    audience = findings.get("audiences-1")
    if audience is None or audience.answer != "found":
        return None
    leader = audience.table("explanation").column("leader")[0].as_py()
    return next((f for f in findings.values() if f.kind == "ledger" and f.details.get("leader") == leader), None)


def _charts(
    findings: Mapping[str, Finding], say: Words, drawings: Mapping[str, str], name: Names
) -> list[dict[str, str]]:
    waves = findings.get("waves")
    if waves is None or waves.answer == "cannot" or "series-wide" not in drawings:
        return []
    charts = [_chart("series", "chart.days", waves.table("series").to_pylist(), say)]
    if "minutes-wide" in drawings:
        rows = [r for r in waves.table("minutes").to_pylist() if r["wave"] == 1]
        charts.append(_chart("minutes", "chart.minutes", rows, say))
    return charts


def _chart(key: str, title: str, rows: list[dict[str, Any]], say: Words) -> dict[str, str]:
    times = {"from": say.time(rows[0]["from"]), "to": say.time(rows[-1]["to"])}
    peak = say.number(max(r["observed"] for r in rows))
    return {
        "key": key,
        "title": say(title),
        "summary": say("chart.summary", peak=peak, **times),
        "legend": say("chart.legend"),
    }


def _drawings(findings: Mapping[str, Finding], record: Record) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Every chart of the page once, wide and narrow; and the maps of networks."""
    zone = ZoneInfo(record.settings.time_zone)
    found: dict[str, str] = {}
    for key, width, height in (("wide", WIDE, 190), ("narrow", NARROW, 170)):
        waves = findings.get("waves")
        if waves is not None and waves.answer != "cannot":
            series = waves.table("series").to_pylist()
            if series:
                found[f"series-{key}"] = figures.wave_chart(series, zone, width, height)
            minutes = [r for r in waves.table("minutes").to_pylist() if r["wave"] == 1]
            if minutes:
                found[f"minutes-{key}"] = figures.wave_chart(minutes, zone, width, height)
        returns = findings.get("returns-1")
        if returns is not None and returns.answer != "cannot" and returns.table("curve").num_rows:
            found[f"returns-{key}"] = figures.return_chart(returns.table("curve").to_pylist(), width, height)
        ledger = _leader_ledger(findings) or next(
            (f for f in findings.values() if f.kind == "ledger" and f.answer != "cannot"), None
        )
        if ledger is not None and ledger.table("series").num_rows > 1:
            found[f"ledger-{key}"] = figures.level_chart(ledger.table("series").to_pylist(), zone, width, height)
    from birdfall.tell.network import maps_of

    return found, maps_of(findings, names_of(record))


def _poster(name: str, drawn: Mapping[str, Any]) -> str:
    """The picture of a network as a symbol, so that it stands in the page once."""
    return f'<symbol id="poster-{name}" viewBox="0 0 960 960"><image href="{drawn["poster"]}" width="960" height="960"/></symbol>'


def _policy(style: str, script: str) -> str:
    """A content policy that lets in this page's own style and script and nothing else, from nowhere."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; img-src data:; base-uri 'none'; form-action 'none'"


def _embedded(findings: Mapping[str, Finding], record: Record) -> str:
    """The key numbers for machines: every estimate of every finding, and the digests of what they came from."""
    key_numbers = {
        name: {"kind": f.kind, "answer": f.answer, "estimates": {k: e.value for k, e in sorted(f.estimates.items())}}
        for name, f in sorted(findings.items())
    }
    data = {
        "findings": key_numbers,
        "record": dict(sorted((k, v) for k, v in record.digests.items() if v)),
        "software": f"birdfall {birdfall.__version__}",
    }
    return _safe_json(data)


def _claim_reviews(findings: Mapping[str, Finding], say: Words) -> str:
    """Each claim as ClaimReview (schema.org), for those who index fact-checks."""
    from birdfall.tell.terminal import claim_words

    reviews = []
    for finding in findings.values():
        if finding.kind == "claim" and finding.details.get("verdict"):
            said = finding.details.get("said", {})
            reviews.append({
                "@context": "https://schema.org", "@type": "ClaimReview", "claimReviewed": said.get("text", ""),
                "inLanguage": say.language, "itemReviewed": {"@type": "Claim", "author": {"@type": "Thing", "name": said.get("who", "")}},
                "reviewRating": {"@type": "Rating", "alternateName": claim_words(finding.details, say)},
            })  # fmt: skip
    return _safe_json(reviews) if reviews else ""


def _safe_json(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    text = (files("birdfall.tell") / "templates" / name).read_text("utf-8")
    return re.sub(r"\n\s*\n+", "\n", text) if name.endswith(".css") else text
