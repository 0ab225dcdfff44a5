"""The peers' own definitions, reproduced edge for edge, so that results can be compared with
published ones.

CooRTweet (Righetti & Balluff 2023): `detect_groups`, then `generate_coordinated_network`.
Coordination Network Toolkit 1.5.2 (Graham, QUT): `co_retweet`. Semantics and their traps:
docs/methods/coordination.md. Neither has a null model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.kernels.coaction.coaction import coaction
from birdfall.kernels.coaction.pairs import pairs_of_acts
from birdfall.measures.coordination.peer_options import (
    PEER_METHODS,
    PeerName,
    PeerOption,
    check_options,
)
from birdfall.measures.coordination.traces import Trace, content_ids
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding, Input, Note


@dataclass(frozen=True)
class PeerEdges:
    """lo, hi (or source, target): int32[e]; weight: int64[e]; apart: mean |dt| in seconds, NaN
    where the peer has none.
    """

    lo: np.ndarray
    hi: np.ndarray
    weight: np.ndarray
    apart: np.ndarray
    threshold: float = 0.0

    def filter(self, keep: np.ndarray) -> PeerEdges:
        """The edges where `keep` (bool[e]) holds."""
        return PeerEdges(
            self.lo[keep], self.hi[keep], self.weight[keep], self.apart[keep], self.threshold
        )


@dataclass(frozen=True)
class CoortweetEdges(PeerEdges):
    """contents, contents_y: int64[e], distinct contents among the earlier and among the later
    shares of the edge's pairs.

    The peer takes their quotient for how evenly both accounts shared; it is that only where neither
    repeats itself.
    """

    contents: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    contents_y: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def symmetry(self) -> np.ndarray:
        """`edge_symmetry_score`, float64[e]."""
        return np.asarray(
            np.minimum(self.contents, self.contents_y) / np.maximum(self.contents, self.contents_y)
        )

    def filter(self, keep: np.ndarray) -> CoortweetEdges:
        """The edges where `keep` (bool[e]) holds."""
        return CoortweetEdges(
            self.lo[keep],
            self.hi[keep],
            self.weight[keep],
            self.apart[keep],
            self.threshold,
            self.contents[keep],
            self.contents_y[keep],
        )


def coortweet_pairs(
    account: np.ndarray,
    object_: np.ndarray,
    content: np.ndarray,
    time: np.ndarray,
    *,
    window: int,
    min_participation: int = 2,
    remove_loops: bool = True,
    object_content: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of rows (int64 row numbers, each of them once, the earlier first) that CooRTweet's
    `detect_groups` reports.

    account, object_, content: int32[n] codes; time: int64[n] us; window: us, inclusive.
    object_content: int32[objects], the content code that an object's id equals, -1 if none (for
    loops). Accounts with fewer than `min_participation` rows are left out first; of the pairs,
    those stay of which at least one side's content belongs to an account with that many paired
    rows.
    """
    rows = np.arange(len(time))
    shares = np.bincount(account, minlength=int(account.max(initial=-1)) + 1)
    rows = rows[shares[account] >= min_participation]
    a, b = pairs_of_acts(object_[rows], time[rows], window)
    a, b = rows[a], rows[b]
    if remove_loops:
        keep = (account[a] != account[b]) & (content[a] != content[b])
        if object_content is not None:
            same = object_content[object_[a]]
            keep &= (same < 0) | ((same != content[a]) & (same != content[b]))
        a, b = a[keep], b[keep]
    if not len(a):
        return a, b
    # rows that occur in some pair, each content once: an account qualifies by how many it has
    content_of = np.unique(np.concatenate([content[a], content[b]]))
    listed = np.isin(content, content_of) & (shares[account] >= min_participation)
    paired = np.bincount(account[listed], minlength=len(shares))
    good = np.unique(content[listed & (paired[account] >= min_participation)])
    keep = np.isin(content[a], good) | np.isin(content[b], good)
    return order_pairs(account, time, a[keep], b[keep])


def coortweet_edges(
    account: np.ndarray,
    object_: np.ndarray,
    content: np.ndarray,
    time: np.ndarray,
    *,
    window: int,
    min_participation: int = 2,
    remove_loops: bool = True,
    edge_weight: float = 0.5,
    subgraph: int = 0,
    object_content: np.ndarray | None = None,
) -> CoortweetEdges:
    """Edges of `generate_coordinated_network(edge_weight=...)`: weight is the number of pairs,
    apart the mean |dt|.

    edge_weight: quantile of the weights; heavier edges are those the peer marks (`threshold`).
    subgraph: 0 returns all edges, 1 those that are marked; the peer's 2 and 3 look at a second,
    narrower window.
    """
    a, b = coortweet_pairs(
        account,
        object_,
        content,
        time,
        window=window,
        min_participation=min_participation,
        remove_loops=remove_loops,
        object_content=object_content,
    )
    x, y = account[a].astype(np.int64), account[b].astype(np.int64)
    key = np.minimum(x, y) << 32 | np.maximum(x, y)
    found, inverse, weight = np.unique(key, return_inverse=True, return_counts=True)
    seconds = np.abs(time[a] - time[b]) / 1e6
    apart = np.bincount(inverse, seconds, len(found)) / np.maximum(1, weight)
    threshold = float(np.quantile(weight, edge_weight)) if len(weight) else 0.0
    edges = CoortweetEdges(
        (found >> 32).astype(np.int32),
        (found & 0xFFFFFFFF).astype(np.int32),
        weight.astype(np.int64),
        apart,
        threshold,
        _count_distinct(inverse, content[a], len(found)),
        _count_distinct(inverse, content[b], len(found)),
    )
    return edges.filter(edges.weight > threshold) if subgraph == 1 else edges


