"""The steps of an inquiry: which measure is asked, in what order, about what.

Each step yields findings, a refusal included. What a later step is asked (whose ledger, which wave) comes from the
settings first and from earlier findings second.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding, Note

if TYPE_CHECKING:
    from birdfall.pipeline.run import Run, Step


def steps(state: Run) -> Iterator[Step]:
    """All steps in order; walked while they are carried out, so later ones see what was found."""
    yield "coverage", _coverage
    yield "waves", _waves
    for number in _waves_found(state):
        yield f"audiences-{number}", partial(_audiences, wave=number)
        yield f"returns-{number}", partial(_returns, wave=number)
    yield "ledgers", _ledgers
    yield "counts", _counts
    if state.inputs.facts:
        yield "reconciliation", _reconciliation
    for trace in _traces(state):
        yield f"coordination-{trace}", partial(_standard_network, request={"trace": trace})
    for text in state.options.asked:
        yield network_step(text), partial(_network, request=json.loads(text))
    yield "brigades", _brigades
    for number in _waves_found(state)[:1]:
        yield f"automation-{number}", partial(_automation, wave=number)
        yield f"explanations-{number}", partial(_explanations, wave=number)
    if state.inputs.facts:
        yield "explanations-published", _published_explanations
    yield "claims", check_claims


def _coverage(state: Run) -> Sequence[Finding]:
    from birdfall.measures.coverage import coverage

    return [coverage(state.record)]


def _waves(state: Run) -> Sequence[Finding]:
    from birdfall.measures import waves

    note = waves.applies_to(state.record)
    if note is not None:
        return [_refused("waves", "waves", note)]
    options = state.options
    return [
        waves.waves(
            state.record,
            alpha=options.alpha,
            replicates=options.replicates,
            seed=options.seed,
            progress=state.progress,
        )
    ]


def _waves_found(state: Run) -> list[int]:
    """Numbers of the waves to follow up, largest first."""
    finding = state.found["waves"]
    if finding.answer != "found":
        return []
    return [
        int(w) for w in finding.table("waves").column("wave").to_pylist()[: state.options.waves]
    ]


def _audiences(state: Run, wave: int) -> Sequence[Finding]:
    from birdfall.measures import audiences

    note = audiences.applies_to(state.record)
    if note is not None:
        return [_refused("audiences", f"audiences-{wave}", note)]
    settings = state.record.settings
    return [
        audiences.audiences(
            state.record,
            state.found["waves"],
            wave_number=wave,
            leaders=settings.leaders,
            controls=settings.controls,
            negative_controls=settings.negative_controls,
            permutations=state.options.permutations,
            seed=state.options.seed,
            progress=state.progress,
        )
    ]


def _returns(state: Run, wave: int) -> Sequence[Finding]:
    from birdfall.measures import returns

    note = returns.applies_to(state.record)
    if note is not None:
        return [_refused("returns", f"returns-{wave}", note)]
    return [returns.returns(state.record, wave=state.found["waves"], wave_number=wave)]


def _ledgers(state: Run) -> Sequence[Finding]:
    from birdfall.measures import ledgers

    note = ledgers.applies_to(state.record)
    if note is not None:
        return [_refused("ledger", "ledger", note)]
    chosen = _leaders(state)
    if not chosen:
        return [_refused("ledger", "ledger", Note("no-leader-chosen", {"needs": "leaders"}))]
    return [ledgers.ledger(state.record, leader) for leader in chosen]


def _leaders(state: Run) -> list[str]:
    """Whose ledgers to keep: the leaders and controls of the settings; without any, the audiences that explain a wave."""
    settings = state.record.settings
    chosen = [
        a for a in (*settings.leaders, *settings.controls) if state.record.ids.code(a) is not None
    ]
    if not chosen:
        for finding in state.found.values():
            if finding.kind == "audiences" and finding.answer == "found":
                chosen += [
                    a
                    for a in finding.table("explanation").column("leader").to_pylist()
                    if a not in chosen
                ]
    return chosen[: state.options.ledgers]


def _counts(state: Run) -> Sequence[Finding]:
    from birdfall.measures import follower_counts as counts

    note = counts.applies_to(state.record)
    if note is not None:
        return [_refused("counts", "counts", note)]
    settings = state.record.settings
    return [
        counts.follower_counts(
            state.record,
            leaders=settings.leaders,
            controls=settings.controls,
            seed=state.options.seed,
        )
    ]


#: Traces a run looks at without being asked, if the record has enough of them.
STANDARD_TRACES = ("repost", "report", "text", "link")
#: Accounts a trace needs before it is worth a network.
ENOUGH = 20


def _traces(state: Run) -> list[str]:
    from birdfall.measures import coordination

    if coordination.applies_to(state.record) is not None:
        return []
    sizes = coordination.trace_sizes(state.record)
    named = {
        json.loads(text).get("name") or f"coordination-{_trace_name(text)}"
        for text in state.options.asked
    }
    return [
        t for t in STANDARD_TRACES if sizes.get(t, 0) >= ENOUGH and f"coordination-{t}" not in named
    ]


def _trace_name(text: str) -> str:
    trace = json.loads(text).get("trace", "repost")
    return trace if isinstance(trace, str) else trace[0] if len(trace) == 1 else "layers"


def network_step(text: str) -> str:
    """The name of the step that computes one asked network."""
    return "asked " + (json.loads(text).get("name") or f"coordination-{_trace_name(text)}")


def measure_network(state: Run, text: str) -> Finding:
    """The finding of one asked network."""
    return _coordination(state, json.loads(text))


def _network(state: Run, request: dict[str, Any]) -> Sequence[Finding]:
    return [_coordination(state, request)]


def _standard_network(state: Run, request: dict[str, Any]) -> Sequence[Finding]:
    """A network nobody asked for: acts that turn out to hold nothing of the trace (texts too short to tell) refuse it alone."""
    try:
        return _network(state, request)
    except CannotAnswer:
        return [
            _refused(
                "coordination",
                f"coordination-{request['trace']}",
                Note("no-acts", {"needs": "acts"}),
            )
        ]


def _coordination(state: Run, request: dict[str, Any]) -> Finding:
    from birdfall.measures.coordination import coordination

    options = state.options
    chosen: dict[str, Any] = {
        "alpha": options.alpha,
        "seed": options.seed,
        "progress": state.progress,
    }
    return coordination(state.record, **(chosen | request))


def _brigades(state: Run) -> Sequence[Finding]:
    from birdfall.measures.brigades import measure as brigades

    note = brigades.applies_to(state.record)
    if note is not None:
        return [_refused("brigades", "brigades", note)]
    options = state.options
    return [
        brigades.brigades(
            state.record, alpha=options.alpha, seed=options.seed, progress=state.progress
        )
    ]


def _automation(state: Run, wave: int) -> Sequence[Finding]:
    from birdfall.measures import automation

    note = automation.applies_to(state.record)
    if note is not None:
        return [_refused("automation", f"automation-{wave}", note)]
    return [
        automation.automation(state.record, state.found["waves"], wave, leaders=_leaders(state))
    ]


def _reconciliation(state: Run) -> Sequence[Finding]:
    from birdfall.measures.follower_counts import read_facts, reconcile

    facts = read_facts(state.inputs.facts, "facts.csv")
    return [reconcile(facts)]


def _explanations(state: Run, wave: int) -> Sequence[Finding]:
    from birdfall.explanations.measure import explanations

    state.progress("explanations", 0, None, "worlds")
    return [explanations(state.record, state.found, wave=wave)]


def _published_explanations(state: Run) -> Sequence[Finding]:
    from birdfall.explanations.measure import published_explanations
    from birdfall.measures.follower_counts import read_facts

    facts = read_facts(state.inputs.facts, "facts.csv")
    return [published_explanations(facts, state.found.get("reconciliation"), state.inputs.facts)]


def check_claims(state: Run) -> Sequence[Finding]:
    """A finding for every claim of the inquiry."""
    from birdfall.claims import check, read_claims

    if not state.inputs.claims:
        return []
    claims = read_claims(state.inputs.claims.decode("utf-8"))
    return [
        f
        for claim in claims
        for f in check(state.record, state.found, claim, settings=state.record.settings)
    ]


def _refused(kind: str, name: str, note: Note) -> Finding:
    from birdfall.pipeline.run import refusal

    return refusal(kind, name, note)
