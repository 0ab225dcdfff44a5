"""One group of a network described: its members, when they moved, what they acted on most, and
examples.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa

from birdfall.measures.coordination.act_profile import (
    ActProfile,
    EdgeEvidence,
    profile_acts,
    trace_edges,
)
from birdfall.measures.coordination.layers import Layer
from birdfall.measures.coordination.traces import Trace
from birdfall.model.schemas import TIME

#: Of so many groups, the largest, the objects and examples are described.
MAX_DESCRIBED_GROUPS: Final = 50
#: Objects listed per group, and those of them with an example.
MAX_TOP_OBJECTS: Final = 10
MAX_EXAMPLES: Final = 3
#: Languages named per group.
MAX_LANGUAGES: Final = 3

_TEXT, _INT, _FLOAT = pa.string(), pa.int64(), pa.float64()
GROUP_SCHEMA: Final = pa.schema(
    [
        ("group", pa.int32()), ("kind", _TEXT), ("members", _INT), ("edges", _INT),
        ("density", _FLOAT), ("p_value", _FLOAT), ("first", TIME), ("last", TIME),
        ("span_s", _FLOAT), ("objects", _INT), ("co_actions", _INT), ("activity", _INT),
        ("coactive_share", _FLOAT), ("top_object", _TEXT), ("top_layer", _TEXT),
        ("languages", _TEXT), ("stability_seeds", _FLOAT), ("stability_windows", _FLOAT),
        ("accounts", pa.list_(_TEXT)),
    ]
)  # fmt: skip
TOP_SCHEMA: Final = pa.schema(
    [
        ("group", pa.int32()), ("layer", _TEXT), ("object", _TEXT), ("co_actions", _INT),
        ("accounts", _INT), ("acts", _INT), ("shown", _TEXT),
    ]
)  # fmt: skip
EXAMPLE_SCHEMA: Final = pa.schema(
    [
        ("group", pa.int32()), ("layer", _TEXT), ("object", _TEXT), ("account", _TEXT),
        ("time", TIME), ("other", _TEXT), ("other_time", TIME), ("apart_s", _FLOAT),
        ("shown", _TEXT),
    ]
)  # fmt: skip


class TopObject(NamedTuple):
    """One row of `top_objects`: how much of the group's co-action lies on an object."""

    group: int
    layer: str
    object: str
    co_actions: int
    accounts: int
    acts: int
    shown: str | None


class Example(NamedTuple):
    """One row of `examples`: two acts of different members on one object, closest in time (us)."""

    group: int
    layer: str
    object: str
    account: str
    time: int
    other: str
    other_time: int
    apart_s: float
    shown: str | None


class NetworkGroup(NamedTuple):
    """One row of `groups`; first, last: us, None without a co-action."""

    group: int
    kind: str
    members: int
    edges: int
    density: float
    p_value: float | None
    first: int | None
    last: int | None
    span_s: float | None
    objects: int
    co_actions: int
    activity: int
    coactive_share: float
    top_object: str | None
    top_layer: str | None
    languages: str | None
    stability_seeds: float | None
    stability_windows: float | None
    accounts: list[str]


@dataclass(frozen=True)
class GroupToDescribe:
    """A group and what is known of it beforehand.

    Attributes
    ----------
    number : int
        From 1.
    members : int32[m]
        Account codes.
    lo, hi : int32[e]
        Its edges.
    layers : list of Layer
        Where its acts stand.
    p_value : float, optional
        Of a block; None for a group of significant edges.
    stability_seeds, stability_windows : float, optional
        How alike the group comes out with other seeds and windows, from 0 to 1.
    """

    number: int
    members: np.ndarray
    lo: np.ndarray
    hi: np.ndarray
    layers: list[Layer]
    p_value: float | None = None
    stability_seeds: float | None = None
    stability_windows: float | None = None

    @property
    def kind(self) -> str:
        """ "edges", or "block" where no pair alone is significant."""
        return "edges" if self.p_value is None else "block"


class DescribedGroup(NamedTuple):
    """A group's row, its top objects, and its examples."""

    row: NetworkGroup
    top: list[TopObject]
    examples: list[Example]


