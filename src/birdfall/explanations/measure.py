"""Which explanations fit a wave, and which cannot be told apart: the finding.

Five causes of a wave: nothing unusual (`churn`), a rule against inauthentic accounts (`purge`),
outside reports that tripped a threshold (`brigade`), an over-broad rule or defect (`error`), a
directed list (`targeted`). Method and limits: docs/methods/explanations.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.explanations.conformal_sets import COVERAGE_LEVEL, MIN_MISFIT_P
from birdfall.explanations.details import ExplanationDetails, WaveScope
from birdfall.explanations.evidence import CaseEvidence, published_evidence, wave_evidence
from birdfall.explanations.figures import TierFigures
from birdfall.explanations.other_makes import ITEM_CAP, TOTAL_CAP, left_out_together
from birdfall.explanations.reference_worlds import CAUSES, calibration_figures, reference
from birdfall.explanations.verdict import CauseVerdict, enfsi_word, weigh_causes
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
#: Grows when the same evidence would give other numbers. 2: "nothing unusual" holds windows of a
#: minute to three days chosen by a scan, and recalibration is penalised. 3: worlds of other makes
#: limit ratios and widen sets, and ranges are integrated with weights.
METHOD_VERSION: Final = 3
#: Fewer items of evidence decide nothing.
MIN_ITEMS: Final = 2
#: An item without which a log10 ratio changes by so much (fivefold) carries the answer.
MIN_CARRYING_SWING: Final = 0.7
#: Below this an item holds nothing of what it is looked at for. 0.064: reversed within four days in
#: ordinary enforcement, at most.
NOTHING_BELOW: Final = {
    "log_or_notable": 0.41,
    "app_share": 0.2,
    "returned_share": 0.064,
    "bulk_share": 0.3,
    "lockstep_share": 0.1,
    "dose_jump": 0.1,
    "log_or_reported": 0.41,
}
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
    """The explanations of a wave, from the findings already made.

    Parameters
    ----------
    record
        The record the findings were made from.
    findings
        By name; those of waves are needed, others are used where they are.
    wave
        Number of the wave.

    Returns
    -------
    Finding
        "cannot" where too little is known of the wave, "found" where one cause is left.
    """
    evidence = wave_evidence(findings, record, wave)
    inputs = tuple(
        sorted({i for f in findings.values() for i in f.inputs}, key=lambda i: (i.table, i.digest))
    )
    parameters: dict[str, float | bool] = {"wave": wave}
    scope = _wave_scope(findings, wave)
    return explain_evidence(f"explanations-{wave}", evidence, parameters, inputs, scope)


def published_explanations(
    facts: list[Fact], found: Finding | None, raw: bytes, inputs: tuple[Input, ...] = ()
) -> Finding:
    """The explanations that published figures alone allow.

    Parameters
    ----------
    facts
        The figures.
    found
        Their reconciliation, if it was made.
    raw
        The file of figures, for those of restorations.
    inputs
        What the figures came from.
    """
    evidence = published_evidence(facts, found, raw)
    size, gross = evidence.values.get("log10_size"), [f.date for f in facts if f.kind == "gross"]
    scope = None
    if isinstance(size, tuple) and gross:
        low, high = (round(10**end - 0.5) for end in size)
        scope = WaveScope((low, high), date=min(gross).isoformat())
    return explain_evidence("explanations-published", evidence, {"published": True}, inputs, scope)


def _wave_scope(findings: Mapping[str, Finding], wave: int) -> WaveScope | None:
    """Accounts and period of a wave: every moment at which one of them may have fallen."""
    waves = findings.get("waves")
    if waves is None or waves.answer != "found":
        return None
    members = waves.table("members")
    members = members.filter(pc.equal(members.column("wave"), wave))
    number = members.num_rows
    if not number:
        return None
    # one look a day dates a fall by the look that missed the account: the record that is asked for
    # begins at the look before
    begins = pc.coalesce(members.column("fell_after"), members.column("fell_by"))
    begin, end = pc.min(begins).as_py(), pc.max(members.column("fell_by")).as_py()
    return WaveScope((number, number), begin.isoformat(), end.isoformat())


def explain_evidence(
    name: str,
    evidence: CaseEvidence,
    parameters: Mapping[str, float | bool],
    inputs: tuple[Input, ...] = (),
    scope: WaveScope | None = None,
) -> Finding:
    """The finding of what is known of a wave.

    Parameters
    ----------
    name
        Of the finding.
    evidence
        Items of evidence, and where each came from.
    parameters
        Which wave it is.
    inputs
        What the evidence came from.
    scope
        What a request to the platform is about; None where the wave is not known.
    """
    settings = {
        **parameters,
        "level": COVERAGE_LEVEL,
        "misfit": MIN_MISFIT_P,
        "item_cap": ITEM_CAP,
        "total_cap": TOTAL_CAP,
    }
    blank = Finding("explanations", name, "cannot", parameters=settings, inputs=inputs)
    if evidence.only_reinstated:
        chosen = Note("only-the-reinstated", {"accounts": evidence.only_reinstated})
        return blank.replace(reasons=(chosen,), method=METHOD)
    if len(evidence.values) < MIN_ITEMS:
        reason = Note("too-little-known-to-explain", {"needs": "statuses"})
        return blank.replace(reasons=(reason,), method=METHOD)
    worlds = reference()
    weighed = weigh_causes(evidence.values, worlds, sources=evidence.sources)
    tier = _last_tier(weighed.items)
    limits = [Note("explanations-simulated", {"worlds": len(worlds.learn)})]
    if evidence.only_followers:
        limits.append(Note("only-followers-of-one", {"accounts": evidence.only_followers}))
    if weighed.misfit < MIN_MISFIT_P:
        limits.append(Note("outside-what-was-simulated", {"p": weighed.misfit}))
    return blank.replace(
        answer="found" if weighed.decided else "nothing",
        estimates=_estimates(weighed, calibration_figures()["tiers"][tier]),
        limits=tuple(limits),
        method=METHOD,
        details=_details(weighed, evidence.sources, tier, worlds.digest, scope).to_json(),
        tables={
            "ratios": _ratio_table(weighed),
            "parts": _part_table(weighed, evidence.sources),
            "fragility": _fragility_table(weighed),
            "gains": _gain_table(weighed),
        },
    )


def _last_tier(items: tuple[str, ...]) -> str:
    """The last way of looking of which anything is known."""
    return max((ITEMS[i] for i in items), key=TIERS.index)


def _estimates(weighed: CauseVerdict, calibrated: TierFigures) -> dict[str, Estimate]:
    others = left_out_together(calibrated["left_out"])
    told, one = others["worlds"] - others["outside"], others["one_left"]
    return {
        "candidates": Estimate(len(weighed.members), "count", level=None),
        "items": Estimate(len(weighed.items), "count", level=None),
        "misfit": Estimate(weighed.misfit, "p", level=None),
        "uncertainty": Estimate(weighed.entropy, "bits", level=None),
        "decided_in_worlds": Estimate(one / max(told, 1), "share", level=None),
        "wrong_when_decided": Estimate(others["one_left_wrong"] / max(one, 1), "share", level=None),
        "reliability_error": Estimate(others["off"], "share", level=None),
    }


def _details(
    weighed: CauseVerdict,
    sources: Mapping[str, str],
    tier: str,
    digest: str,
    scope: WaveScope | None,
) -> ExplanationDetails:
    order = sorted(range(len(CAUSES)), key=lambda k: -weighed.probability[k])
    carrying = [i for i in weighed.without if weighed.swing[i] >= MIN_CARRYING_SWING]
    return ExplanationDetails(
        members=weighed.members,
        order=tuple(CAUSES[k] for k in order),
        tier=tier,
        reference=digest,
        probability={c: float(p) for c, p in zip(CAUSES, weighed.probability, strict=True)},
        log10_against_best={
            c: float(weighed.log10_ratio[CAUSES.index(c), order[0]]) for c in CAUSES
        },
        not_known=tuple(i for i in ITEMS if i not in weighed.items),
        asked_first=tuple(sorted(weighed.gain, key=lambda w: -weighed.gain[w])),
        fragile=tuple(sorted(i for i, s in weighed.without.items() if s != weighed.whole)),
        fragile_sources=tuple(sorted(i for i, s in weighed.sources.items() if s != weighed.whole)),
        carrying=tuple(sorted(carrying, key=lambda i: -weighed.swing[i])),
        absent=_absent_items(weighed),
        sources=tuple(sorted(set(sources.values()))),
        about=scope,
    )


def _absent_items(weighed: CauseVerdict) -> tuple[str, ...]:
    """Items that hold nothing of what they are looked at for, at the upper end of what is known."""
    upper = {
        i: v[1] if isinstance(v, tuple) else v
        for i, v in zip(weighed.items, weighed.values, strict=True)
    }
    return tuple(i for i, bound in NOTHING_BELOW.items() if upper.get(i, np.inf) < bound)


def _ratio_table(weighed: CauseVerdict) -> pa.Table:
    rows = [
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
    return pa.Table.from_pylist(rows, RATIOS)


def _part_table(weighed: CauseVerdict, sources: Mapping[str, str]) -> pa.Table:
    """Support of each item for each cause, with its range.

    The last row is what no item adds alone.
    """
    rows = []
    for j, item in enumerate((*weighed.items, "together")):
        value = weighed.values[j] if j < len(weighed.items) else np.nan
        low, high = value if isinstance(value, tuple) else (value, value)
        support = {c: float(weighed.parts[j, k]) for k, c in enumerate(CAUSES)}
        source = sources.get(item, "")
        rows.append(
            {"item": item, "source": source, "low": float(low), "high": float(high), **support}
        )
    return pa.Table.from_pylist(rows, PARTS)


def _fragility_table(weighed: CauseVerdict) -> pa.Table:
    """What the set is with an item, or a source, left out."""
    rows = [
        {
            "left_out": name,
            "kind": kind,
            "set": list(members),
            "flip": weighed.flip.get(name) if kind == "item" else None,
            "log10_swing": weighed.swing[name],
        }
        for kind, sets in (("item", weighed.without), ("source", weighed.sources))
        for name, members in sets.items()
    ]
    return pa.Table.from_pylist(rows, FRAGILITY)


def _gain_table(weighed: CauseVerdict) -> pa.Table:
    gains = sorted(weighed.gain.items(), key=lambda g: -g[1])
    return pa.Table.from_pylist([{"record": w, "bits": b} for w, b in gains], GAINS)


__all__ = ["CAUSES", "explain_evidence", "explanations", "published_explanations"]
