"""A run: every measure of the catalogue that applies, in order, kept as findings; what does not
apply is refused with its reason.

The steps are a pure function of record, settings, inputs and options, so a finished case can be
computed again and compared (`verify`), and a run that was cut off goes on where it stopped. Each
finding carries the version of its method: after a method has changed, its findings and those that
may have read them are made again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TypedDict

from birdfall.measures.coordination import CoordinationKeywords
from birdfall.model.errors import BirdfallError, UsageError
from birdfall.model.findings import Finding
from birdfall.model.progress import Progress, silent
from birdfall.pipeline.catalogue import catalogue, find_measure
from birdfall.pipeline.context import Inputs, Options, OptionsJson, Run
from birdfall.pipeline.measure import Measure, StepSubject
from birdfall.pipeline.networks import NetworkRequest
from birdfall.record.case import Case
from birdfall.record.damage import RUN_AGAIN, explain_damage
from birdfall.record.record import Record

STAGES_FILE = "run.json"
#: What stood in the keys of cases before methods had versions: the version of the software then. It
#: stays, so that such cases go on where they are.
KEY_FORMAT = "0.1.0"
#: The version of methods before findings carried one.
FIRST_VERSION = 1


@dataclass(frozen=True)
class RunStep:
    """One step of a run: a measure asked about one subject."""

    measure: Measure
    about: StepSubject

    @property
    def name(self) -> str:
        """The name under which a case keeps that the step is done."""
        return self.about.step

    def take(self, run: Run) -> list[Finding]:
        """The findings of the step; they are not put among those of the run yet."""
        return self.measure.answer(run, self.about)


class StagesJson(TypedDict, total=False):
    """What a case keeps of its run (`run.json`)."""

    key: str
    options: OptionsJson
    done: dict[str, list[str]]
    methods: dict[str, int]


@dataclass(frozen=True)
class Stages:
    """What a case keeps of its run.

    Parameters
    ----------
    key
        A digest of all the run was made from: record, settings, options and inputs.
    options
        How it was run.
    done
        The names of the findings by the step that made them.
    methods
        The versions of the methods by measure.
    """

    key: str
    options: Options
    done: dict[str, list[str]] = field(default_factory=dict)
    methods: dict[str, int] = field(default_factory=dict)

    @classmethod
    def from_case(cls, case: Case) -> Stages | None:
        """What the case keeps; None if it was never run."""
        stored = case.read(STAGES_FILE)
        if stored is None:
            return None
        with explain_damage(case.path / STAGES_FILE, RUN_AGAIN):
            plain: StagesJson = json.loads(stored)
            return cls(
                plain["key"],
                Options.from_json(plain["options"]),
                {step: list(names) for step, names in plain["done"].items()},
                dict(plain.get("methods", {})),
            )

    def put(self, case: Case) -> None:
        """Keep it in the case."""
        plain: StagesJson = {
            "key": self.key,
            "options": self.options.to_json(),
            "done": self.done,
            "methods": self.methods,
        }
        case.put({STAGES_FILE: (json.dumps(plain, indent=1, sort_keys=True) + "\n").encode()})

    def is_current(self, step: RunStep) -> bool:
        """Whether the step's method is of the version it had then; so is one that was not asked."""
        measure = step.measure
        if measure.name not in self.methods and step.name not in self.done:
            return True
        return self.methods.get(measure.name, FIRST_VERSION) == measure.method_version


def run(
    case: Case,
    options: Options | None = None,
    *,
    progress: Progress = silent,
    begin: Callable[[RunStep], None] = lambda _step: None,
) -> dict[str, Finding]:
    """Run all measures on a case and keep their findings; goes on where an earlier run with the
    same inputs stopped.

    begin: is told of each step before it is taken, also of those whose findings are kept.

    Returns all findings by name. Raises CaseError if the case is damaged or locked.
    """
    options = options or Options()
    _ = case.key  # a case without its key is damaged, and said so before anything is measured
    inputs = Inputs.from_case(case)
    state = Run(case.record(), options, inputs, progress)
    stages = _stages(case, state)
    if not stages.done and case.finding_names():
        case.remove_findings()
    walked: list[str] = []
    outdated = False
    for step in plan(state):
        if not outdated and not stages.is_current(step):
            # what later measures read may change with this one's method: they are asked again too
            outdated = True
            stages = replace(stages, done={s: n for s, n in stages.done.items() if s in walked})
        walked.append(step.name)
        begin(step)
        if step.name in stages.done:
            state.add(*(case.finding(name) for name in stages.done[step.name]))
            continue
        found = step.take(state)
        state.add(*found)
        with _say_what_is_kept(len(walked) - 1):
            case.save(*found)
            stages.done[step.name] = [f.name for f in found]
            stages.methods[step.measure.name] = step.measure.method_version
            stages.put(case)
    if outdated:
        _forget_all_but(case, state.found)
    return state.found


@contextlib.contextmanager
def _say_what_is_kept(steps: int) -> Iterator[None]:
    """Let an error of writing say what a run kept before it. steps: those finished before."""
    try:
        yield
    except BirdfallError as error:
        if steps:
            error.why = f"What {steps} steps before it found is kept; this one's findings are not."
            error.fix = f"{error.fix} The run goes on where it stopped."
        raise


