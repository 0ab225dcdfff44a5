"""Templates of pages as they were compiled last, as Python keeps its modules: to compile those of a
report takes a tenth of a small run.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from jinja2 import Environment
from jinja2.bccache import Bucket, BytecodeCache

import birdfall
from birdfall.model.errors import BirdfallError
from birdfall.record.atomic import write_bytes


class KeptTemplates(BytecodeCache):
    """A cache of Jinja in the folder where Python keeps this module compiled.

    Nothing is kept where Python is told to keep nothing, or where that folder cannot be written to.
    What another version of Jinja or of Birdfall, or an environment of other options, compiled is
    not looked at; Jinja itself looks whether the template has changed.
    """

    def __init__(self, environment: Environment) -> None:
        options = (
            _versions(),
            environment.trim_blocks,
            environment.lstrip_blocks,
            str(getattr(environment.autoescape, "__qualname__", environment.autoescape)),
            environment.undefined.__qualname__,
        )
        self._options = hashlib.sha256(repr(options).encode()).hexdigest()[:12]

    def load_bytecode(self, bucket: Bucket) -> None:
        """Read what is kept of a template into `bucket`; it stays empty if that is nothing."""
        try:
            with self._path(bucket).open("rb") as file:
                bucket.load_bytecode(file)
        except Exception:  # whatever is wrong with the file: it is written anew
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what `bucket` holds."""
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(BirdfallError, OSError):  # the next process compiles it again
            write_bytes(self._path(bucket), bucket.bytecode_to_string())

    def _path(self, bucket: Bucket) -> Path:
        folder = Path(importlib.util.cache_from_source(__file__)).parent
        return folder / f"template-{bucket.key[:16]}-{self._options}.{sys.implementation.cache_tag}"


@cache
def _versions() -> tuple[str, str]:
    return birdfall.__version__, metadata.version("jinja2")


def keep_templates(environment: Environment) -> Environment:
    """The environment, which keeps the templates that it compiles.

    Examples
    --------
    >>> from jinja2 import DictLoader
    >>> environment = keep_templates(Environment(loader=DictLoader({"a": "{{ 1 + 1 }}"})))
    >>> environment.get_template("a").render()
    '2'
    """
    environment.bytecode_cache = KeptTemplates(environment)
    return environment
