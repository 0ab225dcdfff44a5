"""Which explanation fits a wave, and which cannot be told apart: the finding.

Five causes of a wave: nothing unusual (`churn`), a rule against inauthentic accounts (`purge`), outside reports that tripped a threshold
(`brigade`), an over-broad rule or defect (`error`), a directed list (`targeted`). Method and limits: docs/methods/explanations.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from birdfall.explanations.conformal_sets import LEVEL, MISFIT
from birdfall.explanations.evidence import Known, published_evidence, wave_evidence
from birdfall.explanations.reference_worlds import CAUSES, calibration_figures, reference
from birdfall.explanations.verdict import (
    ITEM_CAP,
    TOTAL_CAP,
    CauseVerdict,
    enfsi_word,
    weigh_causes,
)
from birdfall.measures.follower_counts import Fact
from birdfall.model.findings import Estimate, Finding, Input, Note
from birdfall.record.record import Record
from birdfall.world.evidence import ITEMS
from birdfall.world.observation import TIERS

METHOD: Final = (
    "Cranmer, Pavez, Louppe 2015",
    "ENFSI 2015",
    "Vovk, Gammerman, Shafer 2005",
    "Robert et al. 2011",
)
#: Fewer items than this decide nothing that is worth a page.
FEWEST = 2
#: An item without which a ratio changes by a factor of five or more carries the answer.
CARRIES: Final = 0.7
#: Below this an item holds nothing of what it is looked at for. 0.064: reversed within four days in ordinary enforcement, at most.
NOTHING_BELOW: Final = {
    "log_or_notable": 0.41, "app_share": 0.2, "returned_share": 0.064, "bulk_share": 0.3, "lockstep_share": 0.1, "dose_jump": 0.1,
    "log_or_reported": 0.41,
}  # fmt: skip
RATIOS = pa.schema(
    [
        ("cause", pa.string()),
        ("against", pa.string()),
        ("log10_ratio", pa.float64()),
        ("word", pa.string()),
    ]
)
PARTS = pa.schema(
    [
        ("item", pa.string()),
        ("source", pa.string()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        *((c, pa.float64()) for c in CAUSES),
    ]
)
FRAGILITY = pa.schema(
    [
        ("left_out", pa.string()),
        ("kind", pa.string()),
        ("set", pa.list_(pa.string())),
        ("flip", pa.float64()),
        ("log10_swing", pa.float64()),
    ]
)
GAINS = pa.schema([("record", pa.string()), ("bits", pa.float64())])


def explanations(record: Record, findings: Mapping[str, Finding], *, wave: int = 1) -> Finding:
    """The explanations of a wave, from the findings already made. `cannot` where too little is known of it."""
    known, source = wave_evidence(findings, record, wave)
    inputs = tuple(
        sorted({i for f in findings.values() for i in f.inputs}, key=lambda i: (i.table, i.digest))
    )
    return _finding(
        f"explanations-{wave}", known, source, inputs, {"wave": wave}, _asked_about(findings, wave)
    )


def published_explanations(
    facts: list[Fact], found: Finding | None, raw: bytes, inputs: tuple[Input, ...] = ()
) -> Finding:
    """The explanations that published figures alone allow."""
    known, source = published_evidence(facts, found, raw)
    size, gross = known.get("log10_size"), [f.date for f in facts if f.kind == "gross"]
    about = {}
    if isinstance(size, tuple) and gross:
        about = {"accounts": [round(10**end - 0.5) for end in size], "date": min(gross).isoformat()}
    return _finding("explanations-published", known, source, inputs, {"published": True}, about)


def _asked_about(findings: Mapping[str, Finding], wave: int) -> dict[str, Any]:
    """Accounts and period of a wave, for the request to the platform: every moment at which one of them may have fallen."""
    waves = findings.get("waves")
    if waves is None or waves.answer != "found":
        return {}
    members = [m for m in waves.table("members").to_pylist() if m["wave"] == wave]
    if not members:
        return {}
    # one look a day dates a fall by the look that missed the account: the record asked for begins at the look before
    begin = min(m["fell_after"] or m["fell_by"] for m in members)
    return {
        "accounts": [len(members), len(members)],
        "begin": begin.isoformat(),
        "end": max(m["fell_by"] for m in members).isoformat(),
    }


def _finding(
    name: str,
    known: Known,
    source: dict[str, str],
    inputs: tuple[Input, ...],
    parameters: dict[str, Any],
    about: dict[str, Any] | None = None,
) -> Finding:
    parameters = {
        **parameters,
        "level": LEVEL,
        "misfit": MISFIT,
        "item_cap": ITEM_CAP,
        "total_cap": TOTAL_CAP,
    }
    if len(known) < FEWEST:
        reason = Note("too-little-known-to-explain", {"needs": "statuses"})
        return Finding(
            "explanations",
            name,
            "cannot",
            parameters=parameters,
            inputs=inputs,
            reasons=(reason,),
            method=METHOD,
        )
    worlds = reference()
    weighed = weigh_causes(known, worlds, sources=source)
    tier = _tier(weighed.items)
    told = calibration_figures()["tiers"][tier]  # type: ignore[index]
    limits = [Note("explanations-simulated", {"worlds": len(worlds.learn)})]
    if weighed.misfit < MISFIT:
        limits.append(Note("outside-what-was-simulated", {"p": weighed.misfit}))
    return Finding(
        "explanations",
        name,
        "found" if weighed.decided else "nothing",
        estimates=_estimates(weighed, told),
        parameters=parameters,
        inputs=inputs,
        limits=tuple(limits),
        method=METHOD,
        details=_details(weighed, source, tier, worlds.digest) | {"about": about or {}},
        tables=_tables(weighed, source),
    )


def _tier(items: tuple[str, ...]) -> str:
    """The last way of looking of which anything is known."""
    return max((ITEMS[i] for i in items), key=TIERS.index)


def _estimates(weighed: CauseVerdict, told: Mapping[str, Any]) -> dict[str, Estimate]:
    return {
        "candidates": Estimate(len(weighed.members), "count", level=None),
        "items": Estimate(len(weighed.items), "count", level=None),
        "misfit": Estimate(weighed.misfit, "p", level=None),
        "uncertainty": Estimate(weighed.entropy, "bits", level=None),
        "decided_in_worlds": Estimate(float(told["decided"]), "share", level=None),
        "wrong_when_decided": Estimate(float(told["wrong_when_decided"]), "share", level=None),
        "reliability_error": Estimate(float(told["reliability_error"]), "share", level=None),
    }


def _details(
    weighed: CauseVerdict, source: dict[str, str], tier: str, digest: str
) -> dict[str, Any]:
    order = sorted(range(len(CAUSES)), key=lambda k: -weighed.probability[k])
    best = [CAUSES[k] for k in order]
    return {
        "set": list(weighed.members),
        "order": best,
        "tier": tier,
        "reference": digest,
        "probability": {c: float(p) for c, p in zip(CAUSES, weighed.probability, strict=True)},
        "log10_against_best": {
            c: float(weighed.log10_ratio[CAUSES.index(c), order[0]]) for c in CAUSES
        },
        "not_known": [i for i in ITEMS if i not in weighed.items],
        "asked_first": sorted(weighed.gain, key=lambda w: -weighed.gain[w]),
        "fragile": sorted(i for i, s in weighed.without.items() if s != weighed.whole),
        "fragile_sources": sorted(i for i, s in weighed.sources.items() if s != weighed.whole),
        "carrying": sorted(
            (i for i in weighed.without if weighed.swing[i] >= CARRIES),
            key=lambda i: -weighed.swing[i],
        ),
        "absent": _absent(weighed),
        "sources": sorted(set(source.values())),
    }


def _absent(weighed: CauseVerdict) -> list[str]:
    """Items that were looked at and hold nothing of what they are looked at for, at the upper end of what is known of them."""
    upper = {
        i: v[1] if isinstance(v, tuple) else v
        for i, v in zip(weighed.items, weighed.values, strict=True)
    }
    return [i for i, bound in NOTHING_BELOW.items() if upper.get(i, np.inf) < bound]


def _tables(weighed: CauseVerdict, source: dict[str, str]) -> dict[str, pa.Table]:
    ratios = [
        {
            "cause": a,
            "against": b,
            "log10_ratio": float(weighed.log10_ratio[i, j]),
            "word": enfsi_word(float(weighed.log10_ratio[i, j])),
        }
        for i, a in enumerate(CAUSES)
        for j, b in enumerate(CAUSES)
        if i != j
    ]
    parts = []
    for j, item in enumerate((*weighed.items, "together")):
        value = weighed.values[j] if j < len(weighed.items) else np.nan
        low, high = value if isinstance(value, tuple) else (value, value)
        row = {"item": item, "source": source.get(item, ""), "low": float(low), "high": float(high)}
        parts.append(row | {c: float(weighed.parts[j, k]) for k, c in enumerate(CAUSES)})
    fragile = [
        {
            "left_out": i,
            "kind": "item",
            "set": list(s),
            "flip": weighed.flip.get(i),
            "log10_swing": weighed.swing[i],
        }
        for i, s in weighed.without.items()
    ]
    fragile += [
        {
            "left_out": i,
            "kind": "source",
            "set": list(s),
            "flip": None,
            "log10_swing": weighed.swing[i],
        }
        for i, s in weighed.sources.items()
    ]
    gains = [{"record": w, "bits": b} for w, b in sorted(weighed.gain.items(), key=lambda g: -g[1])]
    return {
        "ratios": pa.Table.from_pylist(ratios, RATIOS),
        "parts": pa.Table.from_pylist(parts, PARTS),
        "fragility": pa.Table.from_pylist(fragile, FRAGILITY),
        "gains": pa.Table.from_pylist(gains, GAINS),
    }


__all__ = ["CAUSES", "explanations", "published_explanations"]
