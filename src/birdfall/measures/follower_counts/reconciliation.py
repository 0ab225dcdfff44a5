"""Reconciliation: do published figures that seem to contradict each other agree?

A gross loss and a net change of one day differ by the day's growth. Growth is read from the levels
that were published before, each with the range its wording allows. Then every pair of figures is
tested for whether it needs more growth than there was. Reads a table of facts; returns a finding of
kind `reconciliation`. Method: docs/methods/counts.md.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa

from birdfall.kernels.odds_ratio import e_value
from birdfall.model.errors import InputError, Where
from birdfall.model.findings import Answer, Estimate, Finding, Note

#: Grows when the same figures would give other numbers.
RECONCILE_VERSION: Final = 2
FACT_COLUMNS: Final = (
    "id",
    "when_local",
    "said_by",
    "quantity",
    "relation",
    "value",
    "unit",
    "window",
    "population",
    "kind",
    "source",
)
#: How far a level may lie from what was written, (below, above) as shares, by its wording.
_WORDING_SHARES: Final = {"about": (-0.03, 0.03), "almost": (-0.05, 0.0), "over": (0.0, 0.05)}
#: Levels at least so many days before a day are its history; within so many days, its level.
HISTORY_FROM_DAYS, NEAR_DAYS = 30, 7
#: A day's growth differs from the mean of months by this share either way.
DAILY_SWING: Final = 0.40
#: A round figure of a loss ("almost 6,600") may be off by this share.
ROUND_FIGURE_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Fact:
    """One published figure.

    Parameters
    ----------
    id
        Its row's name.
    date
        The day it speaks of.
    said_by
        Who published it.
    relation
        Its wording: "exactly", "about", "almost" or "over".
    value, unit
        The number and what it counts.
    window, population
        The time and the accounts it speaks of.
    kind
        "level", "gross" (a loss) or "net" (a change).
    """

    id: str
    date: dt.date
    said_by: str
    relation: str
    value: float
    unit: str
    window: str
    population: str
    kind: str

    @property
    def range(self) -> tuple[float, float]:
        """(low, high) that its wording allows."""
        v = self.value
        spread = _WORDING_SHARES.get(self.relation, (0.0, 0.0))
        low, high = v * (1 + spread[0]), v * (1 + spread[1])
        return min(low, high), max(low, high)


def read_facts(data: bytes, name: str) -> list[Fact]:
    """Read facts from CSV.

    Parameters
    ----------
    data
        UTF-8, with the columns `FACT_COLUMNS`; others may follow. Rows without a value are left
        out.
    name
        The file, for errors.

    Raises
    ------
    InputError
        Naming row and column of what cannot be read.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError("this file is not UTF-8", where=name, fix="Save it as UTF-8.") from error
    reader = csv.DictReader(io.StringIO(text))
    missing = [c for c in FACT_COLUMNS if c not in (reader.fieldnames or [])]
    if missing:
        raise InputError(
            f"columns are missing: {', '.join(missing)}",
            where=name,
            fix=f"Columns: {', '.join(FACT_COLUMNS)}.",
        )
    facts = []
    for row_number, row in enumerate(reader, 2):
        if not (row["value"] or "").strip():
            continue
        try:
            value = float(row["value"])
        except ValueError as error:
            raise InputError(
                f"{row['value']!r} is no number", where=Where(name, row_number, "value")
            ) from error
        facts.append(
            Fact(
                row["id"],
                _date(row["when_local"], name, row_number),
                row["said_by"],
                row["relation"],
                value,
                row["unit"],
                row["window"],
                row["population"],
                row["kind"],
            )
        )
    return facts


def _date(text: str, name: str, row: int) -> dt.date:
    try:
        return dt.date.fromisoformat((text[:10] + "-01-01"[len(text[:10]) - 4 :])[:10])
    except ValueError as error:
        raise InputError(
            f"{text!r} is no date", where=Where(name, row, "when_local"), fix="Write 2013-10-31."
        ) from error


def reconcile(
    facts: list[Fact], *, leader: str | None = None, day: dt.date | None = None
) -> Finding:
    """Test which published figures of one day agree, and compare the leader's risk with others'.

    Parameters
    ----------
    facts
        As `read_facts` gives them.
    leader, day
        Account and day in question; if None, those with the most gross and net figures.

    Returns
    -------
    Finding
        Of kind `reconciliation`, with tables `figures` and `ratios`. It answers "cannot" without
        two dated levels of the leader, or without a net figure.

    Examples
    --------
    A loss of 6,600 and a net change of -5,000 differ by 1,600, which a growth of 1,500 a day
    explains:

    >>> def fact(day, kind, value):
    ...     return Fact(kind, dt.date.fromisoformat(day), "press", "exactly", value, "followers",
    ...                 "day", "leader", kind)
    >>> facts = [fact("2013-09-01", "level", 910_000), fact("2013-10-31", "level", 1_000_000),
    ...          fact("2013-10-31", "gross", 6_600), fact("2013-10-31", "net", -5_000)]
    >>> finding = reconcile(facts)
    >>> finding.answer, finding["consistent"].value, finding["growth"].value
    ('found', 2, 1500.0)
    """
    leader, day = leader or _main_leader(facts), day or _main_day(facts)
    growth = growth_per_day(facts, leader, day)
    parameters = {
        "leader": leader,
        "day": None if day is None else day.isoformat(),
        "daily_swing": DAILY_SWING,
        "round": ROUND_FIGURE_SHARE,
    }
    if leader is None or day is None or growth is None:
        return Finding(
            "reconciliation",
            "reconciliation",
            "cannot",
            reasons=(Note("too-few-levels", {"needs": "levels"}),),
            parameters=parameters,
        )
    return _compare_figures(facts, leader, day, growth).replace(parameters=parameters)


