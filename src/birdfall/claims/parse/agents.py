"""The platform that does it, where Arabic says it between a verb and its object.

"أعادت المنصة فتح" is read as "أعادت فتح", "أقدمت الشركة على إيقاف" as "أقدمت على إيقاف", so that
the phrases of the lexicon need not foresee who stands in them. "شهدت المنصة إيقاف" and "شهد مساء
الأحد إيقاف" only say where and when.
"""

from __future__ import annotations

from birdfall.claims.parse.day_parts import DAY_PARTS, WEEKDAYS
from birdfall.claims.parse.lexicon import Tag
from birdfall.claims.parse.tags import TaggedTokens, tag
from birdfall.claims.parse.tokens import Token

#: What verbs that may have the platform for their subject are tagged with.
_VERBS = (Tag.FALLEN, Tag.RESTORED, Tag.OWNS)


def take_out_agents(tokens: list[Token], language: str) -> list[Token]:
    """The tokens without a platform right after its verb, and without "saw" before where or when.

    Examples
    --------
    >>> from birdfall.claims.parse.tokens import tokens
    >>> [word.text for word in take_out_agents(tokens("رفعت المنصة الحظر"), "ar")]
    ['رفعت', 'الحظر']
    """
    words = tag(tokens, language)
    left_out: set[int] = set()
    for begin, end in words.ranges(Tag.PLATFORM_NAME):
        # "عاد إلى المنصة": there it is no agent
        if begin and _may_be_verb(words, begin - 1) and not words.length(begin - 1, Tag.TO):
            left_out.update(range(begin, end))
            if words.length(begin - 1, Tag.OWNS):
                left_out.add(begin - 1)
    for begin, end in words.ranges(Tag.AFTERWARDS):
        verb = begin - 1
        while verb in left_out:
            verb -= 1
        # "أعادت المنصة لاحقا فتح": the verb goes on after it
        if verb >= 0 and words.goes_on(verb, end, Tag.RESTORED):
            left_out.update(range(begin, end))
    for begin, end in words.ranges(Tag.OWNS):
        if any(words.length(end, tag) for tag in (*DAY_PARTS, *WEEKDAYS, Tag.DATE_BEFORE)):
            left_out.update(range(begin, end))
    return [token for at, token in enumerate(tokens) if at not in left_out]


def _may_be_verb(words: TaggedTokens, at: int) -> bool:
    """Whether the token at `at` is such a verb, or the first word of a longer phrase of one."""
    return words.length(at, *_VERBS) == 1 or words.opens(at, Tag.RESTORED, Tag.FILLER)
