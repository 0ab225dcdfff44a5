"""Near-identical texts against brute force, and texts as hostile as people write them."""

import random
import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from birdfall.kernels.text_normal import BREAK, DROP, KEEP, MAX_CODE_POINTS
from birdfall.measures.coordination.text_clusters import (
    cluster_texts,
    near_pairs,
    reduce_texts,
)
from birdfall.measures.coordination.text_normalisation import (
    ARABIC,
    DECORATIONS,
    TATWEEL,
    character_table,
)
from tiers import some_fast

WORDS = {
    "es": [
        "el",
        "pueblo",
        "denuncia",
        "cuentas",
        "suspendidas",
        "atacan",
        "presidente",
        "mañana",
        "campaña",
        "seguidores",
        "camión",
        "información",
        "nación",
        "año",
    ],
    "en": [
        "accounts",
        "suspended",
        "followers",
        "president",
        "attack",
        "morning",
        "report",
        "people",
        "campaign",
        "network",
        "shared",
        "again",
        "today",
    ],
    "fr": [
        "les",
        "comptes",
        "suspendus",
        "président",
        "attaque",
        "campagne",
        "abonnés",
        "matin",
        "réseau",
        "où",
        "déjà",
        "été",
        "élève",
    ],
    "ar": [
        "حسابات",
        "الرئيس",
        "متابعون",
        "تعليق",
        "هجوم",
        "حملة",
        "الصباح",
        "الشبكة",
        "الأمة",
        "إلى",
        "كتابة",
        "مسؤول",
        "شيء",
    ],
    "pt": [
        "contas",
        "suspensas",
        "presidente",
        "ataque",
        "campanha",
        "seguidores",
        "manhã",
        "rede",
        "não",
        "ação",
        "informação",
        "coração",
    ],
}


def corpus(seed, n=400):
    """Random sentences in five languages with planted copies: exact, cosmetic, and edited ones."""
    rng = random.Random(seed)
    texts = []
    while len(texts) < n:
        words = WORDS[rng.choice(sorted(WORDS))]
        sentence = [rng.choice(words) for _ in range(rng.randint(5, 25))]
        texts.append(" ".join(sentence))
        for _ in range(rng.choice([0, 0, 0, 1, 3])):
            edited = list(sentence)
            for _ in range(rng.randint(0, 3)):
                edited[rng.randrange(len(edited))] = rng.choice(words)
            texts.append(
                f"@someone{rng.randrange(99)} {' '.join(edited).upper()}!!! https://t.co/{rng.getrandbits(30):x}"
            )
    return texts


def shingles(text):
    return {text[i : i + 5] for i in range(len(text) - 4)}


def brute_force(texts, at_least):
    """Every pair of distinct reduced texts, compared as sets of Python strings."""
    plain = [reduce_texts(pa.array([t])).text(0) for t in texts]
    first = {p: i for i, p in reversed(list(enumerate(plain))) if len(p) >= 5}
    items = sorted((i, shingles(p)) for p, i in first.items())
    found = {}
    for a, (i, s) in enumerate(items):
        for j, t in items[a + 1 :]:
            similarity = len(s & t) / len(s | t)
            if similarity >= at_least - 1e-9:
                found[i, j] = similarity
    return found


@pytest.mark.parametrize("seed", some_fast([1, 2, 3], 1))
def test_recall_and_precision_against_brute_force(seed):
    texts = corpus(seed)
    wanted = brute_force(texts, 0.8)
    got = {(i, j): s for i, j, s in near_pairs(pa.array(texts), at_least=0.8)}
    assert len(wanted) > 20, "the corpus must hold pairs to find"
    assert set(got) <= set(wanted), "precision is 1: every pair was verified"
    assert all(abs(got[p] - wanted[p]) < 1e-12 for p in got)
    recall = len(got) / len(wanted)
    print(f"recall {recall:.4f} of {len(wanted)} pairs at Jaccard >= 0.8")
    assert recall >= 0.99


