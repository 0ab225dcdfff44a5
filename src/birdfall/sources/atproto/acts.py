"""Which acts a record of an AT Protocol repository stands for.

A post is itself an act, and each of its reply, quote, links, hashtags and mentions is one more act with the post's
address as `act_id`, so that a trace of coordination can be taken from any of them.
"""

from __future__ import annotations

from typing import Any, Final

from birdfall.sources.atproto.frames import FrameError, parse_name

#: (kind, object, object_kind, target, text, language, act_id)
Act = tuple[str, str, str, str | None, str | None, str | None, str]

_SIMPLE: Final = {"app.bsky.feed.like": "like", "app.bsky.feed.repost": "repost"}
#: Facets of one post that are read; no client writes more than some dozens.
MAX_FACETS: Final = 1000


def acts_of(did: str, collection: str, key: str, record: dict[str, Any]) -> list[Act]:
    """The acts of one newly written record. Raises FrameError if it lacks what it must have."""
    uri = f"at://{did}/{collection}/{key}"
    if collection in _SIMPLE:
        subject = _uri_of_reference(record.get("subject"))
        if subject is None:
            raise FrameError("a like or repost of nothing")
        return [(_SIMPLE[collection], subject, "post", account_of_uri(subject), None, None, uri)]
    if collection == "app.bsky.graph.block":
        blocked = parse_name(record.get("subject"), "did")
        return [("block", blocked, "account", blocked, None, None, uri)]
    return _post_acts(uri, record)


def account_of_uri(uri: str) -> str | None:
    """The account in an `at://` address; None if there is none."""
    did = uri[5:].partition("/")[0] if uri.startswith("at://") else ""
    return did if did.startswith("did:") else None


def _post_acts(uri: str, record: dict[str, Any]) -> list[Act]:
    text = record.get("text")
    if not isinstance(text, str):
        raise FrameError("a post without text")
    languages = record.get("langs")
    language = (
        languages[0]
        if isinstance(languages, list) and languages and isinstance(languages[0], str)
        else None
    )
    acts: list[Act] = [("post", uri, "post", None, text, language, uri)]
    reply = record.get("reply")
    parent = _uri_of_reference(reply.get("parent")) if isinstance(reply, dict) else None
    if parent is not None:
        acts.append(("reply", parent, "post", account_of_uri(parent), text, language, uri))
    if "embed" in record:
        acts += _embed_acts(uri, record["embed"])
    facets = record.get("facets")
    if isinstance(facets, list):
        acts += [
            a
            for facet in facets[:MAX_FACETS]
            if isinstance(facet, dict)
            for a in _facet_acts(uri, facet)
        ]
    # A link card repeats the link of the text: one act each.
    return list(dict.fromkeys(acts))


def _embed_acts(uri: str, embed: Any) -> list[Act]:
    if not isinstance(embed, dict):
        return []
    acts: list[Act] = []
    quoted = embed.get("record")
    if isinstance(quoted, dict):
        # With media beside it, the quoted record is wrapped once more.
        address = _uri_of_reference(quoted) or _uri_of_reference(quoted.get("record"))
        if address is not None:
            acts.append(("quote", address, "post", account_of_uri(address), None, None, uri))
    media = embed.get("media")
    for card in (embed.get("external"), media.get("external") if isinstance(media, dict) else None):
        if isinstance(card, dict) and isinstance(card.get("uri"), str) and card["uri"]:
            acts.append(("link", card["uri"], "url", None, None, None, uri))
    return acts


def _facet_acts(uri: str, facet: dict[str, Any]) -> list[Act]:
    acts: list[Act] = []
    features = facet.get("features")
    for feature in features if isinstance(features, list) else ():
        if not isinstance(feature, dict):
            continue
        kind, link, tag, did = (feature.get(k) for k in ("$type", "uri", "tag", "did"))
        if kind == "app.bsky.richtext.facet#link" and isinstance(link, str) and link:
            acts.append(("link", link, "url", None, None, None, uri))
        elif kind == "app.bsky.richtext.facet#tag" and isinstance(tag, str) and tag:
            acts.append(("hashtag", tag.casefold(), "hashtag", None, None, None, uri))
        elif (
            kind == "app.bsky.richtext.facet#mention"
            and isinstance(did, str)
            and did.startswith("did:")
        ):
            acts.append(("mention", did, "account", did, None, None, uri))
    return acts


def _uri_of_reference(reference: Any) -> str | None:
    """The address of a strong reference ({uri, cid})."""
    if not isinstance(reference, dict):
        return None
    uri = reference.get("uri")
    return uri if isinstance(uri, str) and uri else None
