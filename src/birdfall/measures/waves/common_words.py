"""Words and hashtags as a common trigger: which word did the fallen write far more than others?

An account writes many words, so words are not disjoint as clients and languages are: each is tested
by itself (has it, has it not), and the best of all words is held against the best of all words
where the fallen are drawn anew, which keeps how words hang together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT

#: Texts read of each account, the last before the wave.
MAX_TEXTS: Final = 20
#: A word is tested if this share of the accounts wrote it, and not more: rarer ones cannot explain
#: a wave, commoner ones say nothing.
MIN_SHARE, MAX_SHARE = 0.01, 0.5
#: Accounts that must have written a word, whatever their share.
MIN_ACCOUNTS: Final = 5
#: Words tested, the most widely written.
MAX_WORDS: Final = 400
#: Shorter words carry no substance.
MIN_LETTERS: Final = 4
#: Accounts that stood, at most, drawn at random: enough to know how common a word is.
MAX_STANDING: Final = 20_000

_TOKENS: Final = f"""
WITH chosen AS (
    SELECT i.code AS code, a.text, a.object, a.kind FROM acts a JOIN ids i ON i.id = a.account
    WHERE i.code IN (SELECT unnest($2)) AND epoch_us(a.time) <= $1
    AND a.kind IN ('post', 'reply', 'quote', 'hashtag')
    QUALIFY row_number() OVER (
        PARTITION BY i.code, a.kind = 'hashtag' ORDER BY a.time DESC, a.object, a.text
    ) <= {MAX_TEXTS}
), words AS (
    SELECT code, unnest(regexp_extract_all(
        lower(regexp_replace(text, 'https?://\\S+|@\\S+', ' ', 'g')),
        '#?[\\p{{L}}\\p{{N}}_]{{{MIN_LETTERS},}}'
    )) AS word
    FROM chosen WHERE text IS NOT NULL AND kind <> 'hashtag'
    UNION ALL SELECT code, '#' || ltrim(lower(object), '#') FROM chosen WHERE kind = 'hashtag'
)
SELECT DISTINCT code, word FROM words
"""


@dataclass(frozen=True)
class WordUse:
    """Who wrote which words before a wave.

    Parameters
    ----------
    names
        The words tested.
    hit
        bool[n], of the accounts whose texts are known, whether they fell.
    word, account
        int32[e] each: position in `names` and in `hit`, one pair per use.
    """

    names: list[str]
    hit: np.ndarray
    word: np.ndarray
    account: np.ndarray

    def counts(self, hit: np.ndarray) -> np.ndarray:
        """int64[words]: how many of the accounts where `hit` is true wrote each."""
        return np.bincount(self.word[hit[self.account]], minlength=len(self.names))


def read_words(
    record: Record, fallen: np.ndarray, before: int, rng: np.random.Generator
) -> WordUse | None:
    """Read what the fallen and others wrote.

    Parameters
    ----------
    fallen
        int64[k], codes of the accounts that fell.
    before
        Microseconds; texts up to then are read.
    rng
        Draws the accounts that stood, where there are very many.

    Returns
    -------
    WordUse or None
        None where no word can be tested.
    """
    others = np.setdiff1d(np.arange(len(record.ids)), fallen)
    if len(others) > MAX_STANDING:
        others = rng.choice(others, MAX_STANDING, replace=False)
    rows = record.sql(
        _TOKENS,
        [before, np.concatenate([fallen, others]).tolist()],
        split=EACH_ACCOUNT,
    )
    if not rows.num_rows:
        return None
    codes, account = np.unique(rows.column("code").to_numpy(), return_inverse=True)
    names, word = np.unique(
        rows.column("word").to_numpy(zero_copy_only=False).astype(str), return_inverse=True
    )
    spread = np.bincount(word, minlength=len(names))
    asked = np.flatnonzero(
        (spread >= max(MIN_SHARE * len(codes), MIN_ACCOUNTS)) & (spread <= MAX_SHARE * len(codes))
    )
    asked = np.sort(asked[np.argsort(-spread[asked], kind="stable")][:MAX_WORDS])
    if not len(asked):
        return None
    place = np.full(len(names), -1, np.int32)
    place[asked] = np.arange(len(asked))
    kept = place[word] >= 0
    hit = np.isin(codes, fallen)
    return WordUse(names[asked].tolist(), hit, place[word[kept]], account[kept].astype(np.int32))


def word_strengths(counts: np.ndarray, everyone: np.ndarray, fell: int, total: int) -> np.ndarray:
    """Poisson log-likelihood ratio of the fallen who wrote each word beyond their share.

    Parameters
    ----------
    counts, everyone
        int64[words], fallen and all accounts that wrote each word.
    fell, total
        Fallen and all accounts whose texts are known.

    Returns
    -------
    float64[words]
    """
    c, m = counts.astype(float), everyone * (fell / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(c > m, np.nan_to_num(c * np.log(c / m)) - (c - m), 0.0))


def chance_maxima(found: WordUse, draws: int, rng: np.random.Generator) -> np.ndarray:
    """The greatest strength of any word in each redraw of the fallen, float64[draws]."""
    everyone = np.bincount(found.word, minlength=len(found.names))
    fell, total = int(found.hit.sum()), len(found.hit)
    best = np.empty(draws)
    for i in range(draws):
        drawn = np.zeros(total, np.bool_)
        drawn[rng.choice(total, fell, replace=False)] = True
        best[i] = word_strengths(found.counts(drawn), everyone, fell, total).max()
    return best
