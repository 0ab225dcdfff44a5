"""An account whose id is known beside a handle is known by either."""

import datetime as dt

import pytest

from birdfall.model.settings import Settings
from birdfall.pipeline.intake import Choices, ReadOptions, add_files, change_choices, find_account
from birdfall.pipeline.removal import remove_person
from birdfall.record.case import Case
from birdfall.sources.ingest import load

POSTS = (
    "user_id,username,created_at,text,tweet_id\n"
    "11,alfa,2024-01-01T12:00:01Z,hi,91\n12,beta,2024-01-01T12:00:02Z,.@Alfa hello,92\n"
)
FOLLOWS = "follower,followed\n@beta,@Alfa\n@gama,https://x.com/alfa\n"
COUNTS = "handle,date,followers\n@alfa,2024-01-01T12:00:00Z,100\n@Alfa,2024-01-02T12:00:00Z,90\n"


def written(tmp_path, **texts):
    paths = []
    for name, text in texts.items():
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text(text, "utf-8")
    return paths


def accounts_of(record):
    return {
        "follows": record.sql("SELECT follower, followed FROM follows ORDER BY ALL").to_pylist(),
        "counts": record.sql("SELECT DISTINCT account FROM counts").column(0).to_pylist(),
        "ids": sorted(record.ids.id_of.to_pylist()),
    }


EXPECTED = {
    "follows": [{"follower": "12", "followed": "11"}, {"follower": "gama", "followed": "11"}],
    "counts": ["11"],
    "ids": ["11", "12", "gama"],
}


def orders(files):
    return [files, files[::-1]]


@pytest.mark.parametrize("reverse", [False, True])
def test_handles_are_their_accounts_in_memory_and_in_a_case(tmp_path, reverse):
    files = written(tmp_path, posts=POSTS, follows=FOLLOWS, counts=COUNTS)[:: -1 if reverse else 1]
    assert accounts_of(load(*files)) == EXPECTED
    case = Case.create(tmp_path / "case", Settings())
    add_files(case, files, ReadOptions())
    record = case.record()
    assert accounts_of(record) == EXPECTED
    assert {find_account(record, n) for n in ("@Alfa", "alfa", "11", "https://x.com/alfa")} == {
        "11"
    }
    change_choices(case, Choices(leaders=("@alfa",)))
    assert case.record().settings.leaders == ("11",)


def test_a_leader_named_before_the_id_was_known_is_the_account(tmp_path):
    posts, follows = written(tmp_path, posts=POSTS, follows=FOLLOWS)
    case = Case.create(tmp_path / "case", Settings())
    add_files(case, [follows], ReadOptions())
    change_choices(case, Choices(leaders=("@alfa",)))
    assert case.record().settings.leaders == ("alfa",)
    add_files(case, [posts], ReadOptions())
    assert case.record().settings.leaders == ("11",)


def test_who_is_removed_is_removed_under_the_handle_too(tmp_path):
    case = Case.create(tmp_path / "case", Settings())
    add_files(case, written(tmp_path, follows=FOLLOWS, posts=POSTS, counts=COUNTS), ReadOptions())
    remove_person(case, "@alfa")
    found = accounts_of(case.record())
    assert found["follows"] == [] and found["counts"] == []
    for part in (tmp_path / "case" / "record").rglob("*.parquet"):
        assert b"alfa" not in part.read_bytes().lower()


def test_a_handle_that_changed_hands_is_its_holders_at_the_time(tmp_path):
    posts = (
        "user_id,username,created_at,text,tweet_id\n"
        "11,alfa,2024-01-01T12:00:00Z,a,1\n12,beta,2024-01-01T13:00:00Z,b,2\n"
        "11,omega,2024-01-05T12:00:00Z,c,3\n12,alfa,2024-01-06T12:00:00Z,d,4\n"
    )
    counts = "handle,date,followers\n" + "".join(
        f"@alfa,2024-01-0{day}T18:00:00Z,{day}\n" for day in (1, 4, 7)
    )
    follows = "follower,followed\n@x,@alfa\n"
    record = load(*written(tmp_path, posts=posts, counts=counts, follows=follows))
    held = record.sql("SELECT followers, account FROM counts ORDER BY time").to_pylist()
    assert [(r["followers"], r["account"]) for r in held] == [(1, "11"), (4, "11"), (7, "12")]
    # an edge of no known time may be to either: it stays with the handle
    assert record.table("follows").to_pylist()[0]["followed"] == "alfa"
    assert find_account(record, "@alfa") == "12" and find_account(record, "@omega") == "11"


def test_what_may_be_somebody_elses_id_is_left_alone(tmp_path):
    posts = (
        "user_id,username,created_at,text,tweet_id\n"
        "11,12,2024-01-01T12:00:00Z,a,1\n12,alfa,2024-01-01T13:00:00Z,b,2\n"
        "13,beta,2024-01-01T14:00:00Z,c,3\nbeta,zeta,2024-01-01T15:00:00Z,d,4\n"
    )
    record = load(*written(tmp_path, posts=posts))
    assert not record.identities
    assert sorted(record.ids.id_of.to_pylist()) == ["11", "12", "13", "beta"]
    assert record.table("acts").column("time")[0].as_py() == dt.datetime(
        2024, 1, 1, 12, tzinfo=dt.UTC
    )
