"""Who may come to a workspace that is served to several people, and what each may do."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.model.short_text import read_short_text

#: The variable of the environment that may hold what a file of people does.
PEOPLE_VARIABLE: Final = "BIRDFALL_APP_PEOPLE"
#: Largest file of people, in bytes, and shortest token, in characters.
MAX_PEOPLE_BYTES, MIN_TOKEN_CHARS = 1 << 18, 20
#: Longest name of a person, in characters.
MAX_PERSON_CHARS: Final = 60


class VisitorRole(StrEnum):
    """What somebody may do: read; change cases too; or all, which is to see handles as well."""

    READ = "read"
    WRITE = "write"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may come in.

    Parameters
    ----------
    name
        As the history of a case names them.
    role
        What they may do.
    token_digest
        SHA-256 of the token that they show; the token is not kept.
    case
        The one case that they see; None: all.
    """

    name: str
    role: VisitorRole
    token_digest: bytes
    case: str | None = None


def digest_token(token: str) -> bytes:
    """SHA-256 of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def read_people(file: Path | None) -> tuple[Person, ...]:
    """The people of a file, or of the environment where no file is named; none if neither is.

    Raises UsageError if it cannot be read.
    """
    if file is None:
        text, place = os.environ.get(PEOPLE_VARIABLE, ""), PEOPLE_VARIABLE
        return parse_people(text, place) if text.strip() else ()
    text = read_short_text(
        file,
        MAX_PEOPLE_BYTES,
        what="the people of the workspace",
        fix="Name a text file with a person a line: ROLE TOKEN NAME",
    )
    return parse_people(text, str(file))


def parse_people(text: str, where: str = "") -> tuple[Person, ...]:
    """The people that lines of `ROLE TOKEN NAME` name; empty ones and those after # name nobody.

    Parameters
    ----------
    text
        The lines. A role is read, write or owner; `read:CASE` and `write:CASE` are of one case.
    where
        Where they stand, for what is said of a wrong one.

    Raises
    ------
    UsageError
        If a line is none of these, a token is short or stands twice, a name stands twice, or
        nobody is named. No text of it holds a token that was written.
    """
    if len(text.encode("utf-8", "replace")) > MAX_PEOPLE_BYTES:
        raise UsageError("the list of people is too long", where=where, fix="Is it another file?")
    found: list[Person] = []
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            found.append(_person_of(stripped, f"{where}, line {number}", found))
    if not found:
        raise UsageError("nobody is named", where=where, fix=_example())
    return tuple(found)


def _person_of(line: str, where: str, others: list[Person]) -> Person:
    """The person whom a line names. others: those named before."""
    said, *rest = line.split(maxsplit=2)
    kind, colon, case = said.partition(":")
    if len(rest) < 2 or kind not in tuple(VisitorRole) or (colon and not case):
        raise UsageError("this line names no person", where=where, fix=_example())
    role, token, name = VisitorRole(kind), rest[0], " ".join(rest[1].split())
    if colon and role is VisitorRole.OWNER:
        raise UsageError("an owner has all cases", where=where, fix="Write owner, write or read.")
    if len(token) < MIN_TOKEN_CHARS or not token.isascii():
        raise UsageError(
            f"the token of {name!r} could be guessed",
            where=where,
            why=f"It has under {MIN_TOKEN_CHARS} characters, or others than plain letters.",
            fix=f"Take this one, which was made by chance just now: {secrets.token_urlsafe(24)}",
        )
    if len(name) > MAX_PERSON_CHARS or not name.isprintable():
        raise UsageError(
            "this name cannot be shown", where=where,
            fix=f"Write at most {MAX_PERSON_CHARS} letters.",
        )  # fmt: skip
    digest = digest_token(token)
    if any(one.token_digest == digest or one.name == name for one in others):
        raise UsageError(
            f"the name or the token of {name!r} stands twice",
            where=where,
            why="It could not be told who changed what.",
            fix="Give each person a name and a token of their own.",
        )
    return Person(name, role, digest, case or None)


def _example() -> str:
    return f"Write ROLE TOKEN NAME, such as: write {secrets.token_urlsafe(24)} Ana"
