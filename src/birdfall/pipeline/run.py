"""An inquiry: every measure that applies to a record, in order, kept as findings; what does not apply is refused with its reason.

The plan is a pure function of record, settings, claims and options, so a finished case can be computed again and
compared (`verify`), and a run that was cut off goes on where it stopped.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import birdfall
from birdfall.model.findings import Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.record.case import Case
from birdfall.record.record import Record

STAGES_FILE = "run.json"


@dataclass(frozen=True, slots=True)
class Options:
    """How an inquiry is run.

    waves: how many of the largest waves are followed up. ledgers: how many at most. asked: further coordination networks,
    each the parameters of `measures.coordination.coordination` as JSON.
    """

    seed: int = 0
    alpha: float = 0.01
    waves: int = 3
    ledgers: int = 12
    permutations: int = 400
    replicates: int = 999
    asked: tuple[str, ...] = ()

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Options:
        return cls(**{**plain, "asked": tuple(plain.get("asked", ()))})


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the run is to answer besides the data: claims to check and published facts to reconcile, as stored."""

    claims: bytes = b""
    facts: bytes = b""


@dataclass
class Run:
    """The findings so far, and how further ones are come by."""

    record: Record
    options: Options
    inputs: Inputs
    progress: Progress = silent
    found: dict[str, Finding] = field(default_factory=dict)

    @property
    def simulated(self) -> bool:
        return self.record.settings.simulated


Step = tuple[str, Callable[[Run], Sequence[Finding]]]


def run(
    case: Case, options: Options | None = None, *, progress: Progress = silent
) -> dict[str, Finding]:
    """Run all measures on a case and keep their findings; goes on where an earlier run with the same inputs stopped.

    Returns all findings by name. Raises CaseError if the case is damaged or locked.
    """
    options = options or Options()
    record = case.record()
    inputs = Inputs(case.read("claims.toml") or b"", case.read("facts.csv") or b"")
    key = _key(record, options, inputs)
    done = _stages(case, key)
    if not done and case.finding_names():
        case.remove_findings()
    state = Run(record, options, inputs, progress)
    for name, compute in plan(state):
        if name in done:
            kept = [case.finding(n) for n in done[name]]
        else:
            kept = [_labelled(f, state) for f in compute(state)]
            case.save(*kept)
            done[name] = [f.name for f in kept]
            _keep_stages(case, key, options, done)
        state.found.update({f.name: f for f in kept})
    return state.found


def compute(
    record: Record, options: Options, inputs: Inputs, *, progress: Progress = silent
) -> dict[str, Finding]:
    """The same findings in memory, nothing kept."""
    state = Run(record, options, inputs, progress)
    for _, step in plan(state):
        state.found.update({f.name: _labelled(f, state) for f in step(state)})
    return state.found


def add_network(case: Case, request: Mapping[str, Any], *, progress: Progress = silent) -> Finding:
    """One more coordination network on a case, kept with its findings and computed again by `verify`.

    request: parameters of `measures.coordination.coordination`. A network of the same name is replaced.
    """
    from birdfall.pipeline.steps import measure_network, network_step

    text = json.dumps(dict(request), sort_keys=True)
    record = case.record()
    inputs = Inputs(case.read("claims.toml") or b"", case.read("facts.csv") or b"")
    before = options_of(case) or Options()
    done = _stages(case, _key(record, before, inputs))
    state = Run(record, before, inputs, progress)
    finding = _labelled(measure_network(state, text), state)
    kept = tuple(a for a in before.asked if network_step(a) != network_step(text))
    options = dataclasses.replace(before, asked=(*kept, text))
    case.save(finding)
    if done:
        done = {step: names for step, names in done.items() if names != [finding.name]} | {
            network_step(text): [finding.name]
        }
        _keep_stages(case, _key(record, options, inputs), options, done)
    return finding


def replace_claims(case: Case, claims: bytes, *, progress: Progress = silent) -> None:
    """Keep other claims in a case and check them, without measuring anything else again.

    claims: a claims.toml. What an earlier run found stays; a case that was not run yet only keeps the claims.
    """
    from birdfall.pipeline.steps import check_claims

    record = case.record()
    options = options_of(case) or Options()
    facts = case.read("facts.csv") or b""
    done = _stages(case, _key(record, options, Inputs(case.read("claims.toml") or b"", facts)))
    case.put({"claims.toml": claims})
    if not done:
        return
    inputs = Inputs(claims, facts)
    state = Run(record, options, inputs, progress, dict(case.findings()))
    for name in done.get("claims", ()):
        state.found.pop(name, None)
    found = [_labelled(f, state) for f in check_claims(state)]
    gone = set(done.get("claims", ())) - {f.name for f in found}
    if gone:
        case.remove_findings(*sorted(gone))
    case.save(*found)
    _keep_stages(
        case, _key(record, options, inputs), options, done | {"claims": [f.name for f in found]}
    )


def options_of(case: Case) -> Options | None:
    """The options of the last run of this case, None if there was none."""
    stored = case.read(STAGES_FILE)
    return None if stored is None else Options.from_plain(json.loads(stored)["options"])


def plan(state: Run) -> Iterator[Step]:
    """The steps, in order. Later steps look at what earlier ones found, so this is walked while it is carried out."""
    from birdfall.pipeline import steps

    yield from steps.steps(state)


def refusal(kind: str, name: str, note: Note) -> Finding:
    """A finding that says why the data cannot carry an answer."""
    return Finding(kind=kind, name=name, answer="cannot", reasons=(note,))


def _labelled(finding: Finding, state: Run) -> Finding:
    return finding.replace(simulated=state.simulated or finding.simulated)


def _key(record: Record, options: Options, inputs: Inputs) -> str:
    plain = [
        birdfall.__version__,
        dict(sorted(record.digests.items())),
        asdict(record.settings),
        asdict(options),
        hashlib.sha256(inputs.claims).hexdigest(),
        hashlib.sha256(inputs.facts).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _stages(case: Case, key: str) -> dict[str, list[str]]:
    stored = case.read(STAGES_FILE)
    if stored is None:
        return {}
    plain = json.loads(stored)
    if plain["key"] != key:
        return {}
    present = set(case.finding_names())
    return {step: names for step, names in plain["done"].items() if present.issuperset(names)}


def _keep_stages(case: Case, key: str, options: Options, done: dict[str, list[str]]) -> None:
    plain = {"key": key, "options": asdict(options), "done": done}
    case.put({STAGES_FILE: (json.dumps(plain, indent=1, sort_keys=True) + "\n").encode()})
