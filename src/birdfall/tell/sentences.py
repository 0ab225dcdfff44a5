"""The sentences a reader takes away: what happened, how sure that is, what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.marks import Counted, plain
from birdfall.tell.page import NumberWriter, as_title, quoted
from birdfall.tell.published import (
    compared,
    growth_words,
    loss_bounds,
    loss_words,
    net_words,
    short,
    whole_day,
    worded,
)
from birdfall.tell.rows import CountFallRow, RatioRow, WaveRow
from birdfall.tell.words import MessageValue, Words

Findings = Mapping[str, Finding]
#: What the data lack, told where nothing can be measured, at most.
MAX_LACKING: Final = 3
#: Claimed losses named in a headline, at most.
MAX_FIGURES: Final = 6
#: Where fewer suspensions would be usual, none would be; fewer than one from there to one.
LEAST_USUAL: Final = 0.05
#: From so many suspensions on, that none of them stands out says something.
MANY_SUSPENSIONS: Final = 100
#: Audiences named in a headline, at most.
MAX_AUDIENCES: Final = 3


@dataclass(frozen=True)
class CaseVerdict:
    """The verdict of a case in one language.

    Parameters
    ----------
    sentence
        What happened.
    more
        To whom, or "".
    limit
        What it does not say.
    confidence
        1 to 5.
    change
        Key of the words for what would change it.
    found
        Whether something was found, and not only looked for.
    """

    sentence: str
    more: str
    limit: str
    confidence: int
    change: str
    found: bool = True


def verdict(findings: Findings, say: Words, name: Callable[[str | None], str]) -> CaseVerdict:
    """The verdict of a case in one language, from its findings alone.

    It answers the question that was brought: what the data are about. A wave of known suspensions
    speaks first, then follower counts, published figures, reports, and who acted together; a
    question that nobody's data carries is no headline. name: from an account's id to what it is
    called.
    """
    waves = findings.get("waves")
    if waves is not None and waves.answer == "found":
        return _wave_verdict(findings, waves, say, name)
    found = [
        v
        for v in (
            _counts_verdict(findings.get("counts"), say, name),
            _published_verdict(findings.get("reconciliation"), say),
            _reports_verdict(findings.get("brigades"), say),
            _coordination_verdict(findings, say),
        )
        if v is not None
    ]
    if waves is not None and waves.answer == "nothing" and _shows_little(waves):
        others = [departures_sentence(waves, say), *(v.sentence for v in found if v.found)]
        return _few_suspensions(waves, [s for s in others if s], say)
    if waves is not None and waves.answer == "nothing":
        # who was suspended when is known: that outweighs what counts alone would suggest
        others = [v.sentence for v in found if v.found and v.change != "change.statuses"]
        told = (departures_sentence(waves, say), power_sentence(waves, say), *others)
        more = " ".join(s for s in told if s)
        return CaseVerdict(say("verdict.nothing"), more, say("verdict.limit"), *_confidence(waves))
    found.sort(key=lambda v: not v.found)
    return found[0] if found else _nothing_measured(findings, say)


def _shows_little(waves: Finding) -> bool:
    """Whether nobody can say how large a wave the record would have shown."""
    day = waves.estimates.get("smallest_1d")
    return day is not None and day.value is None


def _few_suspensions(waves: Finding, others: list[str], say: Words) -> CaseVerdict:
    """That no wave stands out, which is no proof that there was none."""
    n = NumberWriter(waves, say).count("suspensions")
    sentence = say("verdict.nothing.few", n=n)
    # that none was suspended is what the data say; one is too few to tell anything
    confidence = 3 if n == 0 else 1 if n <= 1 else 2 if n < MANY_SUSPENSIONS else 3
    limit = say("verdict.limit")
    return CaseVerdict(sentence, " ".join(others), limit, confidence, "change.record")


def _wave_verdict(
    findings: Findings, waves: Finding, say: Words, name: Callable[[str | None], str]
) -> CaseVerdict:
    sentence = wave_sentence(waves.table("waves").to_pylist()[0], waves, say)
    audience = findings.get("audiences-1")
    more = "" if audience is None else audience_sentence(audience, say, name)
    beside = [departures_sentence(waves, say) if _left_at_once(waves) else "", say("verdict.limit")]
    return CaseVerdict(sentence, more, " ".join(s for s in beside if s), *_confidence(waves))


def audience_sentence(audience: Finding, say: Words, name: Callable[[str | None], str]) -> str:
    """Whom the suspended accounts followed: every account whose audience accounts for a part.

    Where an account is in question, that no audience stands out, or that it cannot be told.
    """
    if audience.answer != "found":
        return _no_audience(audience, say)
    steps = audience.table("explanation").to_pylist()
    hit = {r["leader"]: r["suspended"] for r in audience.table("audiences").to_pylist()}
    write, told = NumberWriter(audience, say), list[str]()
    fallen = audience.estimates.get("fallen")
    for step in steps[:MAX_AUDIENCES]:
        leader, share = step["leader"], step["share"]
        if fallen is not None and fallen.value and len(steps) > 1:
            share = hit.get(leader, step["suspended"]) / fallen.value  # whomever else they followed
        shown = write.other(say.percent(share), "explanation.share", share, "share", name(leader))
        if len(steps) == 1:
            return say("verdict.audience", share=shown, leader=name(leader))
        key = "verdict.audience.also" if told else "verdict.audience.share"
        told.append(say(key, share=shown, leader=name(leader)))
    shares = say.join(told)
    return say("verdict.audience.several", shares=as_title(shares))


def _no_audience(audience: Finding, say: Words) -> str:
    """What is said to whoever asked about somebody's followers, of whom none was hit harder."""
    rows = audience.table("audiences").to_pylist() if audience.answer == "nothing" else []
    if not any(row["role"] == "leader" for row in rows):
        return ""
    uncompared = any(row["outcome"] == "too few alike" for row in rows)
    return say("verdict.audience.uncompared" if uncompared else "verdict.audience.none")


