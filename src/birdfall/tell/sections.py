"""The sections below the first screen, in the order a sceptical editor asks; each is there only if its finding is.

A section is {"id", "title", "body"}: body a list of blocks, which the template knows how to write: text, note, table, chart, map.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from birdfall.model.findings import Finding
from birdfall.record.query import Record
from birdfall.tell.automation_section import automation as _automation
from birdfall.tell.brigade_section import brigades as _brigades
from birdfall.tell.explanation_section import explanations as _explanations
from birdfall.tell.names import Names, plain
from birdfall.tell.terminal import claim_words
from birdfall.tell.words import Words

Block = dict[str, Any]
Context = tuple[Mapping[str, Finding], Record, Words, Names, Mapping[str, str], Mapping[str, dict[str, Any]]]


def sections(
    findings: Mapping[str, Finding], record: Record, say: Words, name: Names, drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[dict[str, Any]]:  # fmt: skip
    """All sections that have something to say."""
    context: Context = (findings, record, say, name, drawings, maps)
    made = [{"id": key, "title": say(key), "body": write(*context)} for key, write in SECTIONS.items()]
    return [s for s in made if s["body"]]


def _text(text: str) -> Block:
    return {"kind": "text", "text": text}


def _table(head: list[str], rows: list[list[Any]], numeric: tuple[int, ...] = ()) -> Block:
    return {"kind": "table", "head": head, "rows": rows, "numeric": numeric}


def _notes(finding: Finding, say: Words) -> list[Block]:
    return [{"kind": "note", "text": say.note(n)} for n in (*finding.reasons, *finding.limits)]


def _claims(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    rows: list[list[Any]] = []
    for finding in (f for f in findings.values() if f.kind == "claim"):
        said = finding.details.get("said", {})
        measured = finding.estimates.get("measured")
        value = "–"
        if measured is not None and measured.value is not None:
            value = say.number(measured.value)
            if measured.low is not None and measured.high is not None and measured.low != measured.high:
                value += f" ({say.number(measured.low)} – {say.number(measured.high)})"
        words = claim_words(finding.details, say)
        low, high = finding.details.get("true_from_s"), finding.details.get("true_to_s")
        if low is not None and high is not None:
            words += ". " + say("claim.true_from", **{"from": say.duration(low), "to": say.duration(high)})
        rows.append(
            [
                {"quote": plain(said.get("text", "")), "lang": plain(said.get("language") or "")},
                plain(said.get("who", "")),
                words,
                value,
            ]
        )
    head = [say("claims.statement"), say("claims.said"), say("claims.verdict"), say("claims.measured")]
    return [_table(head, rows, (3,))] if rows else []


def _audience(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    finding = findings.get("audiences-1")
    if finding is None:
        return []
    if finding.answer == "cannot":
        return _notes(finding, say)
    tested, naive = say.number(finding["leaders_tested"].value), say.number(finding["naive_hits"].value)
    if finding.answer == "found":
        lead = say(
            "audience.found",
            n=int(finding["hits"].value or 0),
            share=say.percent(finding["explained"].value),
            tested=tested,
            naive=naive,
        )
    else:
        lead = say("audience.nothing", tested=tested, naive=naive)
    of = {(r["leader"], r["group"]): r for r in finding.table("compared").to_pylist()}
    rows: list[list[Any]] = []
    for row in finding.table("audiences").to_pylist():
        hit, matched = of.get((row["leader"], "hit")), of.get((row["leader"], "matched"))
        if hit is None or matched is None:
            continue
        rows.append([
            f"{name(row['leader'])} ({say('role.' + row['role'])})", say.number(100 * hit["hit"] / max(hit["of"], 1), 1),
            say.number(100 * matched["hit"] / max(matched["of"], 1), 1),
            f"{say.number(row['odds_ratio'])} ({say.number(row['or_low'])} – {say.number(row['or_high'])})", say("outcome." + row["outcome"]),
        ])  # fmt: skip
    head = [
        say("audience.account"),
        say("audience.of100"),
        say("audience.matched"),
        say("audience.odds"),
        say("audience.outcome"),
    ]
    return [_text(lead), _table(head, rows, (1, 2, 3)), *_notes(finding, say)]


def _returns(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    blocks: list[Block] = []
    finding = findings.get("returns-1")
    if finding is not None and finding.answer != "cannot":
        four = finding["returned_4d"]
        blocks.append(_text(say(
            "returns.text", fallen=say.number(finding["fallen"].value), returned=say.number(finding["returned"].value), share=say.percent(four.value),
            low=say.percent(four.low), high=say.percent(four.high), unknown=say.number(finding["censored"].value),
        )))  # fmt: skip
        if "returns-wide" in drawings:
            blocks.append({"kind": "chart", "key": "returns", "title": say("chart.returns")})
    elif finding is not None:
        blocks += _notes(finding, say)
    return blocks


def _ledgers(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    blocks: list[Block] = []
    from birdfall.tell.report import _leader_ledger

    main = _leader_ledger(findings)
    ledgers = [f for f in findings.values() if f.kind == "ledger"]
    ledgers.sort(key=lambda f: (f is not main, f.name))
    for position, finding in enumerate(ledgers):
        if finding.answer == "cannot":
            blocks += _notes(finding, say)
            continue
        leader = name(finding.details["leader"])
        rows = []
        for cause in (
            "lost_suspension",
            "lost_deleted",
            "lost_deactivated",
            "unfollowed",
            "restored",
            "reactivated",
            "refollowed",
            "new",
            "missing",
        ):
            estimate = finding.estimates.get(cause)
            if estimate is None or not estimate.value:
                continue
            bounds = ""
            if (
                estimate.low is not None
                and estimate.high is not None
                and (estimate.low, estimate.high) != (estimate.value, estimate.value)
            ):
                bounds = f" ({say.number(estimate.low)} – {say.number(estimate.high)})"
            rows.append([say(f"cause.{cause}"), say.number(estimate.value) + bounds])
        values = " · ".join(say.number(finding[k].value) for k in ("before", "lowest", "now"))
        if position == 0 and "ledger-wide" in drawings:
            blocks.append({"kind": "chart", "key": "ledger", "title": say("chart.ledger", leader=leader)})
        blocks.append({"kind": "subhead", "text": f"{say('ledger', leader=leader)}: {values}"})
        blocks.append(_table([say("audience.outcome"), say("audience.account")], rows, (1,)))
        blocks += _notes(finding, say)
    return blocks


def _counts(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    finding = findings.get("counts")
    if finding is None or finding.answer != "found":
        return []
    blocks = []
    for row in finding.table("waves").to_pylist()[:3]:
        blocks.append(_text(say(
            "counts.text", day=say.time(row["start"]), hit=say.number(row["accounts_hit"]), all=say.number(row["accounts"]),
            gross=say.number(round(row["gross"])), net=say.number(round(-row["net"])), largest=say.percent(row["largest_hazard"]),
            median=say.percent(row["median_hazard"], 1),
        )))  # fmt: skip
    for row in finding.table("ratios").to_pylist()[:6]:
        blocks.append(_text(say(
            "counts.ratio", leader=name(row["leader"]), control=name(row["control"]), ratio=say.number(row["ratio"]), low=say.number(row["low"]),
            high=say.number(row["high"]), naive=say.number(row["naive_ratio"]),
        )))  # fmt: skip
    return blocks + _notes(finding, say)


def _reconciliation(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    blocks: list[Block] = []
    for finding in (f for f in findings.values() if f.kind == "reconciliation"):
        rows = [
            [
                plain(str(r["said_by"] or "")),
                f"{say.number(r['value'])} ({r['kind']})",
                say("reconciliation.consistent" if r["consistent"] else "reconciliation.inconsistent"),
            ]
            for r in finding.table("figures").to_pylist()
            if r["consistent"] is not None
        ]
        blocks += [
            _table([say("claims.said"), say("reconciliation.figure"), say("claims.verdict")], rows, (1,)),
            *_notes(finding, say),
        ]
    return blocks


def _coordination(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    blocks: list[Block] = []
    for finding in (f for f in findings.values() if f.kind == "coordination"):
        if finding.answer == "cannot" or "significant" not in finding.estimates:
            continue
        trace = finding.name.removeprefix("coordination-")
        spoken = say(f"trace.{trace}") if say.has(f"trace.{trace}") else say("trace.other")
        blocks.append(_text(say(
            "coordination.text", trace=spoken, window=say.duration(float(finding.parameters.get("window_s", 60))),
            edges=say.number(finding["edges"].value), significant=say.number(finding["significant"].value),
            shifted=say.number(finding["shifted_significant"].value), fixed=say.number(finding["fixed_rule_edges"].value),
            groups=say.number(finding["groups"].value),
        )))  # fmt: skip
        if finding.answer == "nothing":
            blocks.append(_text(say("coordination.nothing")))
            continue
        if finding.name in maps:
            drawn = maps[finding.name]
            only = [
                {**g, "label": f"{say('coordination.group')} {say.number(g['group'])} ({say.number(g['members'])})"}
                for g in drawn["groups"]
            ]
            alt = say("coordination.map", n=drawn["shown"])
            blocks.append({"kind": "map", "name": finding.name, "alt": alt, **drawn, "groups": only})
        rows = [
            [
                say.number(r["group"]),
                say.number(r["members"]),
                say.percent(r["density"]),
                say.percent(r["coactive_share"]),
            ]
            for r in finding.table("groups").to_pylist()[:12]
        ]
        head = [
            say("coordination.group"),
            say("coordination.members"),
            say("coordination.density"),
            say("coordination.share"),
        ]
        if rows:
            blocks.append(_table(head, rows, (0, 1, 2, 3)))
    return blocks


def _base(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    finding = findings.get("waves")
    if finding is None or finding.answer == "cannot":
        return []
    blocks = [_text(say(
        "base.text", rate=say.number(finding["base_rate"].value), dispersion=say.number(finding["variance_to_mean"].value),
        poisson=say.number(finding["poisson_alarms"].value), waves=say.number(finding["waves"].value), alarms=say.number(finding["false_alarm_rate"].value),
    ))]  # fmt: skip
    for row in finding.table("waves").to_pylist()[:1]:
        if row.get("trigger"):
            blocks.append(_text(say(
                "base.trigger", share=say.percent(row["trigger_share"]), trait=say(f"trait.{row['trigger']}"), value=row["trigger_value"],
                base=say.percent(row["trigger_base_share"]),
            )))  # fmt: skip
    return blocks


def _wrong(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    blocks: list[Block] = []
    finding = findings.get("coverage")
    if finding is not None and finding["first"].value is not None:
        blocks.append(_text(say(
            "wrong.coverage", rows=say.number(finding["rows"].value), accounts=say.number(finding["accounts"].value),
            first=say.time(int(finding["first"].value)), last=say.time(int(finding["last"].value or 0)), gaps=say.number(finding["gaps"].value),
            rejected=say.number(finding["rejected"].value), duplicates=say.number(finding["duplicates"].value),
        )))  # fmt: skip
    waves = findings.get("waves")
    if waves is not None:
        blocks += _notes(waves, say)
    return blocks


def _refused(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    """What the data could not carry, as large as what it could."""
    blocks = []
    for finding in findings.values():
        if finding.answer == "cannot" and finding.kind != "claim":
            why = " ".join(say.note(n) for n in finding.reasons)
            kind = say(f"kind.{finding.kind}") if say.has(f"kind.{finding.kind}") else finding.kind
            blocks.append(_text(f"{kind}: {why}"))
    return blocks


def _method(
    findings: Mapping[str, Finding],
    record: Record,
    say: Words,
    name: Names,
    drawings: Mapping[str, str],
    maps: Mapping[str, dict[str, Any]],
) -> list[Block]:
    return [_text(say("method.1")), _text(say("method.2"))]


#: Sections by the key of their title, in order. A later section is added here.
SECTIONS: dict[str, Callable[..., list[Block]]] = {
    "claims": _claims, "audience": _audience, "returns": _returns, "ledgers": _ledgers, "counts": _counts,
    "reconciliation": _reconciliation, "coordination": _coordination, "brigades": _brigades, "automation": _automation,
    "explanations": _explanations, "base": _base, "refused": _refused, "wrong": _wrong,
    "method": _method,
}  # fmt: skip
