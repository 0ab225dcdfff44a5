"""Lazy imports: a package loads what it offers when it is first asked for it.

NumPy, Numba and SciPy take a second to load, and most commands need a small part of what Birdfall
can do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def import_lazily(package: str, modules: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """The `__getattr__` of a package whose names are loaded when they are first asked for.

    Parameters
    ----------
    package
        The package's `__name__`.
    modules
        Module within the package: the names it defines. No module is called as one of the names.

    Returns
    -------
    callable
        To be assigned to `__getattr__` in the package (PEP 562).

    Raises
    ------
    AttributeError
        By the function returned, for a name that no module defines.

    Examples
    --------
    >>> get = import_lazily("birdfall.model", {"errors": ("UsageError",)})
    >>> get("UsageError")
    <class 'birdfall.model.errors.UsageError'>
    """
    module_of = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> object:
        if name not in module_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{module_of[name]}"), name)
        setattr(sys.modules[package], name, value)
        return value

    return get
