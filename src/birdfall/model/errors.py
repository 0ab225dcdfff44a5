"""Errors a person can act on: what happened, where, why it matters, what to do.

Every error that reaches a user is a `BirdfallError`. Its parts are kept apart so that the terminal,
the dashboard and a notebook can each lay them out, and so that tests can ask for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

from birdfall.model.questions import Question, QuestionJson


class ExitCode:
    """What a command answers to the shell."""

    FOUND = 0
    ERROR = 1
    USAGE = 2
    NOTHING_FOUND = 3
    CANNOT_ANSWER = 4


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the input. `row` counts from 1 and is the row of the file, header included."""

    file: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        parts = [printable(self.file)]
        if self.row is not None:
            parts.append(f"row {self.row:,}".replace(",", " "))
        if self.column is not None:
            parts.append(f"column {printable(self.column)}")
        return ", ".join(parts)


class ErrorJson(TypedDict):
    """A `BirdfallError` as JSON."""

    what: str
    where: str
    why: str
    fix: str
    questions: list[QuestionJson]


class BirdfallError(Exception):
    """One clear error: `what` happened, `where`, `why` it matters and the `fix`; and the questions
    whose answers would settle it.

    Examples
    --------
    >>> error = BirdfallError("there is no case here", where="case/", fix="Name its folder.")
    >>> print(error)
    case/: there is no case here Name its folder.
    """

    exit_code = ExitCode.ERROR

    def __init__(
        self,
        what: str,
        *,
        where: Where | str | None = None,
        why: str = "",
        fix: str = "",
        questions: tuple[Question, ...] = (),
    ) -> None:
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
        self.questions = questions
        super().__init__(str(self))

    def to_json(self) -> ErrorJson:
        """The error as JSON values."""
        return {
            "what": self.what,
            "where": "" if self.where is None else str(self.where),
            "why": self.why,
            "fix": self.fix,
            "questions": [question.to_json() for question in self.questions],
        }

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where is not None else self.what
        return " ".join(part for part in (head, self.why, self.fix) if part)


class UsageError(BirdfallError):
    """The call's words are off."""

    exit_code = ExitCode.USAGE


class InputError(BirdfallError):
    """A file cannot be read as what it should be."""

    exit_code = ExitCode.USAGE


class CaseError(BirdfallError):
    """A case folder is missing, locked, damaged or of another version."""


class CannotAnswer(BirdfallError):
    """The data cannot carry this answer.

    Examples
    --------
    >>> CannotAnswer("this record holds no reports").exit_code
    4
    """

    exit_code = ExitCode.CANNOT_ANSWER


class WindowError(UsageError):
    """A time window that is not positive, or not a duration."""


class MemoryBudgetError(BirdfallError):
    """One piece of the work alone exceeds the memory allowed."""


def printable(text: str, limit: int = 200) -> str:
    """`text` safe for a terminal or a log.

    Control and direction-override characters made visible, length bounded.

    Content from platforms is hostile: a handle may carry escape sequences that repaint a terminal.
    """
    shown = "".join(c if _is_plain(c) else f"\\x{ord(c):02x}" for c in text[: limit + 1])
    return shown if len(text) <= limit else shown[:limit] + "…"


def _is_plain(character: str) -> bool:
    code = ord(character)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return False
    return not (
        0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
        or code in (0x200E, 0x200F, 0x2028, 0x2029)
    )
