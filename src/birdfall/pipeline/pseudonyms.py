"""Tables and findings as they may be shared: accounts by pseudonym, what can tell who a person is
left out.

Accounts go by pseudonym, except those the case lists as public; names, descriptions, places and
texts of others stay behind, and ids inside objects are replaced by keyed digests. A finding's
measure says which of its fields hold accounts (`Measure.accounts`); what a measure does not declare
is looked through all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.measures.coordination import normalise_url
from birdfall.model.findings import Finding, Note
from birdfall.pipeline.catalogue import measure_of
from birdfall.pipeline.text_bytes import texts_of_bytes
from birdfall.record.clients import MERGED, MIN_CLIENT_ACCOUNTS, RareClients
from birdfall.record.ids import Ids, pseudonym
from birdfall.record.mentions import Mentions

#: Columns that can tell who a person is, left empty for all who are not public.
PERSONAL: Final = ("handle", "name", "description", "location", "text", "value", "example", "shown")
#: Columns that name things by the platform's ids, which contain or lead to accounts.
IDENTIFYING: Final = ("object", "top_object")
#: Columns of ids that lead to a post, and with it to who wrote it, whatever the post was about.
POSTS: Final = ("act_id", "conversation")
#: Columns of findings and tables that hold account ids.
ACCOUNTS: Final = (
    "account", "target", "follower", "followed", "leader", "control", "largest_account",
    "source_id", "target_id", "reporter", "other",
)  # fmt: skip
#: Columns that hold lists of them.
ACCOUNT_LISTS: Final = ("accounts", "target_ids")
#: Columns by which a row belongs to an account, in the order they are looked for.
OWNERS: Final = ("account", "leader", "follower")
#: Kinds of object that are words rather than ids.
OPEN_OBJECTS: Final = (
    "hashtag", "hashtags", "link", "domain", "text", "emoji", "page", "status", "creation",
    "delete",
)  # fmt: skip
#: Columns that say of what kind the object beside them is.
OBJECT_KINDS: Final = ("object_kind", "layer", "top_layer")
#: Columns of words that Birdfall itself chose, which name nobody.
WORDS: Final = (
    "kind", "status", "observation", "language", "languages", "what", "column", "fix", "platform",
    *OBJECT_KINDS,
)  # fmt: skip
#: Columns and fields that name the file or stream a row came from.
SOURCES: Final = ("source",)
#: Hexadecimal digits of the digest that stands for an id.
DIGEST_DIGITS: Final = 16
#: What it begins with.
DIGEST_BEGIN: Final = "id-"
#: All accounts are called at once where a column names so large a share of them, one in so many.
CALL_ALL_ONE_IN: Final = 10
#: Bytes of a block of SHA-256.
HMAC_BLOCK: Final = 64


@dataclass(frozen=True)
class Pseudonyms:
    """What accounts, and the texts, objects and files that may name them, are called outside.

    Parameters
    ----------
    ids
        The codes of the accounts, from which pseudonyms are made.
    public
        Ids of accounts that go by their own names.
    key
        Of the digests; without it an id cannot be guessed from its digest.
    mentions
        Finds accounts in words that people wrote.
    rare_clients
        Clients that too few accounts use to be named.
    """

    ids: Ids
    public: frozenset[str]
    key: bytes
    mentions: Mentions
    rare_clients: RareClients = field(default_factory=RareClients)
    _sources: dict[str, str] = field(default_factory=dict)
    _called: dict[str, str] = field(default_factory=dict)

    def account(self, account: str | None) -> str | None:
        """The pseudonym of an account; a digest for one that the record does not know."""
        if account is None or account in self.public:
            return account
        code = self.ids.code(account)
        return pseudonym(code) if code is not None else self.digest(account)

    def digest(self, text: str) -> str:
        """What stands for an id of the platform."""
        inner, outer = (begun.copy() for begun in self._keyed)
        inner.update(text.encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return DIGEST_BEGIN + outer.hexdigest()[:DIGEST_DIGITS]

    def _digests(self, texts: Sequence[str]) -> pa.Array:
        """The digests of many texts, each as of `digest`, in half of the time."""
        inner_begun, outer_begun = self._keyed
        found = bytearray()
        for text in texts:
            inner, outer = inner_begun.copy(), outer_begun.copy()
            inner.update(text.encode("utf-8", "surrogatepass"))
            outer.update(inner.digest())
            found += outer.digest()[: DIGEST_DIGITS // 2]
        digits = np.frombuffer(found.hex().encode(), np.uint8).reshape(-1, DIGEST_DIGITS)
        begin = np.frombuffer(DIGEST_BEGIN.encode(), np.uint8)
        return texts_of_bytes(np.hstack([np.tile(begin, (len(digits), 1)), digits]))

    def object(self, text: str, kind: str | None = None) -> str:
        """An object of the platform: an account by its name here, words with nobody named in them,
        anything else by its digest.
        """
        if self.mentions.knows(text):
            return self.account(text) or ""
        if kind not in OPEN_OBJECTS:
            return self.digest(text)
        return self.mentions.replace(text, self._name, self._hide, strict=kind == "link")

    def text(self, text: str) -> str:
        """Words that people wrote, with every account of the record that they name by pseudonym."""
        return self.mentions.replace(text, self._name, self._hide)

    def source(self, name: str) -> str:
        """A file's name; a number instead of one that holds an id or a handle."""
        if name not in self._sources:
            named = self.mentions.stands_in(name, besides=self.public)
            self._sources[name] = f"source-{self.digest(name)[3:9]}" if named else name
        return self._sources[name]

    def client(self, client: str) -> str:
        """An application's name; one word for all that too few accounts use."""
        return self.text(self.rare_clients.merge(client))

    def _hide(self, address: str) -> str:
        """What stands for the path of an address: the same for all that lead to one page."""
        return self.digest(normalise_url(address))

    def _name(self, account: str) -> str | None:
        return None if account in self.public else self.account(account)

    @cached_property
    def _keyed(self) -> tuple[hashlib._Hash, hashlib._Hash]:
        """Both hashes of HMAC-SHA256 (RFC 2104) after its key, which all texts share."""
        key = hashlib.sha256(self.key).digest() if len(self.key) > HMAC_BLOCK else self.key
        block = key.ljust(HMAC_BLOCK, b"\0")
        inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
        return hashlib.sha256(inner), hashlib.sha256(outer)

    # -- tables ------------------------------------------------------------------------------------

    def table(
        self, table: pa.Table, *, accounts: Iterable[str] = (), objects: Iterable[str] = ()
    ) -> pa.Table:
        """`table` with account ids as pseudonyms, personal columns emptied and platform ids as
        keyed digests. Its columns are told by their names.

        accounts, objects: further columns that hold these.
        """
        table = self._merge_small_strata(table)
        is_account, is_object = {*ACCOUNTS, *accounts}, {*IDENTIFYING, *objects}
        columns = []
        for one in table.schema:
            column = table.column(one.name)
            if pa.types.is_list(one.type) and pa.types.is_string(one.type.value_type):
                list_of = self._account_column if one.name in ACCOUNT_LISTS else self._words
                column = _map_lists(column, list_of)
            elif not pa.types.is_string(one.type):
                pass
            elif one.name in is_account:
                column = self._account_column(column)
            elif one.name in PERSONAL:
                column = self._of_public(table, column)
            elif one.name in is_object:
                column = self._objects(column, _first_column(table, OBJECT_KINDS))
            elif one.name in POSTS:
                column = _replace_values(column, self._digests)
            elif one.name in SOURCES:
                column = _map_values(column, self.source)
            elif one.name == "client":
                column = _map_values(column, self.client)
            elif one.name not in WORDS:
                column = self._words(column)
            columns.append(column)
        return pa.table(columns, names=table.column_names)

    def _of_public(self, table: pa.Table, column: pa.ChunkedArray) -> pa.ChunkedArray:
        """A column where its row belongs to a public account, nulls elsewhere."""
        owners = _first_column(table, OWNERS)
        if owners is None:
            return pa.nulls(len(column), pa.string())
        public = pa.array(sorted(self.public), pa.string())
        return pc.if_else(pc.is_in(owners, value_set=public), column, pa.scalar(None, pa.string()))

    def _objects(self, column: pa.ChunkedArray, kinds: pa.ChunkedArray | None) -> pa.Array:
        """A column of objects, each called once for each kind that stands beside it."""
        if kinds is None:
            return self._objects_of_kind(column, None)
        found = pa.nulls(len(column), pa.string())
        for kind in kinds.unique().to_pylist():
            here = pc.is_null(kinds) if kind is None else pc.equal(kinds, kind)
            here = _in_one(pc.fill_null(here, False))
            called = self._objects_of_kind(_in_one(column).filter(here), kind)
            found = pc.replace_with_mask(found, here, called)
        return found

    def _objects_of_kind(self, column: pa.ChunkedArray | pa.Array, kind: str | None) -> pa.Array:
        """A column of objects of one kind. Most are ids of posts, which no account bears."""

        def called(objects: list[str]) -> pa.Array:
            if kind not in OPEN_OBJECTS and not any(map(self.mentions.knows, objects)):
                return self._digests(objects)
            return pa.array([self.object(one, kind) for one in objects], pa.string())

        return _replace_values(column, called)

    def _account_column(self, column: pa.ChunkedArray) -> pa.Array:
        """The pseudonyms of a column of accounts, all looked up at once."""

        def called(accounts: list[str]) -> pa.Array:
            if len(self._called) < len(self.ids) <= len(accounts) * CALL_ALL_ONE_IN:
                self._call_all()
            new = [account for account in accounts if account not in self._called]
            codes = self.ids.encode(pa.array(new, pa.string())).tolist() if new else []
            for account, code in zip(new, codes, strict=True):
                known = pseudonym(code) if code >= 0 else self.digest(account)
                self._called[account] = account if account in self.public else known
            return pa.array(map(self._called.__getitem__, accounts), pa.string())

        return _replace_values(column, called)

    def _call_all(self) -> None:
        """Call every account of the record: to look up those of each batch takes longer."""
        names = map(pseudonym, range(len(self.ids)))
        self._called.update(zip(self.ids.id_of.to_pylist(), names, strict=True))
        self._called.update((account, account) for account in self.public)

    def _words(self, column: pa.ChunkedArray) -> pa.Array:
        return _map_values(column, self._clean_words)

    def _clean_words(self, text: str) -> str:
        """Words of an undeclared column or field: one that is an account by its name, any other
        without those it names.
        """
        if not text.isalpha() and self.mentions.knows(text):
            return self.account(text) or ""
        return self.text(self.rare_clients.merge_in(text))

    def _merge_small_strata(self, table: pa.Table) -> pa.Table:
        """Strata of fewer than `MIN_CLIENT_ACCOUNTS` accounts as one row, other tables as they
        are.
        """
        if not {"stratum", "accounts"} <= set(table.column_names):
            return table
        small = pc.less(table.column("accounts"), MIN_CLIENT_ACCOUNTS)
        kept, merged = table.filter(pc.invert(small)), table.filter(small)
        if not merged.num_rows:
            return table
        row = {
            one.name: [MERGED if one.name == "stratum" else pc.sum(merged.column(one.name)).as_py()]
            for one in table.schema
        }
        return pa.concat_tables([kept, pa.table(row, schema=table.schema)])

    # -- findings ----------------------------------------------------------------------------------

    def finding(self, finding: Finding) -> Finding:
        """The finding with nobody in it but by pseudonym: its fields, its tables and its name."""
        fields = _Fields.of(finding)

        def clean(part: str, value: Any) -> Any:
            return self._clean(fields, part, value)

        def notes(part: str, found: tuple[Note, ...]) -> tuple[Note, ...]:
            return tuple(Note(n.code, clean(f"{part}.values", n.values)) for n in found)

        return finding.replace(
            name=self.finding_name(finding),
            parameters=clean("parameters", finding.parameters),
            details=clean("details", finding.details),
            reasons=notes("reasons", finding.reasons),
            limits=notes("limits", finding.limits),
            tables={
                name: self.table(
                    table,
                    accounts=fields.columns(fields.accounts, name),
                    objects=fields.columns(fields.objects, name),
                )
                for name, table in finding.tables.items()
            },
        )

    def finding_name(self, finding: Finding) -> str:
        """The finding's name; a keyed number instead of words that name somebody."""
        said = finding.details.get("said")
        text = said.get("text", "") if isinstance(said, dict) else ""
        if self.text(text) == text and not self.mentions.stands_in(
            finding.name.removeprefix(finding.kind), besides=self.public
        ):
            return finding.name
        return f"{finding.kind}-{self.digest(finding.name)[3:11]}"

    def _clean(self, fields: _Fields, path: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {
                self._clean_words(str(k)): self._clean(fields, f"{path}.{k}", v)
                for k, v in value.items()
            }
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self._clean(fields, path, one) for one in value]
        if not isinstance(value, str):
            return value
        if path in fields.accounts:
            return self.account(value)
        if path in fields.objects:
            return self.object(value)
        return self.text(value) if path in fields.texts else self._clean_words(value)


