"""What may be asked of a peer's network, apart from what computes it: a command knows its options before anything is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from birdfall.model.errors import UsageError

PEER_METHODS = {
    "coortweet": "CooRTweet detect_groups and generate_coordinated_network",
    "toolkit": "Coordination Network Toolkit 1.5.2, co_retweet",
}
#: What may be set, by preset, as the peer calls it, and what it is.
PEER_OPTIONS: dict[str, dict[str, type]] = {
    "coortweet": {
        "min_participation": int,
        "remove_loops": bool,
        "edge_weight": float,
        "subgraph": int,
    },
    "toolkit": {"min_edge_weight": int, "loops": bool},
}


def check_options(preset: str, options: Mapping[str, Any]) -> None:
    """Raises UsageError for an option that the preset has not, or a value that it cannot have."""
    for name, value in options.items():
        kind = PEER_OPTIONS[preset].get(name)
        if kind is None:
            raise UsageError(
                f"{preset} has no option {name!r}",
                fix=f"Options: {', '.join(PEER_OPTIONS[preset])}.",
            )
        if name == "subgraph" and value not in (0, 1):
            raise UsageError(
                f"subgraph must be 0 or 1, not {value!r}", why="2 and 3 need a second window."
            )
        if name == "subgraph":
            continue
        right = isinstance(value, bool) == (kind is bool) and isinstance(value, (kind, int))
        if not right or (kind is int and value < 1) or (kind is float and not 0 <= value <= 1):
            must = {
                bool: "true or false",
                int: "a whole number from 1",
                float: "a number from 0 to 1",
            }[kind]
            raise UsageError(f"{name} must be {must}, not {value!r}")
