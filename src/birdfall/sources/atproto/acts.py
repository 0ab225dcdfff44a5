"""Acts that a record of an AT Protocol repository stands for.

A post is itself an act, and each of its reply, quote, links, hashtags and mentions is one more act
with the post's address as `act_id`, so that a trace of coordination can be taken from any of them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from birdfall.sources.atproto.frames import FrameError, parse_name
from birdfall.sources.shared.json_object import JsonObject

_SIMPLE_KINDS: Final = {"app.bsky.feed.like": "like", "app.bsky.feed.repost": "repost"}
#: Facets of one post that are read; no client writes more than some dozens.
MAX_FACETS: Final = 1000


class RecordAct(NamedTuple):
    """One act of a record; who did it and when stands in the commit."""

    kind: str
    object: str
    object_kind: str
    act_id: str
    target: str | None = None
    text: str | None = None
    language: str | None = None


def acts_of(did: str, collection: str, key: str, record: JsonObject) -> list[RecordAct]:
    """The acts of one newly written record.

    Raises
    ------
    FrameError
        If the record lacks what it must have.
    """
    uri = f"at://{did}/{collection}/{key}"
    if collection in _SIMPLE_KINDS:
        subject = _uri_of_reference(record.child("subject"))
        if subject is None:
            raise FrameError("a like or repost of nothing")
        return [RecordAct(_SIMPLE_KINDS[collection], subject, "post", uri, account_of_uri(subject))]
    if collection == "app.bsky.graph.block":
        blocked = parse_name(record.value("subject"), "did")
        return [RecordAct("block", blocked, "account", uri, blocked)]
    return _post_acts(uri, record)


def account_of_uri(uri: str) -> str | None:
    """The account in an `at://` address; None if there is none."""
    did = uri[5:].partition("/")[0] if uri.startswith("at://") else ""
    return did if did.startswith("did:") else None


def _post_acts(uri: str, record: JsonObject) -> list[RecordAct]:
    text = record.text("text")
    if text is None:
        raise FrameError("a post without text")
    languages = record.value("langs")
    first = languages[0] if isinstance(languages, list) and languages else None
    language = first if isinstance(first, str) else None
    acts = [RecordAct("post", uri, "post", uri, None, text, language)]
    reply = record.child("reply")
    parent = _uri_of_reference(reply.child("parent")) if reply else None
    if parent is not None:
        acts.append(RecordAct("reply", parent, "post", uri, account_of_uri(parent), text, language))
    embed = record.child("embed")
    if embed is not None:
        acts += _embed_acts(uri, embed)
    for facet in record.children("facets", MAX_FACETS):
        acts += _facet_acts(uri, facet)
    # A link card repeats the link of the text: one act each.
    return list(dict.fromkeys(acts))


def _embed_acts(uri: str, embed: JsonObject) -> list[RecordAct]:
    acts = []
    quoted = embed.child("record")
    if quoted is not None:
        # With media beside it, the quoted record is wrapped once more.
        address = _uri_of_reference(quoted) or _uri_of_reference(quoted.child("record"))
        if address is not None:
            acts.append(RecordAct("quote", address, "post", uri, account_of_uri(address)))
    media = embed.child("media")
    for card in (embed.child("external"), media.child("external") if media else None):
        link = card.filled_text("uri") if card else None
        if link is not None:
            acts.append(RecordAct("link", link, "url", uri))
    return acts


def _facet_acts(uri: str, facet: JsonObject) -> list[RecordAct]:
    acts = []
    for feature in facet.children("features"):
        kind = feature.text("$type")
        link, tag = feature.filled_text("uri"), feature.filled_text("tag")
        did = feature.text("did")
        if kind == "app.bsky.richtext.facet#link" and link:
            acts.append(RecordAct("link", link, "url", uri))
        elif kind == "app.bsky.richtext.facet#tag" and tag:
            acts.append(RecordAct("hashtag", tag.casefold(), "hashtag", uri))
        elif kind == "app.bsky.richtext.facet#mention" and did and did.startswith("did:"):
            acts.append(RecordAct("mention", did, "account", uri, did))
    return acts


def _uri_of_reference(reference: JsonObject | None) -> str | None:
    """The address of a strong reference ({uri, cid})."""
    return reference.filled_text("uri") if reference else None
