"""Errors of the workspace's own, said in the language of the page that shows them."""

from __future__ import annotations

from birdfall.model.errors import UsageError
from birdfall.tell.words import MessageValue, words


class PageError(UsageError):
    """Something that a person can put right on the page.

    Parameters
    ----------
    code
        The key of its words: `app.error.CODE` says what is wrong, `app.error.CODE.fix` what to do.
    values
        What the words hold.
    """

    def __init__(self, code: str, **values: MessageValue) -> None:
        say = words("en")
        fix = say(f"app.error.{code}.fix", **values)
        super().__init__(say(f"app.error.{code}", **values), fix=fix)
        self.code, self.values = code, values
