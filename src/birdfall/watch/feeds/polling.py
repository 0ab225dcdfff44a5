"""Sources that are asked again and again: Ozone's queue of moderation events, and Mastodon's admin API.

Neither pushes anything. Both are read oldest first from where the last answer ended, Ozone from a little before; at the first start
from now on, or with start "all" from the first that is kept.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from birdfall.watch.feeds.base import (
    ConnectionLost,
    Put,
    ReconnectingFeed,
    Start,
    failure_reason,
    now,
)
from birdfall.watch.feeds.decode import DecodeError, decode_mastodon, decode_ozone
from birdfall.watch.model.events import Gap, Identity, StatusSnapshot, StreamBatch

#: Answers larger than this are no answers.
MAX_ANSWER_BYTES = 32 << 20
#: Milliseconds within which Ozone may store what it dated earlier; events remembered so that they are handed on once.
OZONE_REWIND_MS, MAX_REMEMBERED_EVENTS = 30_000, 100_000
#: Lists that lie further apart than this, in microseconds, do not tell when an account came to be on the later one.
MAX_DATED_INTERVAL_US = 60_000_000
_CURSOR = re.compile(r"(\d{1,15})::(\d{1,18})")


def requested_wait(headers: Any, moment: float) -> float:
    """Seconds a server asks to wait: `Retry-After` (seconds or a date), or else `RateLimit-Reset` (seconds since 1970)."""
    said = str(headers.get("Retry-After") or "").strip()
    if said.isdigit():
        return float(said[:9])
    with contextlib.suppress(ValueError, TypeError):
        return max(parsedate_to_datetime(said).timestamp() - moment, 0.0)
    reset = str(headers.get("RateLimit-Reset") or "").strip()
    left = str(headers.get("RateLimit-Remaining") or "").strip()
    return max(float(reset[:12]) - moment, 0.0) if reset.isdigit() and left == "0" else 0.0


@dataclass
class PollingFeed(ReconnectingFeed, ABC):
    """One HTTP API. url: its base. secret: as the service wants it. every: seconds between questions. start: "live" or "all"."""

    pushed: ClassVar[bool] = False

    secret: str = ""
    every: float = 2.0
    start: Start = "all"

    def headers(self) -> dict[str, str]:
        return {}

    def get(self, address: str) -> tuple[Any, str]:
        """The JSON at `address` and the Link header. Raises ConnectionLost."""
        if urlsplit(address).scheme not in ("http", "https"):
            raise ConnectionLost("an address that is not HTTP")
        request = urllib.request.Request(
            address, headers={"Accept": "application/json", **self.headers()}
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                body = answer.read(MAX_ANSWER_BYTES + 1)
                link = answer.headers.get("Link") or ""
        except urllib.error.HTTPError as error:
            raise ConnectionLost(
                f"HTTP {error.code}", requested_wait(error.headers, now() / 1e6)
            ) from error
        except urllib.error.URLError as error:
            raise ConnectionLost(
                failure_reason(error.reason) if isinstance(error.reason, Exception) else "no answer"
            ) from error
        if len(body) > MAX_ANSWER_BYTES:
            raise ConnectionLost("an answer too large")
        try:
            return json.loads(body), link
        except (ValueError, RecursionError) as error:
            raise ConnectionLost("an answer that is not JSON") from error

    @abstractmethod
    def turn(self, put: Put) -> bool:
        """Ask once and hand on; whether more is waiting."""

    def connect_once(self, put: Put, stop: threading.Event) -> None:
        while not stop.is_set():
            more = self.turn(put)
            if not self.health.connected:
                self.health.mark_connected()
            if not more:
                stop.wait(self.every)


@dataclass
class OzoneFeed(PollingFeed):
    """`tools.ozone.moderation.queryEvents` of a labelling service. secret: `user:password` for Basic, or a token.

    The service dates an event before it stores it, so events of one moment come to be seen in another order than their cursors':
    each question reaches `OZONE_REWIND_MS` behind the last answer, and what was handed on before is left out.
    """

    _given: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def headers(self) -> dict[str, str]:
        if ":" in self.secret:
            return {"Authorization": "Basic " + base64.b64encode(self.secret.encode()).decode()}
        return {"Authorization": f"Bearer {self.secret}"} if self.secret else {}

    def turn(self, put: Put) -> bool:
        begins = self.cursor is None and self.start == "live"
        at = rewind_cursor(f"{now() // 1000}::0" if begins else self.cursor)
        if begins:
            self.cursor = f"{now() // 1000}::0"
        while True:
            listed, cursor = self._page(at)
            if begins:
                # nothing was heard yet: a watch that is stopped before anything comes goes on from here
                begins = False
                put([StreamBatch(0, cursor=self.cursor, epoch=self.epoch)])
            steps = [s for item in listed if (s := self._fresh(item)) is not None]
            newest = cursor if cursor and _is_later(cursor, self.cursor) else None
            if steps or newest:
                if newest:
                    steps.append(StreamBatch(now(), cursor=newest, epoch=self.epoch))
                put(steps)
                self.cursor = newest or self.cursor
            if cursor is None or cursor == at or not listed:
                return False
            at = cursor

    def _page(self, cursor: str | None) -> tuple[list[Any], str | None]:
        kinds = ("Report", "Takedown", "ReverseTakedown")
        asked = [("types", f"tools.ozone.moderation.defs#modEvent{k}") for k in kinds]
        asked += [("sortDirection", "asc"), ("limit", "100")]
        if cursor is not None:
            asked.append(("cursor", cursor))
        plain, _ = self.get(
            f"{self.url.rstrip('/')}/xrpc/tools.ozone.moderation.queryEvents?{urlencode(asked)}"
        )
        listed = plain.get("events") if isinstance(plain, dict) else None
        if not isinstance(listed, list):
            raise ConnectionLost("an answer without events")
        found = plain.get("cursor")
        return listed, found if isinstance(found, str) and found else None

    def _fresh(self, item: Any) -> StreamBatch | None:
        """One event, unless it was handed on before."""
        key = str(item.get("id")) if isinstance(item, dict) else ""
        if key and key in self._given:
            return None
        self._given[key] = None
        while len(self._given) > MAX_REMEMBERED_EVENTS:
            self._given.popitem(last=False)
        return _read_ozone(item, now())


def rewind_cursor(cursor: str | None) -> str | None:
    """A cursor `OZONE_REWIND_MS` earlier; one of another form as it is."""
    found = _CURSOR.fullmatch(cursor or "")
    return cursor if found is None else f"{max(int(found[1]) - OZONE_REWIND_MS, 0)}::0"


def _is_later(cursor: str, known: str | None) -> bool:
    """Whether a cursor lies behind the one that is kept."""
    new, old = _CURSOR.fullmatch(cursor), _CURSOR.fullmatch(known or "")
    if new is None or old is None:
        return cursor != known
    return (int(new[1]), int(new[2])) > (int(old[1]), int(old[2]))


def _read_ozone(item: Any, received: int) -> StreamBatch:
    raw = json.dumps(item, ensure_ascii=False).encode()
    try:
        return StreamBatch(
            received, tuple(decode_ozone(item if isinstance(item, dict) else {})), raw=raw
        )
    except DecodeError as error:
        return StreamBatch(received, refused=str(error), raw=raw)


@dataclass
class MastodonFeed(PollingFeed):
    """Reports of Mastodon's admin API (`/api/v1/admin/reports`), and the accounts it lists as suspended.

    secret: an access token with `admin:read:reports` and `admin:read:accounts`. Reports of other servers come from one actor
    per server, not from persons: they are taken as reports by that server.
    """

    every: float = 10.0
    _suspended: frozenset[str] | None = None

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secret}"}

    def turn(self, put: Put) -> bool:
        """Reports since the last one, and who is suspended. The cursor is the last report's id and when all was last asked: `9@1700000000000000`."""
        base = self.url.rstrip("/")
        known, since = _parse_cursor(self.cursor)
        if known is None and self.start == "all":
            known = 0
        items: dict[int, Any] = {}
        reached: list[int] = []
        # A report that was resolved before it was asked for is a report all the same.
        for resolved in ("false", "true"):
            asked = {"limit": "200", "resolved": resolved} | (
                {} if known is None else {"min_id": str(known)}
            )
            plain, _ = self.get(f"{base}/api/v1/admin/reports?{urlencode(asked)}")
            if not isinstance(plain, list):
                raise ConnectionLost("an answer that is no list of reports")
            page = {
                int(i["id"]): i
                for i in plain
                if isinstance(i, dict) and str(i.get("id", "")).isdigit()
            }
            items |= page
            if len(plain) >= 200 and page:
                reached.append(max(page))
        received = now()
        if known is None:
            # a watch that begins now has nothing to do with what was reported before
            known, items, reached = max(items, default=0), {}, []
        # Where one list has more, the cursor goes no further than it: what lies between is asked for again.
        last = min(reached, default=max(items, default=known))
        listed = [items[i] for i in sorted(items) if i <= last]
        found = [
            _read_mastodon({"event": "report.created", "object": item}, received) for item in listed
        ]
        found += self._changes(base, received, since)
        self.cursor = f"{last}@{received}"
        put([*found, StreamBatch(received, cursor=self.cursor, epoch=self.epoch)])
        return bool(reached)

    def _changes(self, base: str, received: int, since: int) -> list[StreamBatch]:
        """Who is listed as suspended now and was not before, and the reverse: the API tells of no moment.

        since: when the list was last asked for, 0 if never. What changed in longer than `MAX_DATED_INTERVAL_US` happened nobody knows when.
        """
        now_listed: dict[str, dict[str, Any]] = {}
        address = f"{base}/api/v2/admin/accounts?status=suspended&limit=200"
        for _ in range(500):
            plain, link = self.get(address)
            for item in plain if isinstance(plain, list) else []:
                if isinstance(item, dict) and "id" in item:
                    now_listed[str(item["id"])] = item
            following = re.search(r'<([^>]+)>;\s*rel="next"', link)
            if following is None or urlsplit(following[1]).netloc != urlsplit(base).netloc:
                break
            address = following[1]
        before, self._suspended = self._suspended, frozenset(now_listed)
        counts = 0 <= received - since <= MAX_DATED_INTERVAL_US
        if before is None or not counts:
            gaps = (Gap(since, received, "not-connected"),) if since and not counts else ()
            names = tuple(
                Identity(account, str(item.get("username") or "")[:200], received)
                for account, item in now_listed.items()
            )
            stands = StatusSnapshot("suspended", tuple(sorted(now_listed)), received, counts)
            return [StreamBatch(received, (*names, stands), gaps=gaps)]
        moment = _rfc3339(received)
        gone = sorted(before - self._suspended)
        changed = [now_listed[i] for i in sorted(self._suspended - before)]
        changed += [{"id": i, "suspended": False} for i in gone]
        return [
            _read_mastodon(
                {"event": "account.updated", "created_at": moment, "object": item}, received
            )
            for item in changed
        ]


def _parse_cursor(cursor: str | None) -> tuple[int | None, int]:
    """(id of the last report or None, when all was last asked for or 0) of a kept cursor."""
    if cursor is None:
        return None, 0
    number, _, time = cursor.partition("@")
    return int(number or 0), int(time or 0)


def _read_mastodon(plain: dict[str, Any], received: int) -> StreamBatch:
    raw = json.dumps(plain, ensure_ascii=False).encode()
    try:
        return StreamBatch(received, tuple(decode_mastodon(plain)), raw=raw)
    except DecodeError as error:
        return StreamBatch(received, refused=str(error), raw=raw)


def _rfc3339(moment: int) -> str:
    import datetime as dt

    return dt.datetime.fromtimestamp(moment / 1e6, dt.UTC).isoformat()
