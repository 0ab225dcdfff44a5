"""The sentences a reader takes away: what happened, how sure that is, what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from birdfall.model.findings import Finding
from birdfall.tell.marks import Counted, plain
from birdfall.tell.page import NumberWriter, quoted
from birdfall.tell.rows import WaveRow
from birdfall.tell.words import Words

Findings = Mapping[str, Finding]
#: What the data lack, told where nothing can be measured, at most.
MAX_LACKING: Final = 3


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
            _counts_verdict(findings.get("counts"), say),
            _published_verdict(findings.get("reconciliation"), say),
            _reports_verdict(findings.get("brigades"), say),
            _coordination_verdict(findings, say),
        )
        if v is not None
    ]
    if waves is not None and waves.answer == "nothing":
        # who was suspended when is known: that outweighs what counts alone would suggest
        others = [v.sentence for v in found if v.found and v.change != "change.statuses"]
        more = " ".join(s for s in (power_sentence(waves, say), *others) if s)
        return CaseVerdict(say("verdict.nothing"), more, say("verdict.limit"), *_confidence(waves))
    found.sort(key=lambda v: not v.found)
    return found[0] if found else _nothing_measured(findings, say)


def _wave_verdict(
    findings: Findings, waves: Finding, say: Words, name: Callable[[str | None], str]
) -> CaseVerdict:
    sentence = wave_sentence(waves.table("waves").to_pylist()[0], waves, say)
    audience, more = findings.get("audiences-1"), ""
    if audience is not None and audience.answer == "found":
        step = audience.table("explanation").to_pylist()[0]
        share = NumberWriter(audience, say).other(
            say.percent(step["share"]),
            "explanation.share",
            step["share"],
            "share",
            name(step["leader"]),
        )
        more = say("verdict.audience", share=share, leader=name(step["leader"]))
    return CaseVerdict(sentence, more, say("verdict.limit"), *_confidence(waves))


def power_sentence(finding: Finding, say: Words) -> str:
    """Which waves would have been found; "" where the record cannot tell.

    finding: of kind `waves`.
    """
    day = finding.estimates.get("smallest_1d")
    if day is None or day.value is None:
        return ""
    return say("waves.power", n=NumberWriter(finding, say).number("smallest_1d"))


def _counts_verdict(counts: Finding | None, say: Words) -> CaseVerdict | None:
    """What follower counts alone say, which is of followers lost and never of suspensions."""
    if counts is None or counts.answer == "cannot":
        return None
    limit = say("verdict.counts.limit")
    if counts.answer == "nothing":
        sentence = say("verdict.counts.nothing")
        return CaseVerdict(sentence, "", limit, 2, "change.statuses", found=False)
    row, write = counts.table("waves").to_pylist()[0], NumberWriter(counts, say)
    gross, net, wave = round(row["gross"]), round(-row["net"]), str(row["wave"])
    sentence = say(
        "verdict.counts",
        day=say.day(row["start"]),
        n=write.counted(row["accounts_hit"], "waves.accounts_hit", "accounts", wave),
        gross=write.counted(gross, "waves.gross", "followers", wave),
        net=write.other(say.number(net), "waves.net", net, "followers", wave),
    )
    return CaseVerdict(sentence, "", limit, 3, "change.statuses")


def _published_verdict(published: Finding | None, say: Words) -> CaseVerdict | None:
    if published is None or published.answer != "found":
        return None
    limit = say("verdict.published.limit")
    return CaseVerdict(*_published_sentences(published, say), limit, 3, "change.statuses")


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


def _published_sentences(finding: Finding, say: Words) -> tuple[str, str]:
    """What published figures alone say.

    How many can be true of one day together; and how much harder one audience was hit, or "".
    """
    rows = [r for r in finding.table("figures").to_pylist() if r["consistent"] is not None]
    standing = [r for r in rows if r["consistent"]]
    write, more = NumberWriter(finding, say), ""
    low, high = write.bounds("growth", lambda v: say.number(None if v is None else round(v)))
    sentence = say(
        "verdict.published",
        n=write.counted(len(rows), "figures"),
        standing=write.counted(len(standing), "consistent"),
        low=low,
        high=high,
    )
    if "difference" in finding.estimates:
        gross, net, apart = (
            write.keep(say.number(round(abs(finding[k].value or 0))), k)
            for k in ("gross", "net", "difference")
        )
        more = say("verdict.published.pair", gross=gross, net=net, apart=apart) + " "
    ratio = finding.estimates.get("risk_ratio")
    if ratio is None or ratio.low is None or ratio.value is None:
        return sentence, more.strip()
    return sentence, more + ratio_words(finding, say)


def ratio_words(finding: Finding, say: Words) -> str:
    """How much harder one audience was hit than another, as a reader would say it.

    By the estimate "risk_ratio": the best guess, and the least that the figures allow.
    """
    ratio, low = finding["risk_ratio"].value or 0.0, finding["risk_ratio"].low or 0.0
    if low <= 1:
        return say("published.ratio.unsure")
    least = math.floor(low)
    if least < 2:
        return say("published.ratio.harder")
    write = NumberWriter(finding, say)
    return say(
        "published.ratio",
        least=Counted(least, write.figure(say.number(least), "risk_ratio.low", low, "ratio")),
        times=write.keep(say.number(round(ratio)), "risk_ratio"),
    )


def wave_sentence(row: WaveRow, waves: Finding, say: Words) -> str:
    """One wave of a finding of waves in one sentence."""
    write, expected = NumberWriter(waves, say), row["expected"]
    wave = "" if row["wave"] == 1 else str(row["wave"])
    usual = say.number(round(expected)) if expected >= 1 else say.number(round(expected, 1), 1)
    return say(
        "verdict.wave",
        n=write.counted(int(row["observed"]), "observed", "accounts", wave),
        duration=write.duration(max(row["duration_s"], 1.0), "duration_s", wave),
        start=say.moment(row["start"]),
        expected=write.other(usual, "expected", expected, "accounts", wave),
    )


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
