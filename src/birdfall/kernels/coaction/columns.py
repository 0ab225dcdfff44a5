"""The columns of a co-action run: checked, in their types, without the objects left out."""

from __future__ import annotations

import numpy as np

#: Acts one run takes: numbers of acts within an object are 32 bits wide.
MAX_ACTS = 1 << 31


def check_columns(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, window: int, at_least: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three columns in their types. Raises ValueError for what cannot be."""
    if window <= 0:
        raise ValueError(f"the window must be positive, not {window} microseconds")
    if at_least < 1:
        raise ValueError(f"at_least must be 1 or more, not {at_least}")
    if not len(account) == len(object_) == len(time):
        raise ValueError(f"{len(account)} accounts, {len(object_)} objects and {len(time)} times")
    if len(time) >= MAX_ACTS:
        raise ValueError(
            f"{len(time):,} acts are more than one run takes; cut the record in time, "
            "or spread it (docs/methods/sizing.md)"
        )
    return (
        _to_integers(account, "account", np.int32),
        _to_integers(object_, "object", np.int32),
        _to_integers(time, "time", np.int64),
    )


def _to_integers(
    values: np.ndarray, name: str, kind: type[np.int32] | type[np.int64]
) -> np.ndarray:
    """A column in its type.

    Raises ValueError, with the row, for what that type cannot hold: nothing is wrapped or cut.
    """
    column = np.asarray(values)
    if column.dtype == kind or not len(column):
        return np.ascontiguousarray(column, kind)
    if column.dtype.kind == "M" and name == "time":
        wrong, why = np.isnat(column), "is missing (NaT)"
        column = column.astype("datetime64[us]").astype(np.int64)
    elif column.dtype.kind in "iuf":
        limits = np.iinfo(kind)
        # as floats the limits of int64 are not exact; a float so large is no count of microseconds
        # either
        low, high = (
            (limits.min, limits.max)
            if column.dtype.kind != "f"
            else (float(limits.min) / 2, float(limits.max) / 2)
        )
        with np.errstate(invalid="ignore"):
            wrong = ~((column >= low) & (column <= high) & (column == np.floor(column)))
        why = f"is no whole number from {limits.min} to {limits.max}"
    else:
        raise ValueError(f"{name} must be whole numbers, not {column.dtype}")
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"{name} of act {row} {why}: {values[row]}")
    return np.ascontiguousarray(column, kind)


def drop_objects(
    account: np.ndarray, object_: np.ndarray, time: np.ndarray, leave_out: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The acts on objects that are not left out."""
    if leave_out is None or not len(leave_out):
        return account, object_, time
    keep = ~np.isin(object_, np.asarray(leave_out))
    return account[keep], object_[keep], time[keep]
