"""A network as a page shows it: the pairs that filters leave, each account in its own place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.app.account_platforms import AccountPlatforms, platforms_of
from birdfall.app.account_table import Bins, time_step
from birdfall.app.open_case import OpenCase
from birdfall.model.findings import Finding
from birdfall.record.ids import pseudonym
from birdfall.tell.network.files import NetworkDrawing
from birdfall.tell.network.layout import Layout

#: Pairs and accounts in the picture, at most: the most significant ones.
MAX_DRAWN_PAIRS, MAX_DRAWN_ACCOUNTS = 2_000, 2_000
#: Width and height of the picture.
PICTURE_SIZE: Final = 960
#: Colours that have a rule of their own in the style; the groups after them are grey.
COLOURS: Final = 7
#: How sure a pair must be: the share of false ones that is let in, by its word in an address.
CERTAINTIES: Final[Mapping[str, float]] = {"sure": 0.001, "very-sure": 0.00001, "all": 1.0}


@dataclass(frozen=True, slots=True)
class NetworkQuery:
    """Which pairs of a network are shown.

    Parameters
    ----------
    certainty
        A key of `CERTAINTIES`; "": as the network was measured.
    weight
        In how many acts they met, at least.
    layer
        The trace on which they met; "": any.
    group
        The group that both are in; 0: any.
    begin, end
        They met in [begin, end), in microseconds; None: no bound.
    account
        The code of one of the two; None: anybody.
    platform
        The platform on which both act; `account_platforms.ACROSS`: none in common; "": any.
    """

    certainty: str = ""
    weight: int = 0
    layer: str = ""
    group: int = 0
    begin: int | None = None
    end: int | None = None
    account: int | None = None
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two accounts that met, by code; first and last in microseconds; q: None where not told."""

    source: int
    target: int
    weight: int
    q: float | None
    first: int
    last: int
    layer: str


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """An account in the picture. colour: 0 to `COLOURS`, the last for grey."""

    code: int
    x: float
    y: float
    size: float
    colour: int


