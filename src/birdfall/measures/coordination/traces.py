"""Traces: the acts of one kind reduced to (account, object, time), from a record or from any table
of three columns.

repost, quote, reply, like: the post. mention, report, follow: the account acted on. hashtag: the
tag; hashtags: the set of tags of one post. link: the page (`urls`); domain: what is registered of
its address. text: the cluster of near-identical texts; emoji: a run of emoji. status: the change of
status, so that accounts that fall together co-act; delete: that posts were deleted. creation:
accounts made within the window of each other. conversation, and any other name: objects of that
kind, which posts use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.kernels.content_order import colour_neighbours, order_by_colour
from birdfall.measures.coordination.emoji import MAY_HOLD_EMOJI, emoji_runs
from birdfall.measures.coordination.options import check_trace
from birdfall.measures.coordination.urls import normalise_url
from birdfall.measures.coordination.value_codes import encode_values
from birdfall.model.schemas import FALLEN
from birdfall.record.lookalikes import UNSEEN_PATTERN
from birdfall.record.record import Record
from birdfall.record.split import EACH_ACCOUNT

#: Names that are joined for a digest: together they stay below what one Arrow text can hold.
_NAMES_PER_DIGEST_PART: Final = 1 << 18


@dataclass(frozen=True)
class Trace:
    """account, object_: int32[n] codes; time: int64[n] us. accounts, objects: string arrays by
    code.

    shown: per object an example of what people saw, where there is one. languages, contents
    (the act's own id, texts or whole numbers), platforms, within (int64, seconds that a time leaves
    open): per act, or None. source: the table it came from.
    """

    name: str
    account: np.ndarray
    object_: np.ndarray
    time: np.ndarray
    accounts: pa.Array
    objects: pa.Array
    shown: Mapping[int, str]
    languages: pa.Array | None
    source: str
    contents: pa.Array | None = None
    record_codes: np.ndarray | None = None
    platforms: pa.Array | None = None
    within: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.time)

    def filter(self, keep: np.ndarray) -> Trace:
        """The acts where `keep` (bool[n]) holds."""
        mask = pa.array(keep)

        def kept(column: pa.Array | None) -> pa.Array | None:
            return None if column is None else column.filter(mask)

        return replace(
            self,
            account=self.account[keep],
            object_=self.object_[keep],
            time=self.time[keep],
            languages=kept(self.languages),
            contents=kept(self.contents),
            platforms=kept(self.platforms),
            within=None if self.within is None else self.within[keep],
        )

    def record_code(self, account: np.ndarray) -> np.ndarray:
        """int32[n]: the record's own codes of accounts of this trace."""
        return account if self.record_codes is None else self.record_codes[account]


def trace_digest(trace: Trace) -> str:
    """SHA-256 of the acts and names of a trace that no record holds."""
    found = hashlib.sha256()
    for column in (trace.account, trace.object_, trace.time):
        found.update(np.ascontiguousarray(column).tobytes())
    for names in (trace.accounts, trace.objects):
        for start in range(0, len(names), _NAMES_PER_DIGEST_PART):
            part = names.slice(start, _NAMES_PER_DIGEST_PART)
            found.update(b"\0" if start else b"")
            joined = pc.binary_join(pa.ListArray.from_arrays([0, len(part)], part), "\0")
            found.update(joined[0].as_buffer())
    return found.hexdigest()


#: How often the colours of accounts and of their objects are made of each other.
_COLOUR_ROUNDS: Final = 2


def canonical_codes(traces: list[Trace]) -> list[Trace]:
    """The traces with codes of accounts (those who act at all) and of objects in the order of what
    they did, and of what was done on them.

    A record gives codes in an order that hangs on its random key, a table in that of the ids. What
    looks at accounts one after the other (groups, blocks, shuffles) would hang on it too: other ids
    for the same accounts would give other groups. Only accounts whose acts are alike in time, on
    objects that are alike, are told apart by their ids.
    """
    acts = np.zeros(len(traces[0].accounts), np.bool_)
    for trace in traces:
        acts[trace.account] = True
    codes = np.flatnonzero(acts).astype(np.int32)
    ids = traces[0].accounts.take(pa.array(codes))
    colour, of_objects = _colours(traces, len(acts))
    order = order_by_colour(colour[codes], ids)
    record_codes = codes[order]
    place = np.zeros(len(acts), np.int32)
    place[record_codes] = np.arange(len(codes), dtype=np.int32)
    ids = ids.take(pa.array(order))
    return [
        replace(
            _with_objects_in_order(trace, order_by_colour(colours, trace.objects)),
            account=place[trace.account],
            accounts=ids,
            record_codes=trace.record_code(record_codes),
        )
        for trace, colours in zip(traces, of_objects, strict=True)
    ]


