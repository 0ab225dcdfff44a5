"""What a person decides about a case: `case.toml`, read strictly and written plainly."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tomli_w

from birdfall.model.errors import UsageError, printable


@dataclass(frozen=True, slots=True)
class Settings:
    """The choices of one inquiry.

    leaders: ids of accounts whose audiences are in question. controls: comparable accounts.
    negative_controls: accounts whose audience nobody would target (musicians, sports). public: ids
    that may be shown by handle; all others appear under a pseudonym. time_zone: an IANA name, for
    display. question: as asked, in the asker's words.

    Examples
    --------
    >>> Settings(leaders=('42',)).leaders
    ('42',)
    """

    title: str = ""
    question: str = ""
    language: str = "en"
    time_zone: str = "UTC"
    leaders: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    negative_controls: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    simulated: bool = False
    scenario: str = ""
    names: dict[str, str] = field(default_factory=dict)
    #: Who was asked for their account and what came back: `[[reply]]` with who, asked, and once it
    #: came received and text.
    reply: tuple[dict[str, str], ...] = ()
    #: The day after which the case is to be deleted (2027-01-31); empty: none.
    delete_after: str = ""

    def to_toml(self) -> str:
        """The text of `case.toml`.

        Examples
        --------
        >>> "leaders" in Settings(leaders=("42",)).to_toml()
        True
        """
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        if not self.delete_after:
            del plain["delete_after"]  # which earlier versions do not know
        return (
            "# A Birdfall case. Ids are the platform's own; "
            "accounts not under `public` are shown by pseudonym.\n" + (tomli_w.dumps(plain))
        )


def checked_toml(settings: Settings, where: str) -> str:
    """The text of `case.toml`, which `parse_settings` reads as these settings.

    Raises UsageError if it would not: what is kept can be read again.
    """
    try:
        text = settings.to_toml()
        text.encode()
    except (TypeError, ValueError) as error:
        raise UsageError(
            "these settings hold something that cannot be written",
            where=where,
            why=printable(str(error), 200),
            fix="Give texts, lists of texts, and yes or no, as `Settings` names them.",
        ) from error
    parse_settings(text, where)
    return text


def parse_settings(text: str, where: str) -> Settings:
    """Settings from TOML. Raises UsageError naming the key that is unknown or of the wrong type."""
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"this is not TOML: {error}", where=where, fix="Mend the line, or restore the file."
        ) from error
    known = Settings()
    settings = known
    for key, value in plain.items():
        if key not in asdict(known):
            raise UsageError(
                f"unknown key {key!r}", where=where, fix=f"Known keys: {', '.join(asdict(known))}."
            )
        wanted = getattr(known, key)
        if key == "reply":
            value = _replies(value, where)
        elif isinstance(wanted, tuple):
            if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
                raise UsageError(
                    f"{key} must be a list of texts", where=where, fix=f'Write {key} = ["..."].'
                )
            value = tuple(value)
        elif key == "names":
            value = _names(value, where)
        elif not isinstance(value, type(wanted)):
            raise UsageError(f"{key} must be of type {type(wanted).__name__}", where=where)
        settings = replace(settings, **{key: value})
    try:
        ZoneInfo(settings.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"{settings.time_zone!r} is no time zone",
            where=where,
            fix='Use a name like "America/Caracas" or "UTC".',
        ) from error
    if settings.delete_after:
        try:
            dt.date.fromisoformat(settings.delete_after)
        except ValueError as error:
            raise UsageError(
                f"{settings.delete_after!r} is no day",
                where=where,
                fix='Write delete_after = "2027-01-31".',
            ) from error
    return settings


def _names(value: Any, where: str) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise UsageError(
            "names must give a text for each id",
            where=where,
            fix='Write [names] and under it 42 = "...".',
        )
    return value


def _replies(value: Any, where: str) -> tuple[dict[str, str], ...]:
    fix = (
        'Write [[reply]] with who = "..." and asked = "2013-11-01", '
        'and once it came received = "..." and text = "...".'
    )
    if not isinstance(value, list) or not all(isinstance(r, dict) for r in value):
        raise UsageError("reply must be a list of tables", where=where, fix=fix)
    found = []
    for number, reply in enumerate(value, 1):
        if not {"who", "asked"} <= set(reply) <= {"who", "asked", "received", "text"}:
            raise UsageError(f"reply {number} must have who and asked", where=where, fix=fix)
        found.append({k: str(v) for k, v in reply.items()})
    return tuple(found)