def order_pairs(
    account: np.ndarray, time: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The pairs with the earlier row first; of rows at one moment, the one whose account stands
    first in the data.

    The peer gathers the rows of each account before it pairs them, so that is the order in which it
    meets ties.
    """
    appeared = np.full(int(account.max(initial=-1)) + 1, len(account), np.int64)
    np.minimum.at(appeared, account, np.arange(len(account)))
    place = np.empty(len(account), np.int64)
    place[np.lexsort((np.arange(len(account)), appeared[account]))] = np.arange(len(account))
    swap = (time[a] > time[b]) | ((time[a] == time[b]) & (place[a] > place[b]))
    return np.where(swap, b, a), np.where(swap, a, b)


def account_stats(
    edges: CoortweetEdges, account: np.ndarray, content: np.ndarray, a: np.ndarray, b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`account_stats(weight_threshold = "none")`: accounts int32[k], mean apart and symmetry
    float64[k], distinct shares int64[k].

    a, b: the pairs. Edges of an account with the same two values count once in its means, as the
    peer has it.
    """
    who = np.concatenate([edges.lo, edges.hi])
    rows = np.unique(
        np.column_stack([who, np.tile(edges.apart, 2), np.tile(edges.symmetry, 2)]), axis=0
    )
    accounts, inverse, many = np.unique(rows[:, 0], return_inverse=True, return_counts=True)
    means = [np.bincount(inverse, rows[:, c], len(accounts)) / many for c in (1, 2)]
    both = np.concatenate([a, b])
    shares = _count_distinct(account[both], content[both], int(account.max(initial=-1)) + 1)
    codes = accounts.astype(np.int32)
    return codes, means[0], means[1], shares[codes]


def _count_distinct(group: np.ndarray, value: np.ndarray, groups: int) -> np.ndarray:
    """How many distinct values (int32[n]) stand in each group (int[n]): int64[groups]."""
    seen = np.unique(group.astype(np.int64) << 32 | value.astype(np.int64))
    return np.bincount(seen >> 32, minlength=groups).astype(np.int64)


def toolkit_edges(
    account: np.ndarray,
    object_: np.ndarray,
    content: np.ndarray,
    time: np.ndarray,
    *,
    window: int,
    min_edge_weight: int = 1,
    loops: bool = False,
) -> PeerEdges:
    """Edges of `compute co_retweet`: directed, weight the number of distinct messages of the source
    that meet one of the target.

    Messages are de-duplicated by content id, the first kept; times are cut to whole seconds. loops:
    with self-loops, whose weight is the number of the account's messages, each of which meets
    itself.
    """
    # written backwards, so that of each message the first act is left
    first = np.full(int(content.max(initial=-1)) + 1, -1, np.int64)
    first[content[::-1]] = np.arange(len(content))[::-1]
    first = first[first >= 0]
    if len(first) < len(content):
        first.sort()
        account, object_, time = account[first], object_[first], time[first]
    time = time // 1_000_000 * 1_000_000
    edges = coaction(
        account,
        object_,
        time,
        window=window // 1_000_000 * 1_000_000 or 1,
        count="messages",
        at_least=min_edge_weight,
    )
    lo, hi, weight = edges.lo, edges.hi, edges.weight
    if loops:
        own = np.bincount(account)
        who = np.flatnonzero(own >= max(1, min_edge_weight)).astype(np.int32)
        lo, hi = np.concatenate([lo, who]), np.concatenate([hi, who])
        weight = np.concatenate([weight, own[who]])
        order = np.lexsort((hi, lo))
        lo, hi, weight = lo[order], hi[order], weight[order]
    return PeerEdges(lo, hi, weight.astype(np.int64), np.full(len(lo), np.nan))


def peer_finding(
    traces: list[Trace],
    preset: PeerName,
    window: int,
    options: Mapping[str, PeerOption],
    inputs: tuple[Input, ...],
) -> Finding:
    """Another tool's network as a finding: its own edges, and no significance, since it has no null
    model.

    Parameters
    ----------
    traces : list of Trace
        One trace.
    preset : {"coortweet", "toolkit"}
        The tool.
    window : int
        Microseconds, inclusive.
    options : mapping
        The tool's own options, see `PEER_OPTIONS`.
    inputs : tuple of Input
        What the trace was read from.

    Returns
    -------
    Finding
        `coordination-<preset>`: tables edges [source, target, source_id, target_id, weight,
        apart_s, above_threshold, with coortweet contents, contents_y, symmetry] and nodes.

    Raises
    ------
    UsageError
        For an unknown preset or option, or several traces.
    """
    if preset not in PEER_METHODS:
        raise UsageError(
            f"there is no preset {preset!r}", fix=f"Presets: {', '.join(sorted(PEER_METHODS))}."
        )
    if len(traces) != 1:
        raise UsageError("a preset takes one trace")
    trace = traces[0]
    check_options(preset, options)
    edges = (_toolkit if preset == "toolkit" else _coortweet)(trace, window, options)
    return Finding(
        kind="coordination",
        name=f"coordination-{preset}",
        answer="found" if len(edges.weight) else "nothing",
        estimates={
            "edges": Estimate(len(edges.weight), "pairs", level=None, bounds="none"),
            "accounts": Estimate(
                int(np.count_nonzero(np.bincount(trace.account))),
                "accounts",
                level=None,
                bounds="none",
            ),
            "acts": Estimate(len(trace), "events", level=None, bounds="none"),
        },
        parameters={"trace": [trace.name], "window_s": window / 1e6, "preset": preset, **options},
        inputs=inputs,
        limits=(Note("no-null-model", {}),),
        method=(PEER_METHODS[preset],),
        tables={"edges": _edge_table(trace, edges), "nodes": _node_table(trace, edges)},
    )


def _toolkit(trace: Trace, window: int, options: Mapping[str, PeerOption]) -> PeerEdges:
    """The edges of Coordination Network Toolkit on a trace."""
    return toolkit_edges(
        trace.account,
        trace.object_,
        content_codes(content_ids(trace)),
        trace.time,
        window=window,
        min_edge_weight=int(options.get("min_edge_weight", 1)),
        loops=bool(options.get("loops", False)),
    )


def _coortweet(trace: Trace, window: int, options: Mapping[str, PeerOption]) -> PeerEdges:
    """The edges of CooRTweet on a trace."""
    coded = content_ids(trace).dictionary_encode()
    content = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
    contents = coded.dictionary.cast(pa.string())
    same = pc.fill_null(pc.index_in(trace.objects, value_set=contents), -1)
    return coortweet_edges(
        trace.account,
        trace.object_,
        content,
        trace.time,
        window=window,
        object_content=np.asarray(same.to_numpy(zero_copy_only=False), np.int32),
        min_participation=int(options.get("min_participation", 2)),
        remove_loops=bool(options.get("remove_loops", True)),
        edge_weight=float(options.get("edge_weight", 0.5)),
        subgraph=int(options.get("subgraph", 0)),
    )


def _edge_table(trace: Trace, edges: PeerEdges) -> pa.Table:
    """The edges, with the columns that the tool itself gives."""
    table = pa.table(
        {
            "source": edges.lo,
            "target": edges.hi,
            "source_id": trace.accounts.take(pa.array(edges.lo)),
            "target_id": trace.accounts.take(pa.array(edges.hi)),
            "weight": edges.weight,
            "apart_s": pa.array(edges.apart, mask=np.isnan(edges.apart)),
            "above_threshold": edges.weight > edges.threshold,
        }
    )
    if isinstance(edges, CoortweetEdges):
        for key, values in (
            ("contents", edges.contents),
            ("contents_y", edges.contents_y),
            ("symmetry", edges.symmetry),
        ):
            table = table.append_column(key, pa.array(values))
    return table


def content_codes(ids: pa.Array) -> np.ndarray:
    """int32[n], equal where the ids are.

    Ids that are whole numbers and rise are each their own, which is soon seen.
    """
    if not pa.types.is_integer(ids.type):
        whole = (
            pc.all(pc.ascii_is_decimal(ids)).as_py()
            and (pc.max(pc.binary_length(ids)).as_py() or 0) <= 18
        )
        numbers = ids.cast(pa.int64()).to_numpy() if whole else None
    else:
        numbers = ids.to_numpy()
    if numbers is not None and bool((numbers[1:] > numbers[:-1]).all()):
        return np.arange(len(ids), dtype=np.int32)
    codes: np.ndarray = (
        ids.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int32)
    )
    return codes


def _node_table(trace: Trace, edges: PeerEdges) -> pa.Table:
    """Accounts that have an edge. No groups are looked for: the peers leave that to other tools."""
    activity = np.bincount(trace.account, minlength=len(trace.accounts))
    linked = np.zeros(len(activity), bool)
    linked[edges.lo] = linked[edges.hi] = True
    code = np.flatnonzero(linked).astype(np.int32)
    return pa.table(
        {
            "code": code,
            "account": trace.accounts.take(pa.array(code)),
            "group": pa.nulls(len(code), pa.int32()),
            "activity": activity[code],
        }
    )
