"""Pages of an interface, as people save them: an object whose list holds what is meant."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from birdfall.model.progress import Progress
from birdfall.sources.shared.json_object import JsonObject, load_json
from birdfall.sources.shared.open import read_lines
from birdfall.sources.shared.rejections import Rejections

#: A page may be this large; what is larger comes cut, and is refused.
MAX_PAGE_BYTES: Final = 1 << 30
_TAG: Final = re.compile(r"<(?:br|/p)\s*/?>", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[^>]*>")


def read_objects(
    path: Path, *, allow_large: bool = False
) -> Iterator[tuple[int, JsonObject | None, bytes, int]]:
    """(line, the object or None if there is none, the line, bytes read) of a file of JSON."""
    for number, line, done in read_lines(path, allow_large=allow_large, longest=MAX_PAGE_BYTES):
        if not line.strip():
            continue
        try:
            value = load_json(line.removeprefix(b"\xef\xbb\xbf"))
        except ValueError:
            value = None
        yield number, JsonObject(value) if isinstance(value, dict) else None, line, done


def read_pages(
    path: Path, rejections: Rejections, *, allow_large: bool, progress: Progress
) -> Iterator[JsonObject]:
    """The objects of a file of JSON; what is none is rejected. progress: told after each."""
    size = path.stat().st_size
    for number, page, line, done in read_objects(path, allow_large=allow_large):
        if page is None:
            shown = line[:200].decode("utf-8", "replace")
            rejections.add(number, None, shown, "not a JSON object")
            continue
        yield page
        progress("read", done, size, "bytes")


def items_of(page: JsonObject, *keys: str) -> list[JsonObject] | None:
    """The objects of the first of these lists that the page has; None if it has none of them."""
    for key in keys:
        if isinstance(page.value(key), list):
            return list(page.children(key))
    return None


def plain_text(content: str | None) -> str | None:
    """The words of a text in HTML, as Mastodon writes posts."""
    if content is None:
        return None
    return html.unescape(_ANY_TAG.sub("", _TAG.sub("\n", content))).strip() or None
