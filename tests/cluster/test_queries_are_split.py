"""Every query of a measure over a large table says how it is answered in parts.

On one machine nothing reads it, so only here is it missed before an engine refuses the query.
"""

import ast
import re
from pathlib import Path

import birdfall

SOURCES = Path(birdfall.__file__).parent
#: Tables that an engine holds; `coverage`, `rejected` and `ids` lie on the machine that asks.
LARGE = re.compile(r"\b(?:FROM|JOIN)\s+(accounts|acts|posts|statuses|follows|counts)\b", re.I)


def unsplit(path):
    """Lines of `.sql(...)` calls whose text names a large table, without `split`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr != "sql" or any(k.arg == "split" for k in node.keywords):
            continue
        texts = [
            n.value
            for n in ast.walk(node)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        ]
        if LARGE.search(" ".join(texts)):
            yield f"{path.relative_to(SOURCES)}:{node.lineno}"


def test_every_query_of_a_large_table_says_how_it_is_split():
    files = [f for d in ("measures", "explanations", "claims") for f in (SOURCES / d).rglob("*.py")]
    assert len(files) > 100
    assert [line for file in files for line in unsplit(file)] == []
