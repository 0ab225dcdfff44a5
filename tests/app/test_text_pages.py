"""What was written: copied texts and their versions, hashtags and links over time."""

import datetime as dt
import itertools
import math
import random
import re
import shutil

import numpy as np
import pytest
from app_made import Visitor

from birdfall.app.object_uses import MIN_BURST_ACCOUNTS, object_uses
from birdfall.app.open_case import open_case
from birdfall.app.text_versions import TextDifference, differences
from birdfall.inquiry import Inquiry
from birdfall.measures.coordination import likeness_to
from birdfall.pipeline.run import STAGES_FILE
from birdfall.record.case import Case
from birdfall.record.texts import copied_texts, texts_alike
from birdfall.sources.ingest import ingest

COPIED = "La marcha de mañana es pacífica y todos salimos hacia la plaza"
CHANGED = "La marcha de hoy es pacífica y todos salimos hacia la plaza"
ARABIC = "قال شهود إن الحسابات اختفت كلها في ليلة واحدة"
START = dt.datetime(2024, 3, 1, tzinfo=dt.UTC)
NIGHT = START + dt.timedelta(days=5)


def lines():
    """Posts by forty accounts; twenty of them use one hashtag within ten minutes."""
    for n in range(200):
        when = START + dt.timedelta(hours=2 * n)
        tags = ("luz", "plaza", "calle")[n % 3] if n % 2 else ""
        yield n % 40, when, f"palabras de cada día número {n} sin copia alguna", tags, ""
    for n in range(6):
        yield n, START + dt.timedelta(hours=n), COPIED, "", "https://www.a.example/x?utm_source=b"
    yield 6, START - dt.timedelta(hours=1), CHANGED, "", "http://a.example/x/"
    yield 7, START, ARABIC, "", ""
    yield 8, START, ARABIC, "", ""
    yield 9, START, "Nadie sabe qué dijo @user3 anoche en la plaza", "", ""
    yield 10, START, "Nadie sabe qué dijo @user3 anoche en la plaza", "", ""
    for n in range(20):
        yield n, NIGHT + dt.timedelta(seconds=20 * n), f"mensaje {n} de esta noche", "ahora", ""


@pytest.fixture(scope="module")
def words_case(once):
    def make(folder):
        path = folder / "posts.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("account,handle,created_at,kind,text,hashtags,link\n")
            for who, when, text, tags, link in lines():
                file.write(f"u{who},user{who},{when.isoformat()},post,{text},{tags},{link}\n")
        case = Case.create(folder / "case")
        ingest(case, path)
        inquiry = Inquiry(case.record(), case)
        case.save(inquiry.coverage())
        case.put({STAGES_FILE: b"{}"})

    return once("app-words", make) / "case"


@pytest.fixture(scope="module")
def opened(words_case):
    return open_case(Case.open(words_case))


@pytest.fixture
def reader(words_case, tmp_path):
    shutil.copytree(words_case, tmp_path / "work" / "words")
    return Visitor(tmp_path / "work").enter()


def test_copies_are_counted_by_who_wrote_them_and_the_first_is_named(opened):
    first = copied_texts(opened.record, 10)[0]
    assert (first.text, first.posts, first.accounts) == (COPIED, 6, 6)
    assert first.first == START and first.together == 1
    assert opened.record.ids.code("u0") == first.author
    assert [t.text for t in copied_texts(opened.record, 10, "HOY marcha")] == [CHANGED]
    assert copied_texts(opened.record, 10, "marcha nunca") == []
    assert next(t for t in copied_texts(opened.record, 10) if t.text == ARABIC).together == 2
    assert all(t.accounts > 1 for t in copied_texts(opened.record, 10))


def test_a_version_is_found_with_its_differences_and_who_had_it_earlier(reader):
    listed = reader.get("/en/c/words/texts").text
    key = re.search(rf'href="/en/c/words/texts/([0-9-]+)"><bdi>{COPIED}', listed)[1]
    page = reader.get(f"/en/c/words/texts/{key}").text
    assert "<del>mañana</del><ins>hoy</ins>" in page
    assert "A version of it stands earlier" in page
    assert page.index("29 Feb 2024, 23:00:00") < page.index('id="h-versions"')
    other = re.search(r'href="/en/c/words/texts/([0-9-]+)" aria-label="Version 1', page)[1]
    back = reader.get(f"/es/c/words/texts/{other}").text
    assert "<del>hoy</del><ins>mañana</ins>" in back and "versión anterior" not in back
    assert "No other text of this data" in reader.get(f"/en/c/words/texts/{key}?alike=80").text


