"""Waves by their cause, made account by account from how each comes about.

People stand in camps and follow leaders; bots are sold in networks to whoever pays; some people let
a scheduler post. A clean-up takes whole networks, or whoever a score or a challenge catches. A crew
reports a camp to a desk that works off a queue, or a call on the air brings reports that ebb away.
A defect catches a word that a camp uses, an app, or a shard of the machines. A list is worked off
by a script or in the tranches of an order. Quiet months have a busiest window too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from audit.makes.quiet import busiest, quiet_month

DAY_S = 86_400.0
ACCOUNTS: Final = 40_000


@dataclass(frozen=True)
class People:
    """Accounts, by camp (0: none), network of bots (-1: a person) and what else is known."""

    camp: np.ndarray
    network: np.ndarray
    scheduler: np.ndarray
    followers: np.ndarray
    leader: np.ndarray
    control: np.ndarray

    @property
    def notable(self) -> np.ndarray:
        """Who has 10,000 followers or more."""
        return self.followers >= 10_000


@dataclass(frozen=True)
class Wave:
    """Who fell, int64[n], and when, and when they came back (inf: never), float64[n] seconds."""

    who: np.ndarray
    fell: np.ndarray
    back: np.ndarray


def people(rng: np.random.Generator) -> People:
    """A population: four camps, of which the first is the leader's, and people of none."""
    n = ACCOUNTS
    camp = rng.choice(5, n, p=[0.5, *(0.5 * rng.dirichlet(np.full(4, 3.0)))])
    network = np.full(n, -1)
    bots = np.flatnonzero(rng.random(n) < rng.uniform(0.03, 0.2))
    sold = int(rng.integers(6, 40))
    network[bots] = rng.choice(sold, len(bots), p=rng.dirichlet(np.full(sold, 0.8)))
    person = network < 0
    scheduler = person & (rng.random(n) < rng.uniform(0.02, 0.12))
    followers = np.where(person, 60 * (rng.pareto(1.05, n) + 1), 20 * (rng.pareto(2.0, n) + 1))
    client = rng.choice(4, sold)  # the leader, the control, both, somebody else
    leader = rng.random(n) < np.where(camp == 1, rng.uniform(0.5, 0.9), rng.uniform(0.02, 0.15))
    control = rng.random(n) < rng.uniform(0.05, 0.35)
    bought = np.where(person, 3, client[np.maximum(network, 0)])
    stray = rng.random(n) < 0.06
    leader = np.where(person, leader, np.isin(bought, (0, 2)) & (rng.random(n) < 0.92) | stray)
    control = np.where(person, control, np.isin(bought, (1, 2)) & (rng.random(n) < 0.92) | stray)
    return People(camp, network, scheduler, followers, leader, control)


def _appeal(
    rng: np.random.Generator, fell: np.ndarray, share: np.ndarray | float, hours: float
) -> np.ndarray:
    """One by one, after about so many hours."""
    back = fell + rng.lognormal(np.log(hours * 3600), 0.8, len(fell))
    return np.where(rng.random(len(fell)) < share, back, np.inf)