def compute(
    record: Record, options: Options, inputs: Inputs, *, progress: Progress = silent
) -> dict[str, Finding]:
    """The same findings in memory, nothing kept."""
    state = Run(record, options, inputs, progress)
    for step in plan(state):
        state.add(*step.take(state))
    return state.found


def plan(state: Run) -> Iterator[RunStep]:
    """The steps, in order.

    Later ones look at what earlier ones found, so this is walked while it is carried out.
    """
    for measure in catalogue():
        if measure.name in state.options.left_out:
            continue
        for about in measure.subjects_of(state):
            yield RunStep(measure, about)


def add_network(
    case: Case, parameters: CoordinationKeywords, *, progress: Progress = silent
) -> Finding:
    """One more coordination network on a case, kept with its findings and computed again by
    `verify`.

    parameters: those of `birdfall.coordination`. A network of the same name is replaced.
    """
    request = NetworkRequest.of(parameters)
    options = options_of(case) or Options()
    state = Run(case.record(), options, Inputs.from_case(case), progress)
    stages = _stages(case, state)
    about = StepSubject(request.step, request.name, request=request.parameters, asked=True)
    measure = find_measure("coordination")
    (finding,) = measure.measure(state, about)
    others = tuple(t for t in options.asked if NetworkRequest(t).step != request.step)
    options = replace(options, asked=(*others, request.text))
    case.save(finding)
    if stages.done:
        done = {s: names for s, names in stages.done.items() if names != [finding.name]}
        key = _key(dataclasses.replace(state, options=options))
        methods = dict(stages.methods)
        if not any(s.step in done and s.step != about.step for s in measure.subjects_of(state)):
            # the version is of all networks: where older ones are kept, theirs stays
            methods[measure.name] = measure.method_version
        Stages(key, options, {**done, request.step: [finding.name]}, methods).put(case)
    return finding


def replace_claims(case: Case, claims: bytes, *, progress: Progress = silent) -> None:
    """Keep other claims in a case and check them, without measuring anything else again.

    claims: a claims.toml. What an earlier run found stays; a case that was not run yet only keeps
    the claims.
    """
    options = options_of(case) or Options()
    inputs = Inputs.from_case(case)
    record = case.record()
    stages = _stages(case, Run(record, options, inputs))
    case.put({"claims.toml": claims})
    if not stages.done:
        return
    state = Run(record, options, replace(inputs, claims=claims), progress, dict(case.findings()))
    (step,) = (s for s in plan(state) if s.name == "claims")
    before = stages.done.get(step.name, [])
    for name in before:
        state.found.pop(name, None)
    found = step.take(state)
    gone = set(before) - {f.name for f in found}
    if gone:
        case.remove_findings(*sorted(gone))
    case.save(*found)
    done = stages.done | {step.name: [f.name for f in found]}
    Stages(_key(state), options, done, stages.methods).put(case)


#: Settings that say how findings are shown. No measure reads them, but for claims: whom a handle in
#: a sentence means may hang on who is public.
PRESENTATION = ("title", "question", "language", "public")


def change_presentation(case: Case, **changes: str | tuple[str, ...]) -> None:
    """Change how the findings of a case are shown; they stay as they are. Claims are checked again
    where others become public.

    changes: settings of `PRESENTATION`. Raises UsageError for another.
    """
    unknown = sorted(set(changes) - set(PRESENTATION))
    if unknown:
        raise UsageError(
            f"{', '.join(unknown)} may change what is found",
            fix="Change it in the settings, and run the case again.",
        )
    options, inputs = options_of(case) or Options(), Inputs.from_case(case)
    before = _stages(case, Run(case.record(), options, inputs))
    case.change_settings(**changes)
    if before.done:
        key = _key(Run(case.record(), options, inputs))
        Stages(key, options, before.done, before.methods).put(case)
        if "public" in changes and inputs.claims:
            replace_claims(case, inputs.claims)


def options_of(case: Case) -> Options | None:
    """The options of the last run of this case, None if there was none."""
    stages = Stages.from_case(case)
    return None if stages is None else stages.options


def _key(state: Run) -> str:
    record, inputs = state.record, state.inputs
    plain = [
        KEY_FORMAT,
        dict(sorted(record.digests.items())),
        {k: v for k, v in asdict(record.settings).items() if k != "delete_after"},
        {k: v for k, v in asdict(state.options).items() if k != "left_out" or v},
        hashlib.sha256(inputs.claims).hexdigest(),
        hashlib.sha256(inputs.facts).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _stages(case: Case, state: Run) -> Stages:
    """What is done of the run that `state` begins: all that the case keeps of it, nothing if it was
    another run.
    """
    key = _key(state)
    stages = Stages.from_case(case)
    if stages is None or stages.key != key:
        return Stages(key, state.options)
    present = set(case.finding_names())
    done = {step: names for step, names in stages.done.items() if present.issuperset(names)}
    return replace(stages, done=done)


def _forget_all_but(case: Case, found: Mapping[str, Finding]) -> None:
    """Take findings out of the case that the methods of now do not make."""
    gone = sorted(set(case.finding_names()) - set(found))
    if gone:
        case.remove_findings(*gone)
