"""What must be said before data can be read: one question, and what may answer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict


class QuestionJson(TypedDict):
    """A `Question` as JSON."""

    asks: str
    option: str
    answers: list[str]
    open: bool


@dataclass(frozen=True, slots=True)
class Question:
    """One question that one option answers.

    Parameters
    ----------
    asks
        The question, as a sentence.
    option
        What stands before the answer on the command line, such as "--time-zone " or
        "--column account=".
    answers
        Possible answers, the more probable first.
    open
        Whether there are others.

    Examples
    --------
    >>> zone = Question("In which time zone was it written?", "--time-zone ", ("UTC",), open=True)
    >>> zone.said("America/Caracas")
    '--time-zone America/Caracas'
    """

    asks: str
    option: str
    answers: tuple[str, ...] = ()
    open: bool = False

    def said(self, answer: str) -> str:
        """The option with this answer, as one writes it."""
        whole = f"{self.option}{answer}"
        if " " not in answer:
            return whole
        name, _, rest = whole.partition(" ")
        return f"{name} '{rest}'"

    def to_json(self) -> QuestionJson:
        """The question as JSON values."""
        return {
            "asks": self.asks,
            "option": self.option,
            "answers": list(self.answers),
            "open": self.open,
        }
