"""An act that comes again counts once, in whichever file it comes."""

import pytest

from birdfall.model.settings import Settings
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest, load
from birdfall.sources.shared import repeats
from birdfall.sources.table import delimited

FIRST = """tweet_id,author_id,retweeted_id,created_at
1,a,900,2021-10-18T12:00:01Z
2,b,900,2021-10-18T12:00:02Z
"""
#: The same acts from another tool, with other columns, and one more.
SECOND = """id,user_id,lang,retweeted_id,created_at
2,b,es,900,2021-10-18T12:00:02Z
3,c,es,900,2021-10-18T12:00:03Z
"""
NO_IDS = """account,object,time
a,x,2021-10-18T12:00:01Z
b,x,2021-10-18T12:00:02Z
"""


@pytest.mark.parametrize("other", [SECOND, NO_IDS])
def test_an_act_in_two_files_counts_once(tmp_path, other):
    first, second = FIRST if other == SECOND else NO_IDS, other + "\n"
    paths = [tmp_path / "one.csv", tmp_path / "two.csv"]
    for path, text in zip(paths, (first, second), strict=True):
        path.write_text(text, "utf-8")
    together = 3 if other == SECOND else 2
    assert load(*paths).table("acts").num_rows == together
    case = Case.create(tmp_path / "case", Settings(title="x"))
    assert ingest(case, paths[0]).repeated == 0
    again = ingest(case, paths[1])
    assert (again.repeated, again.rejected) == (4 - together, 0)
    assert case.record().table("acts").num_rows == together
    assert ingest(case, paths[1]).already


def test_acts_that_come_again_far_away_count_once_and_those_told_apart_all(tmp_path):
    """More acts than are looked at together; by id they count once, by the day alone they stay."""
    many = [
        f"{n},u{n % 700},{n % 50},2021-10-18T12:{n // 60 % 60:02}:{n % 60:02}Z"
        for n in range(2_000)
    ]
    path = tmp_path / "many.csv"
    path.write_text("\n".join(["tweet_id,author_id,retweeted_id,created_at", *many, *many[:300]]))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(repeats, "_ACTS_AT_ONCE", 256)
        patched.setattr(delimited, "BLOCK_BYTES", 4_096)
        acts = load(path).table("acts")
    assert acts.num_rows == 2_000 and len(set(acts.column("act_id").to_pylist())) == 2_000
    days = tmp_path / "days.csv"
    days.write_text("account,object,time\n" + "a,x,2021-10-18\n" * 3)
    assert load(days, time_zone="UTC").table("acts").num_rows == 3
