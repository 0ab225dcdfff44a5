"""Birdfall: why did the flock fall?

    import birdfall

    case = birdfall.open("caso/")                # a case on disk
    case = birdfall.read("events.parquet")       # files, in memory
    case = birdfall.simulate("caracas-2013")     # a simulated world, labelled so
    case.waves()                                 # a finding; shows itself in a notebook
    birdfall.chart(case.waves())                 # as an interactive chart

Names are imported when first used, so that `import birdfall` is instant.
"""

from __future__ import annotations

import sys
from importlib import import_module

#: True for type checkers only; the module `typing` itself takes longer to load than this package.
TYPE_CHECKING = False

__version__ = "0.2.0"

_PLACES = {
    "open": ("birdfall.api", "open_case"),
    "open_case": ("birdfall.api", "open_case"),
    "read": ("birdfall.api", "read"),
    "simulate": ("birdfall.api", "simulate"),
    "coordination": ("birdfall.api", "coordination"),
    "WatchOptions": ("birdfall.watch.session", "WatchOptions"),
    "replay": ("birdfall.watch.session", "replay"),
    "chart": ("birdfall.tell.notebook", "chart"),
    "printed_numbers": ("birdfall.tell.reader", "printed_numbers"),
    "Inquiry": ("birdfall.inquiry", "Inquiry"),
    "Case": ("birdfall.record.case", "Case"),
    "Settings": ("birdfall.model.settings", "Settings"),
    "Finding": ("birdfall.model.findings", "Finding"),
    "Estimate": ("birdfall.model.findings", "Estimate"),
    "BirdfallError": ("birdfall.model.errors", "BirdfallError"),
    "CannotAnswer": ("birdfall.model.errors", "CannotAnswer"),
}

if TYPE_CHECKING:
    from birdfall.api import coordination as coordination
    from birdfall.api import open_case as open_case
    from birdfall.api import read as read
    from birdfall.api import simulate as simulate
    from birdfall.inquiry import Inquiry as Inquiry
    from birdfall.model.errors import BirdfallError as BirdfallError
    from birdfall.model.errors import CannotAnswer as CannotAnswer
    from birdfall.model.findings import Estimate as Estimate
    from birdfall.model.findings import Finding as Finding
    from birdfall.model.settings import Settings as Settings
    from birdfall.record.case import Case as Case
    from birdfall.tell.notebook import chart as chart
    from birdfall.tell.reader import printed_numbers as printed_numbers
    from birdfall.watch.session import WatchOptions as WatchOptions
    from birdfall.watch.session import replay as replay
    from birdfall.watch.session import watch as watch

    open = open_case

__all__ = [
    "BirdfallError",
    "CannotAnswer",
    "Case",
    "Estimate",
    "Finding",
    "Inquiry",
    "Settings",
    "WatchOptions",
    "__version__",
    "chart",
    "coordination",
    "open",
    "open_case",
    "printed_numbers",
    "read",
    "replay",
    "simulate",
    "watch",
]


def __getattr__(name: str) -> object:
    if name == "watch":
        # a package that can be called: any import of one of its modules binds the name to it
        return import_module("birdfall.watch")
    if name not in _PLACES:
        raise AttributeError(f"module 'birdfall' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    found: object = getattr(import_module(module), attribute)
    if "IPython" in sys.modules:
        # a notebook: show the limits of findings in sentences, from the first use of a name on
        import_module("birdfall.tell.notebook").register_in_ipython()
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