def test_clusters_hold_all_copies_and_near_copies():
    base = "the accounts of the president were suspended this morning without any explanation"
    near = "the accounts of the president were suspended this morning without an explanation"
    texts = [
        base,
        "something else entirely that nobody has ever copied before now",
        near,
        base.upper() + "!!",
        None,
        "",
    ]
    found = cluster_texts(pa.array(texts))
    assert found.cluster.tolist() == [0, -1, 0, 0, -1, -1]
    assert found.size.tolist() == [3]
    assert texts[found.representative[0]] == base, (
        "the text with most copies stands for the cluster"
    )
    assert 0.8 <= found.similarity[0] < 1


def test_short_texts_are_never_joined():
    found = cluster_texts(
        pa.array(["sí", "sí", "jaja", "jaja", "ok!!", "@a @b", "https://x.org"] * 50)
    )
    assert (found.cluster == -1).all()
    assert found.short == 350


@pytest.mark.parametrize("changed", [1, 3])
def test_a_template_is_one_text_from_the_length_on_that_the_docs_give(changed):
    rng = np.random.default_rng(changed)
    for length, joined in ((40 + 9 * changed, True), (39 + 9 * changed, False)):
        letters = rng.choice(list("abcdefghijklmnopqrstuvwxyz"), length)
        middle = slice(length // 2, length // 2 + changed)
        texts = []
        for numeral in ("123", "987"):
            letters[middle] = list(numeral[:changed])
            texts.append("".join(letters))
        found = cluster_texts(pa.array(texts))
        assert (found.cluster.tolist() == [0, 0]) == joined, texts


def test_a_chain_of_edits_does_not_join_its_ends():
    rng = random.Random(5)
    words = [f"word{i}" for i in range(40)]
    chain = [list(words)]
    for step in range(40):
        changed = list(chain[-1])
        changed[step] = f"other{rng.randrange(10**6)}"
        chain.append(changed)
    texts = [" ".join(c) for c in chain]
    found = cluster_texts(pa.array(texts), at_least=0.8)
    assert found.cluster[0] != found.cluster[-1]
    assert (found.similarity >= 0.6 - 1e-9).all(), "every member is near its representative"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("El CAMIÓN del presidente llegó ayer", "el camion del presidente llego ayer"),
        ("كَتَبَ الرَّئِيسُ إلى الأُمَّةِ اليوم", "كتب الرئيس الى الامه اليوم"),
        ("تم تعليق ٦٦٠٠ حساب في عشر دقائق", "تم تعليق 6600 حساب في عشر دقائق"),
        ("متابعـــون كثيرون اختفوا اليوم", "متابعون كثيرون اختفوا اليوم"),
        ("Les élèves où été déjà là-bas", "les eleves ou ete deja la bas"),
        ("não há informação nem ação", "NAO HA INFORMACAO NEM ACAO"),
        ("ｆｕｌｌ ｗｉｄｔｈ letters here", "full width letters here"),
        ("zero\u200bwidth\u200d joiners \u202ehere", "zerowidth joiners here"),
        (
            "look https://t.co/abc @someone: now or never",
            "look http://other.example/x @another.one now or never",
        ),
        ("fire 🔥 and 👍🏽 here", "fire 🔥 and 👍🏽️ here"),
    ],
)
def test_what_counts_as_the_same(one, other):
    plain = reduce_texts(pa.array([one, other]))
    assert plain.text(0) == plain.text(1) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("#maduro must go", "maduro must go"),
        ("we won 🔥 today", "we won today"),
        ("a@b.org", "org"),
        ("कि", "का"),
        ("5 000", "500 0"),
    ],
)
def test_what_does_not(one, other):
    plain = reduce_texts(pa.array([one, other]))
    assert plain.text(0) != plain.text(1)


@given(
    st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), max_size=12)
)
def test_reducing_is_stable_and_bounded(texts):
    """Reduced again, a reduced text stays as it is (but for words that then read as a link)."""
    once = reduce_texts(pa.array(texts, pa.string()))
    assert len(once) == len(texts)
    plain = [once.text(i) for i in range(len(texts))]
    again = reduce_texts(pa.array(plain, pa.string()))
    for i, text in enumerate(plain):
        assert "  " not in text and text == text.strip()
        if "www" not in text and "http" not in text:
            assert again.text(i) == text
        assert not any(unicodedata.category(c) in ("Cf", "Cc") for c in text)


