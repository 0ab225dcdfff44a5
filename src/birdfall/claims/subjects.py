"""Whose accounts a claim is about: an account by its handle, hers (the leader's), everybody's; and a group no record knows by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from birdfall.claims.parse import ParsedClaim, fold, is_office
from birdfall.claims.readings import Refusal
from birdfall.model.findings import Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.record import NEVER, Record

#: Letters that a word and a handle must begin with in common to mean the same (president, @presidencia).
COMMON = 5


@dataclass(frozen=True)
class Whom:
    """account: the id whose followers are meant, None for all accounts. codes: int[n] of those followers, None for all. group: a
    part of them that the record does not tell apart ("" if none). limits: what was taken for granted.
    """

    account: str | None
    codes: NDArray[np.int64] | None
    group: str
    limits: tuple[Note, ...] = ()


def whom(
    record: Record,
    findings: Mapping[str, Finding],
    one: ParsedClaim,
    settings: Settings,
    leader: str | None = None,
) -> Whom | Refusal:
    """The accounts a claim is about. leader: whose "her" and "his" are; None: the first of the case."""
    counted = one.quantity in ("lost", "gained", "level")
    if one.population == "all":
        return Whom(None, None, one.group)
    limits: tuple[Note, ...] = ()
    group = one.group.removeprefix("ال")
    if one.population == "leader":
        named = _named_like(record, settings, group) if group else None
        if named is not None:
            account, group = named, ""
        elif group and counted and not is_office(group):
            return Refusal(Note("account-not-known", {"account": group, "needs": "leaders"}))
        else:
            group = "" if is_office(group) else group
            found = leader or _leader(record, settings)
            if found is None and counted:
                return Refusal(Note("account-not-known", {"account": "–", "needs": "leaders"}))
            if found is None:
                return Whom(
                    None, None, group, (Note("claim-leader-not-set", {"needs": "leaders"}),)
                )
            account = found
    else:
        known = account_named(record, one.population, settings)
        if known is None:
            return Refusal(
                Note("account-not-known", {"account": one.population, "needs": "leaders"})
            )
        account = known
    if counted:
        return Whom(account, None, "", limits)
    if not record.has("follows"):
        return Refusal(Note("no-follows", {"needs": "follows"}))
    return Whom(account, followers_of(record, findings, account), group, limits)


def followers_of(
    record: Record, findings: Mapping[str, Finding], account: str
) -> NDArray[np.int64]:
    """Who followed an account when the wave began, or ever if there was none: codes, ascending."""
    edges = record.edges([account])
    waves = findings.get("waves")
    if waves is not None and waves.answer == "found":
        onset = int(waves.table("waves").column("start")[0].as_py().timestamp() * 1e6)
        stood = ((edges.since <= onset) | (edges.since == NEVER)) & (edges.until > onset)
        return np.unique(edges.follower[stood])
    return np.unique(edges.follower)


def account_named(record: Record, handle: str, settings: Settings) -> str | None:
    """The id behind a handle, by the names the record knows."""
    wanted = handle.removeprefix("@").casefold()
    for account, name in sorted((record.names() | settings.names).items()):
        if name.removeprefix("@").casefold() == wanted:
            return account
    return (
        handle.removeprefix("@") if record.ids.code(handle.removeprefix("@")) is not None else None
    )


def _leader(record: Record, settings: Settings) -> str | None:
    """The account in question: the first leader, or the only one whose followers are counted or known."""
    if settings.leaders:
        return settings.leaders[0]
    for table, column in (("counts", "account"), ("follows", "followed")):
        if record.has(table):
            rows = (
                record.sql(f"SELECT DISTINCT {column} AS a FROM {table} LIMIT 2")
                .column(0)
                .to_pylist()
            )
            if len(rows) == 1:
                return str(rows[0])
    return None


def _named_like(record: Record, settings: Settings, word: str) -> str | None:
    """The account of the inquiry whose handle begins like a word: "oposição" and @oposicion."""
    names = record.names() | settings.names
    for account in (
        *settings.leaders,
        *settings.controls,
        *settings.negative_controls,
        *settings.public,
    ):
        handle = fold(names.get(account, ""))
        common = next(
            (n for n, (a, b) in enumerate(zip(word, handle, strict=False)) if a != b),
            min(len(word), len(handle)),
        )
        if common >= COMMON:
            return account
    return None