def member_acts(trace: Trace, members: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Account, object and time of the acts of some accounts."""
    keep = np.isin(trace.account, members)
    return trace.account[keep], trace.object_[keep], trace.time[keep]


def describe_group(group: GroupToDescribe) -> DescribedGroup:
    """What stands behind a group on each of its layers, added up."""
    first: list[int] = []
    last: list[int] = []
    objects = co_actions = activity = active = 0
    languages: Counter[str] = Counter()
    top: list[TopObject] = []
    examples: list[Example] = []
    for x in group.layers:
        acts = member_acts(x.trace, group.members)
        activity += len(acts[0])
        if not len(acts[0]) or not len(group.lo):
            continue
        if x.trace.languages is not None:
            keep = pa.array(np.isin(x.trace.account, group.members))
            languages.update(v for v in x.trace.languages.filter(keep).to_pylist() if v)
        profile = profile_acts(*acts, x.window)
        behind = trace_edges(profile, group.lo, group.hi)
        some = behind.pairs > 0
        if not some.any():
            continue
        first.append(int(behind.first[some].min()))
        last.append(int(behind.last[some].max()))
        objects += int((behind.on_object > 0).sum())
        co_actions += int(behind.objects.sum())
        active += int(behind.co_acts.sum())
        if group.number <= MAX_DESCRIBED_GROUPS:
            for code, found in _top_objects(group.number, x.trace, profile, behind):
                top.append(found)
                if len(top) <= MAX_EXAMPLES:
                    examples += _closest_example(group.number, x.trace, acts, code)
    top.sort(key=lambda r: (-r.co_actions, r.layer, r.object))
    members = len(group.members)
    common = sorted(languages.items(), key=lambda i: (-i[1], i[0]))[:MAX_LANGUAGES]
    row = NetworkGroup(
        group=group.number,
        kind=group.kind,
        members=members,
        edges=len(group.lo),
        density=len(group.lo) / max(1.0, members * (members - 1) / 2),
        p_value=group.p_value,
        first=min(first, default=None),
        last=max(last, default=None),
        span_s=(max(last) - min(first)) / 1e6 if first else None,
        objects=objects,
        co_actions=co_actions,
        activity=activity,
        coactive_share=active / max(1, activity),
        top_object=top[0].object if top else None,
        top_layer=top[0].layer if top else None,
        languages=" ".join(k for k, _ in common) or None,
        stability_seeds=group.stability_seeds,
        stability_windows=group.stability_windows,
        accounts=sorted(group.layers[0].trace.accounts.take(pa.array(group.members)).to_pylist()),
    )
    return DescribedGroup(row, top[:MAX_TOP_OBJECTS], examples)


def _top_objects(
    number: int, trace: Trace, profile: ActProfile, behind: EdgeEvidence
) -> list[tuple[int, TopObject]]:
    """The objects with most of a group's co-actions on one layer, each with its code."""
    codes = profile.order.objects_at(profile.at)
    commonest = np.lexsort((codes, -behind.on_object))[:MAX_TOP_OBJECTS]
    return [
        (
            int(codes[k]),
            TopObject(
                number,
                trace.name,
                trace.objects[int(codes[k])].as_py(),
                int(behind.on_object[k]),
                int(profile.crowd[k]),
                int(profile.acts[k]),
                trace.shown.get(int(codes[k])),
            ),
        )
        for k in commonest
        if behind.on_object[k]
    ]


def _closest_example(
    number: int, trace: Trace, acts: tuple[np.ndarray, np.ndarray, np.ndarray], code: int
) -> list[Example]:
    """The two acts of different members that are closest in time on one object; none if there are
    none.
    """
    own = acts[1] == code
    account, time = acts[0][own], acts[2][own]
    order = np.lexsort((account, time))
    account, time = account[order], time[order]
    different = np.flatnonzero(account[1:] != account[:-1])
    if not len(different):
        return []
    k = different[np.argmin(time[different + 1] - time[different])]
    return [
        Example(
            number,
            trace.name,
            trace.objects[code].as_py(),
            trace.accounts[int(account[k])].as_py(),
            int(time[k]),
            trace.accounts[int(account[k + 1])].as_py(),
            int(time[k + 1]),
            float(time[k + 1] - time[k]) / 1e6,
            trace.shown.get(code),
        )
    ]
