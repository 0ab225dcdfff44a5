"""Items that Zeeschuimer keeps as a platform's own page had them.

Each lies in an envelope that says when and where it was seen: `item_id` is the post's own id, never
something that it shares.
"""

from __future__ import annotations

import re
from typing import Any, Final

from birdfall.sources.shared.json_object import JsonObject

_ENVELOPE: Final = {"item_id", "data", "timestamp_collected"}
#: LinkedIn's numbers of posts begin with the milliseconds of their making.
_LINKEDIN_ID: Final = re.compile(r"urn:li:(?:activity|ugcPost|share):(\d{19})\b")
_LINKEDIN_SHIFT: Final = 22
#: What pages put a post in, inside the envelope.
_INNER: Final = ("media", "aweme_info", "aweme", "post", "thread_items")


def open_envelope(value: JsonObject) -> JsonObject | None:
    """The item of an envelope, with what that says of it; None for what is none.

    Examples
    --------
    >>> kept = {"item_id": "7", "timestamp_collected": 1700000000000, "data": {"desc": "hola"}}
    >>> open_envelope(JsonObject(kept))
    JsonObject({'desc': 'hola', 'post_id': '7', 'timestamp_collected': 1700000000000})
    """
    data = value.child("data")
    if data is None or not value.keys() >= _ENVELOPE:
        return None
    for key in _INNER:
        data = data.child(key) or data
    platform = str(value.value("source_platform"))
    fields = dict(data.fields)
    if "linkedin" in platform:
        fields = _linkedin_post(data)
    elif "9gag" in platform:
        fields["author"] = data.value("creator")
        fields["time"] = data.value("creationTs")
        fields["text"] = data.value("title")
    own = value.value("item_id")
    beside = {"post_id": own, "timestamp_collected": value.value("timestamp_collected")}
    # numbers of the item that others of it may have too
    for name in ("id", "pk", "aweme_id", "cid", "item_id", "code", "uri"):
        fields.pop(name, None)
    return JsonObject({**fields, **beside})


def _linkedin_post(data: JsonObject) -> dict[str, Any]:
    """A post of LinkedIn, whose page says no time but in the number of the post."""
    found = _LINKEDIN_ID.search(str(data.value("entityUrn") or data.value("updateMetadata")))
    actor = data.child("actor") or JsonObject({})
    commentary = (data.child("commentary") or JsonObject({})).child("text") or JsonObject({})
    link = (actor.child("navigationContext") or JsonObject({})).text("actionTarget")
    return {
        "author_id": actor.value("urn") or actor.value("entityUrn") or link,
        "author_name": (actor.child("name") or JsonObject({})).text("text"),
        "text": commentary.text("text"),
        "time": int(found[1]) >> _LINKEDIN_SHIFT if found else None,
    }
