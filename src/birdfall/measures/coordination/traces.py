"""Traces: the acts of one kind reduced to (account, object, time), from a record or from any table
of three columns.

repost, quote, reply, like: the post. mention, report, follow: the account acted on. hashtag: the
tag; hashtags: the set of tags of one post. link: the page (`coordination_links`). text: the cluster
of near-identical texts. status: the change of status, so that accounts that fall together co-act.
creation: accounts made within the window of each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination.options import TRACES
from birdfall.measures.coordination.urls import normalise_url
from birdfall.measures.coordination.value_codes import encode_values
from birdfall.model.errors import UsageError
from birdfall.model.schemas import FALLEN
from birdfall.record.record import Record

#: Names that are joined for a digest: together they stay below what one Arrow text can hold.
_NAMES_PER_DIGEST_PART: Final = 1 << 18


@dataclass(frozen=True)
class Trace:
    """account, object_: int32[n] codes; time: int64[n] us. accounts, objects: string arrays by
    code.

    shown: per object an example of what people saw, where there is one. languages, contents
    (the act's own id, texts or whole numbers): per act, or None. source: the table it came from.
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

    def __len__(self) -> int:
        return len(self.time)

    def filter(self, keep: np.ndarray) -> Trace:
        """The acts where `keep` (bool[n]) holds."""
        languages = None if self.languages is None else self.languages.filter(pa.array(keep))
        return Trace(
            self.name,
            self.account[keep],
            self.object_[keep],
            self.time[keep],
            self.accounts,
            self.objects,
            self.shown,
            languages,
            self.source,
            None if self.contents is None else self.contents.filter(pa.array(keep)),
            self.record_codes,
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


def canonical_accounts(traces: list[Trace]) -> list[Trace]:
    """The traces with account codes in the order of the accounts' own ids, over those who act at
    all.

    A record gives codes in an order that hangs on its random key. What looks at accounts one after
    the other (groups, blocks, shuffles) would hang on it too; by these codes it does not.
    """
    ids = traces[0].accounts
    acts = np.zeros(len(ids), np.bool_)
    for trace in traces:
        acts[trace.account] = True
    codes = np.flatnonzero(acts).astype(np.int32)
    ids = ids.take(pa.array(codes))
    if (
        len(codes) == len(acts)
        and pc.all(pc.greater(ids.slice(1), ids.slice(0, len(ids) - 1))).as_py()
    ):
        return traces
    order = pc.sort_indices(ids)
    record_codes = codes[order.to_numpy()]
    place = np.zeros(len(acts), np.int32)
    place[record_codes] = np.arange(len(codes), dtype=np.int32)
    ids = ids.take(order)
    return [
        replace(trace, account=place[trace.account], accounts=ids, record_codes=record_codes)
        for trace in traces
    ]


_ACTS = """
SELECT i.code AS account, {object} AS object, epoch_us(a.time) AS time, {language} AS language,
{shown} AS shown, a.act_id AS content FROM acts a JOIN ids i ON i.id = a.account
WHERE a.kind = '{kind}' AND {object} IS NOT NULL
"""
_TAG = "lower(ltrim(trim(a.object), '#\N{FULLWIDTH NUMBER SIGN}'))"
_OBJECTS = {
    "repost": "a.object", "quote": "a.object", "reply": "a.object", "like": "a.object",
    "link": "a.object",
    "mention": "coalesce(a.target, a.object)", "report": "coalesce(a.target, a.object)",
    "follow": "coalesce(a.target, a.object)", "hashtag": _TAG,
}  # fmt: skip
_SHOWN = {"repost": "a.text", "quote": "NULL", "reply": "NULL", "like": "a.text"}


_QUERIES = {
    "status": """
        SELECT i.code AS account, s.status AS object, epoch_us(s.time) AS time, NULL AS language,
        NULL AS shown, NULL AS content FROM statuses s JOIN ids i ON i.id = s.account
        WHERE s.observation = 'change' AND s."after" IS NULL AND list_contains($1, s.status)""",
    "creation": """
        SELECT DISTINCT i.code AS account, 'created' AS object, epoch_us(a.created_at) AS time,
        NULL AS language, NULL AS shown, NULL AS content
        FROM accounts a JOIN ids i ON i.id = a.account WHERE a.created_at IS NOT NULL""",
    "hashtags": f"""
        SELECT i.code AS account,
        array_to_string(list_sort(list_distinct(list({_TAG}))), ' ') AS object,
        epoch_us(a.time) AS time, any_value(a.language) AS language, NULL AS shown,
        any_value(a.act_id) AS content FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind = 'hashtag'
        GROUP BY i.code, a.time, a.act_id HAVING count(DISTINCT {_TAG}) > 1""",
    "text": """
        SELECT i.code AS account, i.id AS id, a.text AS object, epoch_us(a.time) AS time,
        a.language AS language, a.text AS shown, a.act_id AS content
        FROM acts a JOIN ids i ON i.id = a.account
        WHERE a.kind IN ('post', 'reply', 'quote') AND a.text IS NOT NULL""",
}
_FOLLOWS = """UNION SELECT i.code, f.followed, epoch_us(f.since), NULL, NULL, NULL FROM follows f
JOIN ids i ON i.id = f.follower WHERE f.since IS NOT NULL"""


def _read_rows(record: Record, trace: str) -> pa.Table:
    """Rows [account, object, time, language, shown, content] by time, account and object."""
    if trace in _QUERIES:
        rows = record.sql(_QUERIES[trace], [list(FALLEN)] if trace == "status" else None)
    else:
        shown = _SHOWN.get(trace, "NULL")
        query = _ACTS.format(object=_OBJECTS[trace], kind=trace, language="a.language", shown=shown)
        rows = record.sql(query + (_FOLLOWS if trace == "follow" else ""))
    # texts are numbered as they come, so among those of one moment the accounts' own ids decide
    by = ("time", "id" if trace == "text" else "account", "object")
    return rows.sort_by([(column, "ascending") for column in by])


def read_trace(record: Record, trace: str) -> Trace:
    """The acts of one trace of a record.

    Parameters
    ----------
    record : Record
        What is read.
    trace : str
        One of `TRACES`.

    Returns
    -------
    Trace
        Account codes are the record's own.

    Raises
    ------
    UsageError
        For an unknown trace.
    """
    if trace not in TRACES:
        raise UsageError(f"there is no trace {trace!r}", fix=f"Traces: {', '.join(TRACES)}.")
    rows = _read_rows(record, trace)
    objects = rows.column("object").combine_chunks().cast(pa.string())
    if trace == "link":
        objects = _map_distinct(objects, normalise_url)
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
        rows.column("content").combine_chunks(),
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


def _map_distinct(values: pa.Array, change: Callable[[str], str]) -> pa.Array:
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
    contents: pa.Array | None,
) -> Trace:
    """Rows without an object are dropped (they share nothing: two posts without a link have no link
    in common).
    """
    if objects.null_count:
        keep = objects.is_valid()
        mask = keep.to_numpy(zero_copy_only=False)
        account, time, objects = account[mask], time[mask], objects.filter(keep)
        shown = None if shown is None else shown.filter(keep)
        languages = None if languages is None else languages.filter(keep)
        contents = None if contents is None else contents.filter(keep)
    values, codes = encode_values(objects)
    return trace_from_codes(
        name, account, codes, time, accounts, values, shown, languages, source, contents
    )


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
) -> Trace:
    """A trace of acts whose objects are codes of `values`; columns of nulls count as none."""
    seen: dict[int, str] = {}
    if shown is not None and shown.null_count < len(shown):
        first = np.unique(codes[shown.is_valid().to_numpy(zero_copy_only=False)], return_index=True)
        texts = shown.drop_null().take(pa.array(first[1])).to_pylist()
        seen = dict(zip(first[0].tolist(), map(str, texts), strict=True))
    if languages is not None and languages.null_count == len(languages):
        languages = None
    if contents is not None and contents.null_count == len(contents):
        contents = None
    return Trace(name, account, codes, time, accounts, values, seen, languages, source, contents)
