"""Write the reference of the commands and of the Python interface: `make reference`."""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

import birdfall
from birdfall.cli.app import app
from birdfall.watch.session import replay, watch

HERE = Path(__file__).parent
#: Parts of the interface in the order a reader meets them.
FUNCTIONS = ("open", "read", "simulate", "coordination", "chart", "printed_numbers")
CLASSES = ("Inquiry", "WatchOptions", "Finding", "Estimate", "Settings")
ERRORS = ("BirdfallError", "CannotAnswer")
#: The measures behind the methods, where all parameters stand.
MEASURES = (
    "measures.coverage.coverage",
    "measures.waves.waves",
    "measures.audiences.audiences",
    "measures.ledgers.ledger",
    "measures.returns.returns",
    "measures.follower_counts.follower_counts",
    "measures.coordination.coordination",
    "measures.brigades.brigades",
    "measures.automation.automation",
    "claims.check_sentence",
    "explanations.measure.explanations",
    "sources.ingest.load",
    "cluster.inquiry.run",
    "cluster.spark.coaction",
)


def command_line() -> str:
    """`birdfall --help` of every command, as Markdown."""
    text = app.generate_docs(output_format="markdown")
    codes = (
        "\nExit codes: 0 found, 3 nothing found, 2 usage, 4 the data cannot answer, "
        "1 anything else, 130 interrupted (Ctrl-C), 143 terminated (SIGTERM). `serve` and `watch` "
        "run until they are stopped, which is their normal end (0). Results go to stdout, "
        "messages to stderr.\n"
    )
    head, _, rest = text.partition("\n## Table of Contents")
    return _tidy(head + codes + "\n## Table of Contents" + rest)


def python() -> str:
    """Signatures and docstrings of everything public, as Markdown."""
    parts = [
        "# The Python interface\n",
        "`import birdfall` is instant; what a name needs is imported when it is first used.\n",
    ]
    parts += [_entry(f"birdfall.{name}", getattr(birdfall, name), 2) for name in FUNCTIONS]
    # `birdfall.watch` is a package that can be called; its function has the signature
    parts += [_entry("birdfall.watch", watch, 2), _entry("birdfall.replay", replay, 2)]
    for name in (*CLASSES, *ERRORS):
        kind = getattr(birdfall, name)
        parts.append(_entry(f"birdfall.{name}", kind, 2))
        if name in CLASSES:
            parts += [
                _entry(f"{name}.{m}", f, 3)
                for m, f in vars(kind).items()
                if inspect.isfunction(f) and not m.startswith("_")
            ]
    parts.append(
        "## Measures\n\nThe methods of an inquiry call these; "
        "any of their parameters may be given to the method.\n"
    )
    for path in MEASURES:
        module, _, name = path.rpartition(".")
        parts.append(
            _entry(f"birdfall.{path}", getattr(import_module(f"birdfall.{module}"), name), 3)
        )
    parts.append(
        "What each measure returns: [findings](findings.md). "
        "The commands: [command line](cli.md).\n"
    )
    return _tidy("\n".join(parts))


def _entry(name: str, thing: object, level: int) -> str:
    is_error = inspect.isclass(thing) and issubclass(thing, Exception)
    signature = "" if is_error else str(inspect.signature(thing))  # type: ignore[arg-type]
    signature = re.sub(
        r"\bself, |\(self\)", lambda m: "()" if m.group() == "(self)" else "", signature
    )
    signature = re.sub(r"<factory>|<class '([\w.]+)'>", lambda m: m.group(1) or "...", signature)
    signature = re.sub(r"<function (\w+) at 0x[0-9a-f]+>", r"\1", signature)
    signature = re.sub(r"<function <lambda> at 0x[0-9a-f]+>", "...", signature)
    signature = re.sub(r"(?:Posix|Windows)Path\('", "Path('", signature)
    signature = re.sub(r"(: |-> )'([^']*)'", r"\1\2", signature)
    heading = "#" * level
    text = inspect.getdoc(thing) or ""
    return f"{heading} {name}\n\n```python\n{name}{signature}\n```\n\n{text}\n"


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"


PAGES = {"cli.md": command_line, "api.md": python}


def main() -> int:
    """Write both pages; with --check say which is out of date instead."""
    old = [
        name
        for name, make in PAGES.items()
        if not (HERE / name).exists() or (HERE / name).read_text("utf-8") != make()
    ]
    if "--check" in sys.argv:
        for name in old:
            print(
                f"docs/reference/{name} is not what the code says: make reference", file=sys.stderr
            )
        return 1 if old else 0
    for name in old:
        (HERE / name).write_text(PAGES[name](), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
