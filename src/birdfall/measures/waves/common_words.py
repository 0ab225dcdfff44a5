"""Words and hashtags as a common trigger: which single word did the fallen write, before the wave, far beyond others?

An account writes many words, so words are not disjoint as apps and languages are: each is asked by itself (has it, has it not), and
the best of all words is held against the best of all words where the fallen are drawn anew, which keeps how words hang together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from birdfall.record.record import Record

#: Of each account so many last texts are read. A word is asked about if so large a share of the accounts wrote it, and not more:
#: rarer ones cannot explain a wave, commoner ones say nothing.
LAST_TEXTS, COMMON, TOO_COMMON = 20, 0.01, 0.5
#: At most so many words, the most widely written; shorter ones are no words of substance.
MOST_WORDS, SHORTEST = 400, 4
#: Accounts that stood, at most, drawn at random: enough to know how common a word is.
MOST_STOOD = 20_000

_TOKENS = f"""WITH chosen AS (SELECT i.code AS code, a.text, a.object, a.kind FROM acts a JOIN ids i ON i.id = a.account
WHERE i.code IN (SELECT unnest($2)) AND epoch_us(a.time) <= $1 AND a.kind IN ('post', 'reply', 'quote', 'hashtag')
QUALIFY row_number() OVER (PARTITION BY i.code, a.kind = 'hashtag' ORDER BY a.time DESC, a.object, a.text) <= {LAST_TEXTS}),
said AS (SELECT code, unnest(regexp_extract_all(lower(regexp_replace(text, 'https?://\\S+|@\\S+', ' ', 'g')), '#?[\\p{{L}}\\p{{N}}_]{{{SHORTEST},}}')) AS word
FROM chosen WHERE text IS NOT NULL AND kind <> 'hashtag'
UNION ALL SELECT code, '#' || ltrim(lower(object), '#') FROM chosen WHERE kind = 'hashtag')
SELECT DISTINCT code, word FROM said"""


@dataclass(frozen=True)
class WordUse:
    """hit: bool[n], of the accounts whose texts are known, whether they fell; word: int32[e], account: int32[e] (position in `hit`): who wrote what."""

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
    """What the fallen (codes) and others wrote before `before` (us); None where no word can be asked about."""
    others = np.setdiff1d(np.arange(len(record.ids)), fallen)
    if len(others) > MOST_STOOD:
        others = rng.choice(others, MOST_STOOD, replace=False)
    rows = record.sql(_TOKENS, [before, np.concatenate([fallen, others]).tolist()])
    if not rows.num_rows:
        return None
    codes, account = np.unique(rows.column("code").to_numpy(), return_inverse=True)
    names, word = np.unique(
        rows.column("word").to_numpy(zero_copy_only=False).astype(str), return_inverse=True
    )
    spread = np.bincount(word, minlength=len(names))
    asked = np.flatnonzero(
        (spread >= max(COMMON * len(codes), 5)) & (spread <= TOO_COMMON * len(codes))
    )
    asked = np.sort(asked[np.argsort(-spread[asked], kind="stable")][:MOST_WORDS])
    if not len(asked):
        return None
    place = np.full(len(names), -1, np.int32)
    place[asked] = np.arange(len(asked))
    kept = place[word] >= 0
    hit = np.isin(codes, fallen)
    return WordUse(names[asked].tolist(), hit, place[word[kept]], account[kept].astype(np.int32))


def word_strengths(counts: np.ndarray, everyone: np.ndarray, fell: int, total: int) -> np.ndarray:
    """float64[words]: Poisson log-likelihood ratio of the fallen who wrote each word beyond their share. counts, everyone: int64[words]."""
    c, m = counts.astype(float), everyone * (fell / total)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(c > m, np.nan_to_num(c * np.log(c / m)) - (c - m), 0.0))


def chance_maxima(found: WordUse, draws: int, rng: np.random.Generator) -> np.ndarray:
    """float64[draws]: the greatest strength of any word where the fallen are drawn anew from all whose texts are known."""
    everyone = np.bincount(found.word, minlength=len(found.names))
    fell, total = int(found.hit.sum()), len(found.hit)
    best = np.empty(draws)
    for i in range(draws):
        drawn = np.zeros(total, np.bool_)
        drawn[rng.choice(total, fell, replace=False)] = True
        best[i] = word_strengths(found.counts(drawn), everyone, fell, total).max()
    return best
