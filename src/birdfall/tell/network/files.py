"""A coordination network as files other tools open: GEXF 1.3 and GraphML, laid out and coloured.

Names are pseudonyms unless an account is public or the caller asks for ids. Labels are platform
content: escaped, with characters XML cannot hold replaced. Written line by line: a tree of elements
took most of the time of a large network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final, TypedDict
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.kernels.content_order import colour_neighbours, order_by_colour
from birdfall.model.findings import Finding
from birdfall.tell.network.layout import Layout, layout
from birdfall.tell.network.poster import colours

GEXF: Final = "http://gexf.net/1.3"
VIZ = "http://gexf.net/1.3/viz"
GRAPHML = "http://graphml.graphdrawing.org/xmlns"

#: Width of the layout in Gephi's units, where a radius of 5 to 20 reads well.
LAYOUT_WIDTH: Final = 1000.0
#: How often the colours of accounts are made of those they are joined to.
COLOUR_ROUNDS: Final = 3
#: Attributes of nodes and edges in GraphML, with their types; as Gephi reads them.
GRAPHML_NODE_KEYS: Final = {
    "label": "string",
    "x": "double",
    "y": "double",
    "size": "double",
    "r": "int",
    "g": "int",
    "b": "int",
    "group": "int",
    "activity": "long",
    "coactive_share": "double",
}
GRAPHML_EDGE_KEYS: Final = {
    "weight": "double",
    "p_value": "double",
    "q_value": "double",
    "layer": "string",
    "first": "string",
    "last": "string",
}
#: What a value of a node or an edge may be.
XmlValue = str | float | None


class NodeRow(TypedDict, total=False):
    """A row of the table "nodes" of a coordination finding."""

    code: int
    account: str
    group: int | None
    activity: int
    coactive_share: float


class NetworkDrawing:
    """Nodes and edges of a finding with places, colours and sizes, in the order of its tables.

    Parameters
    ----------
    finding
        A coordination finding with the tables "nodes" and "edges".
    name
        From an account's code and id to what may be shown.
    seed
        Of the layout.

    Attributes
    ----------
    source, target
        int32[e], positions of each edge's ends among the nodes.
    edges
        Rows of the table "edges" whose ends are nodes.
    places
        Positions of the nodes.
    rank
        int64[n], rank of each node's group by size, -1 for none.
    colour, size, label
        Of each node: uint8[n, 3], float64[n] (radius), texts.
    """

    def __init__(self, finding: Finding, name: Callable[[int, str], str], seed: int = 7) -> None:
        self.nodes: list[NodeRow] = finding.table("nodes").to_pylist()
        place = np.full(max((n["code"] for n in self.nodes), default=0) + 1, -1, np.int32)
        place[[n["code"] for n in self.nodes]] = np.arange(len(self.nodes))
        edges = finding.table("edges")
        ends = [
            np.minimum(edges.column(c).to_numpy(), len(place) - 1) for c in ("source", "target")
        ]
        ends = [
            np.where(edges.column(c).to_numpy() < len(place), place[e], -1)
            for c, e in zip(("source", "target"), ends, strict=True)
        ]
        keep = (ends[0] >= 0) & (ends[1] >= 0)
        self.edges = edges.filter(pa.array(keep))
        self.source, self.target = (e[keep].astype(np.int32) for e in ends)
        weight = self.edges.column("weight").to_numpy().astype(float)
        group = np.array([-1 if n["group"] is None else n["group"] for n in self.nodes], np.int32)
        self.places = self._lay_out(weight, group, seed)
        self.rank = rank_groups(group)
        self.colour = colours(self.rank)
        degree = np.bincount(np.r_[self.source, self.target], minlength=len(self.nodes))
        self.size = 4.0 + 1.5 * np.sqrt(degree)
        self.label = [name(int(n["code"]), str(n["account"])) for n in self.nodes]
        self.simulated = finding.simulated

    def _lay_out(self, weight: np.ndarray, group: np.ndarray, seed: int) -> Layout:
        """Places that hang on who is joined to whom, not on the codes or ids of the accounts."""
        number = len(self.nodes)
        order = _order_by_ties(self.nodes, self.source, self.target, self.edges)
        place = np.empty(number, np.int32)
        place[order] = np.arange(number, dtype=np.int32)
        ends = np.sort(np.stack([place[self.source], place[self.target]]), axis=0)
        by_ends = np.lexsort((weight, ends[1], ends[0]))
        source, target = ends[:, by_ends]
        told = group[order]
        together = told if (told >= 0).any() else connected_groups(number, source, target)
        found = layout(number, source, target, weight[by_ends], together, seed=seed)
        return replace(found, x=found.x[place], y=found.y[place])

    def column(self, name: str) -> list[XmlValue]:
        """A column of the edges, None throughout where there is none.

        Times as ISO 8601, to milliseconds.
        """
        if name not in self.edges.column_names:
            return [None] * self.edges.num_rows
        column = self.edges.column(name)
        if not pa.types.is_timestamp(column.type):
            return list(column.to_pylist())
        known = column.is_valid().to_pylist()
        times = (
            pc.fill_null(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()), 0)
            .to_numpy()
            .view("datetime64[us]")
        )
        texts = np.datetime_as_string(times.astype("datetime64[ms]")).tolist()
        return [text + "Z" if k else None for text, k in zip(texts, known, strict=True)]


def _order_by_ties(
    nodes: list[NodeRow], source: np.ndarray, target: np.ndarray, edges: pa.Table
) -> np.ndarray:
    """int64[n]: accounts in the order of what joins them to others; of equal ones by their ids."""
    label = np.zeros(len(source), np.int64)
    for column in ("weight", "first", "last", "log_p"):
        if column in edges.column_names:
            label = label * 1_000_003 + _whole_numbers(edges.column(column))
    colour = np.zeros(len(nodes), np.uint64)
    for _ in range(COLOUR_ROUNDS):
        there, back = (
            colour_neighbours(label, a, colour, b, len(nodes))
            for a, b in ((source, target), (target, source))
        )
        colour = there + back
    return order_by_colour(colour, pa.array([str(n["account"]) for n in nodes], pa.string()))


def _whole_numbers(column: pa.ChunkedArray) -> np.ndarray:
    """int64[n]: times in microseconds, other numbers to a millionth; 0 for null."""
    if pa.types.is_timestamp(column.type):
        return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(), np.int64)
    numbers = np.nan_to_num(column.cast(pa.float64()).fill_null(0.0).to_numpy(), nan=0.0)
    return np.asarray(np.round(np.clip(numbers, -1e12, 1e12) * 1e6), np.int64)


def connected_groups(n: int, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The connected component of each account, int32[n]: stands in for groups nobody looked for."""
    # loaded where a network is written: a report without one does not wait for it
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if n == 0:
        return np.empty(0, np.int32)
    joined = coo_array((np.ones(len(source), np.int8), (source, target)), shape=(n, n))
    return np.asarray(connected_components(joined, directed=False)[1], np.int32)


