"""The benchmark on labelled accounts reads the tables it names, and scores what is known of them.

The files are made up, in the columns of the sets they stand for.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from labelled import FIRST_SEED, MAKES, area, main, measure, purity_of
from labelled_methods import OTHERS
from labelled_tables import read_labelled

RING = [f"{9000 + i}" for i in range(8)]
TOWN = [f"{100 + i}" for i in range(60)]


def reposts(seed=1):
    """A ring that reposts 25 posts within half a minute each, in a town that reposts at leisure."""
    rng = np.random.default_rng(seed)
    rows = []
    for post in range(25):
        begin = int(rng.integers(0, 20 * 86_400))
        rows += [(a, f"post{post}", begin + int(rng.integers(0, 30))) for a in RING]
    for post in range(120):
        begin = int(rng.integers(0, 20 * 86_400))
        crowd = rng.choice(TOWN, 9, replace=False)
        rows += [(a, f"post{post}", begin + int(rng.exponential(9000))) for a in crowd]
    return rows


def stamp(seconds):
    return str(np.datetime64("2019-09-11T00:00:00") + np.timedelta64(seconds, "s")).replace(
        "T", " "
    )


def write(path, head, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    return path


RELEASE = ("tweetid", "userid", "tweet_time", "tweet_text", "retweet_tweetid", "hashtags", "urls")


def in_release_columns(rows):
    """Rows as the releases on information operations write them: lists as texts, minutes."""
    return [
        (str(i), a, stamp(t)[:16], f"RT {o}", o, "[agua, Luz]" if i % 9 == 0 else "[]", "[]")
        for i, (a, o, t) in enumerate(rows)
    ]


def birdfall_row(data, trace):
    return next(r for r in measure(data, None, None, others=False) if r.trace == trace)


def test_two_files_of_a_release_and_its_controls(tmp_path):
    """Seckin et al. 2025 and Cima et al. 2024: one file of the operation, one of the others."""
    rows = reposts()
    bad = [r for r in rows if r[0] in RING]
    good = [r for r in rows if r[0] not in RING]
    data = read_labelled(
        [write(tmp_path / "malicious.csv", RELEASE, in_release_columns(bad))],
        [write(tmp_path / "genuine.csv", RELEASE, in_release_columns(good))],
        [],
    )
    assert sum(data.coordinated.values()) == 8 and len(data.coordinated) == 68
    assert set(data.acts) == {"repost", "hashtag", "text"}
    assert set(data.trace("hashtag")["object"].to_pylist()) == {"agua", "luz"}
    row = birdfall_row(data, "repost")
    assert row.recall == 1.0 and row.precision == 1.0 and row.controls == 0.0
    assert row.auc == 1.0 and row.purity == 1.0 and row.called == 8


def test_a_table_of_clusters_beside_posts(tmp_path, capsys):
    """Nizzoli et al. 2021: nodes with their clusters; the posts are fetched by their ids."""
    nodes = [(a, "A" if a in RING[:4] else "B") for a in RING] + [(a, "C") for a in TOWN]
    main(
        [
            "--plain", str(write(tmp_path / "posts.csv", RELEASE, in_release_columns(reposts()))),
            "--groups", str(write(tmp_path / "superspreader-nodes.csv", ("id", "cluster"), nodes)),
        ]
    )  # fmt: skip
    line = next(x for x in capsys.readouterr().out.splitlines() if x.startswith("| repost"))
    cells = [c.strip() for c in line.split("|")]
    assert cells[5] == cells[6] == cells[7] == "", "no label: neither AUC, precision nor recall"
    assert cells[10] == "0.500", "one group of two clusters is half pure"


def test_posts_by_author_with_their_category(tmp_path):
    """The IRA posts: no reposts, texts and tags within them, minutes, all of them coordinated."""
    copies = [
        (
            a,
            stamp(97_531 * day)[:16],
            f"vote no on measure {day}, my friends #Now",
            "Left",
        )
        for day in range(12)
        for a in RING
    ]
    head = ("author_id", "publish_date", "content", "account_category")
    data = read_labelled([], [], [write(tmp_path / "posts.csv", head, copies)])
    assert set(data.acts) == {"text", "hashtag"} and data.group[RING[0]] == "Left"
    data.coordinated = dict.fromkeys(RING, True)
    row = birdfall_row(data, "text")
    assert row.auc is None and row.precision is None and row.controls is None, "no controls"
    assert row.recall is not None and row.accounts == 8


def test_the_ira_posts_as_they_were_first_released(tmp_path):
    """Clemson and FiveThirtyEight: the author by name and by number, and a category."""
    head = ("external_author_id", "author", "publish_date", "content", "account_category")
    rows = [
        (a, f"NAME{a}", "10/1/2017 19:58", "RT of nothing #Now #Here", "RightTroll") for a in RING
    ]
    data = read_labelled([write(tmp_path / "IRAhandle_tweets_1.csv", head, rows)], [], [])
    assert data.posts == 8 and set(data.coordinated) == set(RING)
    assert set(data.trace("hashtag")["object"].to_pylist()) == {"now", "here"}
    moment = np.datetime64("2017-10-01T19:58", "us").astype(np.int64)
    assert set(data.trace("text")["time"].to_pylist()) == {moment}, "month before day"


def test_deletions_are_acts_at_the_time_of_the_deletion(tmp_path):
    """Ephemeral astroturfing: posts with the time they were made and the time they vanished."""
    head = ("tweetid", "userid", "created_at", "deletion_time")
    rows = [(f"{i}", a, stamp(i * 60), stamp(i * 60 + 7)) for i, a in enumerate(RING)]
    data = read_labelled([write(tmp_path / "deletions.csv", head, rows)], [], [])
    acts = data.trace("delete")
    assert data.posts == 8 and set(data.acts) == {"delete"}
    first = np.datetime64("2019-09-11T00:00:07", "us").astype(np.int64)
    assert acts["time"].to_pylist()[0] == first and set(acts["object"].to_pylist()) == {"deleted"}


def test_a_trace_that_cannot_be_measured_says_why(tmp_path, capsys):
    days = [(a, f"2019-09-{day:02}", f"p{day}", "1") for day in range(1, 20) for a in RING]
    main(["--plain", str(write(tmp_path / "p.csv", ("account", "time", "repost", "label"), days))])
    said = capsys.readouterr()
    assert "| repost |" not in said.out and "no hour" in said.err


@pytest.mark.parametrize(
    ("column", "yes", "no"), [("label", "1", "0"), ("label", "IO", "control"),
                              ("is_control", "False", "True")],
)  # fmt: skip
def test_a_plain_table_with_a_label(tmp_path, column, yes, no):
    rows = [(a, o, stamp(t), yes if a in RING else no) for a, o, t in reposts()]
    path = write(tmp_path / "plain.csv", ("account", "repost", "time", column), rows)
    assert read_labelled([], [], [path]).coordinated == {a: a in RING for a in (*RING, *TOWN)}


def test_a_row_without_account_or_time_is_left_out(tmp_path):
    rows = [("1", "p", "yesterday", "1"), ("2", "p", stamp(5), "1")]
    path = write(tmp_path / "plain.csv", ("account", "repost", "time", "label"), rows)
    assert read_labelled([], [], [path]).posts == 1
    with pytest.raises(SystemExit, match="no account or no time"):
        read_labelled([], [], [write(tmp_path / "other.csv", ("a", "b"), [("1", "2")])])


def test_scores_are_those_of_their_definitions():
    rng = np.random.default_rng(3)
    score, truth = rng.integers(0, 6, 80).astype(float), rng.random(80) < 0.3
    pairs = [(a > b) + (a == b) / 2 for a in score[truth] for b in score[~truth]]
    assert area(score, truth) == pytest.approx(np.mean(pairs))
    assert area(score, np.zeros(80, bool)) is None
    kind = {"a": "x", "b": "x", "c": "y", "d": "y"}
    assert purity_of([["a", "b", "c"], ["d"]], kind) == pytest.approx(2 / 3)


def test_worlds_of_three_mechanisms_hold_twenty_who_act_together():
    for name, make in MAKES.items():
        table, together = make(FIRST_SEED - 1)
        acting = set(table["account"].to_pylist())
        assert len(together) == 20 and together <= acting and len(acting) > 300, name
        assert set(table.column_names) == {"account", "object", "time"}


@pytest.mark.slow
def test_every_other_method_calls_pairs_that_share_more_than_others():
    rows = reposts(5)
    names = sorted({a for a, _, _ in rows})
    objects = sorted({o for _, o, _ in rows})
    account = np.array([names.index(a) for a, _, _ in rows], np.int32)
    object_ = np.array([objects.index(o) for _, o, _ in rows], np.int32)
    time = np.array([t for _, _, t in rows], np.int64) * 1_000_000
    ring = np.array([n in RING for n in names])
    for method, ask in OTHERS.items():
        if method.startswith("permutation"):
            continue  # two hundred shuffles: the benchmark runs it
        found = ask(account, object_, time, len(names))
        assert len(found.score) == len(names) and (found.lo < found.hi).all(), method
        auc = area(found.score, ring)
        assert auc is not None and auc > 0.9, (method, auc)
