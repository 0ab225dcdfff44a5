"""Calls to report: imperatives in five languages, and what only looks like one."""

import datetime as dt

import pyarrow as pa
import pytest
from call_sentences import CALLING, SPEAKING

from birdfall.measures.brigades.calls_to_report import Call, find_calls, tabulate_calls
from birdfall.record.record import from_tables

CALLS = [
    ("en", "Please report @bad_actor now!"),
    ("en", "Report and block @bad_actor"),
    ("en", "everyone report this account"),
    ("en", "Mass report @bad_actor, he deserves it"),
    ("en", "🚨 Report @bad_actor 🚨"),
    ("es", "¡Denuncien a @bad_actor por spam!"),
    ("es", "Hay que denunciar la cuenta @bad_actor"),
    ("es", "DENUNCIA a @bad_actor ya"),
    ("es", "Por favor reporten esta cuenta"),
    ("es", "vamos a reportar a @bad_actor"),
    ("fr", "Signalez @bad_actor s'il vous plaît"),
    ("fr", "Il faut signaler le compte @bad_actor"),
    ("fr", "merci de signaler ce compte"),
    ("pt", "Denunciem o perfil @bad_actor"),
    ("pt", "Vamos denunciar @bad_actor"),
    ("pt", "reportem essa conta"),
    ("ar", "بلّغوا عن الحساب @bad_actor"),
    ("ar", "الرجاء التبليغ عن @bad_actor"),
    ("ar", "بلغوا عن هذا الحساب"),
]

HARD = [
    "Please don't report @bad_actor",
    "never report @bad_actor, just ignore him",
    "They ask people to report @bad_actor",
    "“Report @bad_actor” is all they post",
    "Police report @reuters two arrests",
    "I read the report @bad_actor wrote",
    "He reported @bad_actor yesterday",
    "the annual report: this account of events",
    "A campaign to report @bad_actor was denied",
    "No denuncien a @bad_actor",
    "Dejen de denunciar a @bad_actor",
    "Piden que denuncien a @bad_actor",
    "@ana_mp denuncia a @bad_actor por fraude",
    "María denuncia a @bad_actor por fraude",
    "La denuncia a @bad_actor fue archivada",
    "«Denuncien a @bad_actor», escribió",
    "El partido denuncia un ataque de @bad_actor",
    "Ne signalez pas @bad_actor",
    "Ils appellent à signaler @bad_actor",
    "La police signale @bad_actor",
    "« Signalez @bad_actor »",
    "Não denunciem @bad_actor",
    "Eles pedem que denunciem @bad_actor",
    "A denúncia de @bad_actor foi arquivada",
    "“denunciem @bad_actor”, disse ela",
    "لا تبلغوا عن @bad_actor",
    "يطالبون: بلغوا عن @bad_actor",
    "قال «بلغوا عن @bad_actor»",
    "بلغ عدد القتلى @bad_actor عشرة",
    "Report",
    "denuncien",
    "",
    "@bad_actor",
]


@pytest.mark.parametrize(("language", "text"), CALLS)
def test_a_call_is_found_in_its_language(language, text):
    found = find_calls(text)
    assert [c.language for c in found] == [language]
    assert found[0].handle == ("bad_actor" if "@" in text else None)


@pytest.mark.parametrize("text", HARD)
def test_what_denies_quotes_or_tells_of_a_call_is_none(text):
    assert find_calls(text) == []


@pytest.mark.parametrize(
    ("language", "text"), [(lang, text) for lang, texts in CALLING.items() for text in texts]
)
def test_sentences_that_call_are_found(language, text):
    found = find_calls(text)
    assert found and found[0].language == language, found


@pytest.mark.parametrize("text", [text for texts in SPEAKING.values() for text in texts])
def test_sentences_that_only_speak_of_reporting_are_not(text):
    assert find_calls(text) == []


def test_there_are_twenty_sentences_of_either_kind_in_every_language():
    assert set(CALLING) == set(SPEAKING) == {"en", "es", "fr", "pt", "ar"}
    assert all(len(set(texts)) >= 20 for side in (CALLING, SPEAKING) for texts in side.values())


def test_no_call_is_lost_before_it_is_read():
    """Posts are chosen in the record by the roots of the verbs; every form of a call must pass
    there.
    """
    texts = [text for texts in CALLING.values() for text in texts]
    start = pa.array(
        [dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * len(texts), pa.timestamp("us", tz="UTC")
    )
    acts = {
        "account": [f"a{i}" for i in range(len(texts))],
        "kind": ["post"] * len(texts),
        "object": [f"p{i}" for i in range(len(texts))],
    }
    _, posts, callers = tabulate_calls(
        from_tables({"acts": pa.table({**acts, "time": start, "text": texts})})
    )
    assert posts == callers == len(texts)


def test_only_the_handle_that_is_called_out_is_named():
    assert find_calls("@friend report @target, thanks @other") == [Call("target", "en")]
    assert find_calls("Report @some.host.example. Now") == [Call("some.host.example", "en")]


def test_hostile_text_is_read_in_no_time():
    for text in (
        "report " * 5000,
        "report the " * 3000 + "@",
        "«" * 5000,
        "denuncien a la " * 2000,
        "no " * 3000 + "report @x",
    ):
        find_calls(text)


def test_calls_are_gathered_by_target_and_resolved_where_the_handle_is_known():
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    posts = [
        "Denuncien a @Target ya",
        "denuncien a @target",
        "Report @target",
        "no denuncien a @target",
        "Report this account",
    ]
    record = from_tables(
        {
            "acts": pa.table(
                {
                    "account": ["a", "b", "a", "c", "d"],
                    "kind": ["post", "reply", "repost", "post", "post"],
                    "object": list("12345"),
                    "time": pa.array(
                        [start + dt.timedelta(hours=h) for h in range(5)],
                        pa.timestamp("us", tz="UTC"),
                    ),
                    "text": posts,
                }
            ),
            "accounts": pa.table(
                {"account": ["t", "u", "v"], "handle": ["@target", "Twice", "twice"]}
            ),
        }
    )
    table, number, callers = tabulate_calls(record)
    assert (number, callers) == (4, 3)
    rows = [
        (r["target"], r["account"], r["language"], r["posts"], r["callers"])
        for r in table.to_pylist()
    ]
    assert rows == [
        ("target", "t", "es", 2, 2),
        (None, None, "en", 1, 1),
        ("target", "t", "en", 1, 1),
    ]
    assert table.column("first")[0].as_py() == start
