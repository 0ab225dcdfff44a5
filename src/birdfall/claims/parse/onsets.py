"""When the wave began: "the suspensions began at 15:00", "la oleada comenzó el 31 de octubre"."""

from __future__ import annotations

from birdfall.claims.parse.events import Quantity
from birdfall.claims.parse.items import Item
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.qualifiers import Qualifier
from birdfall.claims.parse.sentence import Sentence


def read_onsets(sentence: Sentence) -> list[Item]:
    """The item of the beginning of the wave, if a sentence gives it a date or an hour."""
    words = sentence.words
    began = words.ranges(Tag.BEGAN)
    waves = words.ranges(Tag.WAVE)
    falls = [event for event in sentence.events if event.quantity is Quantity.FALLEN]
    if len(began) != 1 or sentence.time is None or not (waves or falls):
        return []
    if len(falls) != len(sentence.events):
        return []
    at = began[0].end + bool(words.length(began[0].end, Tag.TO))
    if sentence.free() and any(event.begin == at for event in falls):
        sentence.use(began[0].begin, at)  # "3,200 accounts began to disappear at noon"
        return []
    for begin, end in waves:
        sentence.use(begin, end)
    for event in falls if not sentence.free() else []:
        sentence.use(event.begin, event.end)
    begin, end = began[0]
    item = Item(
        begin,
        end,
        1.0,
        qualifier=Qualifier.EXACTLY,
        low=1.0,
        high=1.0,
        quantity=Quantity.BEGAN,
        when=sentence.time.when,
    )
    return [item]
