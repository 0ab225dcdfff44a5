"""What the first pages of a case need is made before they are asked for, and once for all pages."""

from birdfall.app import result_pages
from birdfall.app.preparation import prepare_case
from birdfall.app.workspace import Workspace
from birdfall.record.case import Case


def test_a_prepared_case_is_not_read_or_written_again(networked, monkeypatch):
    desk = networked.workspace.desk("posts")
    prepare_case(desk, "en")

    def fail(*_given, **_named):
        raise AssertionError("written again")

    monkeypatch.setattr(result_pages, "write_articles", fail)
    monkeypatch.setattr(Case, "findings", fail)
    assert networked.get("/en/c/posts/").status_code == 200
    assert networked.get("/en/c/posts/network", follow_redirects=True).status_code == 200


def test_the_page_of_a_network_has_its_map_and_the_first_screen_none(networked):
    assert 'href="data:image/png' not in networked.get("/en/c/posts/").text
    assert "data:image/png" in networked.get("/en/c/posts/q/coordination").text


def test_a_case_that_cannot_be_read_is_left_to_its_own_page(tmp_path):
    workspace = Workspace.open(tmp_path)
    prepare_case(workspace.begin("nothing measured"), "en")
    broken = workspace.begin("broken")
    broken.case_path.mkdir()
    (broken.case_path / "manifest.json").write_text("{")
    prepare_case(broken, "en")
