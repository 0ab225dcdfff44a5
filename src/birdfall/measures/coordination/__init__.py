"""Coordination: which accounts act together more than interest, activity and crowds explain.

This face is all that the outside imports. What it names is loaded when it is first asked for: the
command line checks its options before any compiled code is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.measures.coordination.applies import applies_to, trace_sizes
    from birdfall.measures.coordination.bare_tables import (
        TableLike,
        rename_columns,
        trace_from_table,
    )
    from birdfall.measures.coordination.file_columns import (
        FileReading,
        guessed_columns,
        mapping_from_columns,
    )
    from birdfall.measures.coordination.from_files import (
        FileActs,
        coordinate_files,
        count_rejected_rows,
    )
    from birdfall.measures.coordination.layers import Layer, build_layer
    from birdfall.measures.coordination.measure import METHOD_VERSION, coordination
    from birdfall.measures.coordination.options import (
        TRACES,
        CoordinationKeywords,
        CoordinationOptions,
        GroupMethod,
        Window,
        parse_window,
    )
    from birdfall.measures.coordination.peer_options import (
        PEER_OPTIONS,
        PeerName,
        PeerOption,
        check_options,
    )
    from birdfall.measures.coordination.text_clusters import (
        TextClusters,
        cluster_texts,
        likeness_to,
    )
    from birdfall.measures.coordination.traces import Trace, read_trace
    from birdfall.measures.coordination.urls import normalise_url, short_link_table

__all__ = [
    "METHOD_VERSION",
    "PEER_OPTIONS",
    "TRACES",
    "CoordinationKeywords",
    "CoordinationOptions",
    "FileActs",
    "FileReading",
    "GroupMethod",
    "Layer",
    "PeerName",
    "PeerOption",
    "TableLike",
    "TextClusters",
    "Trace",
    "Window",
    "applies_to",
    "build_layer",
    "check_options",
    "cluster_texts",
    "coordinate_files",
    "coordination",
    "count_rejected_rows",
    "guessed_columns",
    "likeness_to",
    "mapping_from_columns",
    "normalise_url",
    "parse_window",
    "read_trace",
    "rename_columns",
    "short_link_table",
    "trace_from_table",
    "trace_sizes",
]

__getattr__ = import_lazily(
    __name__,
    {
        "applies": ("applies_to", "trace_sizes"),
        "bare_tables": ("TableLike", "rename_columns", "trace_from_table"),
        "file_columns": ("FileReading", "guessed_columns", "mapping_from_columns"),
        "from_files": ("FileActs", "coordinate_files", "count_rejected_rows"),
        "layers": ("Layer", "build_layer"),
        "measure": ("METHOD_VERSION", "coordination"),
        "options": (
            "TRACES", "CoordinationKeywords", "CoordinationOptions", "GroupMethod", "Window",
            "parse_window",
        ),
        "peer_options": ("PEER_OPTIONS", "PeerName", "PeerOption", "check_options"),
        "text_clusters": ("TextClusters", "cluster_texts", "likeness_to"),
        "traces": ("Trace", "read_trace"),
        "urls": ("normalise_url", "short_link_table"),
    },
)  # fmt: skip
