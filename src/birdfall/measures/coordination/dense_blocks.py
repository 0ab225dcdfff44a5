"""Groups too dilute for any pair of theirs to stand out: dense blocks, tested against acts that
changed hands.

Weight of a pair: what its p-value says beyond `PAIR_P`. The densest block of the weighted network
(greedy peeling, Charikar 2000) is compared with the densest blocks after every act was given to the
account of another act of the same interest and time block, so accounts and objects keep their
numbers of acts and objects their times. Shuffling stops at the first shuffle that is as dense, as
in Besag and Clifford (1991): where there is no group it costs a shuffle or two. Method:
docs/methods/coordination.md.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np

from birdfall.kernels.coaction.shuffle import exchange_accounts, repeated_pairs
from birdfall.kernels.densest_subgraph import densest_block
from birdfall.measures.coordination import null_model
from birdfall.measures.coordination.act_profile import ActProfile, profile_acts
from birdfall.measures.coordination.communities import Grouping, find_interests
from birdfall.measures.coordination.layers import Layer, meeting_log_p
from birdfall.measures.coordination.null_model import bonferroni_log_p, count_company
from birdfall.model.progress import Progress, silent

#: Blocks are looked for where a shuffle is cheap: a hundred of them walk a hundred times so many
#: pairs of acts.
MAX_PAIRS = 3_000_000
SHUFFLES = 99
#: A pair adds to a block only what its p says beyond this: pairs that chance explains must not add
#: up to a group.
MAX_PAIR_P = 1e-2
#: A block has at least so many members: a pair or three is what the test of pairs is for.
MIN_MEMBERS = 4
#: At most so many blocks are listed.
MAX_BLOCKS = 5
#: A block is not listed if company explains most of its co-actions, or if most of them lie on two
#: objects.
MAX_EXPLAINED_SHARE = 0.5
MAX_SHARE_ON_TWO = 0.5
#: So many shuffles at a time, on two threads; the answer does not depend on it.
SHUFFLES_PER_BATCH = 4

Network = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class DiluteBlock:
    """members: int32 codes; density: weight per member; p: by shuffles, at least 1 / (1 +
    shuffles); layer: its number.

    explained: share of its co-actions that the timing of others on the same objects explains.
    on_two: share on its two commonest objects.
    """

    members: np.ndarray
    density: float
    p: float
    shuffles: int
    layer: int
    explained: float
    on_two: float

    @property
    def listed(self) -> bool:
        """Whether it is more than an interest that was not learnt, or a minute of two crowds."""
        return self.explained <= MAX_EXPLAINED_SHARE and self.on_two <= MAX_SHARE_ON_TWO


def find_dilute_groups(
    layers: list[Layer],
    grouping: Grouping,
    seed: int,
    alpha: float,
    progress: Progress = silent,
) -> list[DiluteBlock]:
    """Blocks with at least `MIN_MEMBERS` accounts beside the `known` (int32 codes, of `groups`
    groups), per layer small enough.

    Members of groups already known stay in: a block may be what hangs on to them. A block that is
    little else is not listed again, so it is not tested either. Blocks that are not `told` (listed)
    are among them.
    """
    found = []
    for number, layer in enumerate(layers):
        if layer.pairs > MAX_PAIRS or len(layer.trace) < 3:
            continue
        hands = ActShuffler(layer, seed)
        accounts = int(layer.trace.account.max()) + 1
        new = np.ones(accounts, np.bool_)
        new[grouping.members[grouping.members < accounts]] = False
        for members, density, p in peel_blocks(
            hands.observed_network(),
            accounts,
            hands.shuffled_network,
            shuffles=SHUFFLES,
            most=MAX_BLOCKS + min(grouping.count, 4 * MAX_BLOCKS),
            alpha=alpha,
            new=new,
            progress=partial(
                progress, f"coordination {layer.trace.name}: groups without a significant pair"
            ),
        ):
            found.append(
                DiluteBlock(
                    members, density, p, SHUFFLES, number, *explained_shares(layer, members)
                )
            )
    return found


def explained_shares(layer: Layer, members: np.ndarray) -> tuple[float, float]:
    """What company explains of a block's co-actions, and what share of them lies on its two
    commonest objects.

    Interests are learnt with errors, and accounts of one that was missed are a block too, whatever
    hands their acts change into. But they come to an object as others do: measured, company
    explains 0.57 to 0.89 of such blocks; of planted ones 0.18 to 0.28, where objects live for ten
    minutes, and 0.51 to 0.66, where they live for two. And where two crowds are large, some
    accounts stand in one minute of both.
    """
    inside = np.zeros(layer.crowd.order.accounts, np.int64)
    inside[members] = 1
    seen, explained = count_company(layer.crowd.order, inside, 2)
    keep = inside[layer.trace.account] == 1
    own = profile_acts(
        layer.trace.account[keep], layer.trace.object_[keep], layer.trace.time[keep], layer.window
    )
    commonest = np.sort(own.pairs)[::-1]
    return float(explained[1] / max(1.0, seen[1])), float(
        commonest[:2].sum() / max(1, commonest.sum())
    )


class ActShuffler:
    """The weighted network of a trace, as it was and as it is after its acts changed hands; the
    order is made once.
    """

    def __init__(self, layer: Layer, seed: int) -> None:
        self._layer = layer
        self._trace = trace = layer.trace
        self._seed = seed
        self._crowd: ActProfile = profile_acts(
            trace.account, trace.object_, trace.time, layer.window
        )
        self._surprise = self._crowd.surprise
        self._object = np.repeat(np.arange(len(self._crowd.acts), dtype=np.int32), self._crowd.acts)
        self._lock = Lock()
        self._cells: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None

    def observed_network(self) -> Network:
        """The weighted network as it happened."""
        return self._network(self._crowd.order.who)

    def shuffled_network(self, i: int) -> Network:
        """The same from the i-th shuffle."""
        with self._lock:
            self._cells = self._cells or self.cells()
        stream = int(
            np.random.SeedSequence([self._seed, i]).generate_state(1, np.uint64)[0] >> np.uint64(1)
        )
        return self._network(
            exchange_accounts(self._crowd.order.who, self._object, *self._cells, stream)
        )

    def cells(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Acts (positions in order) cell by cell, those with company first; where each cell begins;
        how many have company.

        A cell is an interest and a time block. Interests here are those of the null and, within
        them, those the tested acts themselves show: what was learnt before does not know everybody,
        and a circle of friends it does not know would be called a block. Cells in which no act has
        another within the window on its object are left out: they make no pair.
        """
        order, null = self._crowd.order, self._layer.null
        own = null.community
        if not null.from_tested:
            own, count = find_interests(
                self._trace.account, self._trace.object_, order.accounts, seed=self._seed
            )
            if null.community.size:
                own = own + count * null.community[: len(own)]
        time = (order.key & ((1 << order.time_bits) - 1)) * order.quantum
        block = time // null_model.MIN_BLOCK_US
        cell = own[order.who] * (int(block.max(initial=0)) + 1) + block
        near = (np.diff(order.key) <= order.window) & (self._object[1:] == self._object[:-1])
        alone = ~(np.r_[False, near] | np.r_[near, False])
        by_cell = np.argsort(cell * 2 + alone, kind="stable").astype(np.int64)
        ordered = cell[by_cell]
        begin = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        live = np.add.reduceat((~alone[by_cell]).astype(np.int64), begin)
        keep = np.repeat(live > 0, np.diff(np.r_[begin, len(cell)]))
        length = np.diff(np.r_[begin, len(cell)])[live > 0]
        return by_cell[keep], np.r_[0, np.cumsum(length)].astype(np.int64), live[live > 0]

    def _network(self, who: np.ndarray) -> Network:
        order = self._crowd.order
        lo, hi, objects, surprise = repeated_pairs(
            order.key, who, order.starts, order.time_bits, order.window, self._surprise, 2
        )
        sorted_ = np.lexsort((hi, lo))
        lo, hi, objects, surprise = lo[sorted_], hi[sorted_], objects[sorted_], surprise[sorted_]
        # the stratified rate is never below the flat one, so what the flat one does not find weak
        # need not be asked
        flat = (
            self._layer.null.activity[lo].astype(float)
            * self._layer.null.activity[hi]
            * self._layer.null.kappa
        )
        keep = self._log_p(lo, hi, objects, surprise, flat) < np.log(MAX_PAIR_P)
        lo, hi, objects, surprise = lo[keep], hi[keep], objects[keep], surprise[keep]
        rate = self._layer.null.rate(lo, hi)
        if who is order.who and len(lo):
            # As it happened a pair's co-actions come in sessions, and count once in each. Shuffled
            # hands meet one by one: there nothing is joined, which can only hide blocks.
            counted, surprised = meeting_log_p(
                self._crowd, self._layer.null, lo, hi, rate, self._layer.window
            )
            log_p = bonferroni_log_p(counted, surprised)
        else:
            log_p = self._log_p(lo, hi, objects, surprise, rate)
        keep = log_p < np.log(MAX_PAIR_P)
        return lo[keep], hi[keep], np.log(MAX_PAIR_P) - log_p[keep]

    def _log_p(
        self,
        lo: np.ndarray,
        hi: np.ndarray,
        objects: np.ndarray,
        surprise: np.ndarray,
        rate: np.ndarray,
    ) -> np.ndarray:
        counted = self._layer.null.count_log_p(lo, hi, objects, rate)
        return bonferroni_log_p(counted, self._layer.null.surprise_log_p(surprise, rate))


