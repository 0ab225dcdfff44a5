"""The report: one self-contained page in five languages that opens with the answer.

Everything is written once, in Python: sentences from the catalogues, numbers formatted here, charts
as static SVG. The page can be read without scripts: languages are articles of one document, chosen
by their anchors; scripts only copy, print and make the map interactive. Same case, same bytes.
Design: docs/methods/report.md.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import birdfall
from birdfall.model.errors import UsageError
from birdfall.model.findings import Finding, Input
from birdfall.model.settings import Settings
from birdfall.record.case import Case
from birdfall.record.damage import RUN_AGAIN, explain_damage
from birdfall.record.record import Record
from birdfall.tell.blocks import Block, WrittenSection
from birdfall.tell.drawings import SIZES, ChartRendering, chart_specs
from birdfall.tell.first_screen import KeyNumber, charts, four_numbers
from birdfall.tell.kept_templates import keep_templates
from birdfall.tell.layout import ReportLayout
from birdfall.tell.marks import Marks, ShownNumber, resolve
from birdfall.tell.names import names_of, sanitize_text
from birdfall.tell.network.map import POSTER_SIZE, draw_maps
from birdfall.tell.page import NetworkMap, Page, Section, marked_names
from birdfall.tell.quoting import Quoting, quoting_of
from birdfall.tell.seal import BLANK, seal
from birdfall.tell.sections.order import SECTIONS, write_sections
from birdfall.tell.sentences import CaseVerdict, verdict
from birdfall.tell.terminal import claim_words
from birdfall.tell.words import LANGUAGES, NAMES, Words, words

#: Kinds of finding that are called otherwise than their measure.
KIND_OF: Final = {"ledgers": "ledger", "explanations-published": "explanations"}
#: All sections in their order, without notes.
WHOLE = ReportLayout()


def render(
    case: Case,
    *,
    languages: Sequence[str] = LANGUAGES,
    default: str | None = None,
    sections: Sequence[Section] = SECTIONS,
    layout: ReportLayout | None = None,
) -> bytes:
    """The report of a case as UTF-8 HTML.

    Parameters
    ----------
    case
        A case that was run.
    languages
        Languages of the page, of `LANGUAGES`.
    default
        The language of the first view; by default that of the case's settings.
    sections
        Sections in their order: see `sections.order.order_sections` for those of outside measures.
    layout
        Which of them, in which order, with which notes; None: as the case keeps it.

    Raises
    ------
    UsageError
        For a language there is no catalogue for.
    """
    unknown = [one for one in languages if one not in LANGUAGES]
    if unknown or not languages:
        raise UsageError(
            f"no words for {', '.join(unknown) or 'no language'}",
            fix=f"Languages: {', '.join(LANGUAGES)}.",
        )
    first = default or case.settings.language
    told = write_articles(
        case,
        [first, *(one for one in languages if one != first)],
        sections=sections,
        layout=ReportLayout.from_case(case) if layout is None else layout,
    )
    html = _page_html(told)
    return seal(html.encode("utf-8", "replace"))


@dataclass(frozen=True)
class ReadCase:
    """What a case is told from. quoting: how texts about its record are quoted; findings: by name,
    as the case keeps them; charts_elsewhere: whether a process of its own renders its charts, as in
    a server that should not hold their renderer.
    """

    quoting: Quoting
    findings: Mapping[str, Finding]
    charts_elsewhere: bool = False


@dataclass(frozen=True)
class ToldCase:
    """A case as it is told: an article for each language, and what they share.

    Parameters
    ----------
    articles
        One of each language, in their order.
    symbols
        Drawings that the articles refer to: SVG symbols by their keys.
    findings
        What was told, with words of people as they are quoted.
    record
        The record of the case.
    title
        Its title as it is quoted.
    with_map
        Whether there is a network map.
    """

    articles: Sequence[Article]
    symbols: Markup
    findings: Mapping[str, Finding]
    record: Record
    title: str
    with_map: bool


def write_articles(
    case: Case,
    languages: Sequence[str],
    *,
    sections: Sequence[Section] = SECTIONS,
    layout: ReportLayout = WHOLE,
    read: ReadCase | None = None,
    with_maps: bool = True,
) -> ToldCase:
    """A case that was run as articles, the same that its report holds.

    Parameters
    ----------
    case
        The case.
    languages
        Of `LANGUAGES`, in their order.
    sections
        Sections in their order.
    layout
        How they are laid out; by default all of them in their order.
    read
        What was read of the case already; None: it is read here.
    with_maps
        Whether the maps of networks are drawn, which takes longer than all the rest.
    """
    read = read or ReadCase(quoting_of(case.record()), case.findings())
    quoting, record = read.quoting, read.quoting.record
    findings = quoting.findings(read.findings)
    specs = chart_specs(findings, ZoneInfo(record.settings.time_zone))
    rendering = ChartRendering(specs, elsewhere=read.charts_elsewhere)
    name = names_of(record)
    maps = draw_maps(findings, name) if with_maps else {}
    articles = []
    for one in languages:
        say = replace(words(one, record.settings.time_zone), marks=Marks())
        named = marked_names(replace(name, isolated=say.direction == "rtl"), say)
        page = Page(findings, record, say, named, frozenset(specs), maps)
        written = write_sections(page, layout.arrange(sections))
        laid = _lay_out(written, layout, quoting)
        unasked = _unasked(case, sections, say)
        articles.append(_article(page, case, replace(laid, unasked=unasked), quoting))
    posters = (_poster(key, maps[key]) for key in sorted(maps))
    symbols = Markup("".join((*rendering.symbols([a.say for a in articles]), *posters)))
    title = quoting.text(record.settings.title)
    return ToldCase(articles, symbols, findings, record, title, bool(maps))


def _page_html(told: ToldCase) -> str:
    """The page of these articles, the first of them in view, with a blank seal."""
    style, script = _asset("report.css"), _asset("report.js")
    if told.with_map:
        script += "\n" + (files("birdfall.tell") / "assets" / "map.js").read_text("utf-8")
    articles = told.articles
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            articles=articles,
            first=articles[0].lang,
            languages=[a.lang for a in articles],
            names=NAMES,
            style=Markup(style),
            script=Markup(script),
            csp=_policy(style, script),
            simulated=told.record.settings.simulated,
            title=told.title or "Birdfall",
            symbols=told.symbols,
            sizes=SIZES,
            data=Markup(_machine_data(told.findings, told.record)),
            blank=BLANK.decode(),
            version=birdfall.__version__,
        )
    )


@dataclass(frozen=True)
class LaidOut:
    """The sections of an article as they stand, the titles of those that were left out, and those
    of questions that were not asked.
    """

    sections: Sequence[WrittenSection]
    left_out: Sequence[str]
    unasked: Sequence[str] = ()


@dataclass(frozen=True)
class ImportedFile:
    """A row of the manifest: a file that was imported."""

    source: str
    reader: str
    rows: ShownNumber
    refused: ShownNumber
    digest: str


@dataclass(frozen=True)
class UsedTable:
    """A row of the manifest: a table of the record that findings were computed from."""

    table: str
    rows: ShownNumber
    digest: str


@dataclass(frozen=True)
class Article:
    """One language of the page, as the template writes it."""

    lang: str
    dir: str
    say: Words
    question: str
    verdict: CaseVerdict
    simulated: bool
    four: Sequence[KeyNumber]
    charts: Sequence[Block]
    sections: Sequence[WrittenSection]
    #: Titles of sections that whoever published it left out.
    left_out: Sequence[str]
    #: Titles of questions that nobody asked of the data.
    unasked: Sequence[str]
    zone: str
    imports: Sequence[ImportedFile]
    inputs: Sequence[UsedTable]
    settings: str
    replies: Sequence[str]
    jsonld: Markup


def _lay_out(written: Sequence[WrittenSection], layout: ReportLayout, quoting: Quoting) -> LaidOut:
    shown = [
        replace(one, note=quoting.text(layout.notes.get(one.id, "")))
        for one in written
        if not layout.leaves_out(one.id)
    ]
    return LaidOut(shown, [one.title for one in written if layout.leaves_out(one.id)])


def _article(page: Page, case: Case, laid: LaidOut, quoting: Quoting) -> Article:
    settings, findings = page.record.settings, page.findings
    say = replace(page.say, marks=None)  # what the page's own frame says
    marks = page.say.marks or Marks()
    imports = [
        ImportedFile(
            quoting.file(i.source, number),
            i.reader,
            _rows(sum(i.rows.values()), f"imports.rows[{number}]", say),
            _rows(i.rejected, f"imports.refused[{number}]", say),
            i.digest,
        )
        for number, i in enumerate(case.manifest.imports, 1)
    ]
    return Article(
        lang=say.language,
        dir=say.direction,
        say=say,
        question=_question(settings, say, quoting),
        verdict=resolve(verdict(findings, page.say, page.name), marks),
        simulated=settings.simulated,
        left_out=resolve(laid.left_out, marks),
        unasked=resolve(laid.unasked, marks),
        four=resolve(four_numbers(page), marks),
        charts=resolve(charts(page), marks),
        sections=resolve(laid.sections, marks),
        zone=settings.time_zone,
        imports=imports,
        inputs=[
            UsedTable(i.table, _rows(i.rows, f"inputs.rows[{i.table}]", say), i.digest)
            for i in _inputs(findings)
        ],
        settings=_run_options(case),
        replies=replies(settings, say, quoting.text),
        jsonld=Markup(_claim_reviews(findings, say)),
    )


def _question(settings: Settings, say: Words, quoting: Quoting) -> str:
    """The question that was brought; that of a simulated world in the language of the article."""
    own = words("es")
    for key in ("question.simulated.story", "question.simulated.quiet"):
        if settings.simulated and settings.question == own(key):
            return say(key)
    return quoting.text(settings.question)


def _rows(rows: int, key: str, say: Words) -> ShownNumber:
    """How many rows a file or a table has."""
    definition = f"manifest.{key.split('[')[0]}"
    return ShownNumber(say.number(rows), f"manifest.{key}", rows, "rows", "", definition)


def replies(
    settings: Settings, say: Words, quote: Callable[[str], str] = sanitize_text
) -> list[str]:
    """What those concerned answered, that they did not, or that nobody asked them."""
    said = []
    for reply in settings.reply:
        values = {k: quote(v) for k, v in reply.items()}
        said.append(
            say(
                "reply.given" if values.get("text") else "reply.waiting",
                **{"received": values.get("asked", ""), **values},
            )
        )
    return said or [say("reply.none")]


def _run_options(case: Case) -> str:
    """The options of the last run, in a line."""
    stored = case.read("run.json") or b"{}"
    with explain_damage(case.path / "run.json", RUN_AGAIN):
        options = dict(json.loads(stored).get("options", {}))
    plain = {k: v for k, v in options.items() if k not in ("asked", "left_out")}
    return " ".join(f"{key}={value}" for key, value in sorted(plain.items()))


def _unasked(case: Case, sections: Sequence[Section], say: Words) -> list[str]:
    """Titles of the questions that were left out when the case was run."""
    stored = case.read("run.json") or b"{}"
    with explain_damage(case.path / "run.json", RUN_AGAIN):
        names = [str(n) for n in dict(json.loads(stored).get("options", {})).get("left_out", ())]
    titles = {section.kind: section.title(say) for section in sections if section.kind}
    return [titles.get(KIND_OF.get(name, name), name) for name in names]


def _inputs(findings: Mapping[str, Finding]) -> list[Input]:
    """Tables that findings were computed from, by name."""
    found = {i.table: i for f in findings.values() for i in f.inputs if i.rows}
    return [found[t] for t in sorted(found)]


def _poster(name: str, drawn: NetworkMap) -> str:
    """The picture of a network as a symbol, so that it stands in the page once."""
    size = f'width="{POSTER_SIZE}" height="{POSTER_SIZE}"'
    return (
        f'<symbol id="poster-{name}" viewBox="0 0 {POSTER_SIZE} {POSTER_SIZE}">'
        f'<image href="{drawn.poster}" {size}/></symbol>'
    )


def _policy(style: str, script: str) -> str:
    """A content policy that admits this page's own style and script, and nothing from elsewhere."""

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)};"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )


def _machine_data(findings: Mapping[str, Finding], record: Record) -> str:
    """For machines: every estimate of every finding, and the digests of what they came from."""
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


def _safe_json(data: object) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return keep_templates(
        Environment(
            loader=PackageLoader("birdfall.tell"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
    )


@lru_cache(maxsize=8)
def _asset(name: str) -> str:
    text = (files("birdfall.tell") / "templates" / name).read_text("utf-8")
    return re.sub(r"\n\s*\n+", "\n", text) if name.endswith(".css") else text
