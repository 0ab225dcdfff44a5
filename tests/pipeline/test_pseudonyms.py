"""What stands for accounts and objects: column by column the same as one by one."""

import hashlib
import hmac

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from birdfall.pipeline.pseudonyms import Pseudonyms
from birdfall.record.ids import Ids
from birdfall.record.mentions import Mentions

IDS = Ids(pa.array(["1100000001", "1100000002", "1100000003"]))
KNOWN = st.sampled_from(["1100000001", "1100000003", "@luna_9", "1100000009", "#paz", "", "é"])
KIND = st.sampled_from(["repost", "hashtag", "link", "post", None])


def pseudonyms(key=b"key", public=("1100000003",)):
    mentions = Mentions(IDS, [("1100000002", "luna_9")])
    return Pseudonyms(IDS, frozenset(public), key, mentions)


@given(st.binary(max_size=200), st.text(max_size=50))
@example(b"", "\ud800")
@example(b"k" * 64, "id")
@example(b"k" * 65, "id")
def test_a_digest_is_the_keyed_hash_of_the_standard(key, text):
    wanted = hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    assert pseudonyms(key).digest(text) == "id-" + wanted[:16]


@pytest.mark.parametrize("public", [(), ("1100000003",)])
@given(
    st.lists(st.tuples(st.one_of(st.none(), KNOWN), st.one_of(st.none(), KNOWN), KIND), max_size=9)
)
def test_columns_are_changed_as_their_values_are(public, rows):
    called = pseudonyms(public=public)
    accounts, things, kinds = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([],) * 3
    )
    table = pa.table(
        {
            "account": pa.chunked_array([pa.array(accounts[:2], pa.string()),
                                         pa.array(accounts[2:], pa.string())]),
            "object": pa.array(things, pa.string()),
            "object_kind": pa.array(kinds, pa.string()),
            "text": pa.array(things, pa.string()),
        }
    )  # fmt: skip
    found = called.table(table).to_pydict()
    assert found["account"] == [called.account(a) for a in accounts]
    assert found["object"] == [
        None if o is None else called.object(o, k) for o, k in zip(things, kinds, strict=True)
    ]
    assert found["text"] == [
        o if a in public else None for o, a in zip(things, accounts, strict=True)
    ]
    alone = called.table(table.select(["object", "text"])).to_pydict()
    assert alone["object"] == [None if o is None else called.object(o) for o in things]
    assert alone["text"] == [None] * len(things)
