"""What was done to accounts is a change of their status, in five languages; who did it is not whom
it befell; what only comes further down in a file is not taken for what stands above it."""

import json

import pytest

from birdfall.model.errors import UsageError
from birdfall.sources.ingest import load

TIMES = ("2021-10-16T10:00:00Z", "2021-10-16T10:00:03Z")


def read(tmp_path, content, name="in.csv", **options):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return load(path, **options)


def table(header, *rows):
    return "\n".join([header, *(",".join(r) for r in rows)]) + "\n"


def statuses(case):
    rows = case.table("statuses").to_pylist() if case.has("statuses") else []
    return [(r["account"], r["status"], r["observation"]) for r in rows]


def acts(case):
    rows = case.table("acts").to_pylist() if case.has("acts") else []
    return sorted((r["account"], r["kind"], r["object"]) for r in rows)


@pytest.mark.parametrize(
    ("column", "fell", "back"),
    [
        ("action", "ban", "unban"),
        ("mod_action", "Suspend", "Reinstate"),
        ("type", "temp_ban", "lift suspension"),
        ("Acción", "Suspender", "Restaurar"),
        ("tipo de medida", "expulsión", "desbloqueo"),
        ("action", "bannissement", "rétablissement"),
        ("mesure", "suspendre", "débannir"),
        ("ação", "banir", "reativação"),
        ("الإجراء", "إيقاف الحساب", "رفع الحظر"),
    ],
)
def test_deeds_of_moderators_change_statuses(tmp_path, column, fell, back):
    rows = [(TIMES[0], "ana", fell, "alfa"), (TIMES[1], "luis", back, "alfa")]
    case = read(tmp_path, table(f"time,moderator,{column},account", *rows))
    assert statuses(case) == [("alfa", "suspended", "change"), ("alfa", "active", "change")]


def test_deeds_that_change_nothing_are_refused_row_by_row(tmp_path):
    rows = [(TIMES[0], "ban", "alfa"), (TIMES[1], "warn", "beta")]
    case = read(tmp_path, table("time,action,user", *rows))
    assert statuses(case) == [("alfa", "suspended", "change")]
    assert [r["value"] for r in case.table("rejected").to_pylist()] == ["warn"]


def test_a_deed_befell_its_target(tmp_path):
    rows = [(TIMES[0], "ana", "ban", "alfa"), (TIMES[1], "ana", "ban", "beta")]
    found = statuses(read(tmp_path, table("time,admin_user,action,target", *rows)))
    assert [account for account, *_ in found] == ["alfa", "beta"]
    one = table("time,user,action,target", (TIMES[0], "ana", "ban", "alfa"))
    with pytest.raises(UsageError) as asked:
        read(tmp_path, one)
    assert [q.option for q in asked.value.questions] == ["--column account="]
    assert statuses(read(tmp_path, one, columns={"account": "target"}))[0][0] == "alfa"


@pytest.mark.parametrize("words", [("block", "unblock"), ("delete", "remove"), ("ban", "like")])
def test_words_that_people_do_too_are_asked_about(tmp_path, words):
    rows = [(t, w, a) for t, w, a in zip(TIMES, words, ("alfa", "beta"), strict=True)]
    with pytest.raises(UsageError):
        read(tmp_path, table("time,action,user", *rows))


@pytest.mark.parametrize("names", ["Blocker,Blocked", "Bloqueur,Bloqué", "bloqueador,bloqueado"])
def test_who_blocked_whom_is_an_act_of_the_former(tmp_path, names):
    found = acts(read(tmp_path, table(f"{names},time", ("alfa", "beta", TIMES[0]))))
    assert found == [("alfa", "block", "beta")]


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("tweet_id,author,favoriter_screen_name,time", "like"),
        ("tweet_id,author,retweeted_by,retweeted_at", "repost"),
        ("post_id,author,liked_by,liked_at", "like"),
        ("id_publicacion,autor,compartido_por,fecha", "repost"),
    ],
)
def test_who_shared_acted_and_not_who_wrote(tmp_path, header, kind):
    rows = [("p1", "gama", "alfa", TIMES[0]), ("p1", "gama", "beta", TIMES[1])]
    case = read(tmp_path, table(header, *rows))
    assert acts(case) == [("alfa", kind, "p1"), ("beta", kind, "p1")]
    assert case.table("acts").column("target").to_pylist() == ["gama", "gama"]


def test_a_like_beside_the_text_of_the_post_is_no_post(tmp_path):
    row = ("p1", "hola", "alfa", TIMES[0])
    case = read(tmp_path, table("post_id,text,liker,liked_at", row))
    assert acts(case) == [("alfa", "like", "p1")]


