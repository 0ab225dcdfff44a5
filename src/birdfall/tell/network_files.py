"""A coordination network as files other tools open: GEXF 1.3 and GraphML, already laid out, coloured and time-stamped.

Names are pseudonyms unless an account is public or the caller asks for ids. Labels are platform content: written through
an XML writer, with characters XML cannot hold replaced.
"""

from __future__ import annotations

import datetime as dt
import io
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import numpy as np

from birdfall.model.findings import Finding
from birdfall.tell.network_layout import layout
from birdfall.tell.network_poster import colours

GEXF = "http://gexf.net/1.3"
VIZ = "http://gexf.net/1.3/viz"
GRAPHML = "http://graphml.graphdrawing.org/xmlns"

#: Drawn this many units across: Gephi's own scale, where a radius of 5 to 20 reads well.
SPAN = 1000.0


class Drawn:
    """Nodes and edges of a finding with their places, colours and sizes, in the order of the finding's tables."""

    def __init__(self, finding: Finding, name: Callable[[int, str], str], seed: int = 7) -> None:
        self.nodes: list[dict[str, Any]] = finding.table("nodes").to_pylist()
        self.edges: list[dict[str, Any]] = finding.table("edges").to_pylist()
        place = {node["code"]: i for i, node in enumerate(self.nodes)}
        self.edges = [e for e in self.edges if e["source"] in place and e["target"] in place]
        source = np.array([place[e["source"]] for e in self.edges], np.int32)
        target = np.array([place[e["target"]] for e in self.edges], np.int32)
        weight = np.array([float(e["weight"]) for e in self.edges])
        group = np.array([-1 if n["group"] is None else n["group"] for n in self.nodes], np.int32)
        self.places = layout(len(self.nodes), source, target, weight, group, seed=seed)
        self.rank = ranked(group)
        self.colour = colours(self.rank)
        degree = (
            np.bincount(np.r_[source, target], minlength=len(self.nodes)) if len(source) else np.zeros(len(self.nodes))
        )
        self.size = 4.0 + 1.5 * np.sqrt(degree)
        self.label = [name(int(n["code"]), str(n["account"])) for n in self.nodes]
        self.simulated = finding.simulated


def ranked(group: np.ndarray) -> np.ndarray:
    """The rank of each account's group by size, largest first, ties by number; -1 for none."""
    known = np.unique(group[group >= 0])
    sizes = np.array([(group == g).sum() for g in known])
    order = known[np.lexsort((known, -sizes))]
    rank = {int(g): r for r, g in enumerate(order)}
    return np.array([rank.get(int(g), -1) for g in group], np.int64)


def to_gexf(finding: Finding, name: Callable[[int, str], str]) -> bytes:
    """GEXF 1.3 with viz attributes and, for each edge, the spell from first to last co-action (Gephi's timeline).

    name: from code and account id to what may be shown. Raises KeyError if the finding has no nodes or edges.
    """
    drawn = Drawn(finding, name)
    ET.register_namespace("", GEXF)
    ET.register_namespace("viz", VIZ)
    root = ET.Element(f"{{{GEXF}}}gexf", {"version": "1.3"})
    meta = _child(root, GEXF, "meta")
    _child(meta, GEXF, "creator").text = "Birdfall"
    _child(meta, GEXF, "description").text = _described(finding)
    graph = _child(root, GEXF, "graph", defaultedgetype="undirected", mode="dynamic", timeformat="dateTime")
    attributes = _child(graph, GEXF, "attributes", {"class": "node"})
    for key, kind in (("group", "integer"), ("activity", "integer"), ("coactive_share", "double")):
        _child(attributes, GEXF, "attribute", id=key, title=key, type=kind)
    attributes = _child(graph, GEXF, "attributes", {"class": "edge"})
    for key in ("p_value", "q_value"):
        _child(attributes, GEXF, "attribute", id=key, title=key, type="double")
    nodes = _child(graph, GEXF, "nodes")
    for i, node in enumerate(drawn.nodes):
        element = _child(nodes, GEXF, "node", id=str(node["code"]), label=clean(drawn.label[i]))
        values = _child(element, GEXF, "attvalues")
        for key in ("group", "activity", "coactive_share"):
            if node.get(key) is not None:
                _child(values, GEXF, "attvalue", {"for": key, "value": _number(node[key])})
        red, green, blue = (str(int(c)) for c in drawn.colour[i])
        _child(element, VIZ, "color", r=red, g=green, b=blue)
        _child(element, VIZ, "position", x=_place(drawn.places.x[i]), y=_place(drawn.places.y[i]), z="0.0")
        _child(element, VIZ, "size", value=f"{drawn.size[i]:.3f}")
    edges = _child(graph, GEXF, "edges")
    for i, edge in enumerate(drawn.edges):
        element = _child(
            edges, GEXF, "edge",
            id=str(i), source=str(edge["source"]), target=str(edge["target"]), weight=_number(edge["weight"]),
        )  # fmt: skip
        values = _child(element, GEXF, "attvalues")
        for key in ("p_value", "q_value"):
            if edge.get(key) is not None:
                _child(values, GEXF, "attvalue", {"for": key, "value": _number(edge[key])})
        if edge.get("first") is not None and edge.get("last") is not None:
            spells = _child(element, GEXF, "spells")
            _child(spells, GEXF, "spell", start=_time(edge["first"]), end=_time(edge["last"]))
    return _bytes(root)


