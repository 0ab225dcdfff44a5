"""Who did something to a post did not write it; a record is what its collection says; a list of
accounts is no account. What a file does not tell is asked."""

import io
import json
import zipfile

import pytest

from birdfall.model.errors import InputError, UsageError
from birdfall.sources.ingest import load

TIMES = ("2021-10-16T10:00:00Z", "2021-10-16T10:00:03Z")


def read(tmp_path, content, name="in.csv", **options):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load(path, **options)


def acts(case):
    rows = case.table("acts").to_pylist() if case.has("acts") else []
    return sorted((r["account"], r["kind"], r["object"]) for r in rows)


def table(header, *rows):
    return "\n".join([header, *(",".join(r) for r in rows)]) + "\n"


def done(header):
    """Two accounts did something to two posts."""
    return table(header, ("p1", "alfa", TIMES[0]), ("p2", "beta", TIMES[1]))


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("post_id,liker,liked_at", "like"),
        ("id_da_postagem,curtidor,curtido_em", "like"),
        ("id_publication,aimé_par,aimé_le", "like"),
        ("id_publicacion,compartido_por,fecha", "repost"),
        ("post_id,shared_by,time", "repost"),
        ("tweet_id,commenter,commented_at", "reply"),
        ("id_publicacion,comentado_por,fecha", "reply"),
        ("post_id,reporter,reported_at", "report"),
    ],
)
def test_who_acted_on_a_post_did_not_write_it(tmp_path, header, kind):
    found = acts(read(tmp_path, done(header)))
    assert found == [("alfa", kind, "p1"), ("beta", kind, "p2")]


@pytest.mark.parametrize(
    "header",
    [
        "post_id,voter,voted_at",
        "post_id,viewer_id,viewed_at",
        "message_id,reactor,reacted_at",
        "id_publicacion,votante,fecha_voto",
        "id_publication,voté_par,voté_le",
        "post_id,user_id,voted_at",
    ],
)
def test_votes_and_views_are_asked_for_and_one_answer_settles_them(tmp_path, header):
    with pytest.raises(UsageError) as asked:
        read(tmp_path, done(header))
    assert asked.value.questions[0].option == "--const kind="
    found = acts(read(tmp_path, done(header), constants={"kind": "like"}))
    assert [kind for _, kind, _ in found] == ["like", "like"]


def test_a_post_that_somebody_viewed_keeps_its_own_time(tmp_path):
    case = read(
        tmp_path,
        table(
            "post_id,user_id,text,created_at,viewed_at",
            ("1", "11", "hola", TIMES[0], "2022-01-01T00:00:00Z"),
        ),
    )
    assert [r["time"].year for r in case.table("acts").to_pylist()] == [2021]


def test_a_comment_has_its_own_id_and_answers_the_post(tmp_path):
    rows = [("p1", "c1", "alfa", "hola", TIMES[0]), ("p1", "c2", "beta", "dime", TIMES[1])]
    found = acts(read(tmp_path, table("post_id,comment_id,author,text,created_at", *rows)))
    assert found == [
        ("alfa", "post", "c1"),
        ("alfa", "reply", "p1"),
        ("beta", "post", "c2"),
        ("beta", "reply", "p1"),
    ]


POST = "at://did:plc:z/app.bsky.feed.post/3p"


def records(kind, *subject):
    header = ",".join(["uri", "author", "createdAt", *("subject" for _ in subject)])
    named = "graph" if kind in ("follow", "block", "listitem") else "feed"
    return table(
        header,
        *(
            (f"at://did:plc:{a}/app.bsky.{named}.{kind}/3k", f"did:plc:{a}", time, *subject)
            for a, time in zip("ab", TIMES, strict=True)
        ),
    )


@pytest.mark.parametrize(
    ("kind", "subject"), [("like", POST), ("repost", POST), ("block", "did:plc:z")]
)
def test_records_are_what_their_collection_says(tmp_path, kind, subject):
    found = acts(read(tmp_path, records(kind, subject)))
    assert found == [("did:plc:a", kind, subject), ("did:plc:b", kind, subject)]


def test_records_of_follows_are_follows(tmp_path):
    case = read(tmp_path, records("follow", "did:plc:z"))
    assert not acts(case)
    assert {r["followed"] for r in case.table("follows").to_pylist()} == {"did:plc:z"}


def test_posts_among_records_of_likes_stay_posts(tmp_path):
    content = records("like", POST) + f"{POST},did:plc:z,{TIMES[0]},\n"
    found = acts(read(tmp_path, content))
    assert [(a, k) for a, k, _ in found] == [
        ("did:plc:a", "like"),
        ("did:plc:b", "like"),
        ("did:plc:z", "post"),
    ]


