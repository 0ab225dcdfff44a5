"""Claims and their parser are imported through their faces only."""

import ast
from pathlib import Path

import birdfall

ROOT = Path(birdfall.__file__).parent


def imports_within(package, *, leaving_out):
    """(module, imported) for imports of a package's modules from files outside `leaving_out`."""
    for path in sorted(ROOT.rglob("*.py")):
        if path.is_relative_to(ROOT / leaving_out):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name.startswith(f"{package}."):
                    yield str(path.relative_to(ROOT)), name


def test_the_parser_is_imported_through_its_face():
    assert not list(imports_within("birdfall.claims.parse", leaving_out="claims/parse"))


def test_the_parser_imports_nothing_of_claims():
    wrong = [
        name
        for name in (ROOT / "claims" / "parse").glob("*.py")
        for node in ast.walk(ast.parse(name.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("birdfall.claims")
        and not (node.module or "").startswith("birdfall.claims.parse")
    ]
    assert not wrong
