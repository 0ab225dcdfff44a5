"""Templates that are kept compiled are the ones there are, whatever lies in the cache."""

import sys

import pytest
from jinja2 import DictLoader, Environment

from birdfall.tell.kept_templates import keep_templates


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path


def kept_files(folder):
    return sorted(path for path in folder.rglob("template-*") if path.is_file())


def page(text, **options):
    environment = keep_templates(Environment(loader=DictLoader({"page": text}), **options))
    return environment.get_template("page").render(word="<b>")


def test_a_kept_template_is_not_compiled_again(cache, monkeypatch):
    assert page("{{ word }}") == "<b>"
    assert len(kept_files(cache)) == 1
    monkeypatch.setattr(Environment, "compile", lambda *_: pytest.fail("compiled again"))
    assert page("{{ word }}") == "<b>"


def test_a_changed_template_or_another_option_is_compiled_anew(cache):
    assert page("{{ word }}") == "<b>"
    assert page("{{ word }}!") == "<b>!"
    assert page("{{ word }}!", autoescape=True) == "&lt;b&gt;!"
    assert len(kept_files(cache)) == 2


@pytest.mark.parametrize("damage", [b"", b"j2", b"\x80", bytes(200)])
def test_a_damaged_file_is_written_anew(cache, damage):
    page("{{ word }}")
    (file,) = kept_files(cache)
    for content in (damage, file.read_bytes()[:-3], file.read_bytes()[:12] + damage):
        file.write_bytes(content)
        assert page("{{ word }}") == "<b>"


def test_nothing_is_kept_where_python_keeps_nothing(cache, monkeypatch):
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert page("{{ word }}") == "<b>"
    assert kept_files(cache) == []


def test_a_folder_that_cannot_be_written_to_keeps_nobody_from_a_page(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "file"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert page("{{ word }}") == "<b>"