@pytest.mark.parametrize("kind", ["like", "follow", "block", "listitem"])
def test_records_of_which_nothing_says_to_what_are_no_posts(tmp_path, kind):
    with pytest.raises(UsageError, match="records"):
        read(tmp_path, records(kind))


@pytest.mark.parametrize(
    "cell", ["alfa, beta", "alfa|beta|gama", "['alfa']", "@alfa; @beta", "alfa، beta"]
)
def test_several_accounts_in_a_cell_are_not_one(tmp_path, cell):
    with pytest.raises(UsageError, match="several accounts in one cell"):
        read(tmp_path, f'tweet_id,user,created_at,text\n1,"{cell}",{TIMES[0]},hola\n')


@pytest.mark.parametrize("cell", ["Ruiz, Ana", "[deleted] user", "news|", "La Voz, de Caracas"])
def test_a_name_with_a_comma_is_one_account(tmp_path, cell):
    case = read(tmp_path, f'tweet_id,user,created_at,text\n1,"{cell}",{TIMES[0]},hola\n')
    assert [k for _, k, _ in acts(case)] == ["post"]


def test_days_as_columns_are_named(tmp_path):
    with pytest.raises(UsageError, match="the columns are days"):
        read(tmp_path, "cuenta,2021-10-16,2021-10-17\nalfa,10,11\n")


ROWS = [{"user": a, "created_at": t, "text": "hola"} for a, t in zip("ab", TIMES, strict=True)]


@pytest.mark.parametrize(
    "content",
    [
        {c: [r[c] for r in ROWS] for c in ROWS[0]},
        {c: {str(i): r[c] for i, r in enumerate(ROWS)} for c in ROWS[0]},
        {"tweets": {str(i): r for i, r in enumerate(ROWS)}},
        {"columns": list(ROWS[0]), "index": [0, 1], "data": [list(r.values()) for r in ROWS]},
        {"type": "FeatureCollection", "features": [{"properties": r} for r in ROWS]},
    ],
    ids=["lists", "numbered", "by-id", "split", "features"],
)
def test_tables_that_json_writes_by_columns_or_ids(tmp_path, content):
    found = acts(read(tmp_path, json.dumps(content), "in.json"))
    assert [(a, k) for a, k, _ in found] == [("a", "post"), ("b", "post")]


def packed(**members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return made.getvalue()


def test_an_empty_file_in_an_archive_costs_itself_alone(tmp_path):
    data = table("tweet_id,user_id,created_at,text", ("1", "11", TIMES[0], "hola"))
    case = read(tmp_path, packed(data_csv=data, manifest_json=""), "in.zip")
    assert [k for _, k, _ in acts(case)] == ["post"]
    (refused,) = case.table("rejected").to_pylist()
    assert (refused["value"], refused["reason"]) == (
        "manifest.json",
        "an empty file in the archive",
    )
    with pytest.raises(InputError, match="nothing in this archive is data"):
        read(tmp_path, packed(manifest_json=""), "empty.zip")


@pytest.mark.parametrize("name", ["in.csv", "in.docx"])
def test_documents_are_named_for_what_they_are(tmp_path, name):
    with pytest.raises(InputError, match="a Word document"):
        read(tmp_path, packed(word__document_xml="<w/>"), name)
    writer = packed(mimetype="application/vnd.oasis.opendocument.text", content_xml="<w/>")
    with pytest.raises(InputError, match="which is no table"):
        read(tmp_path, writer, name)


SHARED = table("post_id,user_id,created_at", *(("p1", who, TIMES[0]) for who in ("alfa", "beta")))


def test_one_post_beside_several_accounts_is_asked_about(tmp_path):
    with pytest.raises(UsageError) as met:
        read(tmp_path, SHARED)
    assert [q.option for q in met.value.questions] == ["--const kind="]
    answered = acts(read(tmp_path, SHARED, constants={"kind": "like"}))
    assert answered == [("alfa", "like", "p1"), ("beta", "like", "p1")]


@pytest.mark.parametrize("what", ["action", "accion", "tipo_de_medida", "mod_action"])
def test_the_creation_of_an_entry_of_a_log_is_none_of_an_account(tmp_path, what):
    """A log of bans was read as profiles, and its bans were lost."""
    log = table(f"account,{what},created_at", ("alfa", "x", TIMES[0]), ("beta", "y", TIMES[1]))
    with pytest.raises(UsageError):
        read(tmp_path, log)


def test_an_account_is_not_created_twice(tmp_path):
    twice = table("account,note,created_at", ("alfa", "a", TIMES[0]), ("alfa", "b", TIMES[1]))
    with pytest.raises(UsageError):
        read(tmp_path, twice)
    named = twice.replace("created_at", "account_created_at").replace(TIMES[1], TIMES[0])
    assert read(tmp_path, named).table("accounts").num_rows == 1
