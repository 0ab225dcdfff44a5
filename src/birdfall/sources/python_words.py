"""What errors say of options, as one writes them in Python rather than on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from birdfall.model.errors import BirdfallError

_VALUE: Final = r"""("[^"]*"|'[^']*'|[^\s,;)]*[^\s,;).])"""
_PAIRS: Final = re.compile(
    r"""--(column|const) (?:'(\w+)=([^']*)'|([\w:]+)=([^\s,;)]*[^\s,;).]))"""
)
_OPTION: Final = re.compile(rf"--([a-z]+(?:-[a-z]+)*)(?: {_VALUE})?")
#: Options whose words follow as an ordinary sentence, not as a value.
_BARE: Final = ("mapping", "encoding", "sheet", "skip-lines", "reader", "trace", "const", "column")


@contextmanager
def spoken_in_python(places: Mapping[str, str]) -> Iterator[None]:
    """Errors that name parameters instead of options, and tables instead of the files they were
    written to.

    places: text of an error to what is meant.
    """
    try:
        yield
    except BirdfallError as error:
        error.why, error.fix = in_python(error.why), in_python(error.fix)
        error.what = in_python(error.what)
        where = "" if error.where is None else str(error.where)
        for place, name in places.items():
            where = where.replace(place, name)
        error.where = where or None
        error.args = (str(error),)
        raise


def in_python(text: str) -> str:
    """A sentence about options with parameters in their place.

    Examples
    --------
    >>> in_python("Say which column is what, such as --column account=NAME.")
    'Say which column is what, such as columns={"account": "NAME"}.'
    >>> in_python('Say where it was written with --time-zone "America/Caracas" (or UTC).')
    'Say where it was written with time_zone="America/Caracas" (or UTC).'
    """
    return _OPTION.sub(_parameter, _PAIRS.sub(_pair, text))


def _pair(match: re.Match[str]) -> str:
    name = "columns" if match[1] == "column" else "constants"
    role, value = (match[2], match[3]) if match[2] else (match[4], match[5])
    return f'{name}={{"{role}": "{value}"}}'


def _parameter(match: re.Match[str]) -> str:
    name, value = match[1].replace("-", "_"), match[2]
    plural = {"column": "columns", "const": "constants"}.get(name, name)
    if value is None or match[1] in _BARE:
        return plural + ("" if value is None else f" {value}")
    bare = value.strip("\"'")
    return f"{plural}={bare}" if bare.isdecimal() else f'{plural}="{bare}"'
