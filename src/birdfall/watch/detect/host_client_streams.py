"""Suspensions by host and by client: a detector for each that a fallen account belonged to, made when the first one falls.

Names of hosts and clients come from outside, and an attacker can make any number of them: the least recent give way.
"""

from __future__ import annotations

from birdfall.watch.detect.detector_bank import DetectorBank

#: Hosts and clients watched at once, and how many stay when there are more.
MOST, KEPT = 2_000, 1_500


class Groups:
    """The detectors of hosts and clients in `bank`. plain: hosts that say nothing, as everything is on them."""

    def __init__(self, bank: DetectorBank, plain: frozenset[str] = frozenset()) -> None:
        self._bank, self._plain = bank, plain
        self._seen: dict[str, int] = {}

    def of(self, host: str, client: str) -> list[str]:
        """The streams a fall of an account on `host`, acting through `client`, belongs to; new ones are made."""
        names = [f"host:{host}"] if host and host not in self._plain else []
        names += [f"client:{client}"] if client else []
        for name in names:
            if name not in self._bank.place and len(self._seen) < 2 * MOST:
                everything = self._bank.place["all"]
                # It was watched as long as all are, and nothing fell there but this: the fall that makes us look has taught.
                self._bank.add([name], float(self._bank.ticks[everything]))
                self._bank.total[self._bank.place[name]] += 1.0
                self._bank.forget_known()
            if name in self._bank.place:
                self._seen[name] = self._bank.tick
        return [name for name in names if name in self._bank.place]

    def too_many(self) -> set[str]:
        """Those that give way, once there are more than can be watched; the least recent."""
        if len(self._seen) <= MOST:
            return set()
        gone = sorted(self._seen, key=lambda name: self._seen[name])[: len(self._seen) - KEPT]
        for name in gone:
            del self._seen[name]
        return set(gone)

    def restore(self) -> None:
        """Take up those that the bank took up."""
        self._seen = {
            name: self._bank.tick
            for name in self._bank.names
            if name.startswith(("host:", "client:"))
        }
