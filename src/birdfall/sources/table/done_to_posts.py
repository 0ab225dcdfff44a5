"""Tables of who did something to posts or accounts that are only named, by names of columns."""

from __future__ import annotations

import re
from typing import Final

from birdfall.sources.shared.column_mapping import Emit
from birdfall.sources.table.column_choice import Chosen
from birdfall.sources.table.column_roles import squeeze_name


def is_of_blockers(account: str | None) -> bool:
    """Whether a column holds accounts that blocked others."""
    return squeeze_name(account or "").startswith("blocker")


def done_to_posts(
    chosen: Chosen, act_id: str | None, base: dict[str, tuple[str, ...]]
) -> Emit | None:
    """Likes or reposts of the posts whose ids are listed, where the column of the account or of the
    time says that they were done: "liked_by_user_id", "retweeter_id", "liked_at".
    """
    if act_id is None or chosen.filled("repost_id", "repost_of", "is_repost"):
        return None
    for name in (*base.get("account", ()), *base["time"]):
        if found := _DONE_NAMES.match(squeeze_name(name)):
            said = {"kind": "like" if found[1] else "repost", "object_kind": "post"}
            return Emit("acts", base | {"object": (act_id,)}, said)
    return None


_DONE_NAMES: Final = re.compile(
    r"(?:(lik(?:ed|er)|favou?rit(?:ed|er))|re(?:tweet|post|blog)(?:t?er|t?ed(?=at|on|time|date)))"
    r"(?:by|at|on|time|date|user|id|name|handle|screenname|$)"
)
