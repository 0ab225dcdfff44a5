"""Sources that are asked again and again: Ozone's queue of moderation events, and Mastodon's admin
API.

Neither pushes anything. Both are read oldest first from where the last answer ended, Ozone from a
little before; at the first start from now on, or with start "all" from the first that is kept.
"""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import re
import threading
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import ClassVar, Final
from urllib.parse import urlencode, urlsplit

from birdfall.model.whole_number import whole_number
from birdfall.watch.feeds.base import (
    ConnectionLost,
    Put,
    ReconnectingFeed,
    Start,
    now,
)
from birdfall.watch.feeds.decode import MAX_TEXT_CHARS, decode_mastodon, decode_ozone
from birdfall.watch.feeds.json_fields import DecodeError, JsonFields
from birdfall.watch.feeds.web import NoAnswer, WebLimits, ask
from birdfall.watch.model.events import Gap, Identity, StatusSnapshot, StreamBatch

#: Largest answer that is read, and how long it may take.
ANSWER_LIMITS: Final = WebLimits(seconds=30, max_bytes=32 << 20)
#: Ozone may store an event so many milliseconds after it dated it.
OZONE_REWIND_MS = 30_000
#: Ids of Ozone's events that are remembered, so that each is put once.
MAX_REMEMBERED_EVENTS = 100_000
#: Lists that lie further apart than this do not tell when an account came to be on the later one.
MAX_DATED_INTERVAL_US = 60_000_000
#: Reports that are asked for at once, and pages of suspended accounts that are read.
REPORTS_PER_PAGE, MAX_ACCOUNT_PAGES = 200, 500
_CURSOR = re.compile(r"(\d{1,15})::(\d{1,18})")


def requested_wait(headers: Mapping[str, str], moment: float) -> float:
    """Seconds a server asks to wait.

    Parameters
    ----------
    headers
        `Retry-After` (seconds or a date) is read, or else `RateLimit-Reset` (seconds since 1970).
    moment
        The time now, in seconds since 1970.
    """
    found = {name.lower(): value for name, value in headers.items()}
    retry = str(found.get("retry-after") or "").strip()
    if (seconds := whole_number(retry[:9])) is not None:
        return float(seconds)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        return max(parsedate_to_datetime(retry).timestamp() - moment, 0.0)
    reset = str(found.get("ratelimit-reset") or "").strip()
    left = str(found.get("ratelimit-remaining") or "").strip()
    reset_at = whole_number(reset[:12])
    return max(reset_at - moment, 0.0) if reset_at is not None and left == "0" else 0.0


@dataclass
class PollingFeed(ReconnectingFeed, ABC):
    """Asks an HTTP API again and again.

    Attributes
    ----------
    url
        Base address of the API.
    secret
        What authorises the questions, in the form the service wants.
    every
        Seconds between questions.
    start
        Where to begin without a cursor: "live" or "all".
    """

    pushed: ClassVar[bool] = False

    secret: str = ""
    every: float = 2.0
    start: Start = "all"

    def headers(self) -> dict[str, str]:
        """Headers that authorise a question."""
        return {}

    def fetch(self, address: str) -> tuple[bytes, str]:
        """The body at `address` and its Link header. Raises ConnectionLost."""
        headers = {"Accept": "application/json", **self.headers()}
        try:
            answer = ask(address, headers, limits=ANSWER_LIMITS)
        except NoAnswer as error:
            raise ConnectionLost(str(error)) from error
        if not 200 <= answer.status < 300:
            wait = requested_wait(answer.headers, now() / 1e6)
            raise ConnectionLost(f"HTTP {answer.status}", wait)
        return answer.body, answer.headers.get("link", "")

    @abstractmethod
    def poll(self, put: Put) -> bool:
        """Ask once and put what is new; whether more is waiting."""

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        """Ask until `stop` is set or a question fails. Raises ConnectionLost."""
        while not stop.is_set():
            more = self.poll(put)
            if not self.health.connected:
                self.health.mark_connected()
            if not more:
                stop.wait(self.every)


