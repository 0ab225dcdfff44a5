"""Data flows one way, and so do imports: no module imports from a floor above its own."""

import ast
from functools import cache
from pathlib import Path

import birdfall

ROOT = Path(birdfall.__file__).parent
FLOORS = [
    {"model"},
    {"kernels", "record", "sources", "web"},
    {"measures"},
    {"claims", "explanations", "world"},
    {"watch", "tell"},
    {"watch.dashboard", "watch.session", "pipeline"},
    {"app", "cluster"},
    {"cli", "api", "inquiry", "__main__", ""},
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


@cache
def imports_of(path: Path) -> tuple[str, ...]:
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


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


#: Floors within the watch: an event goes from its feed down to the model, and an alert from
#: detection up to the dashboard.
WATCH_FLOORS = [
    {"model"},
    {"store", "feeds"},
    {"detect"},
    {"alerts"},
    {"engine"},
    {"dashboard", "session"},
]


def watch_floor_of(module: str) -> int | None:
    """The floor of a module of the watch; None of the package itself."""
    part = module.removeprefix("birdfall.watch").lstrip(".").partition(".")[0]
    return next((number for number, names in enumerate(WATCH_FLOORS) if part in names), None)


def upward_in_watch(module: str, imported: str) -> bool:
    if not (module.startswith("birdfall.watch.") and imported.startswith("birdfall.watch.")):
        return False
    above, own = watch_floor_of(imported), watch_floor_of(module)
    assert own is not None, f"{module} has no floor"
    return above is not None and above > own


def test_no_import_runs_up_within_the_watch():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        for imported in imports_of(path)
        if upward_in_watch(module, imported)
    ]
    assert not wrong, wrong


def test_the_check_sees_an_arrow_that_runs_up_within_the_watch():
    assert upward_in_watch("birdfall.watch.store.database", "birdfall.watch.detect.open_waves.X")
    assert upward_in_watch("birdfall.watch.model.events", "birdfall.watch.feeds.base.Feed")
    assert not upward_in_watch("birdfall.watch.engine.clock", "birdfall.watch.store.database.State")


def test_the_check_sees_an_arrow_that_runs_up():
    assert floor_of("birdfall.measures.waves.measure") > floor_of("birdfall.record.case")
    assert floor_of("birdfall.watch.dashboard.app") > floor_of("birdfall.watch.store.database")
    assert floor_of("birdfall.cli") > floor_of("birdfall.tell.report")


# -- measures: floors within, and one face to the outside ------------------------------------------

#: Floors within the measures: absences carry all; waves are found before what is asked of each.
MEASURE_FLOORS = [
    {"suspensions", "coordination", "follower_counts", "audiences"},
    {"waves", "returns", "brigades", "automation"},
    {"ledgers", "reinstatements", "creations"},
    {"coverage"},
]


def measure_floor_of(module: str) -> int:
    part = module.removeprefix("birdfall.measures").lstrip(".").partition(".")[0]
    floors = [number for number, names in enumerate(MEASURE_FLOORS) if part in names]
    assert floors, f"{module} has no floor"
    return floors[0]


def package_of_measure(module: str) -> str:
    return ".".join(module.split(".")[:3])


def upward_in_measures(module: str, imported: str) -> bool:
    inside = all(name.startswith("birdfall.measures.") for name in (module, imported))
    if not inside or package_of_measure(module) == package_of_measure(imported):
        return False
    return measure_floor_of(imported) >= measure_floor_of(module)


def test_no_import_runs_up_or_across_within_the_measures():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        for imported in imports_of(path)
        if upward_in_measures(module, imported)
    ]
    assert not wrong, wrong


def face_names(package: str) -> set[str]:
    """What the face of a package of measures exports."""
    path = ROOT.joinpath(*package.split(".")[1:], "__init__.py")
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def past_the_face(module: str, imported: str) -> bool:
    """Whether `module` reaches into a package of measures that it is no part of."""
    package = package_of_measure(imported)
    if not imported.startswith("birdfall.measures.") or module.startswith(package):
        return False
    if not ROOT.joinpath(*package.split(".")[1:]).is_dir() or imported == package:
        return False
    names = imported.removeprefix(package).lstrip(".").split(".")
    return len(names) > 1 or names[0] not in face_names(package)


def test_the_outside_imports_only_the_face_of_a_measure():
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        for imported in imports_of(path)
        if past_the_face(module, imported)
    ]
    assert not wrong, wrong


#: Further packages of which the outside imports only the face.
WITH_FACES = ("claims", "explanations", "web")


def test_the_outside_imports_only_the_face_of_a_package():
    faces = {package: face_names(f"birdfall.{package}") for package in WITH_FACES}
    wrong = [
        f"{module} imports {imported}"
        for module, path in modules()
        for imported in imports_of(path)
        for package, names in faces.items()
        if imported.startswith(f"birdfall.{package}.")
        and not f"{module}.".startswith(f"birdfall.{package}.")
        and imported.removeprefix(f"birdfall.{package}.") not in names
    ]
    assert not wrong, wrong


def test_the_checks_see_who_passes_a_face_by():
    waves = "birdfall.measures.waves"
    assert past_the_face("birdfall.api", f"{waves}.baseline.fit_baseline")
    assert past_the_face("birdfall.api", f"{waves}.baseline")
    assert past_the_face("birdfall.measures.returns.measure", f"{waves}.measure.waves")
    assert not past_the_face("birdfall.api", f"{waves}.waves")
    assert not past_the_face(f"{waves}.measure", f"{waves}.baseline.fit_baseline")
    assert upward_in_measures("birdfall.measures.suspensions.absences", f"{waves}.waves")
    assert upward_in_measures(f"{waves}.measure", "birdfall.measures.returns.returns")


# -- no circles: between packages, and between modules
# ----------------------------------------------


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of nodes that reach each other, as far as they hold more than one."""
    reached = {node: reachable(graph, node) for node in graph}
    groups = {tuple(sorted(b for b in graph if b in reached[a] and a in reached[b])) for a in graph}
    return sorted(list(group) for group in groups if len(group) > 1)


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for node in graph.get(waiting.pop(), ()):
            if node not in seen:
                seen.add(node)
                waiting.append(node)
    return seen


def module_graph() -> dict[str, set[str]]:
    """Which module imports which, wherever in it: at its head, in a function, or for type checkers
    alone.
    """
    known = {module for module, _ in modules()}
    graph: dict[str, set[str]] = {}
    for module, path in modules():
        graph[module] = set()
        for imported in imports_of(path):
            while imported not in known and "." in imported:
                imported = imported.rpartition(".")[0]
            if imported in known - {"birdfall", module}:
                graph[module].add(imported)
    return graph


def package_of(module: str) -> str:
    """The package a module stands in; a module beside packages (`watch.session`) counts as one
    itself.
    """
    parts = module.split(".")[1:]
    folder = ROOT / parts[0]
    nested = folder.is_dir() and any((p / "__init__.py").exists() for p in folder.iterdir())
    return ".".join(parts[: 2 if nested else 1])


def test_no_circle_between_packages():
    graph: dict[str, set[str]] = {}
    for module, imported in module_graph().items():
        if module != "birdfall":
            graph.setdefault(package_of(module), set()).update(map(package_of, imported))
    assert not circles(graph)


def test_no_circle_between_modules_not_even_hidden_from_the_interpreter():
    graph = module_graph()
    del graph["birdfall"]
    assert not circles(graph)


def test_the_check_sees_a_circle():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set()}
    assert circles(graph) == [["b", "c"]]
