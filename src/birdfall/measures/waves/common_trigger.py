"""What the fallen of a wave share: the common trigger, by fast subset scan over disjoint traits.

For each trait (client of the last act before, domain of the last link, language, month and hour of
creation, age, shape of the handle) accounts fall into disjoint values. The subset of values whose
accounts fell most beyond their share is a prefix of the values ordered by rate (Neill 2012), so the
best of all 2^m subsets is found in m steps. Significance by drawing the fallen anew from all
accounts that have the trait, times the number of traits tested. Words and hashtags are not
disjoint: `waves.common_words`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.measures.waves.common_words import WordUse, chance_maxima, read_words, word_strengths
from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT, ByParts

#: Values named, at most, each of at least this share of the fallen.
MAX_NAMED_VALUES, MIN_NAMED_SHARE = 3, 0.05
#: Values of fewer accounts are taken together.
MIN_VALUE_ACCOUNTS: Final = 5
REPLICATES: Final = 999
#: The chance of naming any trait by chance.
ALPHA: Final = 0.01
#: A trait is named if the fallen have it at least this many times as often, and this share of them.
MIN_RATIO, MIN_SHARE = 2.0, 0.3
#: Fewer fallen share nothing that can be told from chance.
MIN_FALLEN: Final = 20

_ACCOUNTS: Final = "FROM accounts a JOIN ids i ON i.id = a.account"
_ACTS: Final = "FROM acts a JOIN ids i ON i.id = a.account"
_CREATED: Final = "a.created_at IS NOT NULL AND epoch_us(a.created_at) <= $1"
#: The last act of an account; of several at one time, the first of the file.
_LAST: Final = "row(a.time, -a.line, a.client, a.object)"
_DOMAIN: Final = "lower(regexp_extract(a.object, '^https?://(?:www\\.)?([^/:?#]+)', 1))"

#: (table needed, code and value of each account as known before $1 us)
TRAIT_QUERIES: Final = {
    "client": ("acts", f"""SELECT i.code, arg_max(a.client, {_LAST}) {_ACTS}
        WHERE a.client IS NOT NULL AND epoch_us(a.time) <= $1 GROUP BY i.code"""),
    "domain": ("acts", f"""SELECT i.code, arg_max({_DOMAIN}, {_LAST}) {_ACTS}
        WHERE starts_with(a.object, 'http') AND epoch_us(a.time) <= $1 GROUP BY i.code"""),
    "language": ("accounts", f"""SELECT i.code, any_value(a.language ORDER BY a.language)
        {_ACCOUNTS} WHERE a.language IS NOT NULL GROUP BY i.code"""),
    "created": ("accounts", f"""SELECT i.code, strftime(min(a.created_at), '%Y-%m') {_ACCOUNTS}
        WHERE {_CREATED} GROUP BY i.code"""),
    # a cohort made by one hand in one hour; nothing where only days or months are known
    "hour": ("accounts", f"""SELECT i.code, strftime(min(a.created_at), '%Y-%m-%d %H:00')
        {_ACCOUNTS} WHERE {_CREATED} GROUP BY i.code"""),
    "age": ("accounts", """SELECT i.code, CASE WHEN days < 1 THEN '<1 d' WHEN days < 7 THEN '1-7 d'
        WHEN days < 30 THEN '7-30 d' WHEN days < 365 THEN '30-365 d' ELSE '>365 d' END
        FROM (SELECT account, ($1 - epoch_us(min(created_at))) / 86400e6 AS days
        FROM accounts WHERE created_at IS NOT NULL GROUP BY account) a
        JOIN ids i ON i.id = a.account WHERE days >= 0"""),
    # anna2013 and pedro4711 are both a9999
    "handle": ("accounts", f"""SELECT i.code,
        regexp_replace(regexp_replace(min(a.handle), '[^0-9]+', 'a', 'g'), '[0-9]', '9', 'g')
        {_ACCOUNTS} WHERE a.handle IS NOT NULL GROUP BY i.code"""),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SharedTrait:
    """A trait that the fallen share beyond chance.

    Parameters
    ----------
    trait, value
        Its name and value, or up to `MAX_NAMED_VALUES` values joined by ", ".
    share, base_share
        Share of the fallen and of all accounts that have it, 0..1.
    p
        Chance of a trait as strong among all traits tested.
    """

    trait: str
    value: str
    share: float
    base_share: float
    p: float


def find_common_trigger(
    record: Record, fallen: np.ndarray, before: int, *, seed: int = 0
) -> SharedTrait | None:
    """The strongest trait the fallen of a wave share.

    Parameters
    ----------
    fallen
        int64[k], account codes.
    before
        Microseconds; only what was known then is used.
    seed
        Seed of the draws.

    Returns
    -------
    SharedTrait or None
        None if none stands out. Where two do, the one with the greater likelihood ratio: traits
        hang together (a client, its age, its words).
    """
    asked = []
    for trait, (needed, query) in TRAIT_QUERIES.items():
        if not record.has(needed) or (trait == "hour" and not _hours_are_known(record)):
            continue
        rows = record.sql(query, [before] if "$1" in query else None, split=EACH_ACCOUNT)
        values = np.array(rows.column(1).to_pylist(), dtype=object).astype(str)
        hit = np.isin(rows.column(0).to_numpy(), fallen)
        if not _can_compare(hit, len(fallen)) or len(np.unique(values)) < 2:
            continue
        asked.append((trait, values, hit))
    best: tuple[float, SharedTrait] | None = None
    use = (
        read_words(record, np.asarray(fallen), before, np.random.default_rng([seed, 98]))
        if record.has("acts")
        else None
    )
    if use is not None and not _can_compare(use.hit, len(fallen)):
        use = None
    number_asked = len(asked) + (use is not None)
    if use is not None:
        strength, found = _shared_word(use, number_asked, np.random.default_rng([seed, 99]))
        best = None if found is None else (strength, found)
    for number, (trait, values, hit) in enumerate(asked):
        strength, found = _shared_trait(
            trait, values, hit, number_asked, np.random.default_rng([seed, number])
        )
        if found is not None and (best is None or strength > best[0]):
            best = strength, found
    return best[1] if best else None


def _hours_are_known(record: Record) -> bool:
    """Whether most accounts are said to be made at an hour, not on a day or in a month."""
    row = record.sql(
        """SELECT count(*) FILTER (epoch_us(created_at) % 86400000000 <> 0) AS timed,
        count(created_at) AS known FROM accounts""",
        split=ByParts("SELECT sum(timed) AS timed, sum(known) AS known FROM parts", key=""),
    ).to_pylist()[0]
    return bool((row["timed"] or 0) > 0.5 * float(row["known"] or 0))


def _can_compare(hit: np.ndarray, fallen: int) -> bool:
    """Whether most of the fallen are known, and some accounts stood. hit: bool[known], who fell."""
    return bool(max(MIN_FALLEN, 0.5 * fallen) <= hit.sum() <= 0.8 * len(hit))


def _shared_word(
    use: WordUse, asked: int, rng: np.random.Generator
) -> tuple[float, SharedTrait | None]:
    everyone = np.bincount(use.word, minlength=len(use.names))
    fell, total = int(use.hit.sum()), len(use.hit)
    counts = use.counts(use.hit)
    strength = word_strengths(counts, everyone, fell, total)
    best = int(strength.argmax())
    share, base = counts[best] / fell, everyone[best] / total
    if share < MIN_SHARE or share < MIN_RATIO * base:
        return float(strength[best]), None
    drawn = chance_maxima(use, REPLICATES, rng)
    p = min(1.0, asked * (int((drawn >= strength[best]).sum()) + 1) / (REPLICATES + 1))
    found = (
        SharedTrait("word", use.names[best], float(share), float(base), p) if p <= ALPHA else None
    )
    return float(strength[best]), found


def _shared_trait(
    trait: str, values: np.ndarray, hit: np.ndarray, asked: int, rng: np.random.Generator
) -> tuple[float, SharedTrait | None]:
    names, value = np.unique(values, return_inverse=True)
    common = np.bincount(value) >= MIN_VALUE_ACCOUNTS
    # Rare values are taken together: a lone account that fell would lead every order by rate.
    names, value = (
        np.append(names[common], ""),
        np.where(common[value], (np.cumsum(common) - 1)[value], common.sum()),
    )
    everyone = np.bincount(value, minlength=len(names))
    counts = np.bincount(value[hit], minlength=len(names))
    strength = float(largest_subset_ratio(counts[None, :], everyone)[0])
    drawn = rng.multivariate_hypergeometric(
        everyone, int(hit.sum()), REPLICATES, method="marginals"
    )
    p = min(
        1.0,
        asked
        * (int((largest_subset_ratio(drawn, everyone) >= strength).sum()) + 1)
        / (REPLICATES + 1),
    )
    chosen = _subset(counts, everyone)
    chosen = chosen[(counts[chosen] >= MIN_NAMED_SHARE * hit.sum()) & (chosen < len(names) - 1)]
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")][:MAX_NAMED_VALUES]
    share, base = counts[chosen].sum() / hit.sum(), everyone[chosen].sum() / len(value)
    if p > ALPHA or share < MIN_SHARE or share < MIN_RATIO * base:
        return strength, None
    return strength, SharedTrait(trait, ", ".join(names[chosen]), float(share), float(base), p)


def largest_subset_ratio(fallen: np.ndarray, everyone: np.ndarray) -> np.ndarray:
    """The largest Poisson log-likelihood ratio over all subsets of values, float64[r].

    fallen: int64[r, m], fallen by value, one row per draw. everyone: int64[m], accounts by value.
    """
    expected = everyone * (fallen.sum(axis=1, keepdims=True) / everyone.sum())
    order = np.argsort(-fallen / np.maximum(expected, 1e-12), axis=1, kind="stable")
    c = np.cumsum(np.take_along_axis(fallen, order, 1), axis=1).astype(float)
    m = np.cumsum(np.take_along_axis(expected, order, 1), axis=1)
    best: np.ndarray = _excess(c, m).max(axis=1)
    return best


def _subset(fallen: np.ndarray, everyone: np.ndarray) -> np.ndarray:
    """The values of the subset with the largest ratio, int64[<= m]."""
    expected = everyone * fallen.sum() / everyone.sum()
    order = np.argsort(-fallen / np.maximum(expected, 1e-12), kind="stable")
    best = int(
        np.argmax(_excess(np.cumsum(fallen[order]).astype(float), np.cumsum(expected[order])))
    )
    return order[: best + 1]


def _excess(c: np.ndarray, m: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.where(c > m, c * np.log(c / m) - (c - m), 0.0))
