"""Returns: did suspended accounts come back, how many, and how soon?

Time from a suspension to the account's return is estimated by Kaplan and Meier (1958) with
Greenwood's band, or by Turnbull (1976) where times are known only within wide intervals
(`returns.curves`). Method: docs/methods/returns.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import NormalDist
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from birdfall.measures.returns.applies import applies_to
from birdfall.measures.returns.curves import CURVE_SCHEMA, MAX_CURVE_ROWS, ReturnCurve, return_curve
from birdfall.measures.suspensions import DELETED, SUSPENSION, Absences, find_absences
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Note
from birdfall.model.units import DAY_US
from birdfall.record.record import NEVER, Record

METHOD: Final = ("kaplan-meier-1958", "greenwood-1926", "log-minus-log-band")
#: Grows when the same data would give other numbers.
METHOD_VERSION: Final = 2
INTERVAL_METHOD: Final = ("turnbull-1976", "gentleman-geyer-1994", "bootstrap-of-falls")
FOUR_DAYS_US: Final = 4 * DAY_US


def returns(
    record: Record,
    *,
    accounts: Iterable[str | int] | None = None,
    wave: Finding | None = None,
    wave_number: int = 1,
    until: int | None = None,
    level: float = 0.95,
) -> Finding:
    """Measure the return of suspended accounts: of all, of some, or of the members of a wave.

    Parameters
    ----------
    record
        Read: `statuses`, `coverage`.
    accounts
        Ids or codes; all if None.
    wave, wave_number
        A finding of kind `waves`, and which of its waves.
    until
        Microseconds; what happened later is not used.
    level
        Of the band.

    Returns
    -------
    Finding
        Of kind `returns`, with the table `curve`. Each suspension counts once, so an account that
        fell twice counts twice. A suspended account that was then deleted did not return.

    Raises
    ------
    UsageError
        For an account or a wave that is not there.

    References
    ----------
    Kaplan and Meier (1958), Nonparametric estimation from incomplete observations. Turnbull (1976),
    The empirical distribution function with arbitrarily grouped, censored and truncated data.

    Examples
    --------
    >>> from birdfall.model.schemas import TIME
    >>> from birdfall.record.record import from_tables
    >>> statuses = pa.table({
    ...     "account": ["a", "b", "a"], "status": ["suspended", "suspended", "active"],
    ...     "time": pa.array([0, 0, 3_600_000_000]).cast(TIME), "observation": ["change"] * 3,
    ... })
    >>> finding = returns(from_tables({"statuses": statuses}))
    >>> finding["fallen"].value, finding["returned"].value, finding["half_return"].value
    (2, 1, 3600.0)
    """
    name = "returns" if wave is None else f"returns-{wave_number}"
    note = applies_to(record)
    if note is not None:
        return _blank_finding(record, name).replace(answer="cannot", reasons=(note,))
    number = None if wave is None else wave_number
    found, asked = _select_falls(record, accounts, wave, wave_number, until)
    parameters = {"wave": number, "until": until, "level": level, "accounts": asked}
    return _measure(record, found, level, _blank_finding(record, name, parameters))


def _blank_finding(
    record: Record, name: str, parameters: dict[str, int | float | None] | None = None
) -> Finding:
    """A finding of which only the question is known."""
    simulated = record.settings.simulated
    return Finding("returns", name, "nothing", parameters=parameters or {}, simulated=simulated)


def _select_falls(
    record: Record,
    accounts: Iterable[str | int] | None,
    wave: Finding | None,
    wave_number: int,
    until: int | None,
) -> tuple[Absences, int | None]:
    """The suspensions that are asked for, and how many accounts were named, None if none were."""
    found = find_absences(record, until)
    found = found.select(found.cause == SUSPENSION)
    if wave is not None:
        found = found.select(_is_member_of_wave(record, found, wave, wave_number))
    if accounts is None:
        return found, None
    codes = _account_codes(record, accounts)
    return found.select(np.isin(found.code, codes)), len(codes)


def _measure(record: Record, found: Absences, level: float, blank: Finding) -> Finding:
    """The blank finding filled in from the suspensions."""
    inputs = tuple(record.input(t) for t in ("statuses", "coverage") if record.has(t))
    if not len(found):
        return blank.replace(
            inputs=inputs,
            method=METHOD,
            reasons=(Note("no-suspended-accounts", {}),),
            tables={"curve": CURVE_SCHEMA.empty_table()},
        )
    curve = return_curve(found, NormalDist().inv_cdf(0.5 + level / 2))
    limits = list(curve.limits)
    gone = int(((found.later == DELETED) & (found.back_by == NEVER)).sum())
    if gone:
        limits.append(Note("suspended-then-deleted", {"accounts": gone}))
    came = found.back_by != NEVER
    return blank.replace(
        answer="found" if came.any() else "nothing",
        reasons=() if came.any() else (Note("none-returned", {"fallen": len(found)}),),
        estimates={
            "fallen": _accounts(len(np.unique(found.code))),
            "returned": _accounts(len(np.unique(found.code[came]))),
            "returned_share": curve.share(None, level),
            "returned_4d": curve.share(FOUR_DAYS_US, level),
            "half_return": curve.half(level),
            "censored": _accounts(int((~came).sum())),
        },
        inputs=inputs,
        limits=tuple(limits),
        method=METHOD if isinstance(curve, ReturnCurve) else INTERVAL_METHOD,
        details={"falls": len(found)},
        tables={"curve": curve.table(CURVE_SCHEMA, MAX_CURVE_ROWS)},
    )


def _accounts(number: int) -> Estimate:
    return Estimate(number, "accounts", level=None, bounds="none")


def _account_codes(record: Record, accounts: Iterable[str | int]) -> NDArray[np.int64]:
    """Codes of ids or codes, ascending, each once."""
    codes = []
    for account in accounts:
        code = record.ids.code(account) if isinstance(account, str) else int(account)
        if code is None or not 0 <= code < len(record.ids):
            raise UsageError(
                f"the record does not know the account {str(account)!r}",
                fix="Give an id or code it holds.",
            )
        codes.append(code)
    return np.unique(np.array(codes, dtype=np.int64))


def _is_member_of_wave(
    record: Record, found: Absences, wave: Finding, number: int
) -> NDArray[np.bool_]:
    """Which absences hold a member's suspension, bool[len(found)]."""
    members = wave.table("members")
    chosen = members.filter(pa.array(members.column("wave").to_numpy() == number))
    if not chosen.num_rows:
        raise UsageError(
            f"{wave.name} has no wave {number}", fix="Give the number of a wave it holds, from 1."
        )
    code = record.ids.encode(chosen.column("account").cast(pa.string())).astype(np.int64)
    fell = chosen.column("fell_by").cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
    order = np.lexsort((fell, code))
    code, fell = code[order], fell[order]
    # the first member's fall, by account and time, that lies at or after the absence's begin
    moments = np.unique(np.concatenate([fell, found.fell_by]))
    keys = code * len(moments) + np.searchsorted(moments, fell)
    asked = found.code.astype(np.int64) * len(moments) + np.searchsorted(moments, found.fell_by)
    first = np.searchsorted(keys, asked)
    at = np.minimum(first, len(keys) - 1)
    inside: NDArray[np.bool_] = (code[at] == found.code) & (fell[at] < found.back_by)
    return inside & (first < len(keys))
