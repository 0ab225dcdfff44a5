"""Links that lead to the same page, written the same way: the object of the `link` trace.

Scheme, www, default ports, fragments, tracking parameters, parameter order, trailing slashes and
the punycode of a host do not tell pages apart. A short link is one with the page it leads to only
where the data or a person's table says so. Text rules only; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import idna

#: Query parameters that say how a reader came, not what is read.
TRACKING: Final = frozenset((
    "fbclid", "gclid", "gclsrc", "dclid", "wbraid", "gbraid", "msclkid", "yclid", "twclid",
    "ttclid", "igshid", "igsh", "mc_cid", "mc_eid", "mkt_tok", "_hsenc", "_hsmi", "vero_id",
    "oly_anon_id", "oly_enc_id", "wickedid",
    "s_cid", "ref_src", "ref_url", "cmpid", "ncid", "sr_share", "share_id", "spm", "ocid",
))  # fmt: skip
TRACKING_PREFIXES: Final = ("utm_", "pk_", "mtm_", "hsa_", "at_medium", "at_campaign")
#: Mobile hosts of sites whose pages are the same under their plain name.
MOBILE: Final = {
    "m.facebook.com": "facebook.com",
    "m.youtube.com": "youtube.com",
    "mobile.twitter.com": "twitter.com",
}
#: Parameters that only these hosts use for tracking.
BY_HOST: Final = {
    "youtube.com": frozenset({"feature", "si", "app"}),
    "youtu.be": frozenset({"feature", "si", "app"}),
    "twitter.com": frozenset({"s", "t"}),
    "x.com": frozenset({"s", "t"}),
}


def normalise_url(link: str, shortened: Mapping[str, str] | None = None) -> str:
    """`link` as host/path?query, so that links to one page are one text; unchanged (stripped) if it
    is no web address.

    shortened: normalised short link -> the address it leads to, as the data says. Followed once per
    link, up to five deep.
    """
    found = _strip_url(link)
    for _ in range(5):
        further = (shortened or {}).get(found)
        if further is None or (further := _strip_url(further)) == found:
            break
        found = further
    return found


def short_link_table(pairs: Mapping[str, str]) -> dict[str, str]:
    """A person's table of short links, as `normalise_url` takes it."""
    return {_strip_url(short): long for short, long in pairs.items()}


def _readable_host(host: str) -> str:
    """A host as it is registered (punycode) in the letters that people read; others as they are."""
    if host.isascii() and "xn--" not in host:
        return host
    try:
        return idna.decode(host, uts46=True).lower()
    except (idna.IDNAError, UnicodeError):
        return host


def _strip_url(link: str) -> str:
    text = link.strip()
    if "://" not in text and not text.startswith("//"):
        host = text.split("/", 1)[0]
        if "." not in host or " " in text or "@" in host:
            return text
        text = "//" + text
    try:
        parts = urlsplit(text)
        host = _readable_host((parts.hostname or "").rstrip("."))
        port = parts.port
    except ValueError:
        return link.strip()
    if parts.scheme not in ("", "http", "https") or not host:
        return link.strip()
    host = MOBILE.get(host, host.removeprefix("www."))
    if port not in (None, 80, 443):
        host = f"{host}:{port}"
    own = BY_HOST.get(host, frozenset())
    query = sorted(
        (key, value)
        for key, value in parse_qsl(parts.query, keep_blank_values=True)
        if key.lower() not in TRACKING
        and not key.lower().startswith(TRACKING_PREFIXES)
        and key not in own
    )
    if host == "youtu.be" and len(parts.path) > 1:
        return f"youtube.com/watch?{urlencode([('v', parts.path.strip('/')), *query])}"
    path = unquote(parts.path).rstrip("/")
    return f"{host}{path}?{urlencode(query)}" if query else f"{host}{path}"
