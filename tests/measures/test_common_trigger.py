"""What the fallen share: the subset scan against all subsets, a planted app among rare ones, and
worlds without any.
"""

import datetime as dt
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures.waves.common_trigger import find_common_trigger, largest_subset_ratio
from birdfall.measures.waves.common_words import WordUse, word_strengths
from birdfall.model.schemas import TIME
from birdfall.record.record import from_tables

START = dt.datetime(2013, 10, 1, tzinfo=dt.UTC)
BEFORE = round((START + dt.timedelta(days=30)).timestamp() * 1e6)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), min_size=2, max_size=7))
def test_the_best_prefix_is_the_best_of_all_subsets(rows):
    fallen = np.array([a for a, _ in rows])
    everyone = fallen + np.array([b for _, b in rows])
    if fallen.sum() == 0:
        return
    expected = everyone * fallen.sum() / everyone.sum()
    best = 0.0
    for size in range(1, len(rows) + 1):
        for some in combinations(range(len(rows)), size):
            c, m = fallen[list(some)].sum(), expected[list(some)].sum()
            if c > m:
                best = max(best, c * np.log(c / m) - (c - m))
    assert largest_subset_ratio(fallen[None, :], everyone)[0] == pytest.approx(best, abs=1e-9)


def world(rng, n=4000, fell=400, app=None, handles=None):
    """Accounts with rare apps, languages and ages; those that fall use `app` at this share, where
    given.
    """
    client = np.array([f"rare {i}" for i in rng.integers(0, 2000, n)], dtype=object)
    client[rng.random(n) < 0.7] = "web"
    client[rng.random(n) < 0.08] = "app X"
    if app:
        client[:fell] = np.where(rng.random(fell) < app, "app X", client[:fell])
    names = [f"name{'x' * (i % 3)}{i % 900}" for i in rng.permutation(n)]
    if handles:
        names[:fell] = [f"bird{i:08d}" for i in range(fell)]
    tables = {
        "acts": pa.table(
            {
                "account": [f"a{i}" for i in range(n)],
                "kind": ["post"] * n,
                "object": [f"p{i}" for i in range(n)],
                "time": pa.array([START] * n, TIME),
                "client": client.tolist(),
            }
        ),
        "accounts": pa.table(
            {
                "account": [f"a{i}" for i in range(n)],
                "handle": names,
                "language": rng.choice(["es", "en", "pt"], n).tolist(),
                "created_at": pa.array(
                    [START - dt.timedelta(days=float(d)) for d in rng.exponential(400, n)], TIME
                ),
            }
        ),
    }
    record = from_tables(tables)
    codes = {row["id"]: row["code"] for row in record.sql("SELECT id, code FROM ids").to_pylist()}
    return record, np.array([codes[f"a{i}"] for i in range(fell)])


def test_an_app_is_named_though_rare_ones_fell_more_often():
    record, fallen = world(np.random.default_rng(1), app=0.6)
    found = find_common_trigger(record, fallen, BEFORE)
    assert (found.trait, found.value) == ("client", "app X")
    assert 0.55 < found.share < 0.75
    assert found.base_share < 0.2


def test_handles_of_one_make_are_named_by_their_shape():
    record, fallen = world(np.random.default_rng(2), handles=True)
    found = find_common_trigger(record, fallen, BEFORE)
    assert (found.trait, found.value, found.share) == ("handle", "a99999999", 1.0)


def test_accounts_that_share_nothing_share_nothing():
    named = [
        find_common_trigger(
            *world(np.random.default_rng(seed), n=1500, fell=150), BEFORE, seed=seed
        )
        for seed in range(8)
    ]
    assert named == [None] * 8


def test_what_was_done_after_the_wave_explains_nothing():
    record, fallen = world(np.random.default_rng(1), app=0.9)
    found = find_common_trigger(
        record, fallen, round((START - dt.timedelta(days=1)).timestamp() * 1e6)
    )
    assert found is None or found.trait != "client"


