"""The types with which the commands call each compiled function, for `birdfall.kernels.compile`.

A test runs a case and holds that it needs no others. Written as numba writes them; `[::1]` is an
array whose elements lie side by side.
"""

from __future__ import annotations

#: Function within `birdfall.kernels`, and the types of its arguments, one text for each way in
#: which it is called.
SIGNATURES: dict[str, tuple[str, ...]] = {
    "coaction.cost.close_gaps": ("int64[::1], int32[::1], int64[::1], int64[::1], int64[::1]",),
    "coaction.cost.count_company": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64, int64, int32[::1], "
        "boolean[::1], int32[::1]",
    ),
    "coaction.cost.drop_weak": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64, int8[::1], boolean, "
        "int64[::1], int32[::1]",
    ),
    "coaction.cost.tally_pairs": (
        "int64[::1], int64[::1], int64, int64, int64, int64, int64, int64[::1], int64[:, ::1]",
    ),
    "coaction.cost.times_by_account": (
        "int64[::1], int32[::1], int64, int64, int64, int64, int64[::1], int64[::1]",
    ),
    "coaction.count.bucket_lengths": ("int64[::1], int64[::1], int64[::1]",),
    "coaction.count.collect_pairs": (
        "int64[::1], int32[::1], int64, int64[:, ::1], int64[::1], boolean, int64, "
        "int64[::1], int64[::1], int64",
    ),
    "coaction.count.count_bucket": (
        "int64[::1], int64[::1], int64[::1], int64[::1], int64, int64, int64[::1], int32[::1]",
    ),
    "coaction.count.sort_by_pair": ("int64[::1], int64[::1], int64",),
    "coaction.edges.count_company": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64[::1], float64[::1], "
        "float64, float64[:, ::1]",
    ),
    "coaction.edges.index_edges": ("int32[::1], int32[::1], int64[::1]",),
    "coaction.edges.jitter": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64, int32[::1], int32[::1], "
        "int64[::1], int64[::1], float64[::1]",
    ),
    "coaction.edges.jitter_balance": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64, boolean[::1], int64, "
        "float64[::1]",
    ),
    "coaction.edges.sieve_edges": ("int64[:, ::1], int64[::1], uint64[::1]",),
    "coaction.edges.strata_pairs": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64[::1], int64, int64[:, :, ::1]",
    ),
    "coaction.edges.strata_rates": (
        "int32[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64[::1], "
        "float64[:, :, ::1]",
    ),
    "coaction.edges.trace_cells": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64[::1], uint64[::1], "
        "float64[::1], int64, int64[:, ::1], float64[:, ::1], int64[::1], boolean[::1]",
    ),
    "coaction.emit.emit": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int64, int64, int64, int8[::1], "
        "int64[::1], int32[::1], int32[::1], int64, int64, int64, int64[::1], int64[::1], "
        "int64[::1], int64[::1]",
    ),
    "coaction.lockstep.core_densities": ("int32[::1], int32[::1], float64[::1], int64",),
    "coaction.lockstep.count_near_pairs": ("int32[::1], int64[::1], int64",),
    "coaction.lockstep.list_near_pairs": ("int32[::1], int64[::1], int64, int64",),
    "coaction.meetings.co_acted_objects": (
        "int64[::1], int32[::1], int64[::1], int64, int64, float64[::1], int32[::1], "
        "int32[::1], int64[::1], int64[::1], int64[::1], float64[::1]",
    ),
    "coaction.meetings.count_meetings": (
        "int64[::1], int64[::1], float64[::1], int64, int64[::1], float64[::1]",
    ),
    "coaction.null.degree_tails": (
        "int32[::1], int32[::1], int64[::1], int64[::1], float64, float64[::1]",
    ),
    "coaction.null.log_poisson_binomial_tail": ("float64[::1], int64",),
    "coaction.null.profile_objects": (
        "int64[::1], int32[::1], int64[::1], int64, int64, int32[::1], int64[::1], "
        "int64[::1], int64[::1], int64[::1], int64[::1]",
    ),
    "coaction.order._extent": ("int32[::1], int32[::1], int64[::1]",),
    "coaction.order._histogram": ("int32[::1], int64, int64, int64, int64, int64[::1]",),
    "coaction.order._scatter": (
        "int32[::1], int32[::1], int64[::1], int64, int64, int64, int64, int64, int64, "
        "int64, int64[::1], int64[::1], int32[::1]",
    ),
    "coaction.order._sort": ("int64[::1], int32[::1], int64[::1], int64, int64, int64",),
    "coaction.order._sort_ties": ("int64[::1], int32[::1], int64[::1], int64, int64",),
    "coaction.shuffle.exchange_accounts": (
        "int32[::1], int32[::1], int64[::1], int64[::1], int64[::1], int64",
    ),
    "coaction.shuffle.repeated_pairs": (
        "int64[::1], int32[::1], int64[::1], int64, int64, float64[::1], int64",
    ),
    "content_order.spread_colours": (
        "int64[::1], int32[::1], uint64[::1], int32[::1], int64, uint64[::1]",
    ),
    "crowding.crowding_null_maxima": ("int64, boolean[::1], int64, int64, float64, int64, int64",),
    "crowding.most_crowded_window": ("float64[::1], boolean[::1], int64",),
    "densest_subgraph.densest_block": ("int32[::1], int32[::1], float64[::1], int64",),
    "edetector.advance": (
        "float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], float64[::1]",
    ),
    "edetector.advance_many": (
        "float64[:, ::1], float64[::1], float64[::1], float64[::1], float64[::1], boolean",
    ),
    "edetector.alarms": (
        "float64[::1], float64[::1], float64[::1], float64[::1], boolean[::1], "
        "float64[::1], float64",
    ),
    "edetector.skip_empty_ticks_many": (
        "float64[:, ::1], int64, float64[::1], float64[::1], float64[::1]",
    ),
    "enrichment.bitset": ("int64[::1], int64",),
    "enrichment.fallen_per_audience": (
        "int64[::1], int32[::1], uint64[::1], int64, int64, int64[::1]",
    ),
    "enrichment.followed_by_fallen": ("int64[::1], int32[::1], int64[::1], int64[::1]",),
    "enrichment.moments": (
        "int64[::1], int32[::1], int32[::1], float64[::1], float64[::1], float64[::1], "
        "float64[::1], int64, int64, int64[::1], float64[::1], float64[::1], float64[::1]",
    ),
    "enrichment.moments_of_sizes": (
        "int64[:, ::1], float64[::1], float64[::1], float64[::1], float64[::1], int64[::1], "
        "float64[::1], float64[::1], float64[::1]",
    ),
    "enrichment.permuted_counts": (
        "int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], int64, int32[:, ::1]",
    ),
    "enrichment.permuted_maxima": (
        "int64[::1], int32[::1], int32[::1], int64[::1], int64[::1], float64[::1], "
        "float64[::1], int64, int64, int64, float64[::1]",
    ),
    "enrichment.transpose_edges": ("int64[::1], int32[::1], int64",),
    "interval_censoring.likelihood_gradient": (
        "int64[::1], int64[::1], float64[::1], float64[::1], float64, float64[::1]",
    ),
    "label_propagation.propagate_labels": (
        "int64[::1], int32[::1], float64[::1], int64[::1], int64",
    ),
    "layout.pack_discs": ("float64[::1], int64[::1], int64[::1], float64[::1]",),
    "layout.spring_layout": ("int64, int32[::1], int32[::1], float64[::1], int64",),
    "minhash.band_keys": ("uint32[:, ::1], int64, int64, int64, uint64[::1]",),
    "minhash.candidates": (
        "uint64[::1], int64, uint32[:, ::1], uint64[:, ::1], int64[::1], int32[:, ::1], "
        "int64, int64, int64, float64, int64, int64, uint64[::1]",
    ),
    "minhash.mark_equal": ("uint32[::1], int64[::1], int64[::1], boolean[::1]",),
    "minhash.rank_texts": ("uint64[::1], int64, int64, int64, int32[:, ::1]",),
    "minhash.shingle_sets": (
        "uint32[::1], int64[::1], int64[::1], int64[::1], int64[::1], uint64[::1], int64, int64",
    ),
    "minhash.signatures": (
        "uint32[::1], int64[::1], int64[::1], int64, int64, uint32[:, ::1], uint64[:, ::1]",
    ),
    "minhash.similarities": (
        "int64[::1], int64[::1], int64[::1], int64[::1], uint64[::1], float64, "
        "float64[::1], int64, int64",
    ),
    "minhash.text_hashes": ("uint32[::1], int64[::1], int64, int64, uint64[::1]",),
    "running_median.running_medians": ("float64[:, ::1], int64, int64",),
    "scan.best_interval": (
        "float64[::1], float64, float64, float64, UniTuple(int64, 2), UniTuple(int64, 2)",
    ),
    "scan.densest": ("float64[::1], float64",),
    "scan.dyadic_maximum": ("float64[::1], float64[::1], boolean[::1], float64[::1]",),
    "scan.null_maxima": (
        "float64[::1], boolean[::1], float64[::1], int64[::1], int64, float64[::1], "
        "float64[::1], int64, float64, int64, int64",
    ),
    "scan.onset_profile": ("float64[::1], float64, float64, float64, int64",),
    "target_detector.detect_targets": (
        "int64[::1], int64[::1], int64[::1], float64, float64[::1], float64, float64[::1], float64",
    ),
    "text_normal.reduce": (
        "uint8[::1], int64[::1], int64, int64, int8[::1], int32[::1], uint32[::1], "
        "int64[::1], uint32[::1], uint32[::1], uint32[::1]",
    ),
    "timing._fill_scripts": ("int64[::1], int64[::1], int64[::1], float64[::1]",),
    "timing._fill_timing": ("int64[::1], int64[::1], float64[::1], float64[:, ::1], int64[::1]",),
}
