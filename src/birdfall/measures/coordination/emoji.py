"""Emoji in a row, as a post has them: the object of the `emoji` trace."""

from __future__ import annotations

import re
from typing import Final

#: Letters without which a text holds no emoji, for RE2.
MAY_HOLD_EMOJI: Final = (
    r"[\x{2600}-\x{27BF}\x{2B00}-\x{2BFF}\x{2300}-\x{23FF}\x{1F000}-\x{1FAFF}\x{20E3}]"
)
#: Emoji from which a run tells more than a mood.
MIN_RUN: Final = 2
_ONE: Final = (
    r"(?:[0-9#*]\uFE0F?\u20E3|[\U0001F1E6-\U0001F1FF]{2}"
    r"|[\u2600-\u27BF\u2B00-\u2BFF\u2300-\u23FF\u203C\u2049\u3030\u303D\u3297\u3299"
    r"\U0001F000-\U0001F1E5\U0001F200-\U0001FAFF]"
    r"\uFE0F?[\U0001F3FB-\U0001F3FF]?[\U000E0020-\U000E007F]*"
    r"(?:\u200D[\u2190-\u21FF\u2600-\u27BF\u2B00-\u2BFF\U0001F000-\U0001FAFF]"
    r"\uFE0F?[\U0001F3FB-\U0001F3FF]?)*)"
)
_EMOJI: Final = re.compile(_ONE)
_RUN: Final = re.compile(rf"{_ONE}(?:[\s\uFE0E\uFE0F]*{_ONE})+")
_UNSEEN: Final = re.compile(r"[\s\uFE0E\uFE0F]+")


def emoji_runs(text: str) -> list[str]:
    """The different runs of `MIN_RUN` emoji and more, without blanks and marks of style.

    Examples
    --------
    >>> emoji_runs("a ❤️🔥 b 🔥 c ❤ 🔥")
    ['❤🔥']
    """
    found = dict.fromkeys(
        _UNSEEN.sub("", run) for run in _RUN.findall(text) if len(_EMOJI.findall(run)) >= MIN_RUN
    )
    return list(found)
