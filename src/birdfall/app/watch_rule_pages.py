"""The page of the rules and channels of a watch: changed, tried on past data, and tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from birdfall.app.page_error import PageError
from birdfall.app.site import Site, go_to, in_thread, text_of, texts_of
from birdfall.app.watch_pages import STATE, address_of, folder_of
from birdfall.app.watch_rules import (
    CHANNEL_FIELDS,
    MAX_FIELD_CHARS,
    ChannelTest,
    WatchRules,
    try_channel,
    try_rule,
    where_to,
)
from birdfall.app.watch_runs import watch_run
from birdfall.model.whole_number import whole_number
from birdfall.watch.alerts.backtest import RuleBacktest
from birdfall.watch.alerts.rules import DEFAULT_RULES, Rule
from birdfall.watch.model.alert import AlertKind

#: Largest number that a rule asks for.
MAX_AT_LEAST = 10**9
OWN = frozenset(rule.name for rule in DEFAULT_RULES)


@dataclass(frozen=True, slots=True)
class TriedRule:
    """A rule that was tried, and what came of it; None: the watch has stored nothing yet."""

    rule: Rule
    found: RuleBacktest | None


@dataclass(frozen=True, slots=True)
class TriedChannel:
    """A channel that was tested, by name, and whether it took the message."""

    name: str
    found: ChannelTest


class WatchRulePages:
    """The page of rules and channels."""

    def __init__(self, site: Site) -> None:
        self.site = site

    async def rules(self, request: Request) -> Response:
        """Those that a watch has."""
        return await self._show(request, folder_of(self.site, request))

    async def change(self, request: Request) -> Response:
        """Keep or take away a rule or a channel; or try one, which changes nothing."""
        folder = folder_of(self.site, request)
        form = await self.site.read_form(request)
        if watch_run(folder) is None:
            raise HTTPException(404)  # it was begun by a command, and has its rules from there
        kept = await in_thread(WatchRules.of, folder)
        match text_of(form, "do"):
            case "try-rule":
                rule = said_rule(form)
                state = folder / STATE
                found = await in_thread(try_rule, state, rule) if state.is_file() else None
                return await self._show(request, folder, tried=TriedRule(rule, found))
            case "try-channel":
                channel = kept.channel(text_of(form, "name"))
                if channel is None:
                    raise HTTPException(404)
                tested = TriedChannel(channel.name, await in_thread(try_channel, channel))
                return await self._show(request, folder, tested=tested)
            case "keep-rule":
                made = kept.with_rule(said_rule(form))
            case "keep-channel":
                kind = text_of(form, "kind")
                if kind not in CHANNEL_FIELDS:
                    raise HTTPException(404)
                made = kept.with_channel(kind, said_values(form, kind))
            case "remove-rule":
                made = kept.without_rule(text_of(form, "name"))
            case "remove-channel":
                made = kept.without_channel(text_of(form, "name"))
            case _:
                raise HTTPException(404)
        await in_thread(made.put, folder)
        return go_to(f"{address_of(self.site, request, folder)}/rules")

    async def _show(
        self, request: Request, folder: Path, *, tried: TriedRule | None = None,
        tested: TriedChannel | None = None,
    ) -> Response:  # fmt: skip
        run = await in_thread(watch_run, folder)
        if run is None:
            raise HTTPException(404)
        kept = await in_thread(WatchRules.of, folder)
        return self.site.render(
            request, "watch_rules", name=folder.name, run=run, kept=kept, tried=tried,
            tested=tested, here=address_of(self.site, request, folder), own=OWN,
            kinds=tuple(AlertKind), channel_fields=CHANNEL_FIELDS, where_to=where_to,
        )  # fmt: skip


def said_rule(form: FormData) -> Rule:
    """The rule of a form; its name says what it asks for. Raises PageError for a wrong number."""
    on, leader = text_of(form, "on"), text_of(form, "leader")[:MAX_FIELD_CHARS]
    if on not in set(AlertKind):
        raise HTTPException(404)
    written = text_of(form, "at_least") or "0"
    least = whole_number(written, MAX_AT_LEAST)
    if least is None:
        raise PageError("not-a-number", text=f"\u2068{written}\u2069")
    name = " ".join([on, str(least), *([leader] if leader else [])])
    channels = tuple(texts_of(form, "notify"))
    return Rule(name, AlertKind(on), least, leader, channels)


def said_values(form: FormData, kind: str) -> Mapping[str, str]:
    """What a form says of a channel."""
    return {key: text_of(form, key)[:MAX_FIELD_CHARS] for key in CHANNEL_FIELDS[kind]}
