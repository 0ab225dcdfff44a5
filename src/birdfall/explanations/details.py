"""The structured details of a finding of explanations, as they are written and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class WaveScope:
    """What a request to the platform is about.

    Parameters
    ----------
    accounts
        Accounts in the wave, (at least, at most).
    begin, end
        Its period, ISO 8601; "" where only a day is known.
    date
        Its day, ISO 8601, for published figures; "" where the period is known.
    """

    accounts: tuple[int, int]
    begin: str = ""
    end: str = ""
    date: str = ""

    def to_json(self) -> dict[str, Sequence[int] | str]:
        """As it stands in a finding: without what is not known."""
        times = {"begin": self.begin, "end": self.end, "date": self.date}
        return {"accounts": list(self.accounts), **{k: v for k, v in times.items() if v}}


@dataclass(frozen=True)
class ExplanationDetails:
    """The details of a finding of explanations.

    Parameters
    ----------
    members
        Causes that cannot be left out ("set" in JSON); none if the wave is unlike all simulated.
    order
        All causes, the most probable first.
    tier
        The last way of looking of which anything is known (`world.observation.TIERS`).
    reference
        Digest of the reference worlds.
    probability
        Of each cause, with every cause as likely beforehand.
    log10_against_best
        Log10 likelihood ratio of each cause against the best.
    not_known
        Items of evidence the record cannot give.
    asked_first
        Ways of looking that would reduce the uncertainty, most first.
    fragile, fragile_sources
        Items, and sources, without which the set is another.
    carrying
        Items without which a ratio changes fivefold or more, most first.
    absent
        Items that were looked at and hold nothing of what they are looked at for.
    sources
        Findings and tables the items come from.
    about
        What a request to the platform is about; None where the wave is not known.
    """

    members: tuple[str, ...]
    order: tuple[str, ...]
    tier: str
    reference: str
    probability: dict[str, float]
    log10_against_best: dict[str, float]
    not_known: tuple[str, ...] = ()
    asked_first: tuple[str, ...] = ()
    fragile: tuple[str, ...] = ()
    fragile_sources: tuple[str, ...] = ()
    carrying: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    about: WaveScope | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in `Finding.details`."""
        plain = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        plain["set"] = plain.pop("members")
        plain["about"] = self.about.to_json() if self.about is not None else {}
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> ExplanationDetails:
        """From `Finding.details`."""
        about = plain.get("about")
        return cls(
            members=tuple(plain["set"]),
            order=tuple(plain["order"]),
            tier=plain["tier"],
            reference=plain.get("reference", ""),
            probability=dict(plain["probability"]),
            log10_against_best=dict(plain["log10_against_best"]),
            about=WaveScope(**{**about, "accounts": tuple(about["accounts"])}) if about else None,
            **{name: tuple(plain.get(name, ())) for name in _LISTS},
        )


#: Fields that are lists of names, empty by default.
_LISTS = (
    "not_known",
    "asked_first",
    "fragile",
    "fragile_sources",
    "carrying",
    "absent",
    "sources",
)
