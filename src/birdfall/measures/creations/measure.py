"""Creations: intervals in which more accounts were made than the base rate explains.

The scan for waves (`waves.bursts`), asked of the dates of creation. Reads `accounts`, and
`statuses` for who was suspended; returns a finding of kind `creations`. Method:
docs/methods/creations.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa

from birdfall.measures.creations.applies import MIN_ACCOUNTS, applies_to
from birdfall.measures.suspensions import spells
from birdfall.measures.waves import (
    BURSTS,
    DAY_S,
    Bursts,
    ScanClock,
    burst_columns,
    find_bursts,
    is_inside,
    smallest_crowd,
)
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.progress import Progress, silent
from birdfall.model.schemas import TIME
from birdfall.record.record import Record
from birdfall.record.split import ByParts, in_order

METHOD: Final = ("the scan for waves, of dates of creation (docs/methods/creations.md)",)
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 1
#: Accounts are made together within hours at the finest.
STEPS_S: Final = (3600.0, 21_600.0, 86_400.0)
MAX_STEPS: Final = 40_000
#: What took longer was not made together.
LONGEST_S: Final = 56 * DAY_S
#: Steps below which there is nothing to compare with.
MIN_STEPS: Final = 16
#: Dates are those of months if so large a share of them is the first of one, at midnight.
MONTH_SHARE: Final = 0.95
#: No platform is older; what lies before stands for an unknown date (microseconds).
FIRST_PLATFORM_US: Final = 852_076_800_000_000

CREATIONS: Final = pa.schema(
    [*BURSTS, ("share", pa.float64()), ("others", pa.int64()), ("others_share", pa.float64())]
)
MEMBERS: Final = pa.schema([("burst", pa.int32()), ("account", pa.string()), ("created_at", TIME)])


@dataclass(frozen=True)
class _Made:
    """When accounts were made, int64[n] us, ascending, with their ids; and when the others were."""

    accounts: pa.Array
    when: np.ndarray
    others: np.ndarray


def creations(
    record: Record,
    *,
    accounts: Iterable[str] | None = None,
    alpha: float = 0.01,
    replicates: int = 199,
    seed: int = 0,
    progress: Progress = silent,
) -> Finding:
    """Find the intervals in which many of the accounts in question were made together.

    Parameters
    ----------
    record
        Read: `accounts`, `statuses`.
    accounts
        Ids of those in question. If None: those that were suspended, if enough of them have a date
        of creation, else all.
    alpha
        Chance of any false burst in all the time over which they were made.
    replicates
        Records drawn in which nothing happened.
    seed
        Seed of the draws.
    progress
        Called after each pass.

    Returns
    -------
    Finding
        Of kind `creations`, with the tables `bursts` and `members` (docs/reference/findings.md).

    Raises
    ------
    UsageError
        For an account that the record does not know.

    Examples
    --------
    One account every other day, and fifty on day 200:

    >>> from birdfall.record.record import from_tables
    >>> days = np.r_[np.arange(0, 800, 2), np.full(50, 200)] + 15_000
    >>> rows = pa.table({
    ...     "account": [f"a{i}" for i in range(450)],
    ...     "created_at": pa.array(days * 86_400_000_000).cast(TIME),
    ... })
    >>> finding = creations(from_tables({"accounts": rows}))
    >>> finding.answer, finding["in_bursts"].value, finding["accounts"].value
    ('found', 51, 450)
    """
    chosen = None if accounts is None else list(accounts)
    blank = Finding(
        "creations",
        "creations",
        "nothing",
        parameters={
            "alpha": alpha,
            "replicates": replicates,
            "seed": seed,
            "accounts": None if chosen is None else len(chosen),
        },
        inputs=tuple(record.input(t) for t in ("accounts", "statuses") if record.has(t)),
        method=METHOD,
        simulated=record.settings.simulated,
        tables={"bursts": CREATIONS.empty_table(), "members": MEMBERS.empty_table()},
    )
    note = applies_to(record)
    if note is not None:
        return blank.replace(answer="cannot", reasons=(note,))
    made, population = _made(record, chosen)
    blank = blank.replace(details={"population": population})
    if len(made.when) < MIN_ACCOUNTS:
        values = {"accounts": len(made.when), "needs": MIN_ACCOUNTS}
        return blank.replace(answer="cannot", reasons=(Note("too-few-creation-dates", values),))
    if _are_months(made.when):
        note = Note("creation-dates-are-months", {"accounts": len(made.when)})
        return blank.replace(answer="cannot", reasons=(note,))
    clock = _clock(made.when)
    if clock.steps < MIN_STEPS:
        days = (made.when[-1] - made.when[0]) / 1e6 / DAY_S
        note = Note("made-within-days", {"accounts": len(made.when), "days": float(days)})
        return blank.replace(answer="cannot", reasons=(note,))
    scanned = find_bursts(
        made.when,
        clock,
        alpha=alpha,
        replicates=replicates,
        seed=seed,
        catches_up=False,
        longest=round(LONGEST_S / clock.step),
        progress=progress,
    )
    return _described(blank, made, scanned)


def _made(record: Record, chosen: list[str] | None) -> tuple[_Made, str]:
    """When those in question were made, and who they are: "chosen", "fallen" or "all"."""
    rows = record.sql(
        """SELECT account, min(epoch_us(created_at)) AS made FROM accounts
        WHERE epoch_us(created_at) >= $1 GROUP BY account ORDER BY made, account""",
        [FIRST_PLATFORM_US],
        split=ByParts(in_order("made", "account")),
    )
    ids = rows.column(0).combine_chunks()
    when = rows.column(1).to_numpy().astype(np.int64)
    inside = np.ones(len(when), bool)
    population = "all"
    if chosen is not None:
        codes = _codes(record, chosen)
        inside, population = np.isin(record.ids.encode(ids), codes), "chosen"
    elif record.has("statuses"):
        codes = np.unique(spells(record).column("code").to_numpy())
        fallen = np.isin(record.ids.encode(ids), codes)
        if fallen.sum() >= MIN_ACCOUNTS:
            inside, population = fallen, "fallen"
    return _Made(ids.filter(pa.array(inside)), when[inside], when[~inside]), population


def _codes(record: Record, chosen: list[str]) -> np.ndarray:
    codes = []
    for account in chosen:
        code = record.ids.code(account)
        if code is None:
            raise UsageError(
                f"the record does not know the account {account!r}", fix="Give an id it holds."
            )
        codes.append(code)
    return np.array(codes)


def _are_months(when: np.ndarray) -> bool:
    """Whether dates name no more than a month (or year). when: int64[n] us."""
    days = when.astype("datetime64[us]").astype("datetime64[D]")
    first = (days == days.astype("datetime64[M]")) & (when % 86_400_000_000 == 0)
    return bool(first.mean() >= MONTH_SHARE)


def _clock(when: np.ndarray) -> ScanClock:
    """Equal steps from the first to the last, an hour or more. when: int64[n] us, ascending."""
    first, last = float(when[0]) / 1e6, float(when[-1]) / 1e6
    to_the_day = bool((when % 86_400_000_000 == 0).mean() >= MONTH_SHARE)
    step = next(
        (s for s in STEPS_S if (last - first) / s <= MAX_STEPS and not (to_the_day and s < DAY_S)),
        DAY_S,
    )
    begin = np.floor(first / step) * step
    steps = int((last - begin) // step) + 1
    resolution = DAY_S if to_the_day else 1.0
    return ScanClock(float(begin), step, steps, np.ones(steps, np.bool_), resolution)


def _described(blank: Finding, made: _Made, scanned: Bursts) -> Finding:
    """The blank finding filled in."""
    rows = {**burst_columns(scanned.found), "share": [], "others": [], "others_share": []}
    pieces = [MEMBERS.empty_table()]
    every, all_others = np.ones(len(made.when), bool), np.ones(len(made.others), bool)
    for number, burst in enumerate(scanned.found, 1):
        inside = is_inside(burst, made.when, every)
        others = int(is_inside(burst, made.others, all_others).sum())
        rows["share"].append(burst.observed / len(made.when))
        rows["others"].append(others if len(made.others) else None)
        rows["others_share"].append(others / len(made.others) if len(made.others) else None)
        when = pa.array(made.when[inside]).cast(TIME)
        numbers = pa.array([number] * len(when), pa.int32())
        accounts = made.accounts.filter(pa.array(inside)).cast(pa.string())
        pieces.append(pa.table([numbers, accounts, when], schema=MEMBERS))
    clock, observed = scanned.clock, sum(w.observed for w in scanned.found)
    week = smallest_crowd(len(made.when), scanned.searched, clock, 7 * DAY_S)
    estimates = {
        "bursts": Estimate(len(scanned.found), "count", level=None, bounds="none"),
        "accounts": Estimate(len(made.when), "accounts", level=None, bounds="none"),
        "in_bursts": Estimate(observed, "accounts", level=None, bounds="none"),
        "in_bursts_share": Estimate(observed / len(made.when), "share", level=None, bounds="none"),
        "base_rate": Estimate(
            float(scanned.searched.base.expected.mean() / clock.step * DAY_S),
            "per_day",
            level=None,
            bounds="none",
        ),
        "smallest_1w": Estimate(week, "accounts", level=None, bounds="none"),
    }
    limits = [Note("made-together-is-not-by-one-hand", {})] if scanned.found else []
    return blank.replace(
        answer="found" if scanned.found else "nothing",
        estimates=estimates,
        limits=tuple(limits),
        tables={
            "bursts": pa.table(
                [pa.array(rows[f.name], f.type) for f in CREATIONS], schema=CREATIONS
            ),
            "members": pa.concat_tables(pieces),
        },
    )
