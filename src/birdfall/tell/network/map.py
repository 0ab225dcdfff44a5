"""The map of a coordination network in the report: a poster, and data for the interactive map."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.findings import Finding
from birdfall.record.ids import Ids, pseudonym
from birdfall.tell.blocks import POSTER_UNITS
from birdfall.tell.names import Names
from birdfall.tell.network.files import NetworkDrawing, NodeRow
from birdfall.tell.network.poster import GREY, PALETTE, poster
from birdfall.tell.page import MapGroup, NetworkMap

#: Accounts on a map, at most: more would slow a browser down.
MAX_MAP_ACCOUNTS: Final = 20_000
#: Width and height of the poster, in pixels.
POSTER_SIZE: Final = POSTER_UNITS
#: How far above its highest account the number of a group stands, of the unit disc.
LABEL_RISE: Final = 0.05
#: Node sizes on the map, in pixels.
MIN_NODE_PX, MAX_NODE_PX = 1.4, 9


def draw_maps(findings: Mapping[str, Finding], name: Names) -> dict[str, NetworkMap]:
    """A map for each coordination finding that found something, by its name."""
    shown = {
        key: _what_is_shown(finding, name.ids)
        for key, finding in findings.items()
        # the edges of another tool are no finding of groups, and no section shows them
        if finding.kind == "coordination"
        and finding.answer == "found"
        and "groups" in finding.tables
    }
    return {k: _draw_map(f, name) for k, f in shown.items() if f.table("nodes").num_rows}


def _what_is_shown(finding: Finding, ids: Ids) -> Finding:
    """The finding with the accounts and pairs that a map shows.

    Only pairs that are significant; also the accounts of groups that no pair of theirs shows; the
    largest groups where there would be more than `MAX_MAP_ACCOUNTS`.
    """
    edges, alpha = finding.table("edges"), finding.parameters.get("alpha")
    if isinstance(alpha, float) and edges.num_rows and edges.column("q_value").null_count == 0:
        edges = edges.filter(pc.less_equal(edges.column("q_value"), alpha))
    nodes: list[NodeRow] = finding.table("nodes").to_pylist()
    known = {n["code"] for n in nodes}
    groups = sorted(finding.table("groups").to_pylist(), key=lambda g: (-g["members"], g["group"]))
    for group in groups:
        codes = [ids.code(a) for a in group["accounts"] or () if group["kind"] == "block"]
        for account, code in zip(group["accounts"] or (), codes, strict=False):
            if code is not None and code not in known:
                known.add(code)
                nodes.append({"code": code, "account": account, "group": group["group"]})
    if len(nodes) > MAX_MAP_ACCOUNTS:
        rank = {g["group"]: place for place, g in enumerate(groups)}
        last = len(rank)
        nodes.sort(key=lambda n: (last if n["group"] is None else rank[n["group"]], n["code"]))
        nodes = nodes[:MAX_MAP_ACCOUNTS]
    schema = pa.schema([("code", pa.int64()), ("account", pa.string()), ("group", pa.int64())])
    rows = [{"code": n["code"], "account": n["account"], "group": n["group"]} for n in nodes]
    shown = {"nodes": pa.Table.from_pylist(rows, schema=schema), "edges": edges}
    return finding.replace(tables={**finding.tables, **shown})


def _draw_map(finding: Finding, name: Names) -> NetworkMap:
    drawing = NetworkDrawing(
        finding, lambda code, account: name(account) if account in name.public else pseudonym(code)
    )
    x, y = drawing.places.x, drawing.places.y
    n = len(drawing.nodes)
    size = 1.2 + 0.4 * (drawing.size - 4.0) / 1.5 + 40 / np.sqrt(n + 30)
    size = np.clip(size, MIN_NODE_PX, MAX_NODE_PX)
    picture = poster(
        x,
        y,
        drawing.source,
        drawing.target,
        drawing.colour,
        size,
        width=POSTER_SIZE,
        height=POSTER_SIZE,
    )
    return NetworkMap(
        poster="data:image/png;base64," + base64.b64encode(picture).decode(),
        data=_map_data(drawing, size),
        shown=n,
        groups=tuple(_map_groups(drawing)),
    )


def _map_data(drawing: NetworkDrawing, size: np.ndarray) -> str:
    """The JSON the interactive map reads (assets/map.js): packed arrays, colours, names."""
    x, y, rank = drawing.places.x, drawing.places.y, drawing.rank
    n = len(drawing.nodes)
    wide = n > 0xFFFF
    ends = np.uint32 if wide else np.uint16
    colour = np.where((rank >= 0) & (rank < len(PALETTE)), rank, len(PALETTE))
    group = np.where(rank < 0, 255, np.minimum(rank, 254))
    data = {
        "n": n,
        "wide": wide,
        "x": _to_base64(((x + 1) / 2 * 65535).astype(np.uint16)),
        "y": _to_base64(((y + 1) / 2 * 65535).astype(np.uint16)),
        "source": _to_base64(drawing.source.astype(ends)),
        "target": _to_base64(drawing.target.astype(ends)),
        "colour": _to_base64(colour.astype(np.uint8)),
        "size": _to_base64(np.clip(size * 10, 1, 255).astype(np.uint8)),
        "group": _to_base64(group.astype(np.uint8)),
        "palette": [list(c) for c in (*PALETTE, GREY)],
        "names": drawing.label,
    }
    text = json.dumps(data, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("&", "\\u0026")


def _map_groups(drawing: NetworkDrawing) -> list[MapGroup]:
    """The groups that have a colour of their own, largest first."""
    number = {
        int(rank): node["group"]
        for rank, node in zip(drawing.rank, drawing.nodes, strict=True)
        if node["group"] is not None
    }
    members = np.bincount(drawing.rank[drawing.rank >= 0])
    x, y = drawing.places.x, drawing.places.y
    found = []
    for rank, colour in enumerate(PALETTE[: len(members)]):
        own = drawing.rank == rank
        top = float(y[own].max()) + LABEL_RISE
        found.append(
            MapGroup(
                rank,
                number[rank],
                int(members[rank]),
                "#{:02x}{:02x}{:02x}".format(*colour),
                (round(float(x[own].mean()), 4), round(min(top, 1.0), 4)),
            )
        )
    return found


def _to_base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