@dataclass(frozen=True, slots=True)
class DrawnPair:
    """A pair in the picture."""

    source: int
    target: int
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of what is shown. left_out: pairs that are not in it."""

    nodes: tuple[DrawnNode, ...]
    pairs: tuple[DrawnPair, ...]
    left_out: int


@dataclass(frozen=True)
class Selection:
    """The pairs that a query leaves, the most significant first, as a table like `edges`.

    Parameters
    ----------
    edges
        The pairs.
    accounts
        The codes of their accounts, ascending: int32[n].
    groups
        The numbers of the groups these are in, the largest first.
    """

    edges: pa.Table
    accounts: np.ndarray
    groups: tuple[int, ...]

    def pairs(self, start: int, size: int) -> list[Pair]:
        """Some of the pairs."""
        names = ("source", "target", "weight", "q_value", "first", "last", "layer")
        part = self.edges.slice(start, size)
        rows = zip(*(_plain(part, name) for name in names), strict=True)
        return [Pair(*row) for row in rows]


def _plain(table: pa.Table, name: str) -> list[object]:
    """A column as plain values: times in microseconds; "" where there is no such column."""
    if name not in table.column_names:
        return [""] * table.num_rows
    column = table.column(name)
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return list(column.to_pylist())


class NetworkView:
    """A network that was found.

    Parameters
    ----------
    finding
        A coordination finding with pairs.
    platforms
        Where accounts act; None where no two platforms are told apart.
    """

    def __init__(self, finding: Finding, platforms: AccountPlatforms | None = None) -> None:
        self.platforms = platforms
        nodes = finding.table("nodes").sort_by("code")
        self.finding = finding.replace(tables={**finding.tables, "nodes": nodes})
        self.codes = nodes.column("code").to_numpy().astype(np.int64)
        groups = pc.fill_null(nodes.column("group"), 0).to_numpy().astype(np.int64)
        self._groups = np.maximum(groups, 0)
        self.alpha = float(finding.parameters.get("alpha", 0.05))
        self.tested = finding.parameters.get("null") != "none"
        drawing = NetworkDrawing(self._significant(), lambda code, _account: pseudonym(code))
        self._places, self._size = drawing.places, drawing.size
        self._colour = np.where(drawing.rank < 0, COLOURS, np.minimum(drawing.rank, COLOURS))
        self._place = {int(code): n for n, code in enumerate(self.codes)}

    def _significant(self) -> Finding:
        """The finding with the pairs alone by which its groups were found."""
        table = self._whole()
        edges = table.filter(pa.array(self._sure(table, self.alpha)))
        return self.finding.replace(tables={**self.finding.tables, "edges": edges})

    def _whole(self, layer: str = "") -> pa.Table:
        tables = self.finding.tables
        if layer:
            edges = tables["edges"]
            return edges.filter(pc.equal(edges.column("layer"), layer))
        return tables.get("combined", tables["edges"])

    def _sure(self, table: pa.Table, bound: float) -> np.ndarray:
        if not self.tested or "q_value" not in table.column_names:
            return np.ones(table.num_rows, np.bool_)
        q = pc.fill_null(table.column("q_value").cast(pa.float64()), 1.0)
        return np.asarray(q.to_numpy() <= bound)

    @property
    def layers(self) -> tuple[str, ...]:
        """The traces on which pairs met."""
        return tuple(sorted(set(self.finding.table("edges").column("layer").to_pylist())))

    @property
    def span(self) -> tuple[int, int] | None:
        """When pairs first and last met, in microseconds; None without any."""
        table = self._whole()
        if not table.num_rows:
            return None
        first, last = (
            table.column(name).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
            for name in ("first", "last")
        )
        return int(pc.min(first).as_py()), int(pc.max(last).as_py())

    def groups(self) -> list[int]:
        """The numbers of the groups of pairs, the largest first."""
        table = self.finding.table("groups")
        rows = zip(*(table.column(c).to_pylist() for c in ("members", "group")), strict=True)
        return [group for _, group in sorted(rows, key=lambda r: (-r[0], r[1]))]

    def select(self, query: NetworkQuery, hidden: Sequence[int] = ()) -> Selection:
        """The pairs that a query leaves. hidden: groups of which nothing is shown."""
        table = self._whole(query.layer)
        bound = CERTAINTIES.get(query.certainty, self.alpha)
        keep = self._sure(table, bound)
        keep &= table.column("weight").to_numpy() >= query.weight
        source, target = (table.column(c).to_numpy() for c in ("source", "target"))
        first, last = (
            table.column(c).cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
            for c in ("first", "last")
        )
        if query.begin is not None:
            keep &= last >= query.begin
        if query.end is not None:
            keep &= first < query.end
        if query.account is not None:
            keep &= (source == query.account) | (target == query.account)
        if query.platform and self.platforms is not None:
            keep &= self.platforms.keep(source, target, query.platform)
        if query.group or hidden:
            ends = self._groups_at(source), self._groups_at(target)
            if query.group:
                keep &= (ends[0] == query.group) & (ends[1] == query.group)
            if hidden:
                keep &= ~(np.isin(ends[0], hidden) | np.isin(ends[1], hidden))
        places = np.flatnonzero(keep)
        strength = table.column("log_p").to_numpy() if self.tested else -first.astype(float)
        weight = -table.column("weight").to_numpy()
        order = np.lexsort((target[places], source[places], weight[places], strength[places]))
        edges = table.take(pa.array(places[order]))
        accounts = np.unique(np.r_[source[places], target[places]]).astype(np.int64)
        inside = np.unique(self._groups_at(accounts))
        shown = tuple(g for g in self.groups() if g in inside)
        return Selection(edges, accounts, shown)

    def whole_stretch(
        self, query: NetworkQuery, hidden: Sequence[int], selection: Selection
    ) -> Selection:
        """The pairs that a query leaves at any time. hidden, selection: those of the query."""
        if query.begin is None and query.end is None:
            return selection
        return self.select(replace(query, begin=None, end=None), hidden)

    def first_meetings(self, selection: Selection) -> Bins:
        """When the pairs of a selection first met, over time."""
        edges = selection.edges
        if not edges.num_rows:
            return Bins(0, 1_000_000, ())
        first = edges.column("first").cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy()
        begin, end = int(first.min()), int(first.max())
        step = time_step(end - begin)
        begin = begin // step * step
        counts = np.bincount((first - begin) // step, minlength=(end - begin) // step + 1)
        return Bins(begin, step, tuple(int(n) for n in counts))

    def _groups_at(self, codes: np.ndarray) -> np.ndarray:
        """int64[n]: the groups of accounts, 0 for none."""
        if not len(self.codes):
            return np.zeros(len(codes), np.int64)
        place = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
        return np.where(self.codes[place] == codes, self._groups[place], 0)

    def group_of(self, code: int) -> int:
        """The group of an account; 0 if it is in none."""
        return int(self._groups_at(np.array([code]))[0])

    def members(self, group: int) -> list[int]:
        """The codes of a group's accounts."""
        return [int(code) for code in self.codes[self._groups == group]]

    def draw(self, selection: Selection) -> Picture:
        """The picture of a selection; of many pairs, the most significant."""
        scale = PICTURE_SIZE / 2 - 14

        def put(n: int) -> tuple[float, float]:
            x, y = float(self._places.x[n]), float(self._places.y[n])
            return round(PICTURE_SIZE / 2 + x * scale, 1), round(PICTURE_SIZE / 2 - y * scale, 1)

        pairs: list[DrawnPair] = []
        seen: dict[int, tuple[float, float]] = {}
        for pair in selection.pairs(0, MAX_DRAWN_PAIRS):
            ends = [self._place.get(code) for code in (pair.source, pair.target)]
            if ends[0] is None or ends[1] is None:
                continue
            new = {n for n in ends if n is not None and n not in seen}
            if len(seen) + len(new) > MAX_DRAWN_ACCOUNTS:
                continue
            seen |= {n: put(n) for n in sorted(new)}
            pairs.append(DrawnPair(pair.source, pair.target, *seen[ends[0]], *seen[ends[1]]))
        nodes = tuple(
            DrawnNode(
                int(self.codes[n]), *place, round(float(self._size[n]), 1), int(self._colour[n])
            )
            for n, place in seen.items()
        )
        return Picture(nodes, tuple(pairs), selection.edges.num_rows - len(pairs))

    def shown(self, selection: Selection) -> tuple[Finding, Layout]:
        """The finding with what is shown alone, and the places of its accounts: for files."""
        nodes = self.finding.table("nodes")
        keep = np.isin(self.codes, selection.accounts)
        finding = self.finding.replace(
            tables={
                **self.finding.tables,
                "nodes": nodes.filter(pa.array(keep)),
                "edges": selection.edges,
            }
        )
        return finding, replace(self._places, x=self._places.x[keep], y=self._places.y[keep])

    def colour_of(self, group: int) -> int:
        """The number of a group's colour."""
        order = self.groups()
        return min(order.index(group), COLOURS) if group in order else COLOURS


@lru_cache(maxsize=8)
def network_view(opened: OpenCase, name: str) -> NetworkView | None:
    """The network of that name in a case; None if there is none with pairs."""
    if name not in networks_of(opened):
        return None
    return NetworkView(opened.findings[name], platforms_of(opened))


@lru_cache(maxsize=8)
def networks_of(opened: OpenCase) -> tuple[str, ...]:
    """The networks of a case that have pairs to show, by name."""
    return tuple(
        name
        for name, finding in opened.findings.items()
        if name.startswith("coordination-")
        and finding.answer == "found"
        and {"nodes", "edges", "groups"} <= set(finding.tables)
    )
