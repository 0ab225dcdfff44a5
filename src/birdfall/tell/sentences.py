"""The sentences a reader takes away: what happened, how sure that is, what would change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from birdfall.model.findings import Finding
from birdfall.tell.rows import WaveRow
from birdfall.tell.words import Words

Findings = Mapping[str, Finding]


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
    """

    sentence: str
    more: str
    limit: str
    confidence: int
    change: str


def verdict(findings: Findings, say: Words, name: Callable[[str | None], str]) -> CaseVerdict:
    """The verdict of a case in one language, from its findings alone.

    The strongest finding speaks: a wave of known suspensions, else follower counts, else published
    figures. name: from an account's id to what it is called.
    """
    waves = findings.get("waves")
    counts = findings.get("counts")
    limit = say("verdict.limit")
    if waves is not None and waves.answer == "found":
        sentence = wave_sentence(waves.table("waves").to_pylist()[0], say)
        audience, more = findings.get("audiences-1"), ""
        if audience is not None and audience.answer == "found":
            step = audience.table("explanation").to_pylist()[0]
            more = say(
                "verdict.audience", share=say.percent(step["share"]), leader=name(step["leader"])
            )
        return CaseVerdict(sentence, more, limit, *_confidence(waves))
    if waves is not None and waves.answer == "nothing":
        # who was suspended when is known: that outweighs what counts alone would suggest
        return CaseVerdict(say("verdict.nothing"), "", limit, *_confidence(waves))
    if counts is not None and counts.answer == "found":
        row = counts.table("waves").to_pylist()[0]
        sentence = say(
            "verdict.counts",
            day=say.time(row["start"]).split(",")[0],
            n=row["accounts_hit"],
            gross=say.number(round(row["gross"])),
            net=say.number(round(-row["net"])),
        )
        return CaseVerdict(sentence, "", limit, 3, "change.statuses")
    if counts is not None and counts.answer == "nothing":
        return CaseVerdict(say("verdict.nothing"), "", limit, 2, "change.statuses")
    published = findings.get("reconciliation")
    if published is not None and published.answer == "found":
        return CaseVerdict(*_published_sentences(published, say), limit, 3, "change.statuses")
    return CaseVerdict(say("verdict.cannot"), "", limit, 1, "change.statuses")


def _published_sentences(finding: Finding, say: Words) -> tuple[str, str]:
    """What published figures alone say.

    How many can be true of one day together; and how much harder one audience was hit, or "".
    """
    rows = [r for r in finding.table("figures").to_pylist() if r["consistent"] is not None]
    standing = [r for r in rows if r["consistent"]]
    growth = finding["growth"]
    low, high = (say.number(round(v)) if v is not None else "–" for v in (growth.low, growth.high))
    more = ""
    sentence = say(
        "verdict.published", n=len(rows), standing=say.number(len(standing)), low=low, high=high
    )
    if "difference" in finding.estimates:
        gross, net, apart = (
            say.number(round(abs(finding[k].value or 0))) for k in ("gross", "net", "difference")
        )
        more = say("verdict.published.pair", gross=gross, net=net, apart=apart) + " "
    ratio = finding.estimates.get("risk_ratio")
    if ratio is None:
        return sentence, more.strip()
    shown = {
        k: say.number(v)
        for k, v in (("ratio", ratio.value), ("low", ratio.low), ("high", ratio.high))
    }
    return sentence, more + say("verdict.published.ratio", **shown)


def wave_sentence(row: WaveRow, say: Words) -> str:
    """One wave in one sentence."""
    seconds = max(row["duration_s"], 1.0)
    expected = row["expected"]
    return say(
        "verdict.wave",
        n=int(row["observed"]),
        duration=say.duration(seconds),
        start=say.time(row["start"], seconds=seconds < 3600),
        expected=say.number(round(expected))
        if expected >= 1
        else say.number(round(expected, 1), 1),
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
