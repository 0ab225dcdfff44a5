"""A short start: libraries that another one imports only in case somebody wants them, and no
command does.
"""

from __future__ import annotations

import inspect
import sys
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec, PathFinder

#: Packages whose call makes Arrow ask for pandas on behalf of a command.
ARROW_CALLERS = ("birdfall", "pyarrow")


class OptionalImports:
    """A finder for `sys.meta_path` that keeps three optional imports from slowing a command's
    start.

    Wherever pandas is installed Arrow imports it, half a second, to ask of values whether they are
    pandas' own; none of Birdfall's are. Whoever imports pandas themselves gets it, and so does
    Arrow where a plugin of Birdfall is installed, which may well hand pandas' values over. Before
    its first kernel Numba loads SciPy's linear algebra, an eighth of a second, to know whether
    compiled code could multiply matrices.
    """

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Raise ModuleNotFoundError for an optional import that no command needs; else leave it to
        other finders.
        """
        del path, target
        if name == "pandas" and _arrow_asks() and PathFinder.find_spec(name) is not None:
            if not has_plugins():
                raise ModuleNotFoundError("no command uses pandas", name=name)
        elif name == "scipy.linalg" and _is_loading("numba.np.arraymath", until="_HAVE_BLAS"):
            raise ModuleNotFoundError("no kernel multiplies matrices", name=name)
        return None


@cache
def has_plugins() -> bool:
    """Whether an installed package adds to Birdfall (an entry point of a group `birdfall.*`)."""
    return any(group.startswith("birdfall.") for group in metadata.entry_points().groups)


def _arrow_asks() -> bool:
    """Whether the import was asked for by Arrow's compiled code, which leaves no frame of its own,
    for one of `ARROW_CALLERS`.
    """
    frame = inspect.currentframe()
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != __name__ and not name.startswith("importlib"):
            return name.partition(".")[0] in ARROW_CALLERS
        frame = frame.f_back
    return False


def _is_loading(module: str, *, until: str) -> bool:
    """Whether `module` is being imported and has not come to define `until` yet."""
    loaded = sys.modules.get(module)
    return loaded is not None and not hasattr(loaded, until)