@dataclass
class OzoneFeed(PollingFeed):
    """Reads `tools.ozone.moderation.queryEvents` of a labelling service.

    The service dates an event before it stores it, so events of one moment can be seen in another
    order than their cursors': each question reaches `OZONE_REWIND_MS` behind the last answer, and
    events that were put before are left out. `secret`: "user:password" for Basic authorisation, or
    a token.
    """

    _put_before: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def headers(self) -> dict[str, str]:
        """Basic authorisation for a "user:password", a bearer token otherwise."""
        if ":" in self.secret:
            return {"Authorization": "Basic " + base64.b64encode(self.secret.encode()).decode()}
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    def poll(self, put: Put) -> bool:
        """Ask for all pages since the last answer."""
        begins = self.cursor is None and self.start == "live"
        at = rewind_cursor(f"{now() // 1000}::0" if begins else self.cursor)
        if begins:
            self.cursor = f"{now() // 1000}::0"
        while True:
            items, cursor = self._page(at)
            if begins:
                # no events yet: a watch that is stopped before the first one resumes here
                begins = False
                put([StreamBatch(0, cursor=self.cursor, epoch=self.epoch)])
            steps = [self._decode(item) for item in items if self._is_new(item)]
            newest = cursor if cursor and _is_later(cursor, self.cursor) else None
            if steps or newest:
                if newest:
                    steps.append(StreamBatch(now(), cursor=newest, epoch=self.epoch))
                put(steps)
                self.cursor = newest or self.cursor
            if cursor is None or cursor == at or not items:
                return False
            at = cursor

    def _page(self, cursor: str | None) -> tuple[list[JsonFields], str | None]:
        kinds = ("Report", "Takedown", "ReverseTakedown")
        query = [("types", f"tools.ozone.moderation.defs#modEvent{k}") for k in kinds]
        query += [("sortDirection", "asc"), ("limit", "100")]
        if cursor is not None:
            query.append(("cursor", cursor))
        base = self.url.rstrip("/")
        body, _ = self.fetch(f"{base}/xrpc/tools.ozone.moderation.queryEvents?{urlencode(query)}")
        try:
            page = JsonFields.parse(body)
        except DecodeError as error:
            raise ConnectionLost(f"an answer that is {error}") from error
        items = page.children("events")
        if items is None:
            raise ConnectionLost("an answer without events")
        return items, page.text("cursor") or None

    def _is_new(self, item: JsonFields) -> bool:
        """Whether an event was not put before as it is now; remembers it.

        One that comes again with other content under its number is looked at again: what came
        first may have been spoiled.
        """
        number = item.identifier("id")
        key = f"{number}:{hashlib.blake2b(item.to_bytes(), digest_size=8).hexdigest()}"
        if number and key in self._put_before:
            return False
        self._put_before[key] = None
        while len(self._put_before) > MAX_REMEMBERED_EVENTS:
            self._put_before.popitem(last=False)
        return True

    @staticmethod
    def _decode(item: JsonFields) -> StreamBatch:
        received, raw = now(), item.to_bytes()
        try:
            return StreamBatch(received, tuple(decode_ozone(item)), raw=raw)
        except DecodeError as error:
            return StreamBatch(received, refused=str(error), raw=raw)


def rewind_cursor(cursor: str | None) -> str | None:
    """A cursor `OZONE_REWIND_MS` earlier; one of another form as it is."""
    found = _CURSOR.fullmatch(cursor or "")
    return cursor if found is None else f"{max(int(found[1]) - OZONE_REWIND_MS, 0)}::0"


def _is_later(cursor: str, known: str | None) -> bool:
    """Whether a cursor lies behind the one that is known."""
    new, old = _CURSOR.fullmatch(cursor), _CURSOR.fullmatch(known or "")
    if new is None or old is None:
        return cursor != known
    return (int(new[1]), int(new[2])) > (int(old[1]), int(old[2]))