@dataclass(frozen=True, slots=True)
class _Fields:
    """Which fields of a finding hold accounts, objects and words of people, by their paths."""

    accounts: frozenset[str]
    objects: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, finding: Finding) -> _Fields:
        """Those that the finding's measure declares; none for one that is not installed."""
        measure = measure_of(finding)
        if measure is None:
            return cls(frozenset(), frozenset(), frozenset())
        return cls(
            frozenset(measure.accounts), frozenset(measure.objects), frozenset(measure.texts)
        )

    @staticmethod
    def columns(paths: frozenset[str], table: str) -> list[str]:
        """The columns of a table among these paths."""
        start = f"tables.{table}."
        return [path.removeprefix(start) for path in paths if path.startswith(start)]


def _map_values(column: pa.ChunkedArray, change: Callable[[str], str]) -> pa.Array:
    """A column of texts with each different value changed once."""
    coded = _coded(column)
    values = coded.dictionary.to_pylist()
    changed = list(map(change, values))
    return column if changed == values else pa.array(changed, pa.string()).take(coded.indices)


def _replace_values(
    column: pa.ChunkedArray | pa.Array, replaced: Callable[[list[str]], pa.Array]
) -> pa.Array:
    """A column of texts with its different values replaced by those of an array of as many."""
    coded = _coded(column)
    return replaced(coded.dictionary.to_pylist()).take(coded.indices)


def _coded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column of texts as its different values, and where they stand; nulls are none of them."""
    return _in_one(column).dictionary_encode()


def _in_one(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _map_lists(column: pa.ChunkedArray, change: Callable[[pa.ChunkedArray], pa.Array]) -> pa.Array:
    """A column of lists of texts with their items changed."""
    lists = column.to_pylist()
    items = pa.chunked_array([pa.array([v for one in lists for v in one or ()], pa.string())])
    changed = iter(change(items).to_pylist())
    return pa.array([None if one is None else [next(changed) for _ in one] for one in lists],
                    column.type)  # fmt: skip


def _first_column(table: pa.Table, names: tuple[str, ...]) -> pa.ChunkedArray | None:
    """The first of these columns that the table has; None without any."""
    name = next((c for c in names if c in table.column_names), None)
    return None if name is None else table.column(name)
