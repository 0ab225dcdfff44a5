"""The tagging pass: it finds what looking every phrase up at every place finds."""

import ast
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

import birdfall.claims.parse
from birdfall.claims.parse import LANGUAGES
from birdfall.claims.parse.lexicon import Tag, lexicon
from birdfall.claims.parse.tags import tag
from birdfall.claims.parse.tokens import forms, tokens
from tiers import in_both_tiers


def vocabulary(language):
    """Words of a lexicon as they might stand in a sentence: endings for *, Arabic "and"."""
    groups = lexicon(language).phrases.values()
    words = {word.replace("*", "o") for group in groups for phrase in group for word in phrase}
    words |= {"و" + word for group in groups for (word, *_) in group if word[0] > "\u0600"}
    return sorted(words | {"zebra", "@presidencia", "6,600", "%", "."})


VOCABULARY = {language: vocabulary(language) for language in LANGUAGES}
PHRASES = {language: lexicon(language).phrases for language in LANGUAGES}


def is_word(token, pattern):
    if token.kind != "word":
        return False
    if pattern.endswith("*"):
        return any(form.startswith(pattern[:-1]) for form in forms(token.text))
    return pattern in forms(token.text)


def slow_length(words, at, phrases):
    return max(
        (
            len(phrase)
            for phrase in phrases
            if at + len(phrase) <= len(words)
            and all(is_word(words[at + n], pattern) for n, pattern in enumerate(phrase))
        ),
        default=0,
    )


def slow_length_before(words, end, phrases):
    return max(
        (
            len(phrase)
            for phrase in phrases
            if end >= len(phrase)
            and all(is_word(words[end - len(phrase) + n], p) for n, p in enumerate(phrase))
        ),
        default=0,
    )


def every_phrase_is_found_where_it_begins_and_where_it_ends(language, data):
    text = " ".join(
        data.draw(
            st.lists(st.sampled_from(VOCABULARY[language]), max_size=5)
            | st.sampled_from([list(p) for group in PHRASES[language].values() for p in group])
        )
    )
    words = tokens(text)
    tagged = tag(words, language)
    for name, phrases in PHRASES[language].items():
        for at in range(len(words) + 1):
            assert tagged.length(at, name) == slow_length(words, at, phrases)
            assert tagged.length_before(at, name) == slow_length_before(words, at, phrases)


(
    test_every_phrase_is_found_where_it_begins_and_where_it_ends,
    test_every_one_of_many_phrases_is_found,
) = in_both_tiers(
    every_phrase_is_found_where_it_begins_and_where_it_ends,
    given(st.sampled_from(LANGUAGES), st.data()),
    few=30,
    many=200,
)


def test_a_word_is_tagged_as_it_is_spelled_and_in_arabic_by_its_forms_too():
    tagged = tag(tokens("de las cuentas"), "es")
    assert tagged.is_a(0, Tag.OF)
    tagged = tag(tokens("ومن"), "ar")
    assert not tagged.is_a(0, Tag.OF)
    assert tagged.is_form_of(0, Tag.OF)


def test_no_place_outside_a_sentence_has_a_tag():
    tagged = tag(tokens("all"), "en")
    assert tagged.length(0, Tag.ALL) == 1
    assert (tagged.length(-1, Tag.ALL), tagged.length(1, Tag.ALL)) == (0, 0)
    assert not tagged.is_a(-1, Tag.OF)
    assert tagged.text(-1) == tagged.text(1) == ""


def test_phrases_of_a_tag_do_not_overlap():
    tagged = tag(tokens("not a single one of all of the accounts"), "en")
    assert tagged.ranges(Tag.NONE) == [(0, 4)]
    assert tagged.ranges(Tag.ALL) == [(5, 7)]


def test_every_tag_has_words_and_a_reader():
    for language in LANGUAGES:
        known = lexicon(language)
        assert set(known.phrases) | set(known.words) == set(Tag), language
    folder = Path(birdfall.claims.parse.__file__).parent
    used = {
        node.attr
        for path in folder.glob("*.py")
        if path.name != "lexicon.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Tag"
    }
    assert {name.name for name in Tag} == used
