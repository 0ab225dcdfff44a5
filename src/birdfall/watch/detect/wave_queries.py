"""What a wave is made of, from the state: who fell and returned, whose audience that was, and each watched leader's ledger.

Everything is counted anew from the changes themselves each time, so what an alert says and what a report finds later agree.
"""

from __future__ import annotations

import json
import math
import sqlite3
from dataclasses import dataclass
from typing import Any, Final

from birdfall.model.schemas import FALLEN
from birdfall.watch.detect.detector_bank import TICK_US
from birdfall.watch.store.database import State

_FELL: Final = "NOT seen AND status IN ({0}) AND coalesce(previous, '') NOT IN ({0})".format(
    ", ".join(f"'{s}'" for s in FALLEN)
)
#: Waves that are listed, latest first: of these all is kept.
SHOWN = 200
#: A wave's chart shows so much before it, and at most so much of it: microseconds.
BEFORE, MOST = 300_000_000, 1_800_000_000
#: The begin of a wave by exact times: the least that counts as usual in a tick, the shortest time a rate is taken over, and the log
#: likelihood from which it is clear, and within which a begin is hardly less likely (20 to 1).
SELDOM, SHORTEST, CLEAR, HARDLY = 1 / 360, 100_000, 10.0, 3.0
#: Leaders whose ledgers are kept with a wave.
MOST_LEADERS = 100
#: An audience is named as hit from these odds on, with the lower bound above 1.
HIT_ODDS, HIT_FALLEN = 2.0, 5


@dataclass(frozen=True, slots=True)
class Wave:
    """A row of `waves`. kind: "falls" or "reports". end: `closed`, or now."""

    id: int
    kind: str
    stream: str
    begin: int
    opened: int
    closed: int | None
    fallen: int
    returned: int
    expected: float
    evidence: float
    details: dict[str, Any]


def wave_of(row: sqlite3.Row) -> Wave:
    """A wave from its row."""
    details = json.loads(row["details"])
    return Wave(
        row["id"],
        details.get("kind", "falls"),
        row["stream"],
        row["begin"],
        row["opened"],
        row["closed"],
        row["fallen"],
        row["returned"],
        row["expected"],
        row["evidence"],
        details,
    )


def waves(state: State, *, open_only: bool = False) -> list[Wave]:
    """All waves, latest first."""
    where = "WHERE closed IS NULL" if open_only else ""
    return [
        wave_of(r)
        for r in state.connection.execute(f"SELECT * FROM waves {where} ORDER BY id DESC")
    ]


def wave(state: State, number: int) -> Wave | None:
    """One wave."""
    row = state.connection.execute("SELECT * FROM waves WHERE id = ?", (number,)).fetchone()
    return None if row is None else wave_of(row)


def fallen(state: State, begin: int, end: int) -> list[tuple[str, int, str]]:
    """(account, when, reason) of everybody who fell within [begin, end], in order."""
    rows = state.connection.execute(
        f"SELECT account, time, reason FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} ORDER BY time, id",
        (begin, end),
    )
    return [(r["account"], r["time"], r["reason"]) for r in rows]


def first_fall(state: State, onset: int, end: int, usual: float) -> int:
    """When the first fall was of a wave that began most likely in the tick `onset`, as seen at `end`; `onset` if there was none.

    A wave does not begin with a tick. Its likeliest begin by the exact times is looked for among the falls of that tick and the one
    before, at `usual` falls a tick until then and whatever rate fits best from then on; of those that are hardly less likely, the first.
    """
    rows = state.connection.execute(
        f"SELECT time FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} ORDER BY time",
        (onset - TICK_US, end),
    )
    times = [int(r[0]) for r in rows]
    likely: list[tuple[float, int]] = []
    for number, moment in enumerate(times):
        if moment >= onset + TICK_US:
            break
        seen_since, meant = (
            len(times) - number,
            max(usual, SELDOM) * max(end - moment, SHORTEST) / TICK_US,
        )
        likely.append(
            (
                seen_since * math.log(seen_since / meant) - seen_since + meant
                if seen_since > meant
                else 0.0,
                moment,
            )
        )
    best = max((score for score, _ in likely), default=0.0)
    if best < CLEAR:
        return next((t for t in times if t >= onset), onset)
    return next(moment for score, moment in likely if score >= best - HARDLY)


