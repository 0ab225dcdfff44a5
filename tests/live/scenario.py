"""A wave as a script: who follows whom, who falls and returns, and beside it what must not be taken
for one.

A ring follows the leader, fans follow the control, some of the fans the leader too, and a crowd
neither. In the wave part of the ring is taken down, at a steady pace. Noise is what happens on any
day: a takedown in the crowd, accounts that deactivate themselves, unfollows, and a takedown said
twice. What was done is kept, as the truth that a watch is held against.
"""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from acting import many


@dataclass
class Scenario:
    """The people of a network and what was done to them. All lists hold the accounts' DIDs."""

    network: object
    leader: dict
    control: dict
    ring: list
    fans: list
    crowd: list
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    taken_down: list = field(default_factory=list)
    restored: list = field(default_factory=list)
    deactivated: list = field(default_factory=list)
    noise: list = field(default_factory=list)

    @property
    def edges(self):
        return sum(len(who["keys"]) for who in self.ring + self.fans)

    def down(self, whom, seconds=0.0, at_once=8):
        """Takedowns, spread evenly over so many seconds."""
        spread(lambda who: self.network.takedown(who), whom, seconds, at_once)
        self.taken_down += [who["did"] for who in whom]

    def up(self, whom, seconds=0.0, at_once=8):
        """Restorations."""
        spread(lambda who: self.network.takedown(who, False), whom, seconds, at_once)
        self.restored += [who["did"] for who in whom]

    def everyday(self):
        """A takedown, said twice; two who leave by themselves; three unfollows."""
        alone = self.crowd[0]
        self.network.takedown(alone)
        self.network.takedown(alone)
        self.noise.append(alone["did"])
        for who in (self.fans[0], self.ring[-1]):
            self.network.deactivate(who)
            self.deactivated.append(who["did"])
        for who in self.fans[1:4]:
            self.network.unfollow(who, who["keys"].pop("control"))

    def followers(self, name):
        """Who must be seen following the leader or the control now."""
        gone = {*self.taken_down, *self.noise} - {*self.restored} | {*self.deactivated}
        return {who["did"] for who in self.ring + self.fans if name in who["keys"]} - gone


def people(network, *, ring=110, fans=60, both=20, crowd=40, at_once=8):
    """A Scenario of so many accounts, leader and control beside them. both: of the fans, who follow
    the leader too.
    """
    leader, control = network.account("leader"), network.account("control")
    names = [f"ring{i:05d}" for i in range(ring)] + [f"fan{i:05d}" for i in range(fans)]
    made = many(network.account, names + [f"crowd{i:05d}" for i in range(crowd)], at_once)
    scenario = Scenario(
        network, leader, control, made[:ring], made[ring : ring + fans], made[ring + fans :]
    )
    for who in made:
        who["keys"] = {}

    def join(pair):
        who, name = pair
        who["keys"][name] = network.follow(who, {"leader": leader, "control": control}[name])

    wanted = [(who, "leader") for who in scenario.ring + scenario.fans[-both:]]
    many(join, wanted + [(who, "control") for who in scenario.fans], at_once)
    return scenario


def spread(act, things, seconds, at_once):
    """`act` on each, the k-th of n begun at k / n of the time, however long one takes."""
    begun = time.monotonic()
    stop = threading.Event()
    with ThreadPoolExecutor(at_once) as pool:
        done = []
        for k, thing in enumerate(things):
            stop.wait(max(begun + seconds * k / len(things) - time.monotonic(), 0))
            done.append(pool.submit(act, thing))
        for one in done:
            one.result()