def test_who_shared_some_of_the_posts_is_asked_about(tmp_path):
    rows = [("1", "hola", "gama", TIMES[0], "alfa"), ("2", "no", "gama", TIMES[1], "")]
    content = table("id,text,user,created_at,retweeted_by", *rows)
    with pytest.raises(UsageError) as asked:
        read(tmp_path, content)
    assert asked.value.questions[0].answers == ("user", "retweeted_by")
    written = acts(read(tmp_path, content, columns={"account": "user"}))
    assert written == [("gama", "post", "1"), ("gama", "post", "2")]
    shared = acts(read(tmp_path, content, columns={"account": "retweeted_by"}))
    assert shared == [("alfa", "repost", "1")]


def test_rows_of_json_under_their_numbers(tmp_path):
    rows = {str(n): {"user": u, "created_at": TIMES[n], "text": "hi"} for n, u in enumerate("ab")}
    found = acts(read(tmp_path, json.dumps(rows), "in.json"))
    assert [(a, k) for a, k, _ in found] == [("a", "post"), ("b", "post")]


def test_posts_of_json_under_their_ids(tmp_path):
    rows = {
        f"13888{n}": {"user": u, "created_at": TIMES[n], "text": "hi"} for n, u in enumerate("ab")
    }
    assert acts(read(tmp_path, json.dumps(rows), "in.json"))[0] == ("a", "post", "138880")


def test_a_page_of_ids_is_asked_whose_it_is(tmp_path):
    page = json.dumps({"ids": [11, 22], "next_cursor": 0})
    with pytest.raises(UsageError, match="follows"):
        read(tmp_path, page, "followers.json")
    case = read(tmp_path, page, "followers.json", constants={"followed": "leader"})
    pairs = [(r["follower"], r["followed"]) for r in case.table("follows").to_pylist()]
    assert pairs == [("11", "leader"), ("22", "leader")]


def test_several_counts_without_a_known_day_are_asked_about(tmp_path):
    rows = [("alfa", "2021-10-16T10:00:00Z", "10"), ("alfa", "2021-10-17T10:00:00Z", "12")]
    content = table("account,levantado,followers", *rows)
    with pytest.raises(UsageError) as asked:
        read(tmp_path, content)
    assert asked.value.questions[0].answers == ("levantado",)
    case = read(tmp_path, content, columns={"observed_at": "levantado"})
    assert case.table("counts").column("followers").to_pylist() == [10, 12]


def test_a_weekday_beside_a_date_is_no_second_time(tmp_path):
    content = table("account,Date,Day,followers", ("alfa", "2021-10-16", "Sat", "10"))
    case = read(tmp_path, content, time_zone="UTC")
    assert case.table("counts").num_rows == 1


def test_people_who_are_answered_are_no_posts_that_are(tmp_path):
    people = "\"[{'screen_name': 'alfa', 'id': '1'}]\""
    content = table("id,user_id,created_at,tweet,reply_to", ("9", "2", TIMES[0], "si", people))
    assert acts(read(tmp_path, content)) == [("2", "post", "9")]


ABOVE = 1_100


@pytest.mark.parametrize(
    ("header", "above", "below", "expected"),
    [
        ("id,user,kind,created_at", ("post",), ("like",), ("z", "like", "last")),
        ("id,user,retweeted_id,text,created_at", ("", "hi"), ("77", "ho"), ("z", "repost", "77")),
    ],
    ids=["kinds", "reposts"],
)
def test_what_comes_further_down_is_not_taken_for_what_stands_above(
    tmp_path, header, above, below, expected
):
    rows = [(f"p{n}", f"a{n}", *above, TIMES[0]) for n in range(ABOVE)]
    found = acts(read(tmp_path, table(header, *rows, ("last", "z", *below, TIMES[1]))))
    assert [row for row in found if row[0] == "z"] == [expected]


def test_likes_below_a_thousand_posts_of_the_at_protocol(tmp_path):
    post = "at://did:plc:a/app.bsky.feed.post/{}"
    rows = [(post.format(n), "did:plc:a", TIMES[0], "") for n in range(ABOVE)]
    like = ("at://did:plc:b/app.bsky.feed.like/1", "did:plc:b", TIMES[1], post.format(5))
    found = acts(read(tmp_path, table("uri,author,createdAt,subject", *rows, like)))
    assert [row for row in found if row[0] == "did:plc:b"] == [
        ("did:plc:b", "like", post.format(5))
    ]


def test_several_accounts_in_a_cell_far_down_are_refused_there(tmp_path):
    rows = [(str(n), f"a{n}", TIMES[0], "hi") for n in range(ABOVE)]
    content = table("id,user,created_at,text", *rows, ("x", '"beta, gama"', TIMES[1], "hi"))
    case = read(tmp_path, content)
    assert len(acts(case)) == ABOVE
    assert [r["value"] for r in case.table("rejected").to_pylist()] == ["beta, gama"]


