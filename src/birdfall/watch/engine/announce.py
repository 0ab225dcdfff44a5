"""Announcing: news of detection and of sources become alerts, for the rules that want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from birdfall.record.ids import keyed_pseudonym
from birdfall.watch.alerts.delivery import raise_alert
from birdfall.watch.alerts.rules import Rule, matching_rules
from birdfall.watch.model.alert import (
    MAX_NAMED,
    Alert,
    AlertKind,
    AudienceHit,
    DataAgainAlert,
    NoDataAlert,
    NoDataReason,
    ReportsAlert,
    ReturnsAlert,
    SuspensionAlert,
    no_data_key,
)
from birdfall.watch.model.news import ReturnNews, WaveNews
from birdfall.watch.model.stream_key import ALL_FALLS, StreamKey, StreamKind
from birdfall.watch.model.wave import LeaderLedger, SuspensionDetails, TargetCount
from birdfall.watch.store.database import State
from birdfall.watch.store.pseudonym_key import pseudonym_key
from birdfall.watch.store.queries.accounts import handle_of
from birdfall.watch.store.queries.alerts import has_alert


class Announcer:
    """Raises alerts; all methods are called inside a transaction.

    Parameters
    ----------
    state
        Where alerts are kept.
    rules
        The rules of the watch.
    false_alarms_per_year
        The budget, which alerts of waves carry.
    link
        The address of the dashboard with a slash at its end; empty where there is none.
    """

    def __init__(
        self, state: State, rules: Sequence[Rule], *, false_alarms_per_year: float, link: str = ""
    ) -> None:
        self._state, self._rules = state, rules
        self._false_alarms_per_year, self._link = false_alarms_per_year, link
        self._key = b""

    def announce_wave(self, news: WaveNews) -> None:
        """A wave began, has grown, or ended."""
        details = news.details
        end = news.end
        if isinstance(details, SuspensionDetails) and details.end is not None:
            end = min(details.end, end)
        seconds = max((end - news.begin) // 1_000_000, 1)
        alert: SuspensionAlert | ReportsAlert
        if isinstance(details, SuspensionDetails):
            alert = SuspensionAlert(
                wave=news.wave,
                stage=news.stage,
                stream=news.stream if details.may_name(news.stream) else ALL_FALLS,
                begin=news.begin,
                seconds=int(seconds),
                expected=round(news.expected, 2),
                false_alarms_per_year=self._false_alarms_per_year,
                link=self._wave_link(news.wave),
                fallen=news.size,
                reported_before=details.reported,
                audiences=tuple(ledger.leader for ledger in details.hit_leaders),
                hit=tuple(self._audience_hit(ledger) for ledger in details.hit_leaders),
                called=tuple(key for key in details.called or () if details.may_name(key)),
            )
            leaders, called = set(alert.audiences), set(details.called or ())
        else:
            alert = ReportsAlert(
                wave=news.wave,
                stage=news.stage,
                stream=self._shown_stream(news.stream),
                begin=news.begin,
                seconds=int(seconds),
                expected=round(news.expected, 2),
                false_alarms_per_year=self._false_alarms_per_year,
                link=self._wave_link(news.wave),
                reporters=news.size,
                reports=details.reports,
                together=len(details.together),
                target_count=len(details.targets),
                targets=tuple(self._shown(target) for target in details.targets[:MAX_NAMED]),
            )
            leaders, called = set(), set()
        rules = matching_rules(self._rules, alert.kind, alert.size, leaders, called)
        raise_alert(self._state, alert, rules, max(news.end, news.begin))

    def announce_returns(self, news: ReturnNews) -> None:
        """A further quarter of a wave's accounts is back."""
        wave = news.wave
        alert = ReturnsAlert(
            wave=wave.id,
            fallen=news.fallen,
            returned=news.returned,
            quarters=news.quarters,
            link=self._wave_link(wave.id),
        )
        leaders = {ledger.leader for ledger in wave.ledgers if ledger.hit}
        rules = matching_rules(self._rules, alert.kind, alert.size, leaders, set(wave.called))
        raise_alert(self._state, alert, rules, news.moment)

    def announce_no_data(
        self, source: str, since: int, moment: int, said: str, reason: NoDataReason
    ) -> None:
        """A source has given no data since `since` (microseconds), where a rule asks for so long a
        silence."""
        seconds = int((moment - since) // 1_000_000)
        rules = matching_rules(self._rules, AlertKind.NO_DATA, seconds)
        if rules:
            alert: Alert = NoDataAlert(
                source=source,
                since=since,
                seconds=seconds,
                reason=reason,
                said=said,
                link=self._sources_link(),
            )
            raise_alert(self._state, alert, rules, moment)

    def announce_data_again(self, source: str, since: int, moment: int) -> None:
        """A source sends data again: announced where its silence was."""
        if not has_alert(self._state, no_data_key(source, since)):
            return
        alert = DataAgainAlert(
            source=source,
            since=since,
            seconds=int(max((moment - since) // 1_000_000, 0)),
            link=self._sources_link(),
        )
        rules = matching_rules(self._rules, alert.kind, alert.size)
        raise_alert(self._state, alert, rules, moment)

    def _audience_hit(self, ledger: LeaderLedger) -> AudienceHit:
        return AudienceHit(
            ledger.leader,
            ledger.before,
            ledger.suspended,
            ledger.after,
            ledger.returned,
            ledger.odds_ratio,
            handle_of(self._state, ledger.leader),
        )

    def _shown(self, target: TargetCount) -> TargetCount:
        """An account under fire as those who are alerted see it: by its pseudonym on the pages of
        the watch, unless it is watched."""
        return replace(target, target=self._shown_account(target.target))

    def _shown_stream(self, stream: StreamKey) -> StreamKey:
        """The stream of a burst, which may be that of one reported account."""
        if stream.kind is not StreamKind.TARGET:
            return stream
        return stream._replace(name=self._shown_account(stream.name))

    def _shown_account(self, account: str) -> str:
        if account in self._state.leaders:
            return account
        self._key = self._key or pseudonym_key(self._state.path)
        return keyed_pseudonym(account, self._key)

    def _wave_link(self, number: int) -> str:
        return f"{self._link}wave/{number}" if self._link else ""

    def _sources_link(self) -> str:
        return f"{self._link}sources" if self._link else ""