def talk(rng, n=1500, fell=150, word=None, link=None, hashtag=None, hour=False):
    """Accounts with texts of common words; of the fallen nine in ten, and one in twenty others,
    share what is planted.
    """
    vocabulary = [f"palabra{i}" for i in range(60)]
    marked = np.where(np.arange(n) < fell, rng.random(n) < 0.9, rng.random(n) < 0.05)
    rows = []
    for i in range(n):
        said = " ".join(rng.choice(vocabulary, 8))
        rows.append((f"a{i}", "post", f"p{i}", said + (f" {word}!" if word and marked[i] else "")))
        rows.append(
            (
                f"a{i}",
                "link",
                f"https://{link if link and marked[i] else f'site{rng.integers(40)}.example'}/x",
                None,
            )
        )
        rows.append(
            (
                f"a{i}",
                "hashtag",
                hashtag if hashtag and marked[i] else f"tag{rng.integers(40)}",
                None,
            )
        )
    created = [START - dt.timedelta(hours=float(h)) for h in rng.exponential(9000, n)]
    if hour:
        created = [
            START - dt.timedelta(hours=5000.2 if m else float(h))
            for m, h in zip(marked, rng.exponential(9000, n), strict=True)
        ]
    record = from_tables(
        {
            "acts": pa.table(
                {
                    "account": [r[0] for r in rows],
                    "kind": [r[1] for r in rows],
                    "object": [r[2] for r in rows],
                    "text": [r[3] for r in rows],
                    "time": pa.array([START] * len(rows), TIME),
                }
            ),
            "accounts": pa.table(
                {"account": [f"a{i}" for i in range(n)], "created_at": pa.array(created, TIME)}
            ),
        }
    )
    codes = {row["id"]: row["code"] for row in record.sql("SELECT id, code FROM ids").to_pylist()}
    return record, np.array([codes[f"a{i}"] for i in range(fell)])


@pytest.mark.parametrize(
    ("planted", "trait", "value"),
    [
        ({"word": "Desconocido"}, "word", "desconocido"),
        ({"hashtag": "Marcha"}, "word", "#marcha"),
        ({"link": "bad.example"}, "domain", "bad.example"),
        ({"hour": True}, "hour", None),
    ],
)
def test_what_is_planted_is_named(planted, trait, value):
    record, fallen = talk(np.random.default_rng(3), **planted)
    found = find_common_trigger(record, fallen, BEFORE)
    assert found is not None and found.trait == trait and (value is None or found.value == value)
    assert (
        found.share == pytest.approx(0.9, abs=0.08) and found.base_share < 0.2 and found.p <= 0.01
    )


def test_talk_that_all_share_is_no_trigger():
    assert [
        find_common_trigger(*talk(np.random.default_rng(seed)), BEFORE, seed=seed)
        for seed in range(6)
    ] == [None] * 6


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 4)), min_size=1, max_size=40),
    st.sets(st.integers(0, 9), min_size=1),
)
def test_word_counts_agree_with_the_slow_way(pairs, fell):
    pairs = sorted(set(pairs))
    hit = np.array([i in fell for i in range(10)])
    found = WordUse(
        [str(w) for w in range(5)],
        hit,
        np.array([w for _, w in pairs]),
        np.array([a for a, _ in pairs]),
    )
    expected = [sum(w == k and a in fell for a, w in pairs) for k in range(5)]
    assert found.counts(hit).tolist() == expected
    everyone = np.bincount([w for _, w in pairs], minlength=5)
    for k, strength in enumerate(word_strengths(np.array(expected), everyone, len(fell), 10)):
        c, m = expected[k], everyone[k] * len(fell) / 10
        assert strength == pytest.approx(c * np.log(c / m) - (c - m) if c > m else 0.0)


def test_every_trait_has_its_words():
    from birdfall.measures.waves.common_trigger import TRAIT_QUERIES
    from birdfall.tell.words import LANGUAGES, words

    for language in LANGUAGES:
        say = words(language)
        assert all(say.has(f"trait.{trait}") for trait in [*TRAIT_QUERIES, "word"])
