"""Any kind of object is a trace: what a person names, and what a text or a link holds."""

import pyarrow as pa
import pytest

from birdfall import read
from birdfall.measures.coordination import coordination, trace_sizes
from birdfall.measures.coordination.domains import domain_of
from birdfall.measures.coordination.emoji import emoji_runs
from birdfall.measures.coordination.urls import normalise_url, short_link_table
from birdfall.model.errors import CannotAnswer, UsageError
from birdfall.record.lookalikes import find_lookalikes
from birdfall.sources.ingest import load
from commands import birdfall

DAYS = (1, 2, 3)


def rows_of(*things, accounts=("a", "b"), header="account,object,time", zone="Z"):
    """Each account acts on the thing that is its own, three days running, a second apart."""
    lines = [header]
    for day in DAYS:
        for second, (account, thing) in enumerate(zip(accounts, things, strict=True)):
            lines.append(f"{account},{thing},2024-01-0{day}T12:00:0{second}{zone}")
    return "\n".join(lines) + "\n"


def weights(record, trace, **options):
    finding = coordination(record, trace=trace, null="none", **options)
    return finding.name, finding.table("edges").column("weight").to_pylist()


def written(tmp_path, text, name="in.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize("column", ["created_at", "suspended_at"])
def test_what_was_done_to_accounts_is_no_act_unless_it_is_named(tmp_path, column):
    """Accounts made, or suspended, in one second moved nowhere together."""
    rows = "".join(f"a{n},2024-01-01T12:00:00Z\n" for n in range(5))
    path = written(tmp_path, f"username,{column}\n{rows}")
    done = birdfall("coordinate", path, "--null", "none", "--at-least", 1)
    assert done.returncode != 0
    assert "acts" in done.stderr


@pytest.mark.parametrize(
    ("header", "trace"),
    [
        ("account,phash,time", "image"), ("account,music_id,time", "song"),
        ("account,dominio,time", "domain"), ("account,conversation_id,time", "conversation"),
        ("cuenta,hashtag,fecha", "hashtag"), ("account,link,time", "link"),
    ],
)  # fmt: skip
def test_a_column_is_taken_for_the_kind_it_is_named_for(tmp_path, header, trace):
    record = load(written(tmp_path, rows_of("vida.example", "vida.example", header=header)))
    assert weights(record, trace) == (f"coordination-{trace}", [3])


def test_several_kinds_in_one_file_are_several_traces(tmp_path):
    text = "account,phash,song,recipe,time\n" + "".join(
        f"{a},ffee,s{a},r1,2024-01-0{d}T12:00:0{d}Z\n" for d in DAYS for a in "ab"
    )
    record = load(written(tmp_path, text), columns={"object:recipe": "recipe"})
    assert trace_sizes(record) == {"image": 2, "recipe": 2, "song": 2}
    assert [weights(record, t)[1] for t in ("image", "song", "recipe")] == [[3], [], [3]]


def test_a_kind_that_nobody_has_is_refused_with_those_there_are(tmp_path):
    record = load(written(tmp_path, rows_of("x", "x", header="account,phash,time")))
    with pytest.raises(UsageError) as error:
        coordination(record, trace="imagen")
    assert "image (2)" in error.value.fix
    with pytest.raises(UsageError):
        coordination(record, trace="'; DROP TABLE acts; --")


def test_the_command_calls_the_finding_by_the_kind(tmp_path):
    path = written(tmp_path, rows_of("r", "r", header="who,recipe,at"))
    said = ("--column", "account=who", "--column", "time=at")
    for column in ("object=recipe", "object:recipe=recipe"):
        done = birdfall(
            "coordinate", path, "--trace", "recipe", *said, "--column", column, "--null", "none",
            check=0,
        )  # fmt: skip
        assert "coordination-recipe: 2 accounts, 6 acts" in done.stdout


def test_without_a_trace_the_one_there_is_is_taken(tmp_path):
    path = written(tmp_path, rows_of("x", "x", header="account,phash,time"))
    done = birdfall("coordinate", path, "--null", "none", check=0)
    assert "coordination-image" in done.stdout and "image is looked at" in done.stderr


def posts(texts, extra="", more=""):
    return f"tweet_id,author_id,created_at,text{extra}\n" + "".join(
        f'{d}{i},{i},2024-01-0{d}T12:00:0{i}Z,"{text}"{more}\n'
        for d in DAYS
        for i, text in enumerate(texts)
    )


@pytest.mark.parametrize("trace", ["hashtag", "mention", "link", "domain", "emoji"])
def test_what_a_text_holds_is_read_by_unicode(tmp_path, trace):
    one = "Hola #Café, @Alfa: 🔥🇻🇪 https://www.españa.es/x?utm_source=y&fbclid=1#top."
    same = "#CAFE\u0301 🔥 🇻🇪 (xn--espaa-rta.es https://xn--espaa-rta.es/x/) .@alfa"
    record = load(written(tmp_path, posts([one, same])))
    assert weights(record, trace)[1] == [3]


def test_hashtags_and_mentions_are_no_parts_of_addresses(tmp_path):
    text = "https://example.org/@alfa#beta a@b.org x#y &#39; # #1 1#2"
    record = load(written(tmp_path, posts([text, text])))
    assert not {"hashtag", "mention"} & set(trace_sizes(record))


def test_conversations_and_deletions_are_traces(tmp_path):
    text = posts(["a", "b"], ",conversation_id,deleted_at", ",77,2024-02-01T00:00:00Z")
    record = load(written(tmp_path, text))
    assert weights(record, "conversation") == ("coordination-conversation", [3])
    assert trace_sizes(record)["delete"] == 2
    assert {a["kind"] for a in record.table("acts").to_pylist()} == {"post", "delete"}


def test_edges_across_platforms_are_counted(tmp_path):
    def text(platforms):
        lines = rows_of("r", "r", "r", accounts="abc").splitlines()
        ends = ["platform", *(platforms * len(DAYS))]
        return "\n".join(f"{line},{end}" for line, end in zip(lines, ends, strict=True)) + "\n"

    found = [
        coordination(load(written(tmp_path, text(p))), null="none").estimates.get(
            "across_platforms"
        )
        for p in (["x", "x", "telegram"], ["x", "x", "x"])
    ]
    assert found[0].value == 2 and found[1] is None


def test_a_table_of_short_links_is_followed(tmp_path):
    links = ("https://bit.ly/a", "news.example/x?utm_medium=z")
    path = written(tmp_path, rows_of(*links, header="account,link,time"))
    table = written(tmp_path, "short;long\nbit.ly/a;https://www.news.example/x\n", "short.csv")
    done = birdfall(
        "coordinate", path, "--trace", "link", "--short-links", table, "--null", "none", check=0
    )
    assert "edges                  1" in done.stdout
    done = birdfall("coordinate", path, "--trace", "link", "--null", "none")
    assert "edges                  0" in done.stdout
    wrong = written(tmp_path, "only\none\n", "wrong.csv")
    birdfall("coordinate", path, "--trace", "link", "--short-links", wrong, check=2)
    assert normalise_url("http://bit.ly/a", short_link_table({"bit.ly/a": "x.example"})) == (
        "x.example"
    )


@pytest.mark.parametrize(
    ("link", "domain"),
    [
        ("https://a.b.news.co.uk/x", "news.co.uk"),
        ("http://b.example.com.ve:80/?a", "example.com.ve"),
        ("https://user.github.io/x", "user.github.io"), ("https://xn--espaa-rta.es", "españa.es"),
        ("http://127.0.0.1/x", None), ("just words", None), ("localhost", None), ("https://", None),
        ("a@b.org", None),
    ],
)  # fmt: skip
def test_domains_are_what_one_registers(link, domain):
    assert domain_of(link) == domain


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("a 😀 b", []), ("😀😀", ["😀😀"]), ("👩🏽‍🚀👍🏽 x", ["👩🏽‍🚀👍🏽"]),
        ("🇻🇪🇪🇸 🇻🇪🇪🇸", ["🇻🇪🇪🇸🇻🇪🇪🇸"]),
        ("1️⃣2️⃣", ["1⃣2⃣"]), ("❤️❤", ["❤❤"]), ("12 #3 *", []), ("🏴󠁧󠁢󠁥󠁮󠁧󠁿⚽", ["🏴󠁧󠁢󠁥󠁮󠁧󠁿⚽"]), ("→→", []),
    ],
)  # fmt: skip
def test_runs_of_emoji(text, runs):
    assert emoji_runs(text) == runs


