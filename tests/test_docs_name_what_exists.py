"""The documentation names files, modules and functions that exist: a rename that forgets a page is
found here.
"""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

import birdfall

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "birdfall"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
#: Folders of the repository, and the packages of Birdfall, which pages name without `src/birdfall`.
FOLDERS = ("src", "tests", "benchmarks", "examples", "frontend", "requirements")
PACKAGES = sorted(p.parent.name for p in PACKAGE.glob("*/__init__.py"))
PATH = re.compile(
    rf"(?<![\w./-])(?:{'|'.join((*FOLDERS, *PACKAGES))})/[\w*./-]*(?:\.(?:py|toml|json|cpp)\b|/)"
)
#: A module with a dotted name, with or without `birdfall.` in front, such as `measures.waves`;
#: `record.sql` is a method of the record.
ROOTS = ("birdfall", *(p for p in PACKAGES if p != "record"))
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join(ROOTS)})(?:\.[A-Za-z_]\w*)+(?![\w/-])")
#: `claims.toml` is a file of a case, not a module.
FILE_ENDINGS = (".toml", ".json", ".py")
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
IMPORT = re.compile(r"^from (birdfall[\w.]*) import (.+)$", re.MULTILINE)
#: Entry point groups look like modules and are none.
GROUP = re.compile(r'^GROUP: Final = "([\w.]+)"$', re.MULTILINE)


def named_paths(text: str) -> list[str]:
    """Paths that a page names; those with a placeholder such as NAME in them are left out."""
    return [p for p in PATH.findall(text) if not re.search(r"[A-Z]{4}", p)]


def path_exists(path: str) -> bool:
    return any(any(base.glob(path.rstrip("/"))) for base in (ROOT, PACKAGE))


def named_modules(text: str) -> list[str]:
    """Dotted names that stand in the code of a page, those of its imports included."""
    code = "\n".join(CODE.findall(text))
    imported = [
        f"{module}.{name.strip()}"
        for module, names in IMPORT.findall(code)
        for name in names.split(",")
    ]
    found = [*imported, *(n for n in DOTTED.findall(code) if not n.endswith(FILE_ENDINGS))]
    return [n if n.startswith("birdfall.") else f"birdfall.{n}" for n in found]


@cache
def entry_point_groups() -> frozenset[str]:
    return frozenset(
        name for p in PACKAGE.rglob("*.py") for name in GROUP.findall(p.read_text("utf-8"))
    )


@cache
def names_in(module: Path) -> frozenset[str]:
    """What a module defines at its top level, or imports there or for type checkers."""
    tree = ast.parse(module.read_text("utf-8"))
    found = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            found.update(n.id for n in ast.walk(node) if isinstance(n, ast.Name))
    return frozenset(found)


def module_exists(name: str) -> bool:
    """Whether a dotted name is a module, or a name at the top level of one."""
    if name in entry_point_groups():
        return True
    place, parts = PACKAGE, name.split(".")[1:]
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if place == PACKAGE and parts and parts[0] in birdfall.__all__:
        return True
    if parts and (place / f"{parts[0]}.py").is_file():
        place /= f"{parts.pop(0)}.py"
    module = place / "__init__.py" if place.is_dir() else place
    return not parts or parts[0] in names_in(module)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_path_and_module_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    missing = [p for p in named_paths(text) if not path_exists(p)]
    missing += [n for n in named_modules(text) if not module_exists(n)]
    assert not missing


def test_every_page_stands_in_the_table_of_contents() -> None:
    contents = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"]
    listed = set(re.findall(r"[\w/.-]+\.md", str(contents)))
    pages = {str(p.relative_to(ROOT / "docs")) for p in PAGES if p.is_relative_to(ROOT / "docs")}
    assert listed == {p.replace("\\", "/") for p in pages}


def test_names_that_do_not_exist_are_found() -> None:
    page = "`measures/spells.py`, `tests/x*.py` and `birdfall.feeds.Handed`, `measures.waves.gone`"
    assert [p for p in named_paths(page) if not path_exists(p)] == [
        "measures/spells.py",
        "tests/x*.py",
    ]
    assert [n for n in named_modules(page) if not module_exists(n)] == [
        "birdfall.feeds.Handed",
        "birdfall.measures.waves.gone",
    ]
    assert module_exists("birdfall.measures.waves.design_detector")
    assert module_exists("birdfall.watch")
