"""An act that comes again counts once, in whichever file it comes."""

import pytest

from birdfall.model.settings import Settings
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest, load

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
