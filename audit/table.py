"""What an audit got, with its interval, and whether the promise is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from scipy.stats import beta

from audit.promises import PROMISES, Promise

#: Fewer worlds than this do not show that a promise is kept.
ENOUGH_WORLDS = 400


def interval(kept: int, of: int, level: float = 0.95) -> tuple[float, float]:
    """The Clopper-Pearson interval of a share.

    Examples
    --------
    >>> tuple(round(x, 3) for x in interval(38, 40))
    (0.831, 0.994)
    """
    tail = (1 - level) / 2
    low = 0.0 if kept == 0 else float(beta.ppf(tail, kept, of - kept + 1))
    high = 1.0 if kept == of else float(beta.ppf(1 - tail, kept + 1, of - kept))
    return low, high


def verdict(promise: Promise, kept: int, of: int) -> str:
    """ "broken" if the interval lies below what is promised; "kept" from enough worlds on."""
    if of and interval(kept, of)[1] < promise.promised:
        return "broken"
    return "kept" if of >= ENOUGH_WORLDS else "not broken"


def put_into_page(page: str, table: str) -> str:
    """A page with its table of promises replaced.

    Raises
    ------
    ValueError
        For a page that holds no such table, or several.

    Examples
    --------
    >>> put_into_page("Kept:\\n\\n| promise | old |\\n| --- | --- |\\n\\nEnd", "| promise | new |")
    'Kept:\\n\\n| promise | new |\\n\\nEnd'
    """
    lines = page.split("\n")
    heads = [i for i, line in enumerate(lines) if line.startswith("| promise |")]
    if len(heads) != 1:
        raise ValueError(f"the page holds {len(heads)} tables of promises; one is to be replaced")
    begin = end = heads[0]
    while end < len(lines) and lines[end].startswith("|"):
        end += 1
    return "\n".join([*lines[:begin], *table.split("\n"), *lines[end:]])


def read_page(page: str) -> dict[str, list[bool]]:
    """What a page's table of promises says was got: by name, the worlds, those that held first.

    Which world was which is not kept in a table; how many held is.

    Examples
    --------
    >>> read_page("| a backlog | 3 | 0.95 | 2/3 = 0.667 | 0.094 to 0.992 | not broken |")
    {'a backlog': [True, True, False]}
    """
    rows = re.findall(r"^\| ([^|]+?) \| \d+ \| \d\.\d+ \| (\d+)/(\d+) = ", page, re.MULTILINE)
    return {name: [True] * int(kept) + [False] * (int(of) - int(kept)) for name, kept, of in rows}


def as_markdown(got: Mapping[str, list[bool]]) -> str:
    """The table. got: by name, whether each world kept it."""
    lines = [
        "| promise | worlds | promised | got | 95 % interval | |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for promise in PROMISES:
        worlds = got.get(promise.name, [])
        if not worlds:
            lines.append(f"| {promise.name} | 0 | {promise.promised:.2f} | | | not run |")
            continue
        kept = sum(worlds)
        low, high = interval(kept, len(worlds))
        lines.append(
            f"| {promise.name} | {len(worlds)} | {promise.promised:.2f} | "
            f"{kept}/{len(worlds)} = {kept / len(worlds):.3f} | {low:.3f} to {high:.3f} | "
            f"{verdict(promise, kept, len(worlds))} |"
        )
    return "\n".join(lines)
