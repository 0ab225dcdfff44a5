"""Every limit and refusal a finding can carry is said in five languages."""

import json
import re
from importlib.resources import files
from pathlib import Path

import birdfall
from birdfall.tell.words import LANGUAGES

NOTES = {
    name: json.loads((files("birdfall.tell") / "words" / f"notes.{name}.json").read_text("utf-8"))
    for name in LANGUAGES
}


def test_every_language_says_the_same_notes():
    for language in LANGUAGES:
        assert set(NOTES[language]) == set(NOTES["en"]), language
        for key, text in NOTES[language].items():
            assert set(re.findall(r"\{([a-z_]\w*)(?=[,}])", text)) == set(
                re.findall(r"\{([a-z_]\w*)(?=[,}])", NOTES["en"][key])
            ), (
                language,
                key,
            )


def test_every_note_in_the_code_has_words():
    root = Path(birdfall.__file__).parent
    codes = {
        code
        for path in root.rglob("*.py")
        for code in re.findall(r'Note\(\s*"([a-z0-9-]+)"', path.read_text("utf-8"))
    }
    assert len(codes) > 30
    missing = sorted(c for c in codes if f"note.{c}" not in NOTES["en"])
    assert not missing


def test_arabic_notes_are_arabic():
    for key, text in NOTES["ar"].items():
        assert not re.search(r"[A-Za-z]{2,}", re.sub(r"\{\w+\}", "", text)), key
