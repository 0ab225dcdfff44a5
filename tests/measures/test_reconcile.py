"""Published figures: those that agree once growth is counted, and those that cannot."""

import pytest

from birdfall.measures.follower_counts import FACT_COLUMNS, read_facts, reconcile
from birdfall.model.errors import InputError


def facts(*rows):
    lines = [",".join((*FACT_COLUMNS, "url"))]
    for number, (when, who, relation, value, population, kind) in enumerate(rows):
        lines.append(
            f"g{number},{when},{who},q,{relation},{value},"
            f"followers,1 day,{population},{kind},paper,"
        )
    return read_facts("\n".join(lines).encode(), "facts.csv")


BASE = (
    ("2020-01-01", "paper", "exactly", 100000, "@a", "level"),
    ("2020-06-29", "paper", "exactly", 118000, "@a", "level"),  # 100 a day
    ("2020-01-01", "paper", "exactly", 50000, "@b", "level"),
    ("2020-06-29", "paper", "exactly", 59000, "@b", "level"),  # 50 a day
    ("2020-06-29", "counter", "exactly", -900, "@a", "net"),
    ("2020-06-29", "counter", "exactly", -10, "@b", "net"),
)


def test_gross_and_net_agree_within_a_day_of_growth():
    finding = reconcile(
        facts(*BASE, ("2020-06-29", "minister", "almost", 1000, "followers of @a", "gross"))
    )
    assert finding.answer == "found"
    assert finding["difference"].value == 100
    (gross,) = [r for r in finding.table("figures").to_pylist() if r["kind"] == "gross"]
    assert gross["consistent"]
    assert finding["risk_ratio"].value == pytest.approx((1000 / 118000) / (60 / 59000))
    assert finding["naive_ratio"].value == pytest.approx((1000 / 118000) / (10 / 59000))


def test_a_figure_that_needs_impossible_growth_does_not_fit():
    finding = reconcile(
        facts(*BASE, ("2020-06-29", "minister", "about", 1600, "followers of @a", "gross"))
    )
    (gross,) = [r for r in finding.table("figures").to_pylist() if r["kind"] == "gross"]
    assert gross["consistent"] is False
    assert gross["needed_growth"] == 700


def test_without_levels_it_refuses():
    finding = reconcile(
        facts(*BASE[4:], ("2020-06-29", "minister", "about", 1000, "followers of @a", "gross"))
    )
    assert finding.answer == "cannot"
    assert finding.reasons[0].code == "too-few-levels"


def test_bad_tables_are_told_where():
    with pytest.raises(InputError, match="columns are missing"):
        read_facts(b"a,b\n1,2\n", "x.csv")
    header = ",".join(FACT_COLUMNS).encode()
    with pytest.raises(InputError, match="row 2"):
        read_facts(header + b"\nf1,2013-10-31,x,q,about,many,accounts,,all,gross,s\n", "x.csv")
    with pytest.raises(InputError, match="no date"):
        read_facts(header + b"\nf1,yesterday,x,q,about,5,accounts,,all,gross,s\n", "x.csv")


def test_the_night_of_2013(real):
    finding = reconcile(read_facts(real("caracas-2013/facts.csv").read_bytes(), "facts.csv"))
    rows = {r["id"]: r for r in finding.table("figures").to_pylist()}
    assert rows["f05"]["consistent"] and rows["f05"]["needed_growth"] == 1751
    assert rows["f10"]["consistent"]
    assert rows["f08"]["consistent"] is False
    assert 1800 < finding["growth"].low < 1900
    assert finding["risk_ratio"].value == pytest.approx(10, abs=0.6)
    assert finding["risk_ratio"].low == pytest.approx(5.1, abs=0.3)
    assert finding["naive_ratio"].value > 100
    assert "cause-not-in-counts" in {n.code for n in finding.limits}
