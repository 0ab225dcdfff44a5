"""One dictionary per case.

Account ids to dense codes, and codes to pseudonyms a person can say on the phone.

New ids are given the next codes in the order of a SHA-256 keyed by the case's own key, so a code
tells nothing of the id or of the order of the input, the same data and key give the same codes, and
an id keeps its code when more data comes. The pseudonym (`heron-41`) is a function of the code
alone; the key never leaves the case folder.
"""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from birdfall.model.whole_number import whole_number
from birdfall.record.pseudonym_words import BIRDS
from birdfall.record.queries import open_connection

SCHEMA = pa.schema(
    [pa.field("id", pa.string(), nullable=False), pa.field("code", pa.int32(), nullable=False)]
)

#: The number of the first pseudonym of each bird: two digits at least.
FIRST_NUMBER = 10
#: Signs that cannot be taken for each other on the phone, and how many of them a keyed name has.
_SIGNS: Final = "23456789abcdefghjkmnpqrstuvwxyz"
KEYED_DIGITS: Final = 11


@dataclass(frozen=True)
class Ids:
    """The dictionary: `id_of` is a string array whose position is the code."""

    id_of: pa.Array

    def __len__(self) -> int:
        return len(self.id_of)

    def __repr__(self) -> str:
        return f"<Ids: {len(self):,} accounts>"

    @cached_property
    def _asked(self) -> dict[str, int]:
        """Codes of the ids that were asked for one by one so far, -1 for unknown ones."""
        return {}

    def encode(self, ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
        """Codes of `ids` as int32[n]; -1 for null or unknown."""
        if isinstance(ids, pa.ChunkedArray):
            ids = ids.combine_chunks()
        found = pc.index_in(ids, value_set=self.id_of)
        return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), np.int32)

    def code(self, account: str) -> int | None:
        """The code of one id, None if the case does not know it."""
        value = self._asked.get(account)
        if value is None:
            # by comparing: a table of all ids to look one up in takes a hundred times as long
            value = self._asked[account] = int(pc.index(self.id_of, account).as_py())
        return None if value < 0 else value

    def called(self, name: str) -> str | None:
        """The id whose pseudonym is `name`, None if there is none."""
        bird, _, digits = name.rpartition("-")
        number = whole_number(digits)
        if bird not in BIRDS or number is None:
            return None
        code = BIRDS.index(bird) + (number - FIRST_NUMBER) * len(BIRDS)
        known = 0 <= code < len(self) and pseudonym(code) == name
        return str(self.id_of[code].as_py()) if known else None

    def decode(self, codes: np.ndarray) -> pa.Array:
        """Ids of int32 codes; null for -1."""
        codes = np.asarray(codes)
        return self.id_of.take(pa.array(codes, mask=codes < 0))

    def table(self) -> pa.Table:
        """The dictionary as a table [id, code]."""
        return pa.table(
            [self.id_of, pa.array(np.arange(len(self.id_of), dtype=np.int32))], schema=SCHEMA
        )

    def only(self, account: str) -> Ids:
        """A dictionary of this account alone."""
        return Ids(pa.array([account], pa.string()))

    def without(self, code: int, mark: str) -> Ids:
        """This dictionary with a mark that is nobody's id in the place of one: all others keep
        their codes.
        """
        marked = pa.array([mark], pa.string())
        return Ids(pa.concat_arrays([self.id_of[:code], marked, self.id_of[code + 1 :]]))

    def merge(self, new: pa.Array, key: bytes) -> Ids:
        """This dictionary with the ids of `new` that it lacks at its end, in keyed order."""
        new = pc.unique(new.drop_null())
        unknown = (
            new.filter(pc.invert(pc.is_in(new, value_set=self.id_of))) if len(self.id_of) else new
        )
        ordered = _keyed_order(unknown, key)
        return Ids(pa.concat_arrays([self.id_of, ordered]))


def _keyed_order(ids: pa.Array, key: bytes) -> pa.Array:
    """`ids` in the order of SHA-256 over the key and the id.

    Only the order leaves this function, never a digest.

    DuckDB hashes and sorts in all threads: a million ids in half a second.
    """
    if not len(ids):
        return ids
    with contextlib.closing(open_connection()) as connection:
        # In many batches, so that all threads hash; half the key is secret enough, and spares every
        # id a block of the hash.
        connection.register(
            "unknown", pa.Table.from_batches(pa.table({"id": ids}).to_batches(1 << 14))
        )
        short = hashlib.sha256(key).hexdigest()[:32]
        ordered = connection.sql(
            "SELECT id FROM unknown ORDER BY sha256($1 || id), id", params=[short]
        )
        return ordered.to_arrow_table().column(0).combine_chunks().cast(pa.string())


def empty_ids() -> Ids:
    """A dictionary that knows nobody."""
    return Ids(pa.array([], pa.string()))


def pseudonym(code: int) -> str:
    """A stable, pronounceable name: a bird and a number of at least two digits."""
    return f"{BIRDS[code % len(BIRDS)]}-{code // len(BIRDS) + FIRST_NUMBER}"


def keyed_pseudonym(account: str, key: bytes) -> str:
    """A name for an account where there are no codes: a bird and `KEYED_DIGITS` signs from a keyed
    digest of its id.

    Two of a million accounts share a name with a probability of one in ten million.

    Examples
    --------
    >>> keyed_pseudonym("did:plc:a", b"key") == keyed_pseudonym("did:plc:a", b"key")
    True
    """
    digest = hashlib.blake2b(
        account.encode("utf-8", "surrogatepass"), key=key, digest_size=8
    ).digest()
    rest, bird = divmod(int.from_bytes(digest), len(BIRDS))
    signs = []
    for _ in range(KEYED_DIGITS):
        rest, sign = divmod(rest, len(_SIGNS))
        signs.append(_SIGNS[sign])
    return f"{BIRDS[bird]}-{''.join(signs)}"
