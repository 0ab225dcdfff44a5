"""The one HTTP client of the watch: every question to another server, and every alert by HTTP.

What a server answers is hostile input. A question has limits of size, of time over all, and of
redirects; it ends with an answer or with `NoAnswer`, whatever comes. Redirects are followed within
the origin that was asked (scheme, host and port), so that neither credentials nor questions go to
somebody else, and never for an alert. Nothing is kept from one question to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import httpx

from birdfall.model.errors import printable

#: Redirects that are followed, each within the origin that was asked.
MAX_REDIRECTS: Final = 3
#: Seconds until a connection must stand.
CONNECT_SECONDS: Final = 10.0
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class NoAnswer(OSError):
    """A server gave no answer that can be used; the text says why, in a few words."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """Limits of one question.

    Attributes
    ----------
    seconds
        From its begin to the last byte of the answer.
    max_bytes
        Largest body that is read.
    """

    seconds: float = 30.0
    max_bytes: int = 1 << 20


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a server answered.

    Attributes
    ----------
    status
        Its code, such as 200.
    headers
        Its headers; names in lower case.
    body
        Its body as it came.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def ask(
    address: str,
    headers: Mapping[str, str] | None = None,
    *,
    post: bytes | None = None,
    limits: WebLimits = WebLimits(),
) -> WebAnswer:
    """Ask a server.

    Parameters
    ----------
    address
        `http://...` or `https://...`.
    headers
        Headers of the question, credentials among them.
    post
        The body of a POST; None asks with GET. A POST follows no redirect.
    limits
        How long it may take, and how large the answer may be.

    Returns
    -------
    WebAnswer
        Of any status but a redirect.

    Raises
    ------
    NoAnswer
        If there is none within the limits, or it cannot be read.
    """
    try:
        return _run_apart(_ask(address, dict(headers or {}), post, limits))
    except NoAnswer:
        raise
    except Exception as error:
        # whatever an answer makes the client raise: the caller hears that there was none
        raise NoAnswer(describe_failure(error)) from error


def _run_apart(question: Coroutine[None, None, WebAnswer]) -> WebAnswer:
    """Run a question to its end; on a thread of its own where this one runs a loop already, as in a
    notebook.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(question)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, question).result()


async def _ask(
    address: str, headers: dict[str, str], post: bytes | None, limits: WebLimits
) -> WebAnswer:
    async with (
        asyncio.timeout(limits.seconds),
        open_answer(address, headers, post=post, idle_seconds=limits.seconds) as answer,
    ):
        body = bytearray()
        async for part in answer.aiter_raw():
            body += part
            if len(body) > limits.max_bytes:
                raise NoAnswer("an answer too large")
        found = {name.lower(): value for name, value in answer.headers.items()}
        return WebAnswer(answer.status_code, found, bytes(body))


@contextlib.asynccontextmanager
async def open_answer(
    address: str,
    headers: Mapping[str, str],
    *,
    post: bytes | None = None,
    idle_seconds: float = 15.0,
) -> AsyncIterator[httpx.Response]:
    """An answer whose body is still to be read; redirects within the origin are followed.

    Parameters
    ----------
    address, headers, post
        As for `ask`.
    idle_seconds
        For how long nothing may come; the time over all is the caller's to bound.

    Raises
    ------
    NoAnswer
        If it is a redirect that is not followed, or packed though nobody asked for that.
    """
    url = _parse(address)
    timeout = httpx.Timeout(idle_seconds, connect=min(CONNECT_SECONDS, idle_seconds))
    sent = {"User-Agent": "birdfall", "Accept-Encoding": "identity", **headers}
    # the system's certificates, as a browser of this machine has them; none are loaded for http
    verify = trusted_certificates() if url.scheme == "https" else False
    async with httpx.AsyncClient(verify=verify, timeout=timeout, follow_redirects=False) as client:
        for _ in range(MAX_REDIRECTS + 1):
            method = "GET" if post is None else "POST"
            request = client.build_request(method, url, headers=sent, content=post)
            answer = await client.send(request, stream=True)
            try:
                if answer.status_code not in _REDIRECTS:
                    _refuse_packed(answer)
                    yield answer
                    return
                if post is not None:
                    raise NoAnswer(f"HTTP {answer.status_code}, a redirect: an alert follows none")
                url = _follow(url, answer)
            finally:
                await answer.aclose()
        raise NoAnswer("too many redirects")


def _parse(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise NoAnswer("an address that cannot be read") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise NoAnswer("an address that is not HTTP")
    if url.port is not None and not 0 < url.port < 65536:
        raise NoAnswer("an address that cannot be read")
    return url


def _follow(asked: httpx.URL, answer: httpx.Response) -> httpx.URL:
    """Where a redirect leads, if that is still the origin that was asked."""
    location = answer.headers.get("location", "")
    try:
        target = asked.join(location)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise NoAnswer(f"HTTP {answer.status_code}, a redirect that cannot be read") from error
    if not location or _origin(target) != _origin(asked):
        where = printable(f"{target.scheme}://{target.netloc.decode('ascii', 'replace')}", 100)
        raise NoAnswer(f"HTTP {answer.status_code}, a redirect to {where}, which is not followed")
    # credentials that stand in the address are those of the origin, which stays the same
    return target.copy_with(username=asked.username, password=asked.password)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"http": 80, "https": 443}.get(url.scheme)


def _refuse_packed(answer: httpx.Response) -> None:
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("", "identity"):
        # a small answer could unpack to any size
        raise NoAnswer("a packed answer that was not asked for")


@lru_cache(maxsize=1)
def trusted_certificates() -> ssl.SSLContext:
    """The certificates that this machine trusts, for a connection to a server."""
    return ssl.create_default_context()


#: What is said of a certificate, by OpenSSL's number of what is wrong with it.
_DISTRUST: Final = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    **dict.fromkeys(
        (18, 19, 20, 21),
        "its certificate is vouched for by nobody whom this machine trusts",
    ),
    62: "its certificate is of another name",
    64: "its certificate is of another name",
}


def describe_failure(error: BaseException) -> str:
    """Why a connection or an answer failed, in a few words."""
    if isinstance(error, NoAnswer):
        return str(error)
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, socket.gaierror):
            return "no such host"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _DISTRUST.get(cause.verify_code, "its certificate cannot be verified")
        if isinstance(cause, ssl.SSLError):
            return "TLS failed"
        if isinstance(cause, ConnectionRefusedError):
            return "refused"
    if any(isinstance(cause, TimeoutError | httpx.TimeoutException) for cause in causes):
        return "timed out"
    if isinstance(error, httpx.ProtocolError):
        return "an answer that is no HTTP, or ends too early"
    if isinstance(error, httpx.InvalidURL):
        return "an address that cannot be read"
    if isinstance(error, UnicodeError):
        return "a header that cannot be sent"
    return (
        type(causes[-1]).__name__ if isinstance(error, BaseExceptionGroup) else type(error).__name__
    )


def _causes(error: BaseException) -> list[BaseException]:
    """An error and what led to it, groups taken apart; each once."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or one in found:
            continue
        found.append(one)
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
    return found
