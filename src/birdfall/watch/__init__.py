"""Detection of waves of suspensions in live streams, with alerts and a dashboard.

Calling the package, `birdfall.watch("wss://bsky.network")`, runs a watch: see
`birdfall.watch.session.watch`. Its parts, each importing only those before it: `model`, `feeds`,
`store`, `detect`, `alerts`, `engine`, `dashboard`, `session`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any


class _CallablePackage(ModuleType):
    """Lets `birdfall.watch` be both the package and a function, as `birdfall.open` is.

    Importing any module of the package binds its name to the package, so a function of that name
    would be lost.
    """

    def __call__(self, *sources: Any, **arguments: Any) -> Any:
        # the session loads every part of a watch, which `import birdfall.watch.feeds` must not
        from birdfall.watch.session import watch

        return watch(*sources, **arguments)


sys.modules[__name__].__class__ = _CallablePackage
