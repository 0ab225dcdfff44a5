"""Subjects: whose accounts a claim is about, and which group the record cannot tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from birdfall.claims.count_series import CountSeries
from birdfall.claims.event_times import read_events
from birdfall.claims.parse import (
    COUNT_QUANTITIES,
    EVERYBODY,
    LEADER,
    ParsedClaim,
    fold,
    fold_words,
    is_office,
)
from birdfall.claims.readings import Refusal, refuse
from birdfall.claims.wave import first_wave
from birdfall.claims.windows import EventTimes
from birdfall.model.findings import Finding, Note
from birdfall.model.settings import Settings
from birdfall.record.record import NEVER, Record
from birdfall.record.split import ByParts

#: Letters that a word and a handle begin with in common to mean the same: president, @presidencia.
MIN_COMMON_LETTERS = 5


@dataclass(frozen=True)
class ClaimSource:
    """What claims are held against: a record, what is known of it already, and the settings.

    findings: by name; the waves tell where to look first.
    """

    record: Record
    findings: Mapping[str, Finding]
    settings: Settings

    @cached_property
    def events(self) -> tuple[EventTimes, EventTimes]:
        """All falls of the record, and all returns; read once for all claims."""
        return read_events(self.record)

    @cached_property
    def names(self) -> dict[str, str]:
        """The names that the record and the settings know, by account."""
        return self.record.names() | self.settings.names

    @cached_property
    def accounts_by_name(self) -> dict[str, str]:
        """Accounts by their names, bare and without capitals; of several the first."""
        found: dict[str, str] = {}
        for account, name in sorted(self.names.items()):
            found.setdefault(_bare(name), account)
        return found

    @cached_property
    def followers(self) -> dict[str, NDArray[np.int64]]:
        """Those who followed the accounts that were asked for so far."""
        return {}

    @cached_property
    def count_series(self) -> dict[str, dict[str, CountSeries]]:
        """The follower counts of the accounts that were asked for so far, by what they are from."""
        return {}


@dataclass(frozen=True)
class Subject:
    """The accounts that a claim is about.

    Parameters
    ----------
    account
        The id of the account whose followers are meant, None for all accounts.
    codes
        int[n], the codes of those followers; None for all accounts.
    group
        A part of them that the record does not tell apart, "" if none.
    limits
        What was taken for granted.
    """

    account: str | None
    codes: NDArray[np.int64] | None
    group: str
    limits: tuple[Note, ...] = ()


def find_subject(
    source: ClaimSource, claim: ParsedClaim, leader: str | None = None
) -> Subject | Refusal:
    """The accounts a claim is about.

    leader: the account that "her" and "his" mean; None: the first of the case.
    """
    group = claim.group
    if claim.population == EVERYBODY:
        return Subject(None, None, group)
    if claim.population != LEADER:
        account = find_account(source, claim.population)
        if account is None:
            return _unknown(claim.population)
        return _subject_of(source, claim, account, group.removeprefix("ال"))
    group = group.removeprefix("ال")
    named = _account_named_like(source, group) if group else None
    if named is not None:
        return _subject_of(source, claim, named, "")
    counted = claim.quantity in COUNT_QUANTITIES
    if group and (counted or is_office(group)):
        # "the minister" is whom the case names so, never the first leader
        return _unknown(group)
    account = leader or _leader(source)
    if account is not None:
        return _subject_of(source, claim, account, group)
    if counted:
        return _unknown("–")
    return Subject(None, None, group, (Note("claim-leader-not-set", {"needs": "leaders"}),))


def _subject_of(
    source: ClaimSource, claim: ParsedClaim, account: str, group: str
) -> Subject | Refusal:
    """The account itself where its count is meant, else its followers."""
    if claim.quantity in COUNT_QUANTITIES:
        return Subject(account, None, "")
    if not source.record.has("follows"):
        return refuse("no-follows", needs="follows")
    followers = find_followers(source, account)
    if not len(followers) and not len(source.record.edges([account]).follower):
        return refuse("followers-not-recorded", account=account, needs="follows")
    return Subject(account, followers, group)


def _unknown(account: str) -> Refusal:
    return refuse("account-not-known", account=account, needs="leaders")


def find_followers(source: ClaimSource, account: str) -> NDArray[np.int64]:
    """Codes of those who followed an account when the wave began, or ever if there is no wave.

    Returns
    -------
    int[n]
        Ascending.
    """
    known = source.followers.get(account)
    if known is None:
        known = source.followers[account] = _read_followers(source, account)
    return known


def _read_followers(source: ClaimSource, account: str) -> NDArray[np.int64]:
    edges = source.record.edges([account])
    waves = first_wave(source.findings)
    if waves is None:
        return np.unique(edges.follower)
    present = ((edges.since <= waves.onset_us) | (edges.since == NEVER)) & (
        edges.until > waves.onset_us
    )
    return np.unique(edges.follower[present])


def find_account(source: ClaimSource, handle: str) -> str | None:
    """The id behind a handle: by the names the record and the settings know, or its pseudonym."""
    known = source.accounts_by_name.get(_bare(handle))
    if known is not None:
        return known
    plain = source.record.identities.account(handle.removeprefix("@"))
    if source.record.ids.code(plain) is not None:
        return plain
    return source.record.ids.called(handle.removeprefix("@"))


def _bare(name: str) -> str:
    return name.removeprefix("@").casefold()


def _leader(source: ClaimSource) -> str | None:
    """The account in question: the first leader, or the only one that is counted or followed."""
    if source.settings.leaders:
        return source.settings.leaders[0]
    for table, column in (("counts", "account"), ("follows", "followed")):
        if source.record.has(table):
            rows = source.record.sql(
                f"SELECT DISTINCT {column} AS a FROM {table} LIMIT 2",
                split=ByParts("SELECT DISTINCT a FROM parts LIMIT 2", key=""),
            )
            accounts = rows.column(0).to_pylist()
            if len(accounts) == 1:
                return str(accounts[0])
    return None


def _account_named_like(source: ClaimSource, word: str) -> str | None:
    """The account that a word names: by its name in the case, or by its handle.

    A name of the case ("the minister, la ministra") holds the word itself. A handle is the word, or
    that of an account of the inquiry begins like it: "oposição" and @oposicion.
    """
    settings = source.settings
    for account, name in sorted(settings.names.items()):
        if word in fold_words(name.replace(",", " ")):
            return account
    exact = find_account(source, word)
    if exact is not None:
        return exact
    names = source.names
    for account in (
        *settings.leaders,
        *settings.controls,
        *settings.negative_controls,
        *settings.public,
    ):
        if _common_letters(word, fold(names.get(account, ""))) >= MIN_COMMON_LETTERS:
            return account
    return None


def _common_letters(a: str, b: str) -> int:
    """How many letters two words begin with in common."""
    shorter = min(len(a), len(b))
    return next((n for n in range(shorter) if a[n] != b[n]), shorter)
