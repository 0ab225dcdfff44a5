"""Claims: is what was said true? Statements are parsed, measured on the record, and come back with the value they should have had.

Verdicts: supported (the measured value, or all it may be, lies in the range the words allow), supported_within (off by a tenth at
most), contradicted, not_answerable. Method: docs/methods/claims.md.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import tomli_w

from birdfall.measures.spells import spells
from birdfall.model.errors import UsageError
from birdfall.model.findings import Answer, Estimate, Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.query import Record
from birdfall.weigh.claim_parser import ParsedClaim, parse

#: Off by no more than this share of the claimed number: supported within.
NEAR = 0.10
METHOD = ("two-pointer sweep over all windows of the claimed length (docs/methods/claims.md)",)


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement: what was said, by whom, when and where, and in which language."""

    text: str
    who: str = ""
    when: str = ""
    where: str = ""
    language: str = ""


def read_claims(text: str) -> list[Claim]:
    """Claims from TOML (`[[claim]]` with text, who, when, where, language). Raises UsageError naming what is wrong."""
    try:
        plain = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"claims.toml is not TOML: {error}", where="claims.toml") from error
    rows = plain.get("claim", [])
    if set(plain) - {"claim"} or not isinstance(rows, list):
        raise UsageError("claims.toml holds [[claim]] tables only", where="claims.toml")
    claims = []
    for number, row in enumerate(rows, 1):
        unknown = set(row) - {"text", "who", "when", "where", "language"}
        if unknown or not isinstance(row.get("text"), str) or not row["text"].strip():
            what = f"unknown keys {sorted(unknown)}" if unknown else "no text"
            raise UsageError(
                f"claim {number}: {what}",
                where="claims.toml",
                fix='Write text = "...", who = "...", when = "...", language = "es".',
            )
        claims.append(Claim(**{k: str(v) for k, v in row.items()}))
    return claims


def write_claims(claims: list[Claim]) -> str:
    """The inverse of `read_claims`."""
    return tomli_w.dumps({"claim": [{k: v for k, v in asdict(c).items() if v} for c in claims]})


def claim_slug(text: str) -> str:
    """A finding's name for a statement: its first Latin words and a digest."""
    words = re.findall(r"[a-z0-9]+", text.lower())[:5]
    return "-".join(["claim", *words, hashlib.sha256(text.encode()).hexdigest()[:6]])


def check_sentence(
    record: Record, findings: Mapping[str, Finding], sentence: str, *, language: str | None = None, settings: Settings
) -> list[Finding]:
    """Every measurable claim of a sentence, checked; one refusal if there is none."""
    return [check(record, findings, Claim(sentence, language=language or ""), settings=settings)]


def check(record: Record, findings: Mapping[str, Finding], claim: Claim, *, settings: Settings) -> Finding:
    """One claim measured on a record. findings: what is known already (waves tell where to look first)."""
    parsed = parse(claim.text, claim.language or None)
    said = asdict(claim)
    if not parsed:
        return _refused(claim, said, None, Note("claim-without-number", {}))
    one = parsed[0]
    population, note = _population(record, one, settings)
    if note is not None:
        return _refused(claim, said, one, note)
    if one.quantity == "lost":
        return _lost(record, claim, said, one, settings)
    if not record.has("statuses"):
        return _refused(claim, said, one, Note("no-statuses", {"needs": "statuses"}))
    return _events(record, findings, claim, said, one, population)


# -- what is claimed of whom ------------------------------------------------------------------------------------------


def _population(record: Record, one: ParsedClaim, settings: Settings) -> tuple[np.ndarray | None, Note | None]:
    """Codes of the accounts a claim is about; None for all."""
    if one.population == "all":
        return None, None
    account = account_named(record, one.population, settings)
    if account is None:
        return None, Note("account-not-known", {"account": one.population, "needs": "leaders"})
    if one.quantity == "lost":
        return None, None
    if not record.has("follows"):
        return None, Note("no-follows", {"needs": "follows"})
    return np.unique(record.edges([account]).follower), None


def account_named(record: Record, handle: str, settings: Settings) -> str | None:
    """The id behind a handle, by the names the record knows."""
    wanted = handle.removeprefix("@").casefold()
    for account, name in sorted((record.names() | settings.names).items()):
        if name.removeprefix("@").casefold() == wanted:
            return account
    return handle.removeprefix("@") if record.ids.code(handle.removeprefix("@")) is not None else None


# -- events in windows ------------------------------------------------------------------------------------------------


