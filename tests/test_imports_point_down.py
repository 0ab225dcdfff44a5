"""Data flows one way, and so do imports: no module imports from a floor above its own."""

import ast
from pathlib import Path

import birdfall

ROOT = Path(birdfall.__file__).parent
FLOORS = [
    {"model"},
    {"kernels", "record", "sources"},
    {"measures"},
    {"claims", "explanations", "world"},
    {"watch", "tell", "cluster"},
    {"watch.dashboard", "watch.session", "pipeline"},
    {"cli", "api", "__main__", ""},
]
#: A package that can be called stands as high as the function it calls.
CALLABLE = {"watch": "watch.session"}
#: Files of the package itself (its version) are no floor.
FREE = {"birdfall"}


def floor_of(module: str) -> int:
    inside = module.removeprefix("birdfall").lstrip(".")
    inside = CALLABLE.get(inside, inside)
    best, level = -1, len(FLOORS) - 1
    for number, names in enumerate(FLOORS):
        for name in names:
            if name and (inside == name or inside.startswith(name + ".")) and len(name) > best:
                best, level = len(name), number
    return level


def imports_of(path: Path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules():
    for path in sorted(ROOT.rglob("*.py")):
        yield (
            ".".join(("birdfall", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(
                ".__init__"
            ),
            path,
        )


def test_no_import_runs_up():
    wrong = []
    for module, path in modules():
        for imported in imports_of(path):
            if not imported.startswith("birdfall.") or imported == "birdfall.__version__":
                continue
            if floor_of(imported) > floor_of(module):
                wrong.append(f"{module} imports {imported}")
    assert not wrong, wrong


def test_kernels_import_nothing_of_ours():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        if module.startswith("birdfall.kernels")
        for imported in imports_of(path)
        if imported.startswith("birdfall") and not imported.startswith("birdfall.kernels")
    ]
    assert not wrong, wrong


def test_the_check_sees_an_arrow_that_runs_up():
    assert floor_of("birdfall.measures.waves.measure") > floor_of("birdfall.record.case")
    assert floor_of("birdfall.watch.dashboard.app") > floor_of("birdfall.watch.store.database")
    assert floor_of("birdfall.cli") > floor_of("birdfall.tell.report")