def power_sentence(finding: Finding, say: Words) -> str:
    """Which waves would have been found; "" where the record cannot tell.

    finding: of kind `waves`.
    """
    day = finding.estimates.get("smallest_1d")
    if day is None or day.value is None:
        return ""
    write = NumberWriter(finding, say)
    told = say("waves.power", n=write.number("smallest_1d"))
    slow = finding.estimates.get("smallest_3d")
    if slow is None or slow.value is None:
        return told
    return f"{told} {say('waves.power.slow', n=write.number('smallest_3d'))}"


def departures_sentence(waves: Finding, say: Words) -> str:
    """How many accounts were deleted and deactivated, which no wave counts; "" if none is known."""
    if "deleted" not in waves.estimates:
        return ""
    write = NumberWriter(waves, say)
    numbers = {name: write.number(name) for name in ("deleted", "deactivated")}
    key = "verdict.departures"
    if (waves["departures_10min"].value or 0) > 1:
        key, numbers["most"] = "verdict.departures.most", write.number("departures_10min")
    return say(key, **numbers)


def _left_at_once(waves: Finding) -> bool:
    """Whether so many were deleted or deactivated at once as would make a wave of suspensions."""
    if "departures_10min" not in waves.estimates:
        return False
    least = waves["smallest_10min"].value if "smallest_10min" in waves.estimates else None
    return least is None or (waves["departures_10min"].value or 0) >= least


def _counts_verdict(
    counts: Finding | None, say: Words, name: Callable[[str | None], str]
) -> CaseVerdict | None:
    """What follower counts alone say, which is of followers lost and never of suspensions."""
    if counts is None or counts.answer == "cannot":
        return None
    limit = say("verdict.counts.limit")
    if counts.answer == "nothing":
        sentence = say("verdict.counts.nothing")
        return CaseVerdict(sentence, "", limit, 2, "change.statuses", found=False)
    row, write = counts.table("waves").to_pylist()[0], NumberWriter(counts, say)
    wave, hit = str(row["wave"]), row["accounts_hit"]
    told = {"day": say.day(row["start"]), "amounts": loss_amounts(row, counts, say)}
    lost, account = row["largest_hazard"], name(row["largest_account"])
    share = write.other(say.percent(lost), "waves.largest_hazard", lost, "share", wave)
    if hit == 1:
        sentence, more = "verdict.counts.one", say("verdict.counts.share", share=share)
        return CaseVerdict(
            say(sentence, account=account, **told), more, limit, 3, "change.statuses"
        )
    n = write.counted(hit, "waves.accounts_hit", "accounts", wave)
    more = say("verdict.counts.largest", account=account, share=share)
    return CaseVerdict(say("verdict.counts", n=n, **told), more, limit, 3, "change.statuses")


def loss_amounts(row: CountFallRow, counts: Finding, say: Words) -> str:
    """How many followers were lost in a common fall, growth made good and by the counts alone.

    Where accounts shrink as a rule, the fall is larger than what goes beyond that.
    """
    write, wave = NumberWriter(counts, say), str(row["wave"])
    gross, net = round(row["gross"]), round(-row["net"])
    return say(
        "counts.amounts" if gross >= net else "counts.amounts.shrinking",
        gross=write.other(say.number(gross), "waves.gross", gross, "followers", wave),
        net=write.other(say.number(net), "waves.net", net, "followers", wave),
    )


def _published_verdict(published: Finding | None, say: Words) -> CaseVerdict | None:
    if published is None:
        return None
    if published.answer != "found":
        return _published_apart(published, say)
    sentence, more, beside = _published_sentences(published, say)
    limit = " ".join([*beside, say("verdict.published.limit")])
    return CaseVerdict(sentence, more, limit, 3, "change.statuses")


