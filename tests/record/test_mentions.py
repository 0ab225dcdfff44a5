"""Whom a text names: words, and addresses, which lead to people by numbers too."""

import time

import pyarrow as pa
import pytest

from birdfall.record.ids import Ids
from birdfall.record.mentions import Mentions

ACCOUNTS = {
    "11223344": "luna_9",
    "did:plc:abc": "luna.example",
    "55667788": "presidencia",
    "7": "leo",
}


@pytest.fixture
def mentions():
    return Mentions(Ids(pa.array(list(ACCOUNTS))), ACCOUNTS.items())


def told(mentions, text, **more):
    return mentions.replace(text, lambda account: f"bird-{account[-2:]}", lambda _: "#", **more)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("see https://x.com/luna_9/status/1234567890123.", "see https://x.com/bird-44/#."),
        ("(https://x.com/@luna_9)", "(https://x.com/bird-44/#)"),
        ("x.com/luna_9/status/12?s=20 yes", "x.com/bird-44/# yes"),
        ("https://x.com/presidencia/status/1", "https://x.com/bird-88/#"),
        ("https://x.com/presidencia", "https://x.com/bird-88/#"),
        ("https://mastodon.example/@presidencia/110", "https://mastodon.example/bird-88/#"),
        ("https://e.org/intent?screen_name=presidencia", "https://e.org/bird-88/#"),
        ("https://e.org/intent?screen_name=LUNA%5F9&x=1", "https://e.org/bird-44/#"),
        ("https://e.org/users/7/", "https://e.org/bird-7/#"),
        ("https://x.com/#!/luna_9/status/1", "https://x.com/bird-44/#"),
        ("at://did:plc:abc/app.bsky.feed.post/3kxyz", "at://bird-bc/#"),
        ("https://luna.example/about/me", "https://bird-bc/#"),
        ("https://bsky.app/profile/luna.example/post/3k", "https://bsky.app/bird-bc/#"),
        ("https://web.archive.org/web/2013/http://x.com/luna_9/status/9",
         "https://web.archive.org/bird-44/#"),
        ("//x.com/luna_9/status/1, @leo!", "//x.com/bird-44/#, @bird-7!"),
        ("https://u:p@x.com/luna_9/status/1", "https://x.com/bird-44/#"),
    ],
)  # fmt: skip
def test_an_address_that_names_an_account_keeps_its_host_alone(mentions, text, wanted):
    assert told(mentions, text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "https://news.example/presidencia/2013/11/a-title",
        "https://news.example/2013/leo",
        "https://e.org/?page=7",
        "and/or 3.5/10 a.b",
        "https://x.com/somebody_else/status/1",
        "it.is/so https://",
        "",
    ],
)
def test_other_addresses_stay(mentions, text):
    assert told(mentions, text) == text


def test_a_shared_address_of_a_platform_is_hidden_whoever_it_names(mentions):
    for text in ("https://x.com/i/status/12", "t.me/c/1/2", "https://m.example/@unknown/5"):
        assert told(mentions, text, strict=True).endswith("/#")
    assert told(mentions, "https://x.com", strict=True) == "https://x.com"
    assert told(mentions, "https://e.org/a", strict=True) == "https://e.org/a"


def test_the_address_of_a_public_account_stays(mentions):
    text = "https://x.com/luna_9/status/1"
    assert mentions.replace(text, lambda _: None, strict=True) == text


@pytest.mark.parametrize("sign", ["a", "a.", "/", "://", "a:", "@", "x.co/"])
def test_hostile_texts_take_no_longer_than_their_length(mentions, sign):
    begin = time.process_time()
    told(mentions, sign * (60_000 // len(sign)))
    assert time.process_time() - begin < 2