def _in_bulk(rng: np.random.Generator, fell: np.ndarray, share: float, hours: float) -> np.ndarray:
    """All at once after so many hours."""
    at = fell.max() + hours * 3600 + rng.random(len(fell)) * 900
    return np.where(rng.random(len(fell)) < share, at, np.inf)


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def networks_taken(rng: np.random.Generator, who: People) -> Wave:
    """Some networks fall whole, one after another, each within minutes."""
    names = np.unique(who.network[who.network >= 0])
    taken = rng.permutation(names)[: int(rng.integers(1, 1 + max(2, len(names) // 3)))]
    chosen, fell, clock = [], [], 0.0
    for name in taken:
        members = np.flatnonzero(who.network == name)
        members = members[rng.random(len(members)) < rng.uniform(0.7, 1.0)]
        length = _between(rng, 30, 3600)
        chosen.append(members)
        fell.append(clock + rng.random(len(members)) * length)
        clock += length * rng.uniform(1.0, 3.0)
    caught = np.flatnonzero(who.network < 0)
    number = rng.poisson(0.01 * sum(map(len, chosen)))
    chosen.append(rng.choice(caught, number, replace=False))
    fell.append(rng.random(number) * clock)
    when = np.concatenate(fell)
    return Wave(np.concatenate(chosen), when, _appeal(rng, when, rng.uniform(0, 0.08), 60))


def score_cut(rng: np.random.Generator, who: People) -> Wave:
    """A score of spam is cut, by a job that runs for minutes, some nights."""
    score = rng.normal(np.where(who.network >= 0, 2.2, np.where(who.scheduler, 1.0, 0.0)), 1.0)
    score -= 1.5 * who.notable
    number = int(_between(rng, 80, 4000))
    chosen = np.argsort(-score)[:number]
    runs = int(rng.integers(1, 4))
    length = _between(rng, 60, 5400)
    fell = rng.integers(0, runs, number) * DAY_S * 0.25 + rng.random(number) * length
    return Wave(chosen, fell, _appeal(rng, fell, rng.uniform(0, 0.1), 40))


def challenge(rng: np.random.Generator, who: People) -> Wave:
    """Whoever looks like a bot must show a telephone; most never do."""
    look = np.where(who.network >= 0, 1.0, np.where(who.scheduler, 0.1, 0.004))
    asked = np.flatnonzero(rng.random(len(look)) < look * _between(rng, 0.05, 0.6))
    fell = rng.exponential(_between(rng, 300, 20_000), len(asked))
    share = np.where(who.network[asked] >= 0, 0.02, 0.5)
    return Wave(asked, fell, _appeal(rng, fell, share, 12))


def _camp_targets(rng: np.random.Generator, who: People, number: int, sway: float) -> np.ndarray:
    """Members of the leader's camp, the seen before the unseen."""
    pull = np.log(who.followers) * sway + rng.gumbel(size=ACCOUNTS)
    pull += np.where((who.camp == 1) & (who.network < 0), 6.0, 0.0)
    return np.argsort(-pull)[:number]


def desk_of_reports(rng: np.random.Generator, who: People) -> Wave:
    """A crew reports a camp; a desk works off its queue in blocks and takes most of them down."""
    number = int(_between(rng, 40, 3000))
    chosen = _camp_targets(rng, who, number, rng.uniform(0.3, 1.2))
    chosen = chosen[rng.random(number) < rng.uniform(0.4, 0.95)]
    order = rng.permutation(len(chosen))
    pace = _between(rng, 2, 60)
    block = int(rng.integers(20, 200))
    fell = order * pace + (order // block) * _between(rng, 300, 7200)
    return Wave(chosen, fell + rng.random(len(chosen)) * pace, _appeal(rng, fell, 0.5, 30))


def call_on_the_air(rng: np.random.Generator, who: People) -> Wave:
    """Somebody calls for reports on the air; they ebb away, and the seen fall first."""
    number = int(_between(rng, 30, 1500))
    chosen = _camp_targets(rng, who, number, rng.uniform(0.6, 1.6))
    wait = rng.exponential(_between(rng, 900, 20_000), number)
    late = 1 / np.sqrt(np.maximum(np.log10(who.followers[chosen]), 0.5))
    share = np.where(who.notable[chosen], 0.8, 0.5)
    return Wave(chosen, wait * late, _appeal(rng, wait * late, share, _between(rng, 6, 60)))


def word_of_a_camp(rng: np.random.Generator, who: People) -> Wave:
    """A filter catches a word that one camp uses more than others."""
    use = np.where(who.camp == 1, _between(rng, 0.01, 0.25), _between(rng, 0.001, 0.02))
    use = use * np.where(who.network >= 0, rng.uniform(0.3, 2.0), 1.0)
    chosen = np.flatnonzero(rng.random(ACCOUNTS) < use)
    fell = rng.gamma(2.0, _between(rng, 20, 3000), len(chosen))
    return Wave(chosen, fell, _in_bulk(rng, fell, rng.uniform(0.7, 1.0), _between(rng, 1, 70)))


def app_revoked(rng: np.random.Generator, who: People) -> Wave:
    """A defect takes whoever posts through one scheduler."""
    chosen = np.flatnonzero(who.scheduler & (rng.random(ACCOUNTS) < rng.uniform(0.2, 0.9)))
    fell = rng.random(len(chosen)) * _between(rng, 30, 1800)
    return Wave(chosen, fell, _in_bulk(rng, fell, rng.uniform(0.8, 1.0), _between(rng, 1, 48)))


def shard_of_machines(rng: np.random.Generator, who: People) -> Wave:
    """A bad release reaches some machines: anybody may be on them."""
    chosen = np.flatnonzero(rng.random(len(who.camp)) < _between(rng, 0.003, 0.1))
    fell = np.sqrt(rng.random(len(chosen))) * _between(rng, 60, 7200)
    return Wave(chosen, fell, _in_bulk(rng, fell, rng.uniform(0.85, 1.0), _between(rng, 1, 24)))


def scripted_list(rng: np.random.Generator, who: People) -> Wave:
    """A script goes down a list of the seen of one camp, as many a minute as it may."""
    number = int(_between(rng, 25, 2500))
    chosen = _camp_targets(rng, who, number, rng.uniform(1.0, 2.5))
    gap = _between(rng, 0.3, 30)
    fell = rng.permutation(number) * gap + rng.random(number) * 0.1 * gap
    return Wave(chosen, fell, _appeal(rng, fell, rng.uniform(0, 0.3), 80))


def order_in_tranches(rng: np.random.Generator, who: People) -> Wave:
    """An order names members of a camp, known and not, and is carried out in parts."""
    number = int(_between(rng, 30, 2500))
    chosen = _camp_targets(rng, who, number, rng.uniform(0.2, 1.0))
    part = rng.integers(0, int(rng.integers(2, 7)), number)
    fell = part * _between(rng, 600, 20_000) + rng.random(number) * _between(rng, 30, 1200)
    back = _in_bulk(rng, fell, 0.9, 20) if rng.random() < 0.2 else _appeal(rng, fell, 0.03, 90)
    return Wave(chosen, fell, back)


def circle_of_the_leader(rng: np.random.Generator, who: People) -> Wave:
    """Whoever stands near the leader: followers of theirs, the loud and their bots."""
    pull = 4.0 * who.leader + 2.0 * (who.camp == 1) + 0.5 * np.log(who.followers)
    number = int(_between(rng, 30, 2500))
    chosen = np.argsort(-(pull + rng.gumbel(size=ACCOUNTS)))[:number]
    fell = np.sort(rng.random(number)) * _between(rng, 120, 40_000)
    return Wave(chosen, fell, _appeal(rng, fell, rng.uniform(0, 0.2), 100))


Make = Callable[[np.random.Generator, People], Wave]
MAKES: Final[dict[str, tuple[Make, ...]]] = {
    "purge": (networks_taken, score_cut, challenge),
    "brigade": (desk_of_reports, call_on_the_air),
    "error": (word_of_a_camp, app_revoked, shard_of_machines),
    "targeted": (scripted_list, order_in_tranches, circle_of_the_leader),
}


@dataclass(frozen=True)
class Seen:
    """One world: its cause and make, and what the ways of looking show of it."""

    cause: str
    make: str
    counts: dict[str, float]
    list_: dict[str, float]
    returned: dict[str, float]


def one_world(
    rng: np.random.Generator, cause: str, make: Make | None = None, *, mixed: bool = False
) -> Seen:
    """A wave of that cause; of a mixture the larger part."""
    who = people(rng)
    usual = quiet_month(rng)
    if cause == "churn":
        length = _between(rng, 60, 3 * DAY_S)
        times = busiest(usual, length)
        wave = Wave(np.empty(0, np.int64), np.empty(0), np.empty(0))
        times, name = times - times[0], "busiest window"
    else:
        chosen = make or MAKES[cause][int(rng.integers(len(MAKES[cause])))]
        wave, name = chosen(rng, who), chosen.__name__
        while len(wave.who) < 15:
            who = people(rng)
            wave = chosen(rng, who)
        if mixed:
            other = rng.choice([c for c in MAKES if c != cause])
            second = MAKES[other][int(rng.integers(len(MAKES[other])))](rng, who)
            room = int(len(wave.who) * rng.uniform(0.1, 0.45) / 0.55)
            kept = rng.permutation(len(second.who))[:room]
            kept = kept[~np.isin(second.who[kept], wave.who)]
            wave = Wave(
                np.r_[wave.who, second.who[kept]],
                np.r_[wave.fell, second.fell[kept]],
                np.r_[wave.back, second.back[kept]],
            )
            name = f"{name} and {other}"
        begin = rng.uniform(0, 20) * DAY_S
        long = wave.fell.max()
        times = usual[(usual >= begin) & (usual <= begin + long)] - begin
    weight = np.where(who.network >= 0, rng.uniform(2, 15), 1.0)
    weight[wave.who] = 0
    plain = rng.choice(ACCOUNTS, len(times), replace=False, p=weight / weight.sum())
    back = _appeal(rng, times, 0.04, 30)
    wave = Wave(np.r_[wave.who, plain], np.r_[wave.fell, times], np.r_[wave.back, back])
    return Seen(cause, name, *_shown(who, wave, usual))


def _shown(
    who: People, wave: Wave, usual: np.ndarray
) -> tuple[dict[str, float], dict[str, float], dict[str, float]]:
    n, fell = len(wave.who), np.sort(wave.fell)
    hit = np.zeros(ACCOUNTS, bool)
    hit[wave.who] = True
    low, high = np.quantile(fell, [0.05, 0.95])
    expected = len(usual) / (30 * DAY_S) * (fell[-1] - fell[0])
    daily = np.bincount((usual // DAY_S).astype(int), minlength=30)[:25]
    hazards = [(hit[f].sum() + 0.5) / (f.sum() + 1) for f in (who.leader, who.control)]
    counts = {
        "log10_size": float(np.log10(n + 0.5)),
        "log10_excess": float(np.log10((n + 0.5) / (expected + 0.5))),
        "log10_duration_s": float(np.log10(high - low + 1)),
        "log_hazard_ratio": float(np.log(hazards[0] / hazards[1])),
        "log10_dispersion": float(np.log10(daily.var() / daily.mean() + 0.1)),
    }
    fullest = int((np.searchsorted(fell, fell + 60, "right") - np.arange(n)).max())
    listed = {
        "log_or_leader": _log_odds(hit, who.leader),
        "log_or_control": _log_odds(hit, who.control),
        "log_or_notable": _log_odds(hit, who.notable),
        "peak_share": fullest / n,
    }
    if n >= 10:
        parts = np.sort(np.histogram(fell, 100)[0])
        listed["burst_share"] = float(parts[-10:].sum() / n)
    returned = {"returned_share": float((wave.back - wave.fell <= 4 * DAY_S).mean())}
    return counts, listed, returned


def _log_odds(hit: np.ndarray, of: np.ndarray) -> float:
    cells = [(hit & of).sum(), (~hit & of).sum(), (hit & ~of).sum(), (~hit & ~of).sum()]
    a, b, c, d = (float(x) + 0.5 for x in cells)
    return float(np.log(a * d / (b * c)))
