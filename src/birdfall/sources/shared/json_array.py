"""JSON values in a file that does not keep them one a line.

Arrays, objects written over many lines, and X's own archives.

An archive of X (`tweets.js`) is an array behind `window.YTD.tweets.part0 =`. Elements come one
after another, however large the file: only one is held at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from birdfall.sources.shared.json_object import load_json

_START: Final = re.compile(rb"[\s\xef\xbb\xbf]*(?:window\.[\w.$]{1,200}\s*=\s*)?")
_SIGNS: Final = re.compile(rb'["{}\[\]]')
_QUOTED: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_STRING: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
CHUNK_BYTES: Final = 1 << 20


def is_lines(head: bytes) -> bool:
    """Whether a file of JSON that begins so holds a value in each line (or is no JSON at all)."""
    body = head[_START.match(head).end() :]  # type: ignore[union-attr]
    if body.startswith(b"["):
        return False
    first, ended, rest = body.partition(b"\n")
    if not (ended and first.startswith(b"{") and _is_open(first)):
        return True
    # the first line of many is torn, or it is the first of an object over many lines: then the
    # next is no whole object
    return _is_whole(rest.lstrip().partition(b"\n")[0].strip())


def _is_open(line: bytes) -> bool:
    """Whether more brackets are opened in a line than closed."""
    signs = _SIGNS.findall(_QUOTED.sub(b"", line))
    return sum(1 if sign in b"{[" else -1 for sign in signs if sign != b'"') > 0


def _is_whole(line: bytes) -> bool:
    """Whether a line is one JSON object and no more."""
    try:
        return isinstance(load_json(line), dict)
    except ValueError:
        return False


def is_json(head: bytes) -> bool:
    """Whether a file begins as JSON objects do, in lines or in an array."""
    body = head[_START.match(head).end() :]  # type: ignore[union-attr]
    return body.startswith(b"{") or (
        body.startswith(b"[") and body[1:].lstrip()[:1] in (b"{", b"]")
    )


def skip_to_object(head: bytes) -> bytes:
    """Where the first object of a file begins, up to the end of the head."""
    body = head[_START.match(head).end() :]  # type: ignore[union-attr]
    return body[1:].lstrip() if body.startswith(b"[") else body


def read_elements(stream: BinaryIO, longest: int) -> Iterator[bytes]:
    """Every object of a stream that stands outside of all others, or within one array.

    One over `longest` bytes comes cut.
    """
    waiting, place, depth, start = b"", 0, 0, -1
    while piece := stream.read(CHUNK_BYTES):
        waiting += piece
        while (sign := _SIGNS.search(waiting, place)) is not None:
            character = sign[0]
            if character == b'"':
                string = _STRING.match(waiting, sign.end())
                if string is None:
                    place = sign.start()
                    break
                place = string.end()
                continue
            place = sign.end()
            if character in b"{[":
                if depth == 0 and character == b"[":
                    continue
                start = sign.start() if depth == 0 else start
                depth += 1
            elif depth:
                depth -= 1
                if depth == 0:
                    yield waiting[start:place]
                    start = -1
        else:
            place = len(waiting)
        kept = start if start >= 0 else place
        waiting, place, start = waiting[kept:], place - kept, 0 if start >= 0 else -1
        if len(waiting) > longest:
            yield waiting[:longest]
            waiting, place, depth, start = b"", 0, 0, -1
    if start >= 0:
        yield waiting
