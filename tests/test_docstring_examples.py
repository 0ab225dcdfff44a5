"""Examples in docstrings say what they give, and everything public has one."""

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import pytest

import birdfall
from birdfall.pipeline.measure import Measure
from memory import remember_findings

SOURCES = Path(birdfall.__file__).parent
ROOT = Path(__file__).resolve().parents[1]
#: The text of each module with examples, by its name.
WITH_EXAMPLES = {
    ".".join(("birdfall", *path.relative_to(SOURCES).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): path.read_text("utf-8")
    for path in sorted(SOURCES.rglob("*.py"))
    if ">>> " in path.read_text("utf-8")
}


@pytest.fixture(scope="module")
def memory():
    """A function that lets examples remember: files read once are the same inquiry again, and what
    was asked of it is answered at once.
    """
    opened, records, patched = {}, [], pytest.MonkeyPatch()
    remember_findings(patched, records, others=True)
    measure, read = Measure.measure, birdfall.read
    patched.undo()

    def read_once(*paths, **options):
        if options or paths not in opened:
            inquiry = read(*paths, **options)
            records.append(inquiry.record)
            return inquiry if options else opened.setdefault(paths, inquiry)
        return opened[paths]

    def remember(monkeypatch):
        monkeypatch.setattr(Measure, "measure", measure)
        monkeypatch.setattr(birdfall, "read", read_once)

    return remember


#: Modules whose examples ask every measure.
LONG_EXAMPLES = ("birdfall.inquiry",)


def names_and_ways():
    """Modules with examples, whose examples remember; those that read files also as they stand."""
    for name, text in WITH_EXAMPLES.items():
        yield pytest.param(
            name, True, id=name, marks=[pytest.mark.slow] if name in LONG_EXAMPLES else []
        )
        if "birdfall.read(" in text:
            yield pytest.param(name, False, id=f"{name}-as it stands", marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "remembers"), list(names_and_ways()))
def test_examples_give_what_they_say(name, remembers, memory, monkeypatch, tmp_path):
    """They run in a folder that holds the sample files where the pages say they are."""
    if remembers:
        memory(monkeypatch)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    module = import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    tried = doctest.testmod(module, optionflags=flags, verbose=False)
    assert tried.attempted > 0, "an example that nobody runs"
    assert tried.failed == 0


def public():
    """Functions and classes of the public interface, and the methods that a user calls."""
    for name in birdfall.__all__:
        thing = getattr(birdfall, name)
        if name == "__version__":
            continue
        if inspect.ismodule(thing):  # a package that is called as its function of the same name
            thing = import_module("birdfall.watch.session").watch
        yield f"birdfall.{name}", thing
        if thing in (birdfall.Inquiry, birdfall.Finding, birdfall.Settings):
            for method, made in vars(thing).items():
                if inspect.isfunction(made) and not method.startswith("_"):
                    yield f"{name}.{method}", made


@pytest.mark.parametrize(("name", "thing"), [pytest.param(*p, id=p[0]) for p in public()])
def test_everything_public_has_an_example(name, thing):
    text = inspect.getdoc(thing) or ""
    assert ">>> " in text, f"{name} has no example"
