"""Delivery of alerts: written into the state with the events that caused them, sent by a thread for
each channel until they arrive.

An alert is stored before it is sent, so a crash in between only delays it. Each carries a key by
which a receiver can recognise one that arrives twice.
"""

from __future__ import annotations

import json
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from birdfall.model.errors import printable
from birdfall.watch.alerts.channels import find_channel
from birdfall.watch.alerts.messages import AlertMessage, to_payload
from birdfall.watch.alerts.rules import Channel, Rule
from birdfall.watch.feeds.base import now
from birdfall.watch.feeds.web import NoAnswer, describe_failure
from birdfall.watch.model.alert import Alert
from birdfall.watch.store.database import State
from birdfall.watch.store.queries import alerts as alert_store

#: Seconds between attempts, doubled from the first to the last.
FIRST_WAIT_SECONDS, LAST_WAIT_SECONDS = 2, 600
#: After so many attempts an alert is given up, and shown so.
MAX_TRIES: Final = 12
#: Deliveries of one round, and characters kept of what went wrong.
MAX_DELIVERIES, MAX_SAID_CHARS = 100, 200
#: Seconds between looks for what is due, and until a thread that is to end is left alone.
POLL_SECONDS, STOP_SECONDS = 1.0, 30
#: Seconds until a state that could not be used is tried again.
STATE_WAIT_SECONDS: Final = 5.0


def raise_alert(state: State, alert: Alert, rules: Sequence[Rule], moment: int) -> int | None:
    """Keep an alert and whom it goes to; call inside a transaction.

    Parameters
    ----------
    state
        The state.
    alert
        The alert.
    rules
        Rules that want it. With none it is kept (the dashboard shows it) and goes nowhere.
    moment
        When it is raised, in microseconds.

    Returns
    -------
    int or None
        Its number; None if an alert of this key is kept already.
    """
    if alert_store.has_alert(state, alert.key):
        return None
    names = [rule.name for rule in rules]
    number = alert_store.insert_alert(
        state,
        key=alert.key,
        kind=alert.kind.value,
        rules=names,
        time=moment,
        body=json.dumps(
            to_payload(alert, rules=names, time=moment), ensure_ascii=False, sort_keys=True
        ),
    )
    channels = sorted({channel for rule in rules for channel in rule.notify})
    # due at once, though the moment be one of a source whose clock is ahead
    alert_store.insert_deliveries(state, number, channels, 0)
    return number


@dataclass(slots=True)
class _Queue:
    """What waits for one channel; None: for channels that are none any more. said: what keeps the
    state from being used, as it was last told."""

    channel: str | None
    woken: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread = field(default_factory=threading.Thread)
    said: str = ""