def _colours(traces: list[Trace], accounts: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """uint64 by account, and by object of each trace: what it did, or what was done on it."""
    colour = np.zeros(accounts, np.uint64)
    of_objects: list[np.ndarray] = []
    for _ in range(_COLOUR_ROUNDS):
        of_objects = [
            colour_neighbours(t.time, t.account, colour, t.object_, len(t.objects)) for t in traces
        ]
        colour = np.zeros(accounts, np.uint64)
        for k, (t, own) in enumerate(zip(traces, of_objects, strict=True)):
            colour += colour_neighbours(t.time, t.object_, own, t.account, accounts, salt=k + 1)
    return colour, of_objects


def _with_objects_in_order(trace: Trace, order: np.ndarray) -> Trace:
    """The trace with the object at order[k] coded k."""
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    return replace(
        trace,
        object_=place[trace.object_],
        objects=trace.objects.take(pa.array(order)),
        shown={int(place[code]): text for code, text in trace.shown.items()},
    )


_ACTS = """
SELECT i.code AS account, {object} AS object, epoch_us(a.time) AS time, a.language AS language,
{shown} AS shown, a.act_id AS content, a.platform AS platform, a.within_s AS within
FROM acts a JOIN ids i ON i.id = a.account WHERE {where} AND {object} IS NOT NULL
"""
#: A hashtag as one reads it: without its sign, in small letters, composed, without unseen marks.
_TAG = (
    "nfc_normalize(lower(regexp_replace(ltrim(trim(a.object), '#\N{FULLWIDTH NUMBER SIGN}'), "
    f"'{UNSEEN_PATTERN}', '', 'g')))"
)
_OBJECTS = {
    "repost": "a.object", "quote": "a.object", "reply": "a.object", "like": "a.object",
    "link": "a.object",
    "mention": "coalesce(a.target, a.object)", "report": "coalesce(a.target, a.object)",
    "follow": "coalesce(a.target, a.object)", "hashtag": _TAG,
}  # fmt: skip
_SHOWN = {"repost": "a.text", "like": "a.text"}
#: Traces that share what they are, rather than an object: that it happened.
_NO_MORE = "NULL AS language, NULL AS shown, NULL AS content, NULL AS platform, NULL AS within"


_QUERIES = {
    "status": """
        SELECT i.code AS account, s.status AS object, epoch_us(coalesce(s."after", s.time)) AS time,
        NULL AS language, NULL AS shown, NULL AS content, NULL AS platform,
        ceil((epoch_us(s.time) - epoch_us(s."after")) / 1e6)::BIGINT AS within
        FROM statuses s JOIN ids i ON i.id = s.account
        WHERE s.observation = 'change' AND list_contains($1, s.status)""",
    "creation": f"""
        SELECT DISTINCT i.code AS account, 'created' AS object, epoch_us(a.created_at) AS time,
        {_NO_MORE} FROM accounts a JOIN ids i ON i.id = a.account WHERE a.created_at IS NOT NULL""",
    "hashtags": f"""
        SELECT i.code AS account,
        array_to_string(list_sort(list_distinct(list({_TAG}))), ' ') AS object,
        epoch_us(a.time) AS time, any_value(a.language) AS language, NULL AS shown,
        any_value(a.act_id) AS content, any_value(a.platform) AS platform,
        max(a.within_s) AS within FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind = 'hashtag'
        GROUP BY i.code, a.time, a.act_id HAVING count(DISTINCT {_TAG}) > 1""",
    "text": """
        SELECT i.code AS account, a.text AS object, epoch_us(a.time) AS time,
        a.language AS language, a.text AS shown, a.act_id AS content, a.platform AS platform,
        a.within_s AS within FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind IN ('post', 'reply', 'quote') AND a.text IS NOT NULL""",
    "delete": _ACTS.format(object="'deleted'", shown="NULL", where="a.kind = 'delete'"),
}
_FOLLOWS = """UNION SELECT i.code, f.followed, epoch_us(f.since), NULL, NULL, NULL, NULL, NULL
FROM follows f JOIN ids i ON i.id = f.follower WHERE f.since IS NOT NULL"""
#: Acts on objects of one kind; of domains, the links where nothing names the domain itself.
_OF_KIND = _ACTS.format(
    object="a.object", shown="NULL", where="a.kind = 'use' AND a.object_kind = $1"
)
#: A post once, however many acts it is.
_OF_THREADS = f"""
SELECT i.code AS account, a.conversation AS object, epoch_us(a.time) AS time,
any_value(a.language) AS language, NULL AS shown, a.act_id AS content,
any_value(a.platform) AS platform, max(a.within_s) AS within
FROM acts a JOIN ids i ON i.id = a.account WHERE a.conversation IS NOT NULL
GROUP BY i.code, a.conversation, a.time, a.act_id
UNION ALL {_OF_KIND.replace("$1", "'conversation'")}"""
_ON_LINKS = _ACTS.format(object="a.object", shown="NULL", where="a.kind = 'link'")
_WITH_EMOJI = _ACTS.format(
    object="a.text",
    shown="NULL",
    where="a.kind IN ('post', 'reply', 'quote') AND a.text IS NOT NULL "
    f"AND regexp_matches(a.text, '{MAY_HOLD_EMOJI}')",
)


def _read_rows(record: Record, trace: str) -> pa.Table:
    """Rows [account, object, time, language, shown, content, platform, within] by time, account and
    object.
    """
    if trace in _QUERIES:
        rows = record.sql(
            _QUERIES[trace], [list(FALLEN)] if trace == "status" else None, split=EACH_ACCOUNT
        )
    elif trace in _OBJECTS:
        shown = _SHOWN.get(trace, "NULL")
        query = _ACTS.format(object=_OBJECTS[trace], shown=shown, where=f"a.kind = '{trace}'")
        rows = record.sql(query + (_FOLLOWS if trace == "follow" else ""), split=EACH_ACCOUNT)
    elif trace == "emoji":
        rows = _runs_of_emoji(record.sql(_WITH_EMOJI, split=EACH_ACCOUNT))
    elif trace == "conversation":
        rows = record.sql(_OF_THREADS, split=EACH_ACCOUNT)
    else:
        rows = record.sql(_OF_KIND, [trace], split=EACH_ACCOUNT)
        if trace == "domain" and not rows.num_rows:
            rows = record.sql(_ON_LINKS, split=EACH_ACCOUNT)
    # texts are numbered as they come, so among those of one moment the texts decide
    by = ("time", "object") if trace == "text" else ("time", "account", "object")
    return rows.sort_by([(column, "ascending") for column in by])


def _runs_of_emoji(rows: pa.Table) -> pa.Table:
    """Per run of emoji in a text, the row of the text."""
    coded = rows.column("object").combine_chunks().dictionary_encode()
    runs = pa.array(
        [emoji_runs(t) for t in coded.dictionary.to_pylist()], pa.list_(pa.string())
    ).take(coded.indices)
    spread = rows.take(pc.list_parent_indices(runs))
    return spread.set_column(rows.schema.get_field_index("object"), "object", pc.list_flatten(runs))


def read_trace(record: Record, trace: str, short_links: Mapping[str, str] | None = None) -> Trace:
    """The acts of one trace of a record.

    Parameters
    ----------
    record : Record
        What is read.
    trace : str
        One of `TRACES`, or a kind of object.
    short_links : mapping
        Normalised short link to the address it leads to.

    Returns
    -------
    Trace
        Account codes are the record's own.

    Raises
    ------
    UsageError
        For what can be no trace.
    """
    check_trace(trace)
    rows = _read_rows(record, trace)
    objects = rows.column("object").combine_chunks().cast(pa.string())
    if trace in ("link", "domain"):
        objects = _map_distinct(objects, lambda link: normalise_url(link, short_links))
    if trace == "domain":
        # the list of public suffixes, which no other trace needs
        from birdfall.measures.coordination.domains import domain_of

        objects = _map_distinct(objects, domain_of)
    if trace == "text":
        # compiled code that no other trace needs: half a second of start-up
        from birdfall.measures.coordination.text_clusters import text_objects

        objects = text_objects(objects).cast(pa.string())
    return _trace_from_texts(
        trace,
        rows.column("account").to_numpy().astype(np.int32),
        objects,
        rows.column("time").to_numpy().astype(np.int64),
        record.ids.id_of,
        rows.column("shown").combine_chunks(),
        rows.column("language").combine_chunks(),
        {"status": "statuses", "creation": "accounts"}.get(trace, "acts"),
        *(rows.column(c).combine_chunks() for c in ("content", "platform", "within")),
    )


def content_ids(trace: Trace) -> pa.Array:
    """Each act's own id (texts, or whole numbers); the row number where there is none, so that no
    two acts are taken for one.
    """
    contents = trace.contents
    if contents is not None and not contents.null_count:
        return contents
    contents = None if contents is None else contents.cast(pa.string())
    numbers = pa.array(np.arange(len(trace))).cast(pa.string())
    rows = pc.binary_join_element_wise(pa.scalar("row"), numbers, " ")
    return rows if contents is None else pc.coalesce(contents, rows)


def _map_distinct(values: pa.Array, change: Callable[[str], str | None]) -> pa.Array:
    """`change` applied once per distinct text."""
    coded = values.dictionary_encode()
    changed = pa.array([change(v) for v in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _trace_from_texts(
    name: str,
    account: np.ndarray,
    objects: pa.Array,
    time: np.ndarray,
    accounts: pa.Array,
    shown: pa.Array | None,
    languages: pa.Array | None,
    source: str,
    *more: pa.Array,
) -> Trace:
    """Rows without an object are dropped (they share nothing: two posts without a link have no link
    in common). more: contents, platforms and within.
    """
    if objects.null_count:
        keep = objects.is_valid()
        mask = keep.to_numpy(zero_copy_only=False)
        account, time, objects = account[mask], time[mask], objects.filter(keep)
        shown = None if shown is None else shown.filter(keep)
        languages = None if languages is None else languages.filter(keep)
        more = tuple(column.filter(keep) for column in more)
    values, codes = encode_values(objects)
    return trace_from_codes(
        name, account, codes, time, accounts, values, shown, languages, source, *more
    )


def _first_shown(codes: np.ndarray, time: np.ndarray, texts: pa.Array) -> dict[int, str]:
    """The first text by object; of several of one moment the least, whoever's it is."""
    order = np.lexsort((time, codes))
    codes, time = codes[order], time[order]
    begin = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
    first = order[begin]
    found = dict(
        zip(codes[begin].tolist(), map(str, texts.take(pa.array(first)).to_pylist()), strict=True)
    )
    earliest = np.repeat(time[begin], np.diff(np.r_[begin, len(codes)]))
    for k in np.setdiff1d(np.flatnonzero(time == earliest), begin):
        code = int(codes[k])
        found[code] = min(found[code], str(texts[int(order[k])].as_py()))
    return found


def trace_from_codes(
    name: str,
    account: np.ndarray,
    codes: np.ndarray,
    time: np.ndarray,
    accounts: pa.Array,
    values: pa.Array,
    shown: pa.Array | None,
    languages: pa.Array | None,
    source: str,
    contents: pa.Array | None,
    platforms: pa.Array | None = None,
    within: pa.Array | None = None,
) -> Trace:
    """A trace of acts whose objects are codes of `values`; columns of nulls count as none."""
    seen: dict[int, str] = {}
    if shown is not None and shown.null_count < len(shown):
        there = shown.is_valid().to_numpy(zero_copy_only=False)
        seen = _first_shown(codes[there], time[there], shown.drop_null())
    languages, contents, platforms, within = (
        None if column is None or column.null_count == len(column) else column
        for column in (languages, contents, platforms, within)
    )
    open_for = None if within is None else pc.fill_null(within, 0).to_numpy(zero_copy_only=False)
    return Trace(
        name, account, codes, time, accounts, values, seen, languages, source, contents,
        platforms=None if platforms is None else platforms.cast(pa.string()),
        within=None if open_for is None else open_for.astype(np.int64),
    )  # fmt: skip
