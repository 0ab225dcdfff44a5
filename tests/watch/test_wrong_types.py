"""Every member of a message of every protocol, with each other type in its place, or gone: it is
read and can be kept, or refused by a sentence."""

import copy

import libipld
import pytest
from misbehaviours import JUNK
from test_refused_frames import TOLD, T, raw_of

from birdfall.watch.feeds.decode_again import decode_again
from birdfall.watch.feeds.json_fields import DecodeError
from birdfall.watch.model.events import StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch

#: What stands in the place of a member, beside the junk of the drawn conversations.
OTHERS = (*JUNK, None, True, -1, 0, 1 << 70, 1.5, "", "x", "\u202e", "did:", [], {}, [[]], {"": []})


def places(value, path=()):
    """Where each member of a message stands."""
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    if isinstance(value, dict | list):
        for key, one in inner:
            yield from places(one, (*path, key)) if isinstance(one, dict | list) else [(*path, key)]


def with_other(value, path, other, *, gone=False):
    made = copy.deepcopy(value)
    at = made
    for key in path[:-1]:
        at = at[key]
    if gone:
        del at[path[-1]]
    else:
        at[path[-1]] = other
    return made


def variants(told):
    """The messages in bytes."""
    if isinstance(told, bytes):
        parts, write = libipld.decode_dag_cbor_multi(told), encoded
    else:
        parts, write = told, raw_of
    for path in list(places(parts)):
        if isinstance(parts, list) and len(path) < 2:
            continue
        for gone, other in ((True, None), *((False, one) for one in OTHERS)):
            try:
                yield write(with_other(parts, path, other, gone=gone))
            except (TypeError, ValueError, OverflowError):
                continue  # no such message can be written


def encoded(parts):
    return b"".join(libipld.encode_dag_cbor(part) for part in parts)


@pytest.mark.parametrize("source", TOLD)
def test_every_member_with_every_other_type(tmp_path, source):
    state, tried, read = State.open(tmp_path / "w.sqlite"), 0, []
    for raw in variants(TOLD[source]):
        tried += 1
        try:
            read.append(tuple(decode_again(source, raw, T)))
        except DecodeError as error:
            assert str(error).isprintable()
            assert str(error)
    assert tried >= 100
    with state.transaction():
        done = ingest_batch(state, source, [StreamBatch(T, events) for events in read])
    assert done.set_apart == [], "what is read can be kept"
    state.close()