def test_ids_that_look_alike_are_noted(tmp_path):
    ids = ["jose\u0301", "josé", "ab\u200bc", "abc", "\u200eabc", "ana", "ан"]
    assert find_lookalikes(pa.array(ids)) == [
        ("abc", "ab\u200bc", "\u200eabc"), ("jose\u0301", "josé"),
    ]  # fmt: skip
    text = rows_of("x", "x", accounts=("abc", "ab\u200bc"), header="account_id,object,time")
    finding = coordination(load(written(tmp_path, text)), null="none")
    assert "ids-look-alike" in {n.code for n in finding.limits}


def test_acts_without_an_hour_meet_nobody_within_a_minute(tmp_path):
    text = rows_of("x", "x") + "c,x,2024-01-01\nd,x,2024-01-01\n"
    path = written(tmp_path, text)
    finding = coordination(load(path, time_zone="UTC"), null="none", at_least=1)
    assert finding["edges"].value == 1
    assert {n.code: n.values for n in finding.limits}["coarse-times-left-out"]["acts"] == 2
    assert (
        read(path, time_zone="UTC")
        .coordination(window="1d", null="none", at_least=1)["edges"]
        .value
        == 6
    )
    days = written(tmp_path, "account,object,time\na,x,2024-01-01\nb,x,2024-01-01\n")
    with pytest.raises(CannotAnswer):
        coordination(load(days, time_zone="UTC"))