def _events(
    record: Record,
    findings: Mapping[str, Finding],
    claim: Claim,
    said: dict[str, Any],
    one: ParsedClaim,
    population: np.ndarray | None,
) -> Finding:
    fallen = spells(record)
    codes = fallen.column("code").to_numpy()
    inside = np.ones(len(codes), bool) if population is None else np.isin(codes, population)
    ends = ("ended_after", "ended_by") if one.quantity == "restored" else ("fell_after", "fell_by")
    low, high = (fallen.column(c).cast("int64").fill_null(-(2**62)).to_numpy() for c in ends)
    if one.quantity == "restored":
        back = np.array([e == "active" for e in fallen.column("ended_as").to_pylist()], bool)
        inside &= back & (high > -(2**62))
        inside &= _in_wave(findings, codes)
    low, high = np.where(low <= -(2**62), high, low)[inside] / 1e6, high[inside] / 1e6
    base = len(codes) if population is None else len(population)
    if one.unit == "percent":
        return _share(record, claim, said, one, len(high), base)
    if not len(high):
        return _judged(claim, said, one, 0.0, 0.0, 0.0, {}, record)
    times = np.sort(high)
    window = one.window_s
    if one.quantity == "restored" and window is not None:
        onset = _onset(findings)
        reached = high if onset is None else high[high <= onset + window]
        number = float(len(reached))
        return _judged(claim, said, one, number, number, number, {}, record)
    if window is None:
        wave = _wave_members(findings, population)
        number = float(len(high)) if wave is None else float(wave)
        return _judged(claim, said, one, number, number, number, {}, record)
    best, first = _fullest(times, window)
    certain, possible = _bounds(low, high, window)
    second = _second(times, window, first, best)
    shortest, longest = _true_windows(times, one)
    more = {
        "best_reading": {"window_s": window, "from": float(times[first]), "to": float(times[first] + window), "value": int(best)},
        "second_reading": second, "true_from_s": shortest, "true_to_s": longest, "base": base,
    }  # fmt: skip
    exact = bool((low == high).all())
    return _judged(
        claim,
        said,
        one,
        float(best),
        float(best if exact else certain),
        float(best if exact else possible),
        more,
        record,
    )


def _fullest(times: np.ndarray, window: float) -> tuple[int, int]:
    """Most events in any window (inclusive) and the index of its first."""
    ends = np.searchsorted(times, times + window, "right")
    number = ends - np.arange(len(times))
    first = int(np.argmax(number))
    return int(number[first]), first


def _second(times: np.ndarray, window: float, first: int, best: int) -> dict[str, float] | None:
    """The fullest window that does not touch the best one."""
    begin, end = times[first], times[first] + window
    before, after = times[times < begin], times[times > end]
    found: list[tuple[int, float]] = []
    if len(before):  # windows that end with an event before the best one begins
        number = np.arange(1, len(before) + 1) - np.searchsorted(before, before - window, "left")
        at = int(np.argmax(number))
        found.append((int(number[at]), float(before[at] - window)))
    if len(after):
        number, start = _fullest(after, window)
        found.append((number, float(after[start])))
    if not found:
        return None
    value, start_time = max(found, key=lambda f: (f[0], -f[1]))
    return {"window_s": window, "from": start_time, "to": start_time + window, "value": value}


