"""The map of a coordination network in the report: poster, data for the interactive map, and who stands where."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from birdfall.model.findings import Finding
from birdfall.record.ids import pseudonym
from birdfall.tell.names import Names
from birdfall.tell.network.files import NetworkDrawing
from birdfall.tell.network.poster import GREY, PALETTE, poster

#: Above this many accounts the map shows the largest groups only; a browser would choke on more.
MOST = 20_000


def draw_maps(findings: Mapping[str, Finding], name: Names) -> dict[str, dict[str, Any]]:
    """For each coordination finding with a network: {"poster": data URI, "data": JSON, "shown": accounts, "groups": [...]}."""
    found = {}
    for key, finding in findings.items():
        if (
            finding.kind == "coordination"
            and finding.answer == "found"
            and 0 < finding.table("nodes").num_rows <= MOST
        ):
            found[key] = _map(finding, name)
    return found


def _map(finding: Finding, name: Names) -> dict[str, Any]:
    drawn = NetworkDrawing(
        finding, lambda code, account: name(account) if account in name.public else pseudonym(code)
    )
    x, y = drawn.places.x, drawn.places.y
    source, target = drawn.source, drawn.target
    n = len(drawn.nodes)
    size = np.clip(1.2 + 0.4 * (drawn.size - 4.0) / 1.5 + 40 / np.sqrt(n + 30), 1.4, 9)
    picture = poster(x, y, source, target, drawn.colour, size)
    wide = n > 0xFFFF
    ends = np.uint32 if wide else np.uint16
    index = np.where((drawn.rank >= 0) & (drawn.rank < len(PALETTE)), drawn.rank, len(PALETTE))
    data = {
        "n": n,
        "wide": wide,
        "x": _to_base64(((x + 1) / 2 * 65535).astype(np.uint16)),
        "y": _to_base64(((y + 1) / 2 * 65535).astype(np.uint16)),
        "source": _to_base64(source.astype(ends)),
        "target": _to_base64(target.astype(ends)),
        "colour": _to_base64(index.astype(np.uint8)),
        "size": _to_base64(np.clip(size * 10, 1, 255).astype(np.uint8)),
        "group": _to_base64(
            np.where(drawn.rank < 0, 255, np.minimum(drawn.rank, 254)).astype(np.uint8)
        ),
        "palette": [list(c) for c in (*PALETTE, GREY)],
        "names": drawn.label,
    }
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace("&", "\\u0026")
    return {
        "poster": "data:image/png;base64," + base64.b64encode(picture).decode(),
        "data": text,
        "shown": n,
        "groups": _groups(drawn),
    }


def _groups(drawn: NetworkDrawing) -> list[dict[str, Any]]:
    """The groups that have a colour of their own: rank on the map, number in the tables, members, colour."""
    number = {int(r): n["group"] for r, n in zip(drawn.rank, drawn.nodes, strict=True) if r >= 0}
    members = np.bincount(drawn.rank[drawn.rank >= 0])
    return [
        {
            "rank": r,
            "group": number[r],
            "members": int(members[r]),
            "colour": "#{:02x}{:02x}{:02x}".format(*PALETTE[r]),
        }
        for r in range(min(len(members), len(PALETTE)))
    ]


def _to_base64(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