def _compare_figures(
    facts: list[Fact], leader: str, day: dt.date, growth: tuple[float, float]
) -> Finding:
    """What the figures of a day say, given the mean growth a day, (low, high)."""
    low, high = growth[0] * (1 - DAILY_SWING), growth[1] * (1 + DAILY_SWING)
    net = [f for f in facts if f.kind == "net" and f.population == leader and f.date == day]
    gross = [
        f
        for f in facts
        if f.kind == "gross" and f.date == day and _is_about_leader(f, leader) and f.value > 0
    ]
    figures = [_gross_figure(g, net, low, high) for g in gross]
    figures += [_net_figure(n, gross, low, high) for n in net]
    ratios = _risk_ratios(facts, leader, day, gross, figures)
    answer: Answer = "found" if figures and net else "cannot"
    reasons = () if answer == "found" else (Note("no-net-figure", {"needs": "counts"}),)
    return Finding(
        kind="reconciliation",
        name="reconciliation",
        answer=answer,
        reasons=reasons,
        estimates=_estimates(growth, (low, high), net, figures, ratios),
        limits=(
            Note("cause-not-in-counts", {}),
            Note("growth-of-the-day-assumed", {"swing_share": DAILY_SWING}),
        ),
        method=(
            "gross = growth - net, growth from dated levels (docs/methods/counts.md)",
            "E-value (VanderWeele and Ding 2017)",
        ),
        details={"leader": leader},
        tables={
            "figures": pa.Table.from_pylist([asdict(row) for row in figures], schema=FIGURES),
            "ratios": pa.Table.from_pylist([asdict(row) for row in ratios], schema=RATIOS),
        },
    )


def _estimates(
    growth: tuple[float, float],
    bounds: tuple[float, float],
    net: list[Fact],
    figures: list[_Figure],
    ratios: list[_Ratio],
) -> dict[str, Estimate]:
    """growth: mean a day; bounds: that of the day itself, (low, high) each."""
    consistent = [f for f in figures if f.consistent]
    middle = (growth[0] + growth[1]) / 2
    estimates = {
        "growth": Estimate(middle, "per_day", growth[0], growth[1], None, "identified"),
        "figures": Estimate(len(figures), "count", level=None, bounds="none"),
        "consistent": Estimate(len(consistent), "count", level=None, bounds="none"),
    }
    fitting = [f for f in consistent if f.kind == "gross"]
    # The figure that claims most precision stands for the gross loss.
    precise = (f for f in fitting if f.relation in ("exactly", "almost"))
    best = next(precise, fitting[0] if fitting else None)
    if best is not None and net:
        low, high = (-net[0].value + b for b in bounds)
        needed = best.needed_growth
        estimates["gross"] = Estimate(best.value, "followers", low, high, None, "identified")
        estimates["net"] = Estimate(net[0].value, "followers", level=None, bounds="none")
        estimates["difference"] = Estimate(needed, "followers", level=None, bounds="none")
    if ratios:
        r = ratios[0]
        estimates["risk_ratio"] = Estimate(r.ratio, "ratio", r.low, r.high, None, "identified")
        estimates["naive_ratio"] = Estimate(r.naive_ratio, "ratio", level=None, bounds="none")
        estimates["e_value"] = Estimate(r.e_value, "score", level=None, bounds="none")
    return estimates


@dataclass(frozen=True, slots=True)
class _Figure:
    """One row of `FIGURES`: whether a published figure fits the growth the day can have had."""

    id: str
    said_by: str
    population: str
    relation: str
    value: float
    kind: str
    consistent: bool | None
    needed_growth: float | None
    growth_low: float
    growth_high: float


@dataclass(frozen=True, slots=True)
class _Ratio:
    """One row of `RATIOS`: the risk of falling in the leader's audience over a control's."""

    leader: str
    control: str
    ratio: float
    low: float
    high: float
    naive_ratio: float
    e_value: float
    gross_control: float


FIGURES: Final = pa.schema([
    ("id", pa.string()), ("said_by", pa.string()), ("population", pa.string()),
    ("relation", pa.string()), ("value", pa.float64()), ("kind", pa.string()),
    ("consistent", pa.bool_()), ("needed_growth", pa.float64()), ("growth_low", pa.float64()),
    ("growth_high", pa.float64()),
])  # fmt: skip
RATIOS: Final = pa.schema([
    ("leader", pa.string()), ("control", pa.string()), ("ratio", pa.float64()),
    ("low", pa.float64()), ("high", pa.float64()), ("naive_ratio", pa.float64()),
    ("e_value", pa.float64()), ("gross_control", pa.float64()),
])  # fmt: skip


