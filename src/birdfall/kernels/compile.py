"""Compile the kernels ahead of their first use, which else waits for it: `python -m
birdfall.kernels.compile`.

Numba keeps what it compiled beside the sources, or in the user's cache folder where those are
read-only, or in `NUMBA_CACHE_DIR`; it compiles again by itself what has changed. So this is to be
run once by whoever may write there: after the installation, when an image is built.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from numba import types

from birdfall.kernels.signatures import SIGNATURES


def kernel_named(name: str) -> Any:
    """The compiled function `name`, a path within `birdfall.kernels`."""
    module, function = f"birdfall.kernels.{name}".rsplit(".", 1)
    return getattr(importlib.import_module(module), function)


def argument_types(signature: str) -> tuple[Any, ...]:
    """The types of arguments that one text of `SIGNATURES` names.

    Examples
    --------
    >>> argument_types("int64[::1], float64")
    (Array(int64, 1, 'C', False, aligned=True), float64)
    """
    texts, depth = [""], 0
    for letter in signature:
        depth += (letter in "[(") - (letter in "])")
        if letter == "," and depth == 0:
            texts.append("")
        else:
            texts[-1] += letter
    return tuple(_one_type(text.strip()) for text in texts)


def _one_type(text: str) -> Any:
    if text.endswith("::1]"):
        element, shape = text[:-1].split("[")
        return types.Array(getattr(types, element), 1 + shape.count(","), "C")
    if text.startswith("UniTuple("):
        element, length = text.removeprefix("UniTuple(").removesuffix(")").split(",")
        return types.UniTuple(_one_type(element.strip()), int(length))
    return getattr(types, text)


def compile_kernels(names: list[str]) -> int:
    """Compile each of `names` for its signatures, or load what is kept; how many were compiled."""
    compiled = 0
    for name in names:
        kernel = kernel_named(name)
        for signature in SIGNATURES[name]:
            kernel.compile(argument_types(signature))
        compiled += sum(kernel.stats.cache_misses.values())
    return compiled


def main() -> None:
    """Compile all, modules side by side on the cores there are."""
    started = time.monotonic()
    modules = defaultdict(list)
    for name in SIGNATURES:
        modules[name.rpartition(".")[0]].append(name)
    # the largest first, so that no core waits for the last one
    largest = sorted(modules.values(), key=len, reverse=True)
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        compiled = sum(pool.map(compile_kernels, largest))
    # processes that keep the same helper at once can lose one another's entry: none is missing now
    compiled += compile_kernels(list(SIGNATURES))
    print(
        f"{len(SIGNATURES)} kernels are compiled and kept "
        f"({compiled} just now, {time.monotonic() - started:.0f} s)",
        file=sys.stderr,
    )


if __name__ == "__main__":
    main()
