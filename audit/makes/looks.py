"""What somebody who looks now and then sees of suspensions: a fall between two looks is never seen.

Accounts are suspended at any time and come back after times away that nobody chose. Somebody looks
at all accounts once a day, at an hour that drifts, or now and then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

DAY_S = 86_400.0


@dataclass(frozen=True)
class Looked:
    """What was seen, and what was so.

    Parameters
    ----------
    rows
        (account, status, second) at looks.
    share_back, share_back_of_seen
        Of all that fell, and of those that were away at a look, the share whose time away was at
        most four days.
    fell
        How many fell.
    """

    rows: list[tuple[str, str, float]]
    share_back: float
    share_back_of_seen: float
    fell: int


def looked_at(
    rng: np.random.Generator,
    *,
    accounts: int = 1000,
    days: int = 40,
    every_s: float = DAY_S,
    typical_s: float = 2 * DAY_S,
    even_s: float = 0.0,
) -> Looked:
    """One world.

    Parameters
    ----------
    every_s
        About how far apart looks lie.
    typical_s
        Median time away of those that come back: half of the fallen; the others never do.
    even_s
        Least time away.
    """
    looks = np.cumsum(rng.uniform(0.8, 1.2, int(days * DAY_S / every_s)) * every_s)
    fall = rng.random(accounts) * days * DAY_S
    away = even_s + rng.lognormal(np.log(typical_s), 1.0, accounts)
    away[rng.random(accounts) < 0.5] = np.inf
    rows, seen = [], []
    for i in range(accounts):
        first = int(np.searchsorted(looks, fall[i]))
        last = int(np.searchsorted(looks, min(fall[i] + away[i], looks[-1] + 1)))
        name = f"user {i}"
        rows.append((name, "active", float(looks[0]) if first > 0 else -1.0))
        if last > first and first > 0:
            seen.append(i)
            rows.append((name, "active", float(looks[first - 1])))
            rows += [(name, "suspended", float(t)) for t in looks[first:last]]
            if last < len(looks):
                rows.append((name, "active", float(looks[last])))
    rows = [r for r in dict.fromkeys(rows) if r[2] >= 0]
    back = away <= 4 * DAY_S
    return Looked(rows, float(back.mean()), float(back[seen].mean()), accounts)