@dataclass
class MastodonFeed(PollingFeed):
    """Reads Mastodon's admin API: reports, and the accounts it lists as suspended.

    `secret`: an access token with `admin:read:reports` and `admin:read:accounts`. Reports of other
    servers come from one actor per server, not from persons: they are taken as reports by that
    server.
    """

    every: float = 10.0
    _suspended: frozenset[str] | None = None
    # reports without a number that the last answers held: such a one comes with each answer
    _unnumbered: frozenset[bytes] = frozenset()

    def headers(self) -> dict[str, str]:
        """Authorisation by the token."""
        return {"Authorization": f"Bearer {self.secret}"}

    def poll(self, put: Put) -> bool:
        """Ask for reports since the last one, and for who is suspended.

        The cursor is the last report's id and when all was last asked for, in microseconds:
        `9@1700000000000000`.
        """
        known, since = _parse_cursor(self.cursor)
        if known is None and self.start == "all":
            known = 0
        reports, reached, unnumbered = self._reports_after(known)
        received = now()
        if known is None:
            # a watch that begins now has nothing to do with what was reported before
            known, reports, reached = max(reports, default=0), {}, []
        # Where one list has more, the cursor goes no further than it: what lies between is asked
        # for again.
        last = min(reached, default=max(reports, default=known))
        steps = [
            _decode_mastodon("report.created", reports[number], received)
            for number in sorted(reports)
            if number <= last
        ]
        steps += [
            StreamBatch(received, refused="a report without its number", raw=raw)
            for raw in sorted(unnumbered - self._unnumbered)
        ]
        self._unnumbered = unnumbered
        steps += self._status_changes(received, since)
        self.cursor = f"{last}@{received}"
        put([*steps, StreamBatch(received, cursor=self.cursor, epoch=self.epoch)])
        return bool(reached)

    def _reports_after(
        self, known: int | None
    ) -> tuple[dict[int, JsonFields], list[int], frozenset[bytes]]:
        """One page of each list of reports, by id; the last id of each list that has more; and the
        reports that have none.
        """
        found: dict[int, JsonFields] = {}
        reached: list[int] = []
        unnumbered: set[bytes] = set()
        # A report that was resolved before it was asked for is a report all the same.
        for resolved in ("false", "true"):
            query = {"limit": str(REPORTS_PER_PAGE), "resolved": resolved}
            if known is not None:
                query["min_id"] = str(known)
            items, _ = self._list(f"/api/v1/admin/reports?{urlencode(query)}", "reports")
            numbered = [(whole_number(item.identifier("id")), item) for item in items]
            page = {number: item for number, item in numbered if number is not None}
            unnumbered |= {item.to_bytes() for number, item in numbered if number is None}
            found |= page
            if len(items) >= REPORTS_PER_PAGE and page:
                reached.append(max(page))
        return found, reached, frozenset(unnumbered)

    def _list(self, path: str, what: str) -> tuple[list[JsonFields], str]:
        body, link = self.fetch(self.url.rstrip("/") + path)
        try:
            return JsonFields.parse_list(body), link
        except DecodeError as error:
            raise ConnectionLost(f"an answer that is no list of {what}") from error

    def _status_changes(self, received: int, since: int) -> list[StreamBatch]:
        """Who is listed as suspended now and was not before, and the reverse: the API names no
        moment.

        since: when the list was last asked for, 0 if never. What changed in longer than
        `MAX_DATED_INTERVAL_US` happened nobody knows when.
        """
        listed = self._list_suspended()
        before, self._suspended = self._suspended, frozenset(listed)
        dated = 0 <= received - since <= MAX_DATED_INTERVAL_US
        if before is None or not dated:
            gaps = (Gap(since, received, "not-connected"),) if since and not dated else ()
            names = tuple(
                Identity(account, item.label("username", MAX_TEXT_CHARS), received)
                for account, item in listed.items()
            )
            snapshot = StatusSnapshot("suspended", tuple(sorted(listed)), received, dated)
            return [StreamBatch(received, (*names, snapshot), gaps=gaps)]
        changed = [listed[account] for account in sorted(self._suspended - before)]
        changed += [
            JsonFields({"id": account, "suspended": False})
            for account in sorted(before - self._suspended)
        ]
        return [_decode_mastodon("account.updated", item, received) for item in changed]

    def _list_suspended(self) -> dict[str, JsonFields]:
        """All accounts that are listed as suspended, by id, from as many pages as there are."""
        listed: dict[str, JsonFields] = {}
        path = "/api/v2/admin/accounts?status=suspended&limit=200"
        for _ in range(MAX_ACCOUNT_PAGES):
            items, link = self._list(path, "accounts")
            listed |= {n: item for item in items if (n := item.identifier("id"))}
            following = re.search(r'<([^>]+)>;\s*rel="next"', link)
            if following is None:
                return listed
            path = self._path_of(following[1])
        # accounts that are missing from half a list would be taken for restored
        raise ConnectionLost("a list of suspended accounts that does not end")

    def _path_of(self, address: str) -> str:
        """The path and query of a next page, which must lie where the first one did."""
        base = urlsplit(self.url.rstrip("/"))
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise ConnectionLost("a next page whose address cannot be read") from error
        if (parts.scheme, parts.netloc) != (base.scheme, base.netloc.rpartition("@")[2]):
            raise ConnectionLost("a next page at another address, which is not asked")
        return parts.path.removeprefix(base.path) + (f"?{parts.query}" if parts.query else "")


def _parse_cursor(cursor: str | None) -> tuple[int | None, int]:
    """(id of the last report or None, when all was last asked or 0) of a stored cursor."""
    if cursor is None:
        return None, 0
    number, _, time = cursor.partition("@")
    return int(number or 0), int(time or 0)


def _decode_mastodon(event: str, item: JsonFields, received: int) -> StreamBatch:
    """An item of a page as the webhook of `event` would have brought it."""
    delivery = JsonFields({"event": event, "object": item.members})
    if event.startswith("account."):
        moment = dt.datetime.fromtimestamp(received / 1e6, dt.UTC).isoformat()
        delivery = JsonFields({"event": event, "created_at": moment, "object": item.members})
    raw = delivery.to_bytes()
    try:
        return StreamBatch(received, tuple(decode_mastodon(delivery)), raw=raw)
    except DecodeError as error:
        return StreamBatch(received, refused=str(error), raw=raw)
