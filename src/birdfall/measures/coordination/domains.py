"""The domain a link leads to, as one registers it: the object of the `domain` trace.

By the list of public suffixes that comes with tldextract; nothing is fetched.
"""

from __future__ import annotations

from functools import cache

from tldextract import TLDExtract

from birdfall.measures.coordination.urls import normalise_url


@cache
def _suffixes() -> TLDExtract:
    return TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)


def domain_of(link: str) -> str | None:
    """The registered domain of an address or host; None if it is none.

    Examples
    --------
    >>> domain_of("https://www.news.bbc.co.uk/a?b=c"), domain_of("hello")
    ('bbc.co.uk', None)
    """
    host = normalise_url(link).split("/", 1)[0].split("?", 1)[0].rsplit(":", 1)[0]
    if "." not in host or "@" in host or len(host.split()) != 1:
        return None
    found = _suffixes().extract_str(host)
    if found.suffix or found.ipv4:
        return found.top_domain_under_public_suffix or None
    # the list's own rule for endings it does not name
    return ".".join(host.split(".")[-2:])
