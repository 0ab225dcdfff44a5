"""Published rows are all kept; two that cannot both be true are named, and no others."""

import pytest

from birdfall.measures.follower_counts import FACT_COLUMNS, published_tables

HEAD = ",".join(FACT_COLUMNS)


def tables(*rows):
    return published_tables("\n".join([HEAD, *rows]).encode(), "facts.csv")


def loss(row, value, relation="exactly", *, day="2013-10-31", window="", of="all"):
    return f"{row},{day},x,lost,{relation},{value},accounts,{window},{of},gross,s"


def conflicts(*rows):
    return [(r["id"], r["other"], r["why"]) for r in tables(*rows)["conflicts"].to_pylist()]


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (loss("a", 7000), loss("b", 7000), None),
        (loss("a", 7000), loss("b", 9000), "differ"),
        (loss("a", 7000, "about"), loss("b", 7100, "almost"), None),
        (loss("a", 7000, "over"), loss("b", 90_000), None),
        (loss("a", 10_000, "over"), loss("b", 7000, "about"), "differ"),
        (loss("a", 7000), loss("b", 9000, day="2013-11-04"), None),
        (loss("a", 6000, window="moment"), loss("b", 6600, window="10 min"), None),
        (loss("a", 6000, window="10 min"), loss("b", 6600, window="10 min"), "differ"),
        (loss("a", 9000, window="10 min"), loss("b", 7000), "differ"),
        (loss("a", 5000, window="10 min"), loss("b", 7000), None),
        (loss("a", 10_600, of="followers of @x"), loss("b", 7000), "part-larger-than-whole"),
        (loss("a", 6600, of="followers of @x"), loss("b", 7000), None),
        (loss("a", 6600, of="followers of @x"), loss("b", 9000, of="followers of @y"), None),
    ],
)
def test_two_figures_contradict_each_other_only_where_they_speak_of_one_thing(one, other, why):
    expected = [] if why is None else [why]
    assert [c[2] for c in conflicts(one, other)] == expected
    assert [c[2] for c in conflicts(other, one)] == expected


def test_figures_of_returns_are_no_losses():
    restored = "r,2013-10-31,x,restored,about,50,accounts,,all,gross,s"
    assert conflicts(loss("a", 7000), restored) == []
    assert tables(restored)["published"].column("kind").to_pylist() == ["restored"]


def test_rows_without_a_number_are_kept():
    said = "q,2013-11,a spokesperson,explanation,,,,,,statement,no comment"
    thousands = "t,2013-11-04,paper,restored,thousands,,accounts,,all,gross,s"
    rows = tables(said, thousands)["published"].to_pylist()
    assert [(r["when"], r["value"], r["relation"]) for r in rows] == [
        ("2013-11", None, ""),
        ("2013-11-04", None, "thousands"),
    ]


def level(row, value, day, of="@m"):
    return f"{row},{day},x,level,exactly,{value},followers,,{of},level,s"


@pytest.mark.parametrize(
    ("levels", "rebuilt"),
    [
        ((32_000, 1, 17_000), True),
        ((32_000, 17_000, 20_000), False),
        ((32_000, 1, 2), False),
        ((32_000, 300, 2900), False),
        ((1, 17_000, 32_000), False),
    ],
)
def test_a_profile_is_rebuilt_that_falls_to_almost_nothing_and_is_back(levels, rebuilt):
    rows = [level(i, v, f"2013-10-{29 + i}") for i, v in enumerate(levels)]
    found = tables(*rows)["rebuilt"].to_pylist()
    assert bool(found) is rebuilt
    if rebuilt:
        assert found == [{"population": "@m", "before": 32_000, "lowest": 1, "later": 17_000}]
    months = [level(i, v, f"2013-0{i + 1}-01") for i, v in enumerate(levels)]
    assert not tables(*months)["rebuilt"].num_rows, "months apart are another story"
