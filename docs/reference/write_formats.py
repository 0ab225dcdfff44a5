"""Write the table of file formats from the corpus of the tests: what each gives, and where its
columns are known from.

    python docs/reference/write_formats.py
"""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import Any

from birdfall.model.errors import InputError, UsageError
from birdfall.sources.ingest import load

HERE = Path(__file__).parent
CORPUS = HERE.parents[1] / "tests" / "sources" / "corpus"
TABLES = ("acts", "statuses", "follows", "counts", "accounts")
HEAD = """# File formats

Each row is a file of `tests/sources/corpus` (true columns, made-up rows), read as
`birdfall import` reads it. Written by `docs/reference/write_formats.py`; a test holds it to what
the code does. A format that is not here is read if its columns have names that are known
(`docs/methods/sources.md`), and asked about otherwise.

"""
COLUMNS = ("format", "columns known from", "said", *TABLES, "refused", "asked")


def formats() -> list[dict[str, Any]]:
    """The entries of the corpus, in the order of its files."""
    return [
        entry
        for path in sorted(CORPUS.glob("*.toml"))
        for entry in tomllib.loads(path.read_text("utf-8"))["format"]
    ]


def table_row(entry: dict[str, Any], folder: Path) -> str:
    """One line of the table: the format read, or what it asks."""
    path = folder / f"file.{entry['ending']}"
    path.write_text(entry["content"].removeprefix("\n"), "utf-8")
    options = entry.get("options", {})
    said = ", ".join(f"`--const {k}`" for k in options.get("constants", {})) or ", ".join(
        f"`--{k.replace('_', '-')}`" for k in options
    )
    try:
        record = load(path, **options)
    except (UsageError, InputError) as error:
        told = [""] * (len(TABLES) + 1) + [error.what.replace("|", "/")]
    else:
        told = [str(record.sizes[t] or "") for t in (*TABLES, "rejected")] + [""]
    return "| " + " | ".join([entry["name"], entry["known_from"], said, *told]) + " |\n"


def text() -> str:
    """The whole page."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"| {' | '.join(COLUMNS)} |\n", f"|{' --- |' * len(COLUMNS)}\n"]
        return (
            HEAD + "".join(lines) + "".join(table_row(entry, Path(folder)) for entry in formats())
        )


if __name__ == "__main__":
    (HERE / "formats.md").write_text(text(), "utf-8")
