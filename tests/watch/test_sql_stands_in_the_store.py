"""SQL over the state of a watch stands in `watch.store` alone; whoever asks for something calls a
typed function there.

Measures, claims, sources and exports ask the record of a case by SQL of DuckDB; that is the
record's interface.
"""

import ast
import re
from pathlib import Path

import pytest

import birdfall

ROOT = Path(birdfall.__file__).parent
#: Packages that keep a state, or ask the record of a case; on an engine, its parts.
ALLOWED = (
    "watch/store", "record", "measures", "claims", "explanations", "sources", "pipeline", "cluster",
)  # fmt: skip
SQL = re.compile(
    r"\bSELECT\b[\s\S]*\bFROM\b|\bINSERT\s+(OR\s+\w+\s+)?INTO\b|\bDELETE\s+FROM\b"
    r"|\bUPDATE\s+\w+\s+SET\b|\b(CREATE|ALTER|DROP)\s+(TEMP\s+)?(TABLE|INDEX)\b|\bPRAGMA\s+\w+"
)


def statements(source):
    """Texts of a module that are SQL, and calls that execute some; docstrings are none."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(p.value for p in node.values if isinstance(p, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            if isinstance(node, ast.Attribute) and node.attr in ("executemany", "executescript"):
                found.append(node.attr)
            continue
        if id(node) not in docstrings and SQL.search(text):
            found.append(text)
    return found


def test_only_the_store_speaks_sql():
    wrong = {}
    for path in sorted(ROOT.rglob("*.py")):
        inside = path.relative_to(ROOT).as_posix()
        if not inside.startswith(tuple(f"{name}/" for name in ALLOWED)):
            found = statements(path.read_text("utf-8"))
            if found:
                wrong[inside] = found
    assert not wrong, wrong


@pytest.mark.parametrize(
    "line",
    [
        'c.execute("SELECT handle FROM standing WHERE account = ?", (a,))',
        'c.execute(f"SELECT min(id) FROM {table} WHERE time >= ?", (begin,))',
        'QUERY = "SELECT a, b " "FROM changes"',
        'c.execute("DELETE FROM detectors WHERE stream = ?", (s,))',
        'c.execute("INSERT OR REPLACE INTO ticks VALUES (?)", (1,))',
        "c.execute(f'UPDATE waves SET {sets} WHERE id = ?', values)",
        'c.execute("CREATE TEMP TABLE hit (account TEXT)")',
        'c.execute("PRAGMA page_count")',
        "c.executemany(query, rows)",
    ],
)
def test_the_check_sees_sql(line):
    assert statements(line)


def test_the_check_lets_prose_pass():
    assert not statements('"""Select what is due from the queue."""\nraise E("Drop it, or update")')


def test_the_store_is_where_it_is():
    texts = [p.read_text("utf-8") for p in (ROOT / "watch" / "store").rglob("*.py")]
    assert sum(len(statements(text)) for text in texts) > 50