def _published_apart(published: Finding, say: Words) -> CaseVerdict | None:
    """That published figures cannot be compared, why, and whose profile was being rebuilt."""
    if "published" not in published.tables or not published.table("published").num_rows:
        return None
    lacking = " ".join(say.note(note, published.name) for note in published.reasons)
    more = " ".join(rebuilt_sentences(published, say))
    sentence = say("verdict.published.apart")
    return CaseVerdict(sentence, more, lacking, 1, "change.more", found=False)


def rebuilt_sentences(published: Finding, say: Words) -> list[str]:
    """The published levels of accounts whose profiles were rebuilt, and what they show."""
    if "rebuilt" not in published.tables:
        return []
    write, told = NumberWriter(published, say), list[str]()
    for row in published.table("rebuilt").to_pylist():
        account = short(row["population"], say)
        levels = {
            key: write.other(say.number(row[key]), f"rebuilt.{key}", row[key], "followers", account)
            for key in ("before", "lowest", "later")
        }
        told.append(say("published.rebuilt", account=account, **levels))
    return told


def _reports_verdict(brigades: Finding | None, say: Words) -> CaseVerdict | None:
    """What reports say, or that they show nothing."""
    if brigades is None or brigades.answer == "cannot":
        return None
    limit, write = say("verdict.limit"), NumberWriter(brigades, say)
    if brigades.answer == "nothing":
        sentence = say("verdict.reports.nothing", reports=write.count("reports"))
        return CaseVerdict(sentence, "", limit, 3, "change.acts", found=False)
    sentence = say(
        "verdict.reports",
        n=write.count("reporters"),
        targets=write.count("victims"),
    )
    return CaseVerdict(sentence, say("verdict.reports.more"), limit, 4, "change.acts")


def _coordination_verdict(findings: Findings, say: Words) -> CaseVerdict | None:
    """Who acted together, that nobody visibly did, or that the data could not show it."""
    asked = [
        f
        for f in findings.values()
        if f.kind == "coordination" and f.answer != "cannot" and "significant" in f.estimates
    ]
    if not asked:
        return None
    limit = say("verdict.limit")
    found = [f for f in asked if f.answer == "found"]
    if found:
        most = max(found, key=accounts_together)
        write = NumberWriter(most, say)
        sentence = say(
            "verdict.coordination",
            n=write.counted(accounts_together(most), "members_all", "accounts"),
            groups=write.count("groups"),
            trace=trace_names(most, say),
            window=window_words(most, say),
        )
        return CaseVerdict(sentence, say("verdict.coordination.more"), limit, 4, "change.acts")
    if all(any(n.code == "no-power" for n in f.limits) for f in asked):
        sentence = say("coordination.no_power")
        return CaseVerdict(sentence, "", limit, 1, "change.acts", found=False)
    if any(n.code == "closed-circle" for f in asked for n in f.limits):
        sentence = say("coordination.closed")
        return CaseVerdict(sentence, "", limit, 1, "change.acts", found=False)
    return CaseVerdict(say("coordination.nothing"), "", limit, 3, "change.acts", found=False)


def window_words(finding: Finding, say: Words) -> str:
    """Within which time acts count as together."""
    window = float(finding.parameters.get("window_s", 60))
    return NumberWriter(finding, say).duration(window, "parameters.window_s")


def accounts_together(finding: Finding) -> int:
    """How many accounts are in the groups of a finding of coordination, each once."""
    groups = finding.table("groups").column("accounts").to_pylist()
    return len({account for group in groups for account in group or ()})


def _nothing_measured(findings: Findings, say: Words) -> CaseVerdict:
    """That nothing can be measured, and what the data lack.

    Why the data that were brought carry no answer goes before what was not brought at all.
    """
    told = [(f.reasons[0], f) for f in findings.values() if f.reasons and f.kind != "claim"]
    told.sort(key=lambda pair: pair[0].code.startswith("no-"))
    reasons: dict[str, str] = {}
    for note, finding in told:
        text = say.note(note, finding.name)
        reasons.setdefault(plain(text), text)
    lacking = " ".join(list(reasons.values())[:MAX_LACKING])
    return CaseVerdict(say("verdict.empty"), "", lacking, 1, "change.more", found=False)


def trace_names(finding: Finding, say: Words) -> str:
    """What was done together, by the network's traces and not its name."""
    traces = finding.parameters.get("trace") or [finding.name.removeprefix("coordination-")]
    named = [traces] if isinstance(traces, str) else traces
    return say.join(list(dict.fromkeys(_things_of(str(t), say) for t in named)))


