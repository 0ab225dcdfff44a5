"""Questions that a file leaves open, asked in a terminal one by one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from birdfall.cli.output import log
from birdfall.model.errors import BirdfallError, printable
from birdfall.model.questions import Question

if TYPE_CHECKING:
    from birdfall.pipeline.intake import ReadOptions

Found = TypeVar("Found")

#: Questions of one command; a file that asks more is asked about elsewhere.
MAX_QUESTIONS = 20
#: Possible answers that are listed.
MAX_LISTED = 40


def can_ask() -> bool:
    """Whether somebody sits at a terminal who could answer."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def with_answers(
    read: ReadOptions, attempt: Callable[[ReadOptions], Found], *, ask: bool
) -> tuple[Found, ReadOptions]:
    """What `attempt` finds, after the questions it raised were answered; and how files are then
    read.

    Raises
    ------
    BirdfallError
        As `attempt`, if there is nobody to ask, no answer, or nothing that could be asked.
    """
    for _ in range(MAX_QUESTIONS):
        try:
            return attempt(read), read
        except BirdfallError as error:
            answered = answer_of(error, read) if ask else None
            if answered is None:
                raise
            read = answered
    return attempt(read), read


def answer_of(error: BirdfallError, read: ReadOptions) -> ReadOptions | None:
    """How files are read once a person has answered; None without a question or an answer."""
    if not error.questions:
        return None
    log(f"{printable(str(error.where or ''), 300)}: {printable(error.what, 2_000)}")
    question = error.questions[0]
    answer = ask_person(question)
    if answer is None:
        return None
    log(f"  that is: {printable(question.said(answer), 300)}")
    return with_answer(read, question, answer)


def ask_person(question: Question) -> str | None:
    """The answer that somebody types: its number or its words; None for none."""
    log(f"  {printable(question.asks, 2_000)}")
    listed = question.answers[:MAX_LISTED]
    for number, answer in enumerate(listed, 1):
        log(f"    {number}  {printable(answer, 100)}")
    while True:
        print("  > ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        text = line.strip()
        if not text:
            return None
        if text.isdecimal() and 1 <= int(text) <= len(listed) and text not in question.answers:
            return listed[int(text) - 1]
        if question.open or text in question.answers:
            return text
        log(f"    that is none of them; type a number from 1 to {len(listed)}, or nothing to stop")


def with_answer(read: ReadOptions, question: Question, answer: str) -> ReadOptions:
    """How files are read with this answer."""
    option, _, role = question.option.strip().partition(" ")
    if option == "--time-zone":
        return replace(read, time_zone=answer)
    if option == "--date-format":
        return replace(read, date_format=answer)
    role = role.removesuffix("=")
    if option == "--column":
        return replace(read, columns={**read.columns, role: answer})
    return replace(read, constants={**read.constants, role: answer})