def rank_groups(group: np.ndarray) -> np.ndarray:
    """The rank of each account's group by size, largest first, ties by number; -1 for none."""
    known = np.unique(group[group >= 0])
    sizes = np.array([(group == g).sum() for g in known])
    order = known[np.lexsort((known, -sizes))]
    rank = {int(g): r for r, g in enumerate(order)}
    return np.array([rank.get(int(g), -1) for g in group], np.int64)


def to_gexf(
    finding: Finding, name: Callable[[int, str], str], drawn: NetworkDrawing | None = None
) -> bytes:
    """GEXF 1.3 with viz attributes, and for each edge the spell from first to last co-action.

    Parameters
    ----------
    finding
        A coordination finding.
    name
        From an account's code and id to what may be shown.
    drawn
        The drawing, if it was made already.

    Raises
    ------
    KeyError
        If the finding has no nodes or edges.
    """
    drawn = drawn or NetworkDrawing(finding, name)
    lines = [
        f'<gexf xmlns="{GEXF}" xmlns:viz="{VIZ}" version="1.3">',
        " <meta>\n  <creator>Birdfall</creator>",
        f"  <description>{_element_text(_description(finding))}</description>\n </meta>",
        ' <graph defaultedgetype="undirected" mode="dynamic" timeformat="date">',
        *_declare_attributes(
            "node", (("group", "integer"), ("activity", "integer"), ("coactive_share", "double"))
        ),
        *_declare_attributes(
            "edge", (("p_value", "double"), ("q_value", "double"), ("layer", "string"))
        ),
        "  <nodes>",
    ]
    lines += _gexf_nodes(drawn)
    lines.append("  </nodes>\n  <edges>")
    lines += _gexf_edges(drawn)
    lines.append("  </edges>\n </graph>\n</gexf>\n")
    return _to_document(lines)


def _gexf_nodes(drawn: NetworkDrawing) -> Iterator[str]:
    """A line for each node."""
    for i, node in enumerate(drawn.nodes):
        red, green, blue = (int(c) for c in drawn.colour[i])
        values = _gexf_values(
            (
                ("group", node["group"]),
                ("activity", node.get("activity")),
                ("coactive_share", node.get("coactive_share")),
            )
        )
        yield (
            f'   <node id="{node["code"]}" label={_attribute_value(drawn.label[i])}>{values}'
            f'<viz:color r="{red}" g="{green}" b="{blue}"/>'
            f'<viz:position x="{_coordinate(drawn.places.x[i])}"'
            f' y="{_coordinate(drawn.places.y[i])}" z="0.0"/>'
            f'<viz:size value="{drawn.size[i]:.3f}"/></node>'
        )