def growth_per_day(
    facts: list[Fact], account: str | None, day: dt.date | None
) -> tuple[float, float] | None:
    """Lowest and highest mean growth a day that the levels of an account allow; None if too few.

    From the last level at least `HISTORY_FROM_DAYS` before `day` to those within `NEAR_DAYS` of it.
    """
    if account is None or day is None:
        return None
    levels = sorted(
        (
            f
            for f in facts
            if f.kind == "level"
            and _is_same_account(f.population, account)
            and f.unit == "followers"
        ),
        key=lambda f: f.date,
    )
    early = [f for f in levels if (day - f.date).days >= HISTORY_FROM_DAYS]
    late = [f for f in levels if abs((f.date - day).days) <= NEAR_DAYS]
    if not early or not late:
        return None
    start = early[-1]
    # The wording widens a level ("over 3,600,000"), but several sources bound each other.
    rates = [(f.value - start.value) / max((f.date - start.date).days, 1) for f in late]
    if len(late) == 1 and late[0].relation != "exactly":
        low, high = late[0].range
        days = max((late[0].date - start.date).days, 1)
        rates = (
            [(low - start.value) / days, (high - start.value) / days]
            if late[0].relation != "over"
            else [*rates]
        )
    return min(rates), max(rates)


def _main_leader(facts: list[Fact]) -> str | None:
    """The account that has net figures, levels and the most gross figures said of its followers."""
    candidates = {f.population for f in facts if f.kind == "net"}
    return max(
        sorted(candidates),
        key=lambda a: sum(_is_about_leader(f, a) and f.kind == "gross" for f in facts),
        default=None,
    )


def _main_day(facts: list[Fact]) -> dt.date | None:
    days = [f.date for f in facts if f.kind in ("gross", "net")]
    return max(sorted(set(days)), key=days.count, default=None)


def _is_same_account(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _is_about_leader(fact: Fact, leader: str) -> bool:
    return leader.casefold() in fact.population.casefold()


def _gross_figure(fact: Fact, net: list[Fact], low: float, high: float) -> _Figure:
    """A gross figure against the net change: the growth it needs, and whether there was as much."""
    needed = fact.value + net[0].value if net else None
    slack = ROUND_FIGURE_SHARE * fact.value
    fits = None if needed is None else bool(low - slack <= needed <= high + slack)
    return _figure(fact, "gross", fits, needed, low, high)


def _net_figure(fact: Fact, gross: list[Fact], low: float, high: float) -> _Figure:
    """A net figure against all gross figures: whether it fits any of them."""
    slack = ROUND_FIGURE_SHARE
    fits = any(
        low - slack * g.value <= g.value + fact.value <= high + slack * g.value for g in gross
    )
    return _figure(fact, "net", fits if gross else None, None, low, high)


def _figure(
    fact: Fact, kind: str, fits: bool | None, needed: float | None, low: float, high: float
) -> _Figure:
    return _Figure(
        id=fact.id,
        said_by=fact.said_by,
        population=fact.population,
        relation=fact.relation,
        value=fact.value,
        kind=kind,
        consistent=fits,
        needed_growth=needed,
        growth_low=low,
        growth_high=high,
    )


def _risk_ratios(
    facts: list[Fact], leader: str, day: dt.date, gross: list[Fact], figures: list[_Figure]
) -> list[_Ratio]:
    """Risk of falling in the leader's audience against others', both gross.

    naive: gross against the others' net, as it was published.
    """
    size = _mean_level(facts, leader, day)
    fitting = {f.id for f in figures if f.kind == "gross" and f.consistent}
    lost = next(
        (g for g in gross if g.id in fitting and g.relation in ("almost", "exactly")),
        next((g for g in gross if g.id in fitting), None),
    )
    if size is None or lost is None:
        return []
    rows = []
    for other in (
        f
        for f in facts
        if f.kind == "net" and f.date == day and f.population != leader and f.value < 0
    ):
        other_size, other_growth = (
            _mean_level(facts, other.population, day),
            growth_per_day(facts, other.population, day),
        )
        if other_size is None or other_growth is None:
            continue
        middle = sum(other_growth) / 2
        hazard = lost.value / size
        # The control's growth that day: from none to twice its mean.
        low, high = (hazard / ((-other.value + g) / other_size) for g in (2 * middle, 0.0))
        rows.append(
            _Ratio(
                leader=leader,
                control=other.population,
                ratio=hazard / ((-other.value + middle) / other_size),
                low=low,
                high=high,
                naive_ratio=hazard / (-other.value / other_size),
                e_value=e_value(low),
                gross_control=-other.value + middle,
            )
        )
    return rows


def _mean_level(facts: list[Fact], account: str, day: dt.date) -> float | None:
    levels = [
        f.value
        for f in facts
        if f.kind == "level"
        and _is_same_account(f.population, account)
        and abs((f.date - day).days) <= NEAR_DAYS
    ]
    return sum(levels) / len(levels) if levels else None
