"""X: both versions give the same acts; accounts that errors call suspended are seen so."""

import json

from birdfall.sources.ingest import load

V1 = {
    "id_str": "10",
    "created_at": "Thu Oct 31 22:20:00 +0000 2013",
    "full_text": "RT @b: hi",
    "lang": "es",
    "source": '<a href="x">App</a>',
    "user": {"id_str": "1", "screen_name": "a", "followers_count": 5},
    "retweeted_status": {"id_str": "9", "user": {"id_str": "2"}},
}
PAGE = {
    "data": [
        {
            "id": "20",
            "author_id": "1",
            "created_at": "2013-10-31T22:20:00.000Z",
            "text": "hola #x",
            "lang": "es",
            "referenced_tweets": [{"type": "replied_to", "id": "9"}],
            "in_reply_to_user_id": "2",
            "entities": {
                "hashtags": [{"tag": "x"}],
                "mentions": [{"id": "2", "username": "b"}],
                "urls": [{"expanded_url": "https://e.org"}],
            },
        }
    ],
    "includes": {
        "users": [
            {
                "id": "1",
                "username": "a",
                "created_at": "2010-01-01T00:00:00.000Z",
                "public_metrics": {"followers_count": 5},
            }
        ]
    },
    "errors": [
        {"resource_type": "user", "resource_id": "3", "detail": "User has been suspended: [3]."}
    ],
    "__twarc": {"retrieved_at": "2013-11-01T00:00:00+00:00"},
}


def read(tmp_path, *objects):
    path = tmp_path / "tweets.jsonl"
    path.write_text("".join((o if isinstance(o, str) else json.dumps(o)) + "\n" for o in objects))
    return load(path)


def test_a_retweet_of_version_1_is_a_repost(tmp_path):
    record = read(tmp_path, V1)
    row = record.table("acts").to_pylist()[0]
    assert (row["account"], row["kind"], row["object"], row["target"], row["client"]) == (
        "1",
        "repost",
        "9",
        "2",
        "App",
    )
    assert record.names() == {"1": "a"}


def test_a_page_of_version_2(tmp_path):
    record = read(tmp_path, PAGE)
    kinds = record.sql("SELECT kind, object FROM acts ORDER BY kind").to_pylist()
    assert [(k["kind"], k["object"]) for k in kinds] == [
        ("hashtag", "x"),
        ("link", "https://e.org"),
        ("mention", "2"),
        ("post", "20"),
        ("reply", "9"),
    ]
    status = record.table("statuses").to_pylist()[0]
    assert (status["account"], status["status"], status["observation"]) == (
        "3",
        "suspended",
        "seen",
    )


def test_lines_that_are_no_tweet_are_refused_with_their_number(tmp_path):
    record = read(
        tmp_path,
        V1,
        "{broken",
        {"id_str": "1", "created_at": "x", "user": {}},
        "[]",
        PAGE | {"__twarc": {}},
    )
    assert record.table("rejected").column("line").to_pylist() == [2, 3, 4, 5]
    assert record.sizes["acts"] == 6


def test_a_tweet_without_the_id_of_its_author_is_never_an_account(tmp_path):
    tweet = {k: v for k, v in PAGE["data"][0].items() if k != "author_id"}
    record = read(tmp_path, PAGE | {"data": [tweet]})
    assert (record.sizes["accounts"], record.sizes["rejected"]) == (0, 1)
    beside = tweet | {"author": {"id": "1", "username": "a"}}
    record = read(tmp_path, {"data": [beside]})
    assert set(record.table("acts").column("account").to_pylist()) == {"1"}