def to_graphml(finding: Finding, name: Callable[[int, str], str]) -> bytes:
    """GraphML with places, sizes and colours as the attributes Gephi reads (x, y, size, r, g, b), times as ISO texts."""
    drawn = Drawn(finding, name)
    ET.register_namespace("", GRAPHML)
    root = ET.Element(f"{{{GRAPHML}}}graphml")
    keys = [("node", k, t) for k, t in (("label", "string"), ("x", "double"), ("y", "double"), ("size", "double"), ("r", "int"),
            ("g", "int"), ("b", "int"), ("group", "int"), ("activity", "long"), ("coactive_share", "double"))]  # fmt: skip
    keys += [("edge", k, t) for k, t in (("weight", "double"), ("p_value", "double"), ("q_value", "double"),
             ("first", "string"), ("last", "string"))]  # fmt: skip
    for where, key, kind in keys:
        _child(root, GRAPHML, "key", {"id": f"{where}_{key}", "for": where, "attr.name": key, "attr.type": kind})
    graph = _child(root, GRAPHML, "graph", id="coordination", edgedefault="undirected")
    _child(graph, GRAPHML, "desc").text = _described(finding)
    for i, node in enumerate(drawn.nodes):
        red, green, blue = (int(c) for c in drawn.colour[i])
        values = {"label": clean(drawn.label[i]), "x": _place(drawn.places.x[i]), "y": _place(drawn.places.y[i]),
                  "size": f"{drawn.size[i]:.3f}", "r": red, "g": green, "b": blue, "group": node["group"],
                  "activity": node.get("activity"), "coactive_share": node.get("coactive_share")}  # fmt: skip
        _data(_child(graph, GRAPHML, "node", id=f"n{node['code']}"), "node", values)
    for edge in drawn.edges:
        element = _child(graph, GRAPHML, "edge", source=f"n{edge['source']}", target=f"n{edge['target']}")
        values = {key: edge.get(key) for key in ("weight", "p_value", "q_value")}
        values |= {key: None if edge.get(key) is None else _time(edge[key]) for key in ("first", "last")}
        _data(element, "edge", values)
    return _bytes(root)


def clean(text: str) -> str:
    """`text` without the characters XML 1.0 cannot hold and without direction overrides, which would hide what it says."""
    kept = []
    for character in text:
        code = ord(character)
        holds = code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
        overrides = 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069
        kept.append(character if holds and not overrides else "�")
    return "".join(kept)


def _described(finding: Finding) -> str:
    label = "SIMULATED DATA. " if finding.simulated else ""
    return f"{label}Coordination network, {finding.name}; parameters: {finding.parameters}"


def _child(
    parent: ET.Element, space: str, tag: str, attributes: dict[str, str] | None = None, **more: str
) -> ET.Element:
    return ET.SubElement(parent, f"{{{space}}}{tag}", {**(attributes or {}), **more})


def _data(element: ET.Element, where: str, values: dict[str, Any]) -> None:
    for key, value in values.items():
        if value is not None:
            _child(element, GRAPHML, "data", key=f"{where}_{key}").text = str(value)


def _number(value: Any) -> str:
    return repr(float(value)) if isinstance(value, float) else str(value)


def _place(value: float) -> str:
    return f"{value * SPAN / 2:.3f}"


def _time(value: dt.datetime) -> str:
    return value.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _bytes(root: ET.Element) -> bytes:
    ET.indent(root, " ")
    out = io.BytesIO()
    ET.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue()
