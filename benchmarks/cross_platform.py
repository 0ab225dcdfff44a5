"""Edges between platforms: links, hashtags, domains and images of one table of two platforms.

    python benchmarks/cross_platform.py POSTS.parquet

POSTS has account_id (fb_... or tw_...), post_id, time and url_id, hashtag_id, domain_id, phash_id,
as the sample of the German election of 2021 that CooRTweet brings. Printed for each: the edges of
CooRTweet's rule (10 s, 2 or more, which must be exactly its own), the pairs at 60 s, those beyond
chance at 1 %, and how many of these join the two platforms.
"""

from __future__ import annotations

import sys
import time

import duckdb
import pyarrow as pa

from birdfall.measures.coordination import coordination


def main(path: str) -> None:
    """Print the table."""
    print(
        "| object | acts | CooRTweet's rule, 10 s | pairs, 60 s | beyond chance | across | CPU s |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for name in ("url", "hashtag", "domain", "phash"):
        with duckdb.connect() as connection:
            rows = connection.sql(
                f"SELECT account_id AS account, {name}_id AS object, "
                f"epoch_us(time::TIMESTAMP) AS time, post_id AS content FROM read_parquet($1) "
                f"WHERE {name}_id IS NOT NULL",
                params=[path],
            ).to_arrow_table()
        acts = pa.table({c: rows[c] for c in ("account", "object", "time", "content")})
        began = time.process_time()
        theirs = coordination(acts, preset="coortweet", window="10s", time_unit="us")
        found = coordination(acts, trace=name, window="60s", sensitivity=False, time_unit="us")
        cpu = time.process_time() - began
        edges = found.table("edges").select(["source_id", "target_id", "q_value"]).to_pylist()
        firm = [e for e in edges if e["q_value"] <= 0.01]
        across = sum(e["source_id"][:2] != e["target_id"][:2] for e in firm)
        print(
            f"| {name} | {acts.num_rows:,} | {theirs.table('edges').num_rows:,} | {len(edges):,} | "
            f"{len(firm):,} | {across:,} | {cpu:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1])