class Courier:
    """Delivers what waits, each channel by itself: one that hangs or fails holds up no other.

    Nothing that a channel does ends it, and neither does a state that cannot be read for a while:
    both are said, and tried again. It opens the state for itself, as it runs beside the watch.

    Parameters
    ----------
    path
        The state's file.
    channels
        Where alerts can go.
    tell
        Told once when a channel begins to fail, when an alert is given up, and when the channel
        works again.
    """

    def __init__(
        self, path: str, channels: list[Channel], tell: Callable[[str], None] = lambda _: None
    ) -> None:
        self._path = path
        self._tell = tell
        self._failing: set[str] = set()
        self._channels = {channel.name: channel for channel in channels}
        self._stop = threading.Event()
        # what waits for channels that the rules no longer name has a queue of its own: None
        self._queues = [_Queue(name) for name in (*self._channels, None)]
        for queue in self._queues:
            queue.thread = threading.Thread(
                target=self._run, args=(queue,), name=f"courier {queue.channel}", daemon=True
            )

    def start(self) -> None:
        """Begin."""
        for queue in self._queues:
            queue.thread.start()

    def wake(self) -> None:
        """Look for what is due now."""
        for queue in self._queues:
            queue.woken.set()

    def stop(self) -> None:
        """Deliver what waits now, once, and end."""
        self._stop.set()
        self.wake()
        deadline = time.monotonic() + STOP_SECONDS
        for queue in self._queues:
            queue.thread.join(max(deadline - time.monotonic(), 0.0))

    def _run(self, queue: _Queue) -> None:
        """Deliver what comes for one channel until the courier is stopped, and once more then."""
        state: State | None = None
        over = False
        wait = POLL_SECONDS
        while not over:
            queue.woken.wait(wait)
            queue.woken.clear()
            over = self._stop.is_set()
            wait = POLL_SECONDS
            try:
                if state is None:
                    state = State.open(self._path)
                    # an alert that arrived must be noted, or it would go out again
                    state.wait_while_locked(self._check_not_stopped)
                self._deliver_to(state, queue.channel)
                queue.said = ""
            except Exception as error:
                # the state is locked, or the disk is full: tried again, and said once
                wait = STATE_WAIT_SECONDS
                said = f"{type(error).__name__}: {printable(str(error), 150)}"
                if queue.said != said:
                    queue.said = said
                    self._tell(f"alerts wait, as the state cannot be used: {said}; tried again")
                if state is not None:
                    state.close()
                state = None
        if state is not None:
            state.close()

    def _check_not_stopped(self) -> None:
        if self._stop.is_set():
            raise sqlite3.OperationalError("another program locks it")

    def deliver(self, state: State) -> None:
        """One round over what is due, channel after channel."""
        for queue in self._queues:
            self._deliver_to(state, queue.channel)

    def _deliver_to(self, state: State, name: str | None) -> None:
        """One round over what is due for a channel; None: for those that are none any more."""
        moment = now()
        due = alert_store.list_due_deliveries(
            state,
            moment,
            max_tries=MAX_TRIES,
            longest_wait=LAST_WAIT_SECONDS * 1_000_000,
            limit=MAX_DELIVERIES,
            channels=list(self._channels) if name is None else [name],
            among=name is not None,
        )
        for delivery in due:
            said = self._attempt(delivery)
            wait = min(FIRST_WAIT_SECONDS * 2**delivery.tries, LAST_WAIT_SECONDS) * 1_000_000
            with state.transaction():
                alert_store.record_attempt(
                    state,
                    delivery,
                    done=None if said else moment,
                    due=moment + wait,
                    said=said[:MAX_SAID_CHARS],
                )
            self._report(delivery.channel, said, last=delivery.tries + 1 >= MAX_TRIES)

    def _attempt(self, delivery: alert_store.DueDelivery) -> str:
        """Deliver one alert; empty, or what went wrong."""
        channel = self._channels.get(delivery.channel)
        if channel is None:
            return "no such channel any more"
        try:
            message = AlertMessage.parse(delivery.body)
        except Exception as error:
            # an alert that was kept otherwise than this Birdfall keeps them
            return f"this alert cannot be read: {type(error).__name__}"
        return send(channel, message)

    def _report(self, channel: str, said: str, *, last: bool) -> None:
        if said and last:
            self._tell(f"an alert to {channel!r} is given up after {MAX_TRIES} tries: {said}")
        elif said and channel not in self._failing:
            self._tell(
                f"alerts to {channel!r} do not arrive: {said}; tried again for about 40 minutes"
            )
        elif not said and channel in self._failing:
            self._tell(f"alerts to {channel!r} arrive again")
        (self._failing.add if said else self._failing.discard)(channel)


def send(channel: Channel, message: AlertMessage) -> str:
    """Deliver one alert; empty, or what went wrong."""
    try:
        kind = find_channel(channel.kind)
        if kind is None:
            return f"no channel is of kind {channel.kind!r}"
        kind.send(channel.values, message)
    except (NoAnswer, ssl.SSLError) as error:
        return printable(describe_failure(error), 150)
    except (Exception, SystemExit) as error:
        # whatever a channel raises, other packages' too: the other alerts still go out
        return f"{type(error).__name__}: {printable(str(error), 150)}"
    return ""
