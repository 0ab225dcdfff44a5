"""What may be asked of another tool's network, apart from what computes it: a command checks
options before loading anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from birdfall.model.errors import UsageError

PeerName = Literal["coortweet", "toolkit"]
PeerOption = bool | int | float | str

PEER_METHODS: Final[dict[PeerName, str]] = {
    "coortweet": "CooRTweet detect_groups and generate_coordinated_network",
    "toolkit": "Coordination Network Toolkit 1.5.2, co_retweet",
}
#: Options by tool, as the tool calls them, and their type.
PEER_OPTIONS: Final[dict[PeerName, dict[str, type[bool] | type[int] | type[float]]]] = {
    "coortweet": {
        "min_participation": int,
        "remove_loops": bool,
        "edge_weight": float,
        "subgraph": int,
    },
    "toolkit": {"min_edge_weight": int, "loops": bool},
}


def check_options(preset: PeerName, options: Mapping[str, PeerOption]) -> None:
    """Raise UsageError for an option that the preset has not, or a value that it cannot have."""
    for name, value in options.items():
        kind = PEER_OPTIONS[preset].get(name)
        if kind is None:
            raise UsageError(
                f"{preset} has no option {name!r}",
                fix=f"Options: {', '.join(PEER_OPTIONS[preset])}.",
            )
        if name == "subgraph":
            if value not in (0, 1):
                raise UsageError(
                    f"subgraph must be 0 or 1, not {value!r}", why="2 and 3 need a second window."
                )
        elif not _is_possible(kind, value):
            must = {
                bool: "true or false",
                int: "a whole number from 1",
                float: "a number from 0 to 1",
            }[kind]
            raise UsageError(f"{name} must be {must}, not {value!r}")


def _is_possible(kind: type[bool] | type[int] | type[float], value: PeerOption) -> bool:
    """Whether a value is of the option's type, and within its bounds."""
    if isinstance(value, str) or isinstance(value, bool) != (kind is bool):
        return False
    if kind is bool:
        return True
    if kind is int:
        return isinstance(value, int) and value >= 1
    return 0 <= value <= 1
