"""Bare tables as traces: codes, names and digests."""

import hashlib

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from birdfall.measures import coordination_describe as describe
from birdfall.measures.coordination import coordination
from birdfall.measures.coordination_traces import coded, content_ids, trace_of_table


@given(
    st.lists(st.sampled_from(["b", "a", "", "ä", "10", "9", "a\0b"]), min_size=1, max_size=30),
    st.sampled_from(["texts", "numbers", "far numbers", "narrow", "largest", "dictionary"]),
)
def test_codes_are_places_among_the_sorted_names(values, form):
    """Against the obvious way, for texts, whole numbers (whose names are sorted as texts) and dictionaries with idle and double entries."""
    if form == "numbers":
        values = [len(v) * 7 - 3 for v in values]
        column = pa.array(values, pa.int64())
    elif form == "far numbers":
        values = [(len(v) - 1) * 10**15 for v in values]
        column = pa.array(values, pa.int64())
    elif form == "narrow":
        values = [127 if len(v) % 2 else -128 for v in values]
        column = pa.array(values, pa.int8())
    elif form == "largest":
        values = [2**64 - 1 - len(v) for v in values]
        column = pa.array(values, pa.uint64())
    elif form == "dictionary":
        entries = ["idle", *values, *values]
        column = pa.DictionaryArray.from_arrays(pa.array(range(1, len(values) + 1), pa.int32()), pa.array(entries))
    else:
        column = pa.array(values, pa.string())
    names, codes = coded(column)
    wanted = sorted({str(v).encode() for v in values})
    assert [n.encode() for n in names.to_pylist()] == wanted
    assert codes.tolist() == [wanted.index(str(v).encode()) for v in values] and codes.dtype == np.int32


def test_numbers_and_their_texts_are_one_trace_and_one_digest():
    rows = {"account": [10, 9, 10, 9], "object": [1, 1, 2, 2], "time": [0, 5, 9, 12], "content": [40, 30, 20, 10]}
    texts = {k: v if k == "time" else [str(x) for x in v] for k, v in rows.items()}
    found = [trace_of_table(pa.table(r), time_unit="s")[0] for r in (rows, texts)]
    assert describe.digest(found[0]) == describe.digest(found[1])
    assert [content_ids(f).cast(pa.string()).to_pylist() for f in found] == [["40", "30", "20", "10"]] * 2
    for preset in ("toolkit", "coortweet"):
        both = [
            coordination(pa.table(r), time_unit="s", preset=preset, window="60s").table("edges") for r in (rows, texts)
        ]
        assert both[0].num_rows and both[0].equals(both[1])


def test_a_digest_is_of_all_names_however_many_are_joined_at_once(monkeypatch):
    made = trace_of_table({"account": ["a", "b", "ü", ""], "object": ["x"] * 4, "time": [1, 2, 3, 4]})[0]
    plain = hashlib.sha256()
    for column in (made.account, made.object_, made.time):
        plain.update(column.tobytes())
    for names in (made.accounts, made.objects):
        plain.update("\0".join(names.to_pylist()).encode())
    for at_once in (1, 2, 3, 100):
        monkeypatch.setattr(describe, "_NAMES_AT_ONCE", at_once)
        assert describe.digest(made) == plain.hexdigest()
