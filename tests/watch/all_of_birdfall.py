"""Imports all of Birdfall, for processes that are forked with it."""

import importlib
import pkgutil

import birdfall

for module in pkgutil.walk_packages(birdfall.__path__, "birdfall."):
    if not module.name.endswith("__main__") and ".cluster" not in module.name:
        importlib.import_module(module.name)