def described(
    state: State, begin: int, end: int, moment: int = 1 << 62
) -> tuple[int, int, dict[str, Any]]:
    """(fallen, returned, details) of the wave of suspensions from `begin` to `end`, as it stood at `moment`.

    details: `accounts` known of in all; `leaders`, one ledger each with odds, most fallen first; `hosts`, `clients`,
    `reasons`: the fallen by each; `limited`: accounts limited meanwhile by host, who are no part of the wave;
    `reported`: how many of the fallen had been reported before they fell.
    """
    c = state.connection
    _gather(state, begin, end)
    number, last = c.execute("SELECT count(*), max(time) FROM hit").fetchone()
    end = last or end
    back = _back(state, moment)
    known = c.execute("SELECT count(*) FROM standing").fetchone()[0]
    within = (begin, end)
    hosts = c.execute(
        f"SELECT host, count(*) AS n FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} AND host != '' GROUP BY host ORDER BY n DESC, host LIMIT 10",
        within,
    ).fetchall()
    clients = c.execute(
        f"SELECT client, count(*) AS n FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} AND client != '' GROUP BY client ORDER BY n DESC, client LIMIT 10",
        within,
    ).fetchall()
    reasons = c.execute(
        f"SELECT reason, count(*) AS n FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} GROUP BY reason ORDER BY n DESC, reason LIMIT 10",
        within,
    ).fetchall()
    reported = c.execute(
        "SELECT count(*) FROM hit h WHERE EXISTS (SELECT 1 FROM reports r WHERE r.target = h.account AND r.time <= h.time)"
    ).fetchone()[0]
    details = {
        "kind": "falls",
        "end": end,
        "accounts": known,
        "leaders": _ledgers(state, begin, end, number, known),
        "hosts": {r["host"]: r["n"] for r in hosts},
        "clients": {r["client"]: r["n"] for r in clients},
        "limited": limited(state, begin, end),
        "reasons": {r["reason"]: r["n"] for r in reasons},
        "reported": reported,
    }
    return number, back, details


def _gather(state: State, begin: int, end: int) -> None:
    """Everybody who fell within [begin, end] into the table `hit`."""
    c = state.connection
    c.execute(
        "CREATE TEMP TABLE IF NOT EXISTS hit (account TEXT PRIMARY KEY, time INTEGER) WITHOUT ROWID"
    )
    c.execute("DELETE FROM hit")
    c.execute(
        f"INSERT OR IGNORE INTO hit SELECT account, min(time) FROM changes WHERE time BETWEEN ? AND ? AND {_FELL} GROUP BY account",
        (begin, end),
    )


def _back(state: State, moment: int) -> int:
    # A batch may hold the future of the moment that is judged: who returned later has not returned yet.
    row = state.connection.execute(
        "SELECT count(*) FROM hit h WHERE (SELECT status FROM changes c WHERE c.account = h.account AND c.time <= ? ORDER BY c.id DESC LIMIT 1) "
        "IN ('active', 'limited')",
        (moment,),
    ).fetchone()
    return int(row[0])


def returned(state: State, begin: int, end: int, moment: int = 1 << 62) -> int:
    """How many of those who fell within [begin, end] can be seen again at `moment`."""
    _gather(state, begin, end)
    return _back(state, moment)


def limited(state: State, begin: int, end: int) -> dict[str, int]:
    """Accounts that became limited (throttled, desynchronised, silenced) within [begin, end], by host: the ten largest.

    A host that is throttled takes all its accounts with it. They can still be seen, and are never counted as suspensions.
    """
    rows = state.connection.execute(
        "SELECT host, count(DISTINCT account) AS n FROM changes WHERE time BETWEEN ? AND ? AND status = 'limited' AND NOT seen GROUP BY host ORDER BY n DESC, host LIMIT 10",
        (begin, end),
    )
    return {r["host"]: r["n"] for r in rows}


def counted_later(state: State, found: Wave) -> tuple[int, dict[str, Any]]:
    """(returned, details) of a wave of whose beginnings not all is kept: what it came to stands, who is back is counted anew."""
    _gather(state, found.begin, found.closed or found.opened)
    back = _back(state, 1 << 62)
    up = {
        r[0]
        for r in state.connection.execute(
            "SELECT h.account FROM hit h JOIN standing s USING (account) WHERE s.status IN ('active', 'limited')"
        )
    }
    ledgers = []
    for entry in found.details.get("leaders", []):
        now = seen(state, entry["leader"], 1 << 62)
        ledgers.append(
            {**entry, "returned": min(len(up & now), entry["suspended"]), "now": len(now)}
        )
    return back, {**found.details, "leaders": ledgers}


def is_kept(state: State, found: Wave) -> bool:
    """Whether the accounts of a wave are still kept: those of the waves that are listed are."""
    return found.id > int(state.meta("let_go", "0"))


def _ledgers(state: State, begin: int, end: int, hit: int, known: int) -> list[dict[str, Any]]:
    c = state.connection
    touched = c.execute(
        "SELECT e.followed AS leader, count(*) AS n FROM hit h JOIN edges e ON e.follower = h.account WHERE e.since <= ? "
        "GROUP BY e.followed UNION ALL "
        "SELECT e.followed, count(*) FROM hit h JOIN ends e ON e.follower = h.account WHERE e.since <= ? AND e.until > ? GROUP BY e.followed",
        (begin, begin, begin),
    )
    total: dict[str, int] = {}
    for row in touched:
        total[row["leader"]] = total.get(row["leader"], 0) + row["n"]
    chosen = sorted(total, key=lambda leader: (-total[leader], leader))[:MOST_LEADERS]
    leaders = sorted(state.leaders)
    chosen += [leader for leader in leaders if leader not in total][
        : max(0, min(20, MOST_LEADERS - len(chosen)))
    ]
    return [_ledger(state, leader, begin, end, hit, known) for leader in chosen]


