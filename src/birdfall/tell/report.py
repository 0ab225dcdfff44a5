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
from birdfall.model.settings import Settings
from birdfall.record.case import Case
from birdfall.record.record import Record
from birdfall.tell.drawings import SIZES, Drawing, specs
from birdfall.tell.first_screen import charts, four_numbers
from birdfall.tell.names import names_of, sanitize_text
from birdfall.tell.network.map import draw_maps
from birdfall.tell.page import Page
from birdfall.tell.seal import BLANK, seal
from birdfall.tell.sections.order import sections
from birdfall.tell.sentences import verdict
from birdfall.tell.words import LANGUAGES, NAMES, Words, words


def render(
    case: Case, *, languages: Sequence[str] = LANGUAGES, default: str | None = None
) -> bytes:
    """The report of a case as UTF-8 HTML. Raises UsageError for a language there is no catalogue for."""
    unknown = [one for one in languages if one not in LANGUAGES]
    if unknown or not languages:
        raise UsageError(
            f"no words for {', '.join(unknown) or 'no language'}",
            fix=f"Languages: {', '.join(LANGUAGES)}.",
        )
    record = case.record()
    first = default or record.settings.language
    order = [first, *(one for one in languages if one != first)]
    findings = case.findings()
    wanted = specs(findings, ZoneInfo(record.settings.time_zone))
    drawing = Drawing(wanted)
    name = names_of(record)
    maps = draw_maps(findings, name)
    articles = []
    for one in order:
        say = words(one, record.settings.time_zone)
        named = replace(name, isolated=say.direction == "rtl")
        articles.append(_article(Page(findings, record, say, named, frozenset(wanted), maps), case))
    style, script = _asset("report.css"), _asset("report.js")
    if maps:
        script += "\n" + (files("birdfall.tell") / "assets" / "map.js").read_text("utf-8")
    page = (
        _environment()
        .from_string(_asset("report.html.j2"))
        .render(
            articles=articles,
            first=first,
            languages=order,
            names=NAMES,
            style=Markup(style),
            script=Markup(script),
            csp=_policy(style, script),
            simulated=record.settings.simulated,
            title=sanitize_text(record.settings.title) or "Birdfall",
            symbols=Markup(
                "".join((*drawing.symbols(), *(_poster(key, maps[key]) for key in sorted(maps))))
            ),
            sizes=SIZES,
            data=Markup(_machine_data(findings, record)),
            blank=BLANK.decode(),
            version=birdfall.__version__,
        )
    )
    return seal(page.encode("utf-8", "replace"))


def _article(page: Page, case: Case) -> dict[str, Any]:
    say, record, findings = page.say, page.record, page.findings
    return {
        "lang": say.language,
        "dir": say.direction,
        "say": say,
        "question": sanitize_text(record.settings.question),
        "verdict": verdict(findings, say, page.name),
        "simulated": record.settings.simulated,
        "four": four_numbers(page),
        "charts": charts(page),
        "sections": sections(page),
        "zone": record.settings.time_zone,
        "imports": [
            {
                "source": sanitize_text(i.source),
                "reader": i.reader,
                "rows": say.number(sum(i.rows.values())),
                "refused": say.number(i.rejected),
                "digest": i.digest,
            }
            for i in case.manifest.imports
        ],
        "inputs": [
            {"table": i.table, "rows": say.number(i.rows), "digest": i.digest}
            for i in _inputs(findings)
        ],
        "settings": _settings(case),
        "replies": replies(record.settings, say),
        "jsonld": Markup(_claim_reviews(findings, say)),
    }


def replies(settings: Settings, say: Words) -> list[str]:
    """What those concerned answered, that they did not, or that nobody asked them."""
    said = []
    for reply in settings.reply:
        values = {k: sanitize_text(v) for k, v in reply.items()}
        said.append(
            say(
                "reply.given" if values.get("text") else "reply.waiting",
                **{"received": values.get("asked", ""), **values},
            )
        )
    return said or [say("reply.none")]


def _settings(case: Case) -> str:
    """The options of the last run, in a line."""
    options = json.loads(case.read("run.json") or b"{}").get("options", {})
    return " ".join(f"{key}={value}" for key, value in sorted(options.items()) if key != "asked")


def _inputs(findings: Mapping[str, Finding]) -> list[Any]:
    found = {i.table: i for f in findings.values() for i in f.inputs if i.rows}
    return [found[t] for t in sorted(found)]


def _poster(name: str, drawn: Mapping[str, Any]) -> str:
    """The picture of a network as a symbol, so that it stands in the page once."""
    return f'<symbol id="poster-{name}" viewBox="0 0 960 960"><image href="{drawn["poster"]}" width="960" height="960"/></symbol>'


def _policy(style: str, script: str) -> str:
    """A content policy that lets in this page's own style and script and nothing else, from nowhere."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)}; img-src data:; base-uri 'none'; form-action 'none'"


def _machine_data(findings: Mapping[str, Finding], record: Record) -> str:
    """The key numbers for machines: every estimate of every finding, and the digests of what they came from."""
    key_numbers = {
        name: {
            "kind": f.kind,
            "answer": f.answer,
            "estimates": {k: e.value for k, e in sorted(f.estimates.items())},
        }
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
            reviews.append(
                {
                    "@context": "https://schema.org",
                    "@type": "ClaimReview",
                    "claimReviewed": said.get("text", ""),
                    "inLanguage": say.language,
                    "itemReviewed": {
                        "@type": "Claim",
                        "author": {"@type": "Thing", "name": said.get("who", "")},
                    },
                    "reviewRating": {
                        "@type": "Rating",
                        "alternateName": claim_words(finding.details, say),
                    },
                }
            )
    return _safe_json(reviews) if reviews else ""


def _safe_json(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    text = (files("birdfall.tell") / "templates" / name).read_text("utf-8")
    return re.sub(r"\n\s*\n+", "\n", text) if name.endswith(".css") else text
