"""The map of a coordination network in the report: a poster, and data for the interactive map."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Final

import numpy as np

from birdfall.model.findings import Finding
from birdfall.record.ids import pseudonym
from birdfall.tell.names import Names
from birdfall.tell.network.files import NetworkDrawing
from birdfall.tell.network.poster import GREY, PALETTE, poster
from birdfall.tell.page import MapGroup, NetworkMap

#: Accounts on a map, at most: more would slow a browser down.
MAX_MAP_ACCOUNTS: Final = 20_000
#: Width and height of the poster, in pixels.
POSTER_SIZE: Final = 960
#: Node sizes on the map, in pixels.
MIN_NODE_PX, MAX_NODE_PX = 1.4, 9


def draw_maps(findings: Mapping[str, Finding], name: Names) -> dict[str, NetworkMap]:
    """A map for each coordination finding with a network of `MAX_MAP_ACCOUNTS` at most, by name."""
    return {
        key: _draw_map(finding, name)
        for key, finding in findings.items()
        if finding.kind == "coordination"
        and finding.answer == "found"
        and 0 < finding.table("nodes").num_rows <= MAX_MAP_ACCOUNTS
    }


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
    return [
        MapGroup(rank, number[rank], int(members[rank]), "#{:02x}{:02x}{:02x}".format(*colour))
        for rank, colour in enumerate(PALETTE[: len(members)])
    ]


def _to_base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
