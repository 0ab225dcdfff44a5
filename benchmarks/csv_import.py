"""How long a CSV import into a case takes, as a ratio to DuckDB's own read_csv into Parquet, same file, same run.

python benchmarks/csv_import.py [rows]
"""

import datetime as dt
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from birdfall.record.case import Case
from birdfall.record.query import connect
from birdfall.sources.ingest import ingest


def write(path: Path, rows: int) -> None:
    """A table of acts by up to 200,000 accounts, seed 1."""
    chance = random.Random(1)
    start = dt.datetime(2013, 10, 31, tzinfo=dt.UTC)
    with path.open("w") as file:
        file.write("account,kind,object,created_at,text\n")
        for i in range(rows):
            moment = (start + dt.timedelta(seconds=i * 0.7)).strftime("%Y-%m-%dT%H:%M:%SZ")
            kind = chance.choice(["post", "repost", "like"])
            file.write(
                f"{chance.randrange(200_000)},{kind},{chance.randrange(10**9)},{moment},some text of a message {i}\n"
            )


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder, "acts.csv"), Path(folder, "small.csv")
        write(path, rows)
        write(small, 100)
        ingest(Case.create(Path(folder, "warm")), small)
        ours, duck = [], []
        for turn in range(3):
            began = time.perf_counter()
            with connect() as connection:
                connection.execute(
                    f"COPY (SELECT * FROM read_csv('{path}')) TO '{folder}/duck.parquet' (COMPRESSION zstd)"
                )
            duck.append(time.perf_counter() - began)
            case = Case.create(Path(folder, f"case-{turn}"))
            began = time.perf_counter()
            receipt = ingest(case, path)
            ours.append(time.perf_counter() - began)
            assert receipt.rows == {"acts": rows}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"duckdb {min(duck):.2f} s, birdfall {min(ours):.2f} s, ratio {min(ours) / min(duck):.2f}, peak {peak:.2f} GB"
    )


if __name__ == "__main__":
    main()