def test_deeds_to_posts_are_none_of_their_authors(tmp_path):
    content = table(
        "time,moderator,action,post_id,author", (TIMES[0], "ana", "remove", "9", "alfa")
    )
    with pytest.raises(UsageError, match="no acts of people"):
        read(tmp_path, content)
    found = acts(read(tmp_path, content, constants={"kind": "post"}))
    assert found == [("alfa", "post", "9")]


def test_words_of_statuses_under_an_unknown_name_are_asked_about(tmp_path):
    content = table("screen_name,name,resultado,checked_at", ("alfa", "A", "suspendida", TIMES[0]))
    with pytest.raises(UsageError) as asked:
        read(tmp_path, content)
    assert asked.value.questions[0].answers == ("resultado",)
    case = read(tmp_path, content, columns={"status": "resultado"})
    assert statuses(case) == [("alfa", "suspended", "seen")]


def test_counts_of_links_are_no_links(tmp_path):
    content = table(
        "Tweet Id,user,created_at,text,URLs", ('"""9000001"""', "a", TIMES[0], "hi", "0")
    )
    assert acts(read(tmp_path, content)) == [("a", "post", "9000001")]


def test_an_object_that_each_text_has_for_itself_is_its_own_id(tmp_path):
    rows = [("1", "p1", TIMES[0], "hola", "a"), ("2", "p2", TIMES[1], "si", "b")]
    content = table("id,object_id,created_time,message,from.id", *rows)
    assert [kind for _, kind, _ in acts(read(tmp_path, content))] == ["post", "post"]


def test_a_repost_has_its_own_id_beside_that_of_the_post(tmp_path):
    rows = [("1", "p", "r1", TIMES[0]), ("2", "p", "r2", TIMES[1])]
    found = acts(read(tmp_path, table("retweeter_id,tweet_id,retweet_id,time", *rows)))
    assert found == [("1", "repost", "p"), ("2", "repost", "p")]


@pytest.mark.parametrize(
    "header", ["Name,Profile ID,Date,Likes,Comment", "by,user_id,post_published,n,x"]
)
def test_comments_of_people_are_posts(tmp_path, header):
    header = header.replace(",x", ",comment")
    row = ("Ana", "1001", TIMES[0], "0", "hola")
    assert acts(read(tmp_path, table(header, row)))[0][:2] == ("1001", "post")


def test_reports_in_words_of_their_language(tmp_path):
    content = table("Denunciante,Cuenta denunciada,Fecha de denuncia", ("alfa", "gama", TIMES[0]))
    assert acts(read(tmp_path, content)) == [("alfa", "report", "gama")]


def test_times_of_removal_beside_posts_are_asked_about(tmp_path):
    content = table("post_id,author,removed_at", ("900", "alfa", TIMES[0]))
    with pytest.raises(UsageError, match="a post or its author"):
        read(tmp_path, content)
    case = read(tmp_path, content, columns={"suspended_at": "removed_at"})
    assert statuses(case) == [("alfa", "suspended", "change")]
    found = acts(read(tmp_path, content, columns={"deleted_at": "removed_at"}))
    assert found == [("alfa", "delete", "900")]


@pytest.mark.parametrize(
    "name", ["Fecha regreso", "volvió el", "date de retour", "voltou em", "back on"]
)
def test_returns_in_words_of_five_languages(tmp_path, name):
    row = ("alfa", TIMES[0], "2021-11-01T10:00:00Z")
    case = read(tmp_path, table(f"Usuario,Fecha suspensión,{name}", row))
    assert [status for _, status, _ in statuses(case)] == ["suspended", "active"]


def test_who_is_mentioned_in_posts(tmp_path):
    link = "https://x.com/alfa/status/1498600000000000001"
    content = table("author,mentioned_user,tweet_url,created_at", ("alfa", "gama", link, TIMES[0]))
    assert [k for _, k, _ in acts(read(tmp_path, content))] == ["mention", "post"]


@pytest.mark.parametrize("header", ["المستخدم,التعليق,التاريخ", "Profile,Message,time"])
def test_texts_of_profiles_are_posts(tmp_path, header):
    found = acts(read(tmp_path, table(header, ("@alfa", "hola", TIMES[0]))))
    assert [(a, k) for a, k, _ in found] == [("alfa", "post")]


def test_a_remark_beside_what_was_done_is_no_post(tmp_path):
    content = table("logid,type,user,timestamp,comment", ("1", "block", "Admin", TIMES[0], "spam"))
    with pytest.raises(UsageError):
        read(tmp_path, content)