def test_hostile_texts_are_taken_as_they_are():
    million = "a" * 10**6
    bad = pa.Array.from_buffers(
        pa.string(),
        1,
        [None, pa.py_buffer(np.array([0, 4], np.int32)), pa.py_buffer(b"\xff\xfe\x80a")],
    )
    texts = pa.concat_arrays(
        [pa.array([million, million, "\x00" * 50, "\u202e" * 50, "=HYPERLINK(1)" * 5]), bad]
    )
    found = cluster_texts(texts)
    assert found.cluster.tolist() == [0, 0, -1, -1, -1, -1]


def test_no_character_becomes_more_than_the_kernel_leaves_room_for():
    assert np.diff(character_table().starts).max() <= MAX_CODE_POINTS


def one_character(c):
    """(kind, code points) of one character, by itself and step by step."""

    def decorates(x):
        return x == "\u0640" or any(low <= ord(x) <= high for low, high in DECORATIONS)

    def emoji(x):
        kind = unicodedata.category(x)
        return (kind == "So" and x >= "\u2190") or (kind == "Sk" and 0x1F3FB <= ord(x) <= 0x1F3FF)

    category = unicodedata.category(c)
    if category in ("Cf", "Cs") or decorates(c):
        return DROP, []
    if c != "#" and (category[0] in "ZPC" or (category[0] == "S" and not emoji(c))):
        return BREAK, []
    folded = unicodedata.normalize("NFKD", c).casefold()
    kept = ""
    for x in unicodedata.normalize("NFKD", folded).casefold():
        if not decorates(x) and (unicodedata.category(x)[0] in "LMN" or x == "#" or emoji(x)):
            kept += str(unicodedata.digit(x, ARABIC.get(x, x)))
    return (KEEP, [ord(x) for x in kept]) if kept else (BREAK, [])


def test_the_table_of_characters_is_that_of_each_character_by_itself():
    assert TATWEEL == 0x0640
    table = character_table()
    for code in [*range(0x3500), *range(0x3500, len(table.kinds), 17)]:
        becomes = table.pieces[table.starts[code] : table.starts[code + 1]].tolist()
        assert (table.kinds[code], becomes) == one_character(chr(code)), hex(code)


def test_a_narrow_vocabulary_is_compared_pair_by_pair_once():
    """Ten stems and digits: nearly all keys are crowded, and pairs stand in many bands."""
    rng = random.Random(2)
    stems = ["casa", "pueblo", "sol", "luna", "vota", "hoy", "todos", "calle", "marcha", "plaza"]
    texts = [
        " ".join(f"{rng.choice(stems)}{rng.randrange(2)}" for _ in range(5)) for _ in range(500)
    ]
    texts += [f"{text} {text[:9]}" for text in texts[:100]]
    wanted = brute_force(texts, 0.7)
    got = near_pairs(pa.array(texts), at_least=0.7)
    assert len({(i, j) for i, j, _ in got}) == len(got)
    assert {(i, j): s for i, j, s in got}.items() <= wanted.items()
    assert len(got) > 0.9 * len(wanted) > 90


def test_the_same_texts_give_the_same_clusters():
    texts = pa.array(corpus(9))
    one, two = cluster_texts(texts), cluster_texts(texts)
    assert one.cluster.tobytes() == two.cluster.tobytes()
    sliced = cluster_texts(pa.concat_arrays([pa.array(["x" * 40]), texts])[1:])
    assert sliced.cluster.tobytes() == one.cluster.tobytes()


def test_values_out_of_range_are_refused():
    for values in ({"at_least": 0}, {"at_least": 1.1}, {"shortest": 2}):
        with pytest.raises(ValueError):
            cluster_texts(pa.array(["x"]), **values)