def _ledger(
    state: State, leader: str, begin: int, end: int, hit: int, known: int
) -> dict[str, Any]:
    """Followers seen before and after, and what lies between: each follower is counted once in each line."""
    before, after = seen(state, leader, begin), seen(state, leader, end + 1)
    down = {r[0] for r in state.connection.execute("SELECT account FROM hit")}
    lost = before & down
    standing = seen(state, leader, 1 << 62)
    odds, low, high = _odds(len(lost), len(before), hit, known)
    return {
        "leader": leader,
        "before": len(before),
        "suspended": len(lost),
        "returned": len(lost & standing),
        "left": len(before - after - down),
        "came": len(after - before),
        "after": len(after),
        "now": len(standing),
        "odds_ratio": odds,
        "or_low": low,
        "or_high": high,
        "hit": len(lost) >= HIT_FALLEN and odds >= HIT_ODDS and low > 1.0,
    }


def seen(state: State, leader: str, moment: int) -> set[str]:
    """Followers of a leader that could be seen just before `moment`: they followed then, and were up."""
    c = state.connection
    followers = {
        r[0]
        for r in c.execute(
            "SELECT follower FROM edges WHERE followed = ?1 AND since < ?2 UNION "
            "SELECT follower FROM ends WHERE followed = ?1 AND since < ?2 AND until >= ?2",
            (leader, moment),
        )
    }
    down = (
        {
            r[0]
            for r in c.execute(
                "SELECT account, status, max(id) FROM changes WHERE time < ? AND account IN "
                "(SELECT follower FROM edges WHERE followed = ? UNION SELECT follower FROM ends WHERE followed = ?) "
                "GROUP BY account HAVING status NOT IN ('active', 'limited')",
                (moment, leader, leader),
            )
        }
        if moment < 1 << 62
        else {
            r[0]
            for r in c.execute(
                "SELECT account FROM standing WHERE status NOT IN ('active', 'limited') AND account IN (SELECT follower FROM edges WHERE followed = ?)",
                (leader,),
            )
        }
    )
    return followers - down


def _odds(a: int, inside: int, hit: int, known: int) -> tuple[float, float, float]:
    """Odds ratio of falling inside an audience against outside, with its 95 % interval (Haldane 1956; Woolf 1955)."""
    b, c, d = inside - a + 0.5, hit - a + 0.5, max(known - inside - (hit - a), 0) + 0.5
    first = a + 0.5
    ratio = first * d / (b * c)
    spread = 1.96 * math.sqrt(1 / first + 1 / b + 1 / c + 1 / d)
    return ratio, ratio * math.exp(-spread), ratio * math.exp(spread)


def reported(state: State, begin: int, end: int, targets: list[str]) -> dict[str, Any]:
    """What a burst of reports is made of: targets, reporters, and how many reported several of them.

    `together`: reporters of two or more of these targets within the burst. An honest pile-on has many who report once.
    """
    c = state.connection
    marks = ", ".join("?" * len(targets))
    rows = c.execute(
        f"SELECT reporter, target, min(time) AS time FROM reports WHERE time BETWEEN ? AND ? AND target IN ({marks}) GROUP BY reporter, target",
        (begin, end, *targets),
    ).fetchall()
    by: dict[str, set[str]] = {}
    hit: dict[str, set[str]] = {t: set() for t in targets}
    for row in rows:
        by.setdefault(row["reporter"], set()).add(row["target"])
        hit[row["target"]].add(row["reporter"])
    together = sorted(r for r, t in by.items() if len(t) >= 2)
    return {
        "kind": "reports",
        "targets": [
            {"target": t, "reporters": len(hit[t])}
            for t in sorted(targets, key=lambda t: (-len(hit[t]), t))
        ],
        "reports": len(rows),
        "reporters": len(by),
        "together": together,
        "share_together": len(together) / len(by) if by else 0.0,
    }


def keep_wave(state: State, number: int | None, **values: Any) -> int:
    """Insert a wave, or change one; call inside a transaction. Returns its number."""
    plain = {
        k: json.dumps(v, ensure_ascii=False, sort_keys=True) if k == "details" else v
        for k, v in values.items()
    }
    if number is None:
        names = ", ".join(plain)
        done = state.connection.execute(
            f"INSERT INTO waves ({names}) VALUES ({', '.join('?' * len(plain))})",
            tuple(plain.values()),
        )
        return int(done.lastrowid or 0)
    sets = ", ".join(f"{k} = ?" for k in plain)
    state.connection.execute(f"UPDATE waves SET {sets} WHERE id = ?", (*plain.values(), number))
    return number