def _things_of(trace: str, say: Words) -> str:
    """What a trace consists of: by the word for it, else by the kind of object it is called by."""
    if say.has(f"trace.{trace}"):
        return say(f"trace.{trace}")
    return say("trace.kind", kind=quoted(trace, say)) if trace else say("trace.other")


def published_leads(findings: Findings) -> bool:
    """Whether published figures are what the case is about, and its headline tells of them."""
    waves, counts = findings.get("waves"), findings.get("counts")
    published = findings.get("reconciliation")
    return (
        published is not None
        and published.answer == "found"
        and (waves is None or waves.answer == "cannot")
        and (counts is None or counts.answer != "found")
    )


def _published_sentences(finding: Finding, say: Words) -> tuple[str, str, list[str]]:
    """What published figures alone say: what was lost, which of the figures can be true, and what
    stands beside it.

    Where they leave no loss, how many of them can be true of one day together.
    """
    rows, more, beside = compared(finding), list[str](), list[str]()
    write = NumberWriter(finding, say)
    claimed = [r for r in rows if r["kind"] == "gross"]
    for key, figures in (
        ("verdict.published.fits", [r for r in claimed if r["consistent"]]),
        ("verdict.published.misfits", [r for r in claimed if not r["consistent"]]),
    ):
        if figures:
            said = list(dict.fromkeys(worded(r, finding, say) for r in figures))
            more.append(say(key, figures=say.join(said[:MAX_FIGURES])))
    if loss_bounds(finding) is None:
        sentence = say(
            "verdict.published",
            n=write.counted(len(rows), "figures"),
            standing=write.counted(sum(bool(r["consistent"]) for r in rows), "consistent"),
        )
    else:
        low, high = loss_words(finding, say)
        sentence = say(
            "verdict.published.loss",
            account=short(str(finding.details.get("leader", "")), say),
            day=whole_day(str(finding.parameters.get("day", "")), say),
            low=low,
            high=high,
        )
        beside.append(_net_sentence(finding, say))
    ratio = finding.estimates.get("risk_ratio")
    if ratio is not None and ratio.low is not None and ratio.value is not None:
        beside.append(ratio_words(finding, say))
    return sentence, " ".join(more), beside


def _net_sentence(finding: Finding, say: Words) -> str:
    """Why a smaller net change does not contradict the loss."""
    net, growth = net_words(finding, say), growth_words(finding, say)
    return say("verdict.published.net", net=net, **growth)


def ratio_words(finding: Finding, say: Words) -> str:
    """How much harder one audience was hit than another, as a reader would say it.

    By the estimate "risk_ratio": the best guess, and the least that the figures allow.
    """
    ratio, low = finding["risk_ratio"].value or 0.0, finding["risk_ratio"].low or 0.0
    rows: list[RatioRow] = finding.table("ratios").to_pylist() if "ratios" in finding.tables else []
    leader, control = (rows[0]["leader"], rows[0]["control"]) if rows else ("–", "–")
    named = {"leader": short(leader, say), "control": short(control, say)}
    least = math.floor(low)
    if least < 2:
        return say("published.ratio.unsure" if low <= 1 else "published.ratio.harder", **named)
    write = NumberWriter(finding, say)
    return say(
        "published.ratio",
        least=Counted(least, write.figure(say.number(least), "risk_ratio.low", low, "ratio")),
        times=write.keep(say.number(round(ratio)), "risk_ratio"),
        **named,
    )


def wave_sentence(row: WaveRow, waves: Finding, say: Words) -> str:
    """One wave of a finding of waves in one sentence."""
    write, expected = NumberWriter(waves, say), row["expected"]
    wave = "" if row["wave"] == 1 else str(row["wave"])
    told: dict[str, MessageValue] = {
        "n": write.counted(int(row["observed"]), "observed", "accounts", wave),
        "duration": write.duration(max(row["duration_s"], 1.0), "duration_s", wave),
        "start": say.moment(row["start"]),
    }
    if expected < LEAST_USUAL:
        return say("verdict.wave.none", **told)
    if expected < 1:
        return say("verdict.wave.few", **told)
    usual = write.other(say.number(round(expected)), "expected", expected, "accounts", wave)
    return say("verdict.wave", expected=usual, **told)


def _confidence(waves: Finding) -> tuple[int, str]:
    """Five steps down from the strongest: what weakens a finding is what would change it."""
    codes = {note.code for note in waves.limits}
    level = 5
    if waves.answer == "found":
        p = waves.table("waves").column("p_value")[0].as_py()
        level = 5 if p < 1e-4 else 4 if p < 1e-3 else 3
    if "gaps-in-coverage" in codes:
        return min(level, 3), "change.gaps"
    if "short-history" in codes:
        return min(level, 4), "change.history"
    if "times-known-within-intervals" in codes:
        return min(level, 4), "change.times"
    return level, "change.list"