def _gexf_edges(drawn: NetworkDrawing) -> Iterator[str]:
    """A line for each edge."""
    columns = (
        drawn.column(c)
        for c in ("source", "target", "weight", "p_value", "q_value", "layer", "first", "last")
    )
    for i, (source, target, weight, p, q, layer, first, last) in enumerate(
        zip(*columns, strict=True)
    ):
        spell = f'<spells><spell start="{first}" end="{last}"/></spells>' if first and last else ""
        values = _gexf_values((("p_value", p), ("q_value", q), ("layer", layer)))
        yield (
            f'   <edge id="{i}" source="{source}" target="{target}"'
            f' weight="{_number_text(weight)}">{values}{spell}</edge>'
        )


def to_graphml(
    finding: Finding, name: Callable[[int, str], str], drawn: NetworkDrawing | None = None
) -> bytes:
    """GraphML with places, sizes and colours as attributes Gephi reads; times as ISO texts.

    Parameters and errors as of `to_gexf`.
    """
    drawn = drawn or NetworkDrawing(finding, name)
    lines = [f'<graphml xmlns="{GRAPHML}">']
    keys = [("node", key, kind) for key, kind in GRAPHML_NODE_KEYS.items()]
    keys += [("edge", key, kind) for key, kind in GRAPHML_EDGE_KEYS.items()]
    lines += [
        f' <key id="{where}_{key}" for="{where}" attr.name="{key}" attr.type="{kind}"/>'
        for where, key, kind in keys
    ]
    lines.append(
        ' <graph id="coordination" edgedefault="undirected">\n'
        f"  <desc>{_element_text(_description(finding))}</desc>"
    )
    for i, node in enumerate(drawn.nodes):
        red, green, blue = (int(c) for c in drawn.colour[i])
        values: dict[str, XmlValue] = {
            "label": _element_text(drawn.label[i]),
            "x": _coordinate(drawn.places.x[i]),
            "y": _coordinate(drawn.places.y[i]),
            "size": f"{drawn.size[i]:.3f}",
            "r": red,
            "g": green,
            "b": blue,
            "group": node["group"],
            "activity": node.get("activity"),
            "coactive_share": node.get("coactive_share"),
        }
        lines.append(f'  <node id="n{node["code"]}">{_graphml_values("node", values)}</node>')
    columns = (drawn.column(c) for c in ("source", "target", *GRAPHML_EDGE_KEYS))
    for source, target, *edge_values in zip(*columns, strict=True):
        data = _graphml_values(
            "edge",
            {
                k: _element_text(v) if isinstance(v, str) else v
                for k, v in zip(GRAPHML_EDGE_KEYS, edge_values, strict=True)
            },
        )
        lines.append(f'  <edge source="n{source}" target="n{target}">{data}</edge>')
    lines.append(" </graph>\n</graphml>\n")
    return _to_document(lines)


def clean_text(text: str) -> str:
    """`text` with U+FFFD for what XML cannot hold, terminal controls and direction overrides."""
    kept = []
    for character in text:
        code = ord(character)
        holds = (
            code in (0x9, 0xA, 0xD)
            or 0x20 <= code <= 0xD7FF
            or 0xE000 <= code <= 0xFFFD
            or code >= 0x10000
        )
        steers = 0x7F <= code <= 0x9F or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
        kept.append(character if holds and not steers else "�")
    return "".join(kept)


def _description(finding: Finding) -> str:
    label = "SIMULATED DATA. " if finding.simulated else ""
    return f"{label}Coordination network, {finding.name}; parameters: {finding.parameters}"


def _element_text(text: str) -> str:
    """Any text as the content of an element."""
    return escape(clean_text(text))


def _attribute_value(text: str) -> str:
    """Any text as an attribute's value, with its quotes."""
    return quoteattr(clean_text(text))


def _declare_attributes(where: str, keys: Iterable[tuple[str, str]]) -> list[str]:
    attributes = [f'   <attribute id="{key}" title="{key}" type="{kind}"/>' for key, kind in keys]
    return [f'  <attributes class="{where}">', *attributes, "  </attributes>"]


def _gexf_values(values: Iterable[tuple[str, XmlValue]]) -> str:
    """GEXF's values of a node or edge."""

    def quote(value: str | float) -> str:
        return _attribute_value(value) if isinstance(value, str) else f'"{_number_text(value)}"'

    listed = "".join(
        f'<attvalue for="{key}" value={quote(v)}/>' for key, v in values if v is not None
    )
    return f"<attvalues>{listed}</attvalues>"


def _graphml_values(where: str, values: Mapping[str, XmlValue]) -> str:
    """GraphML's values of a node or edge: numbers, times, and texts that were escaped."""
    return "".join(
        f'<data key="{where}_{key}">{v}</data>' for key, v in values.items() if v is not None
    )


def _number_text(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) else str(int(value))


def _coordinate(value: float) -> str:
    return f"{value * LAYOUT_WIDTH / 2:.3f}"


def _to_document(lines: list[str]) -> bytes:
    return ('<?xml version="1.0" encoding="utf-8"?>\n' + "\n".join(lines)).encode("utf-8")