@pytest.mark.parametrize("key", ["1-2", "a-b-c", "99999999-1-0", "0-1709251200000000-5",
                                 "0-9999999999999999-0", "-1-2-3"])  # fmt: skip
def test_a_text_that_is_not_there_is_not_found(reader, key):
    assert reader.get(f"/en/c/words/texts/{key}").status_code == 404


def test_no_search_says_who_is_named_in_a_text(reader):
    page = reader.get("/en/c/words/texts?search=nadie").text
    assert "user3" not in page and "Nadie sabe" in page
    for search in ("user3", "@user3"):
        assert "No text holds these words." in reader.get(f"/en/c/words/texts?search={search}").text
    case = "/en/c/words"
    reader.send(f"{case}/texts", f"{case}/handles", {"show": "yes"})
    assert "Nadie sabe qué dijo @user3" in reader.get(f"{case}/texts?search=user3").text


def test_a_burst_leads_to_its_posts(reader):
    listed = reader.get("/en/c/words/objects/hashtag?sort=burst").text
    number = re.search(r'objects/hashtag/(\d+)"><bdi>ahora', listed)[1]
    page = reader.get(f"/en/c/words/objects/hashtag/{number}").text
    address = re.search(r'<li><a href="([^"]+)">[^<]*20 accounts', page)[1].replace("&amp;", "&")
    posts = reader.get(address).text
    assert "20 uses by 20 accounts" in posts and "mensaje 19 de esta noche" in posts
    quiet = re.search(r'objects/hashtag/(\d+)"><bdi>luz', listed)[1]
    assert "None is beyond chance." in reader.get(f"/en/c/words/objects/hashtag/{quiet}").text
    before = f"/en/c/words/objects/hashtag/{number}?to=2024-03-02T00:00:00"
    assert "No use by 0 accounts" in reader.get(before).text


def test_links_to_one_page_are_one_and_lead_to_a_domain(reader, opened):
    links, domains = object_uses(opened, "link"), object_uses(opened, "domain")
    assert links.names.to_pylist() == ["a.example/x"] and links.uses.tolist() == [7]
    assert domains.names.to_pylist() == ["a.example"]
    assert "a.example" in reader.get("/fr/c/words/objects/domain?search=A.EX").text
    assert reader.get("/fr/c/words/objects/mention").status_code == 404
    assert reader.get("/fr/c/words/objects/link/5").status_code == 404


def test_concentration_and_bursts_are_what_their_plain_versions_say(opened):
    uses = object_uses(opened, "hashtag")
    for number, name in enumerate(uses.names.to_pylist()):
        each = {}
        rows, total, _ = uses.uses_of(number, None, None, 0, 10**6)
        for row in rows:
            each[row.code] = each.get(row.code, 0) + 1
        counts = list(each.values())
        apart = sum(abs(a - b) for a, b in itertools.product(counts, counts))
        slowly = apart / (2 * len(counts) * (len(counts) - 1) * np.mean(counts))
        assert math.isclose(uses.gini[number], slowly, abs_tol=1e-12)
        assert total == uses.uses[number] and len(counts) == uses.accounts[number]
        found = uses.bursts.get(number, ())
        assert bool(found) == (name == "ahora")
        for burst in found:
            inside = {r.code for r in rows if burst.begin <= r.time < burst.end}
            assert len(inside) >= burst.accounts >= MIN_BURST_ACCOUNTS > burst.expected


def test_differences_make_one_text_of_the_other():
    chance = random.Random(7)
    for _ in range(60):
        one, other = (
            "".join(chance.choices("ab cd  \n日本語é@.", k=chance.randrange(40))) for _ in range(2)
        )
        parts = differences(one, other)
        assert "".join(p.text for p in parts if p.what is not TextDifference.LEFT) == other
        assert "".join(p.text for p in parts if p.what is not TextDifference.NEW) == one


def test_likeness_is_the_share_of_common_shingles():
    def slowly(one, other):
        a, b = ({t[i : i + 5] for i in range(len(t) - 4)} for t in (one, other))
        return len(a & b) / len(a | b) if a and b else float(one == other)

    texts = ["abcdefgh", "abcdefxy", "zzzzzzzz", "abc", "", "abcdefghij"]
    for text in texts:
        expected = [slowly(text, other) for other in texts]
        assert likeness_to(text, texts) == pytest.approx(expected)


def test_texts_without_spaces_and_hostile_ones_are_compared_too(opened):
    assert texts_alike(opened.record, "", 5) == [] and texts_alike(opened.record, "'; --", 5) == []
    assert texts_alike(opened.record, "sinespacios", 5) == []
    assert CHANGED in texts_alike(opened.record, COPIED, 5)
