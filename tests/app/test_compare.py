"""Cases stand side by side with the answers that each gives alone."""

import re
import shutil

import pytest
from app_made import Visitor


def told(page):
    """The text of a page."""
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page))


@pytest.fixture
def two(tmp_path, network_case, small_case):
    """Somebody with two cases of different data."""
    shutil.copytree(network_case, tmp_path / "work" / "posts")
    shutil.copytree(small_case, tmp_path / "work" / "night")
    return tmp_path / "work"


def test_each_case_says_beside_others_what_it_says_alone(two):
    visitor = Visitor(two).enter()
    first = visitor.get("/en/").text
    assert first.count('name="case"') == 2 and 'action="/en/compare"' in first
    page = visitor.get("/en/compare?case=posts&case=night&case=posts&case=none")
    assert page.status_code == 200
    assert page.text.index("/en/c/posts/") < page.text.index("/en/c/night/")
    for case in ("posts", "night"):
        alone = visitor.get(f"/en/c/{case}/").text
        answer = told(re.search("<h1>(.*?)</h1>", alone, re.DOTALL)[1])
        assert answer in told(page.text), case
        for number in re.findall(r"<dl class=\"four\">.*?</dl>", alone, re.DOTALL):
            for steps in re.findall(r"<dd>(.*?)</dd>", number):
                values = re.findall(r"<data[^>]*>([^<]+)</data>", steps)
                assert values and " ".join(values) in told(page.text), (case, values)
        for asked, found in re.findall(
            r'<li><a href="(/en/c/[^"]+)">[^<]+</a> <span class="state (\w+)">', alone
        ):
            assert re.search(rf'class="state {found}" href="{asked}"', page.text), asked


def test_one_case_or_one_that_is_not_seen_is_no_comparison(two):
    visitor = Visitor(two).enter()
    for query in ("", "?case=night", "?case=night&case=none", "?case=night&case=night"):
        answer = visitor.get(f"/en/compare{query}")
        assert answer.status_code == 400 and "From 2 to 4 measured cases" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "es", "fr", "ar", "pt"])
def test_a_reader_compares_in_every_language_and_sees_nobody_by_name(two, language):
    reader = Visitor(two, read_only=True).enter()
    page = reader.get(f"/{language}/compare?case=posts&case=night")
    assert page.status_code == 200
    case = reader.workspace.desk("night").case()
    private = {h for a, h in case.record().names().items() if a not in case.settings.public}
    assert not private & set(re.findall(r"@([\w.]+)", page.text))