def _bounds(low: np.ndarray, high: np.ndarray, window: float) -> tuple[int, int]:
    """At least and at most how many fell in the fullest window of this length, when times are known within intervals."""
    starts = np.unique(np.r_[low, high])
    certain = possible = 0
    sorted_low, sorted_high = np.sort(low), np.sort(high)
    # possible: interval meets [s, s + w]; certain: interval lies inside it
    possible = int(
        (np.searchsorted(sorted_low, starts + window, "right") - np.searchsorted(sorted_high, starts, "left")).max(
            initial=0
        )
    )
    narrow = (high - low) <= window
    if narrow.any():
        first, last = low[narrow], high[narrow]
        order = np.argsort(first, kind="stable")
        first, last = first[order], last[order]
        for s in np.unique(first)[:: max(1, len(np.unique(first)) // 2000)]:
            certain = max(certain, int(((first >= s) & (last <= s + window)).sum()))
    return certain, possible


def _true_windows(times: np.ndarray, one: ParsedClaim) -> tuple[float | None, float | None]:
    """The shortest and longest window whose fullest count the claim allows, in seconds."""
    at_least = max(1, int(np.ceil(one.low))) if one.low is not None else 1
    at_most = int(np.floor(one.high)) if one.high is not None else len(times)
    if at_least > len(times) or at_most < at_least:
        return None, None
    shortest = float((times[at_least - 1 :] - times[: len(times) - at_least + 1]).min())
    if at_most >= len(times):
        return shortest, float(times[-1] - times[0])
    longest = float((times[at_most:] - times[: len(times) - at_most]).min())
    return (shortest, longest) if longest >= shortest else (None, None)


def _waves(findings: Mapping[str, Finding]) -> Finding | None:
    found = findings.get("waves")
    return found if found is not None and found.answer == "found" else None


def _in_wave(findings: Mapping[str, Finding], codes: np.ndarray) -> np.ndarray:
    found = _waves(findings)
    if found is None:
        return np.ones(len(codes), bool)
    members = found.table("members")
    first = members.column("wave").to_numpy() == 1
    return np.isin(codes, members.column("code").to_numpy()[first])


def _onset(findings: Mapping[str, Finding]) -> float | None:
    found = _waves(findings)
    return None if found is None else float(found.table("waves").column("start")[0].as_py().timestamp())


def _wave_members(findings: Mapping[str, Finding], population: np.ndarray | None) -> int | None:
    found = _waves(findings)
    if found is None:
        return None
    members = found.table("members")
    codes = members.column("code").to_numpy()[members.column("wave").to_numpy() == 1]
    return int(len(codes) if population is None else np.isin(codes, population).sum())


# -- shares and counts ------------------------------------------------------------------------------------------------


def _share(record: Record, claim: Claim, said: dict[str, Any], one: ParsedClaim, number: int, base: int) -> Finding:
    value = 100 * number / base if base else 0.0
    return _judged(claim, said, one, value, value, value, {"base": base}, record)


def _lost(record: Record, claim: Claim, said: dict[str, Any], one: ParsedClaim, settings: Settings) -> Finding:
    """A net loss of a follower count within a window: the largest fall of the counts."""
    if not record.has("counts"):
        return _refused(claim, said, one, Note("no-counts", {"needs": "counts"}))
    account = (
        account_named(record, one.population, settings) if one.population != "all" else (settings.leaders or (None,))[0]
    )
    if account is None:
        return _refused(claim, said, one, Note("account-not-known", {"account": one.population, "needs": "leaders"}))
    rows = record.sql(
        "SELECT epoch(time) AS t, followers FROM counts WHERE account = $1 AND followers IS NOT NULL ORDER BY time",
        [account],
    )
    time, level = rows.column(0).to_numpy(), rows.column(1).to_numpy().astype(float)
    if len(time) < 2:
        return _refused(claim, said, one, Note("no-counts", {"needs": "counts"}))
    window = one.window_s or 86400.0
    first = np.searchsorted(time, time - window * 1.05, "left")
    drop = float(max(level[first[i]] - level[i] for i in range(len(time))))
    return _judged(claim, said, one, drop, drop, drop, {}, record)


# -- the verdict ------------------------------------------------------------------------------------------------------


def judge(one: ParsedClaim, low: float, high: float) -> tuple[str, float | None]:
    """The verdict on a claim whose true value lies in [low, high], and how far off it is (share of the claim, signed)."""
    at_least = one.low if one.low is not None else -np.inf
    at_most = one.high if one.high is not None else np.inf
    middle = (low + high) / 2
    off = (middle - one.value) / one.value if one.value else None
    if at_least <= low and high <= at_most:
        return "supported", off
    if high >= at_least and low <= at_most:
        # it may be true and it may be false: bounds that straddle the claim decide nothing, unless they are narrow
        return ("supported_within" if high - low <= NEAR * max(one.value, 1) else "not_answerable"), off
    # off by how much, from the number itself and not from the edge its wording allows
    gap = min(abs(low - one.value), abs(high - one.value))
    near = gap <= NEAR * one.value and one.qualifier != "exactly"
    return ("supported_within" if near else "contradicted"), off


def _judged(
    claim: Claim,
    said: dict[str, Any],
    one: ParsedClaim,
    value: float,
    low: float,
    high: float,
    more: dict[str, Any],
    record: Record,
) -> Finding:
    verdict, off = judge(one, low, high)
    answer: Answer = {"contradicted": "nothing", "not_answerable": "cannot"}.get(verdict, "found")  # type: ignore[assignment]
    reasons = (Note("times-too-coarse-for-claim", {"needs": "exact times"}),) if verdict == "not_answerable" else ()
    unit = "share" if one.unit == "percent" else "accounts"
    scale = 0.01 if one.unit == "percent" else 1
    measured = Estimate(value * scale, unit, low * scale, high * scale, None, "identified" if low != high else "none")
    return Finding(
        kind="claim", name=claim_slug(claim.text), answer=answer,
        estimates={"measured": measured, "claimed": Estimate(one.value * scale, unit, _scaled(one.low, scale), _scaled(one.high, scale), None, "none")},
        parameters={"near": NEAR}, inputs=(record.input("statuses"), record.input("follows"), record.input("counts")), reasons=reasons,
        limits=(Note("number-read-two-ways", {"other": one.ambiguous}),) if one.ambiguous is not None else (),
        method=METHOD, details={"said": said, "parsed": asdict(one), "verdict": verdict, "off_by": off, **more},
    )  # fmt: skip


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else value * scale


def _refused(claim: Claim, said: dict[str, Any], one: ParsedClaim | None, note: Note) -> Finding:
    details = {
        "said": said,
        "parsed": None if one is None else asdict(one),
        "verdict": "not_answerable",
        "off_by": None,
    }
    return Finding(
        kind="claim", name=claim_slug(claim.text), answer="cannot", reasons=(note,), details=details, method=METHOD
    )