def peel_blocks(
    network: Network,
    accounts: int,
    shuffled: Callable[[int], Network],
    *,
    shuffles: int,
    most: int = MAX_BLOCKS,
    alpha: float = 0.01,
    new: np.ndarray | None = None,
    progress: Callable[[int, int | None, str], None] | None = None,
) -> list[tuple[np.ndarray, float, float]]:
    """Dense blocks of a network, edge by edge too weak to see: (member codes, weight per member,
    p), best first.

    network: lo, hi, weight of pairs. shuffled(i): the same from the i-th shuffle. A block's p is
    its rank among the densest blocks of the shuffles, (1 + as dense) / (1 + shuffles); shuffling
    stops as soon as that is too many. Peeling stops at the first block above alpha, so alpha below
    1 / (1 + shuffles) finds none. new: bool[accounts]; blocks with fewer than `SMALLEST` of these
    are taken away untested.
    """
    lo, hi, weight = network
    null: list[float] = []
    found = []
    with ThreadPoolExecutor(2) as pool:
        for _ in range(most):
            if not len(lo):
                break
            members, density = densest_block(lo, hi, weight, accounts)
            if members.sum() < MIN_MEMBERS or density <= 0:
                break
            if new is None or np.count_nonzero(members & new) >= MIN_MEMBERS:
                as_dense = sum(d >= density for d in null)
                while len(null) < shuffles and (1 + as_dense) / (1 + shuffles) <= alpha:
                    if progress is not None:
                        progress(len(null), shuffles, "shuffles")
                    batch = range(len(null), min(shuffles, len(null) + SHUFFLES_PER_BATCH))
                    for d in pool.map(lambda i: densest_block(*shuffled(i), accounts)[1], batch):
                        null.append(d)
                        as_dense += d >= density
                p = (1 + as_dense) / (1 + shuffles)
                if p > alpha:
                    break
                found.append((np.flatnonzero(members).astype(np.int32), density, p))
            keep = ~(members[lo] | members[hi])
            lo, hi, weight = lo[keep], hi[keep], weight[keep]
    return found
