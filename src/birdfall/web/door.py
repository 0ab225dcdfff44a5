"""Who may see a server's pages: the door of all of them, and that of the dashboard, which lets in
whoever is on this machine, and from elsewhere whoever has the token.

Also here: the headers of every answer, the names the server answers to (so that a page of another
site cannot reach it by a name that leads to loopback), and limits on how often and how much is
asked.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
import time
from abc import ABC, abstractmethod
from collections import OrderedDict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from birdfall.model.whole_number import whole_number

COOKIE = "birdfall"
#: How the headers begin by which proxies say that they ask for somebody, and for whom. Whoever
#: comes through one is not this machine.
FORWARDED = (
    "forwarded", "x-forwarded", "x-real-", "x-client-", "x-original-", "x-cluster-client-",
    "x-proxy", "x-envoy-", "x-amzn-", "x-azure-", "x-vercel-", "x-appengine-", "x-cloud-trace",
    "via", "cf-", "cdn-", "client-ip", "true-client-", "fly-", "fastly-", "remote-addr",
    "tailscale-",
)  # fmt: skip
#: A name of this machine, and a port, as a browser writes them.
_LOCAL_HOST = re.compile(
    r"(?:localhost|127(?:\.\d{1,3}){3}|\[[0:]*:0*1\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE
)
_ASSET = re.compile(r"/assets/[\w.-]+", re.ASCII)
#: Requests a visitor may make at once, and per second from then on; the largest body.
MAX_BURST_REQUESTS, REQUESTS_PER_SECOND, MAX_BODY_BYTES = 60, 20.0, 1 << 14
#: Visitors remembered.
MAX_REMEMBERED_VISITORS = 10_000
#: "no-referrer" would have browsers send the origin of our own forms as "null", which the guard
#: rightly refuses.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def is_loopback(host: str) -> bool:
    """Whether an address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def names_this_machine(request: Request) -> bool:
    """Whether a request names this machine, by one Host header that holds nothing else."""
    hosts = request.headers.getlist("host")
    return len(hosts) == 1 and _LOCAL_HOST.fullmatch(hosts[0]) is not None


def is_asset(request: Request) -> bool:
    """Whether a script or style is asked for, which anybody may have; never a page below a name
    that only begins like theirs.
    """
    return _ASSET.fullmatch(request.url.path) is not None


def comes_through_proxy(request: Request) -> bool:
    """Whether a header says that somebody else is asked for."""
    return any(name.startswith(FORWARDED) for name in request.headers)


class Door(ABC):
    """ASGI middleware that refuses requests, and puts the headers on every answer.

    app: what stands behind the door.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._seen: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        refused = self.check_request(request)
        if refused is not None:
            for name, value in HEADERS.items():
                refused.headers[name] = value
            await refused(scope, receive, send)
            return
        headers = HEADERS | self.headers_for(request)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {n.lower() for n, _ in message["headers"]}
                message["headers"] += [
                    (n.lower().encode(), v.encode())
                    for n, v in headers.items()
                    if n.lower().encode() not in names
                ]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    @abstractmethod
    def check_request(self, request: Request) -> Response | None:
        """The answer to a request that is refused; None if it may come in."""

    def headers_for(self, request: Request) -> dict[str, str]:
        """Further headers of the answer to a request that came in."""
        del request
        return {}

    @staticmethod
    def same_origin(request: Request) -> bool:
        """Whether a request comes from a page of this server, or from no page at all."""
        origin = request.headers.get("origin")
        if origin is None:
            return request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        return origin == f"{request.url.scheme}://{request.url.netloc}"

    def take_from_bucket(self, visitor: str) -> bool:
        """A bucket of `MAX_BURST_REQUESTS` drops that fills at `REQUESTS_PER_SECOND`; False if it
        was empty.
        """
        moment = time.monotonic()
        left, at = self._seen.pop(visitor, (float(MAX_BURST_REQUESTS), moment))
        left = min(left + (moment - at) * REQUESTS_PER_SECOND, float(MAX_BURST_REQUESTS))
        self._seen[visitor] = (max(left - 1, 0.0), moment)
        while len(self._seen) > MAX_REMEMBERED_VISITORS:
            self._seen.popitem(last=False)
        return left >= 1


class VisitorMarks:
    """Marks by which a server knows a browser again that it once answered: a random name, and its
    signature with a key that the server forgets when it ends. Nothing is kept of them.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def of(self, request: Request) -> str:
        """The name of the mark that a request carries; empty if it carries none of ours."""
        name, _, signature = request.cookies.get(_mark_cookie(request), "").partition(".")
        right = hmac.compare_digest(
            signature.encode("utf-8", "replace"), self._sign(name).encode("ascii")
        )
        return name if name and right else ""

    def cookie(self, request: Request) -> str:
        """A new mark as a header carries it."""
        name = secrets.token_urlsafe(12)
        mark = f"{_mark_cookie(request)}={name}.{self._sign(name)}"
        return f"{mark}; HttpOnly; Path=/; SameSite=Strict"

    def _sign(self, name: str) -> str:
        return hmac.new(self._key, name.encode("utf-8", "replace"), "sha256").hexdigest()


def _mark_cookie(request: Request) -> str:
    # several dashboards may run on a machine, and cookies know no ports
    return f"birdfall-visitor-{request.url.port or 80}"


class AccessGuard(Door):
    """The door of the dashboard.

    Parameters
    ----------
    app
        What stands behind it.
    token
        What a visitor must show; None on loopback.
    host
        The address the server listens on.
    """

    def __init__(self, app: ASGIApp, *, token: str | None, host: str) -> None:
        super().__init__(app)
        self.token, self.host = token, host
        self._visitors = VisitorMarks()

    def check_request(self, request: Request) -> Response | None:
        """As `Door.check_request`: by name, proxy, rate, size, method, origin and token."""
        if self.token is None and not names_this_machine(request):
            return PlainTextResponse("This server answers to this machine only.", 421)
        if self.token is None and comes_through_proxy(request):
            return PlainTextResponse(
                "Asked through a proxy, which would let in anybody: begin the dashboard with a "
                "token (--token-file) or its address (--link).",
                401,
            )
        shown = self._shows_token(request)
        if not self.take_from_bucket(self._visitor(request, shown=shown)):
            return PlainTextResponse("Too many requests.", 429, {"Retry-After": "2"})
        if whole_number(request.headers.get("content-length", "0"), MAX_BODY_BYTES) is None:
            return PlainTextResponse("Too large.", 413)
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Not here.", 405)
        if request.method == "POST" and not self.same_origin(request):
            return PlainTextResponse("Asked from another site.", 403)
        if self.token is None or is_asset(request):
            return None
        given = request.query_params.get("token")
        if given is not None and self._right(given):
            # two slashes at its begin would lead to another host
            path = "/" + request.url.path.lstrip("/\\")
            answer = RedirectResponse(path, 303)
            secure = request.url.scheme == "https"
            answer.set_cookie(COOKIE, given, httponly=True, samesite="strict", secure=secure)
            return answer
        if shown:
            return None
        return PlainTextResponse(
            "A token is needed: open the address that the watch printed when it began.", 401
        )

    def headers_for(self, request: Request) -> dict[str, str]:
        """A mark for a browser that has none, where no token tells visitors apart."""
        if self.token is not None or self._visitors.of(request):
            return {}
        return {"Set-Cookie": self._visitors.cookie(request)}

    def _visitor(self, request: Request, *, shown: bool) -> str:
        """Who asks, as requests are counted.

        Whoever shows the token, or a mark of ours, is counted apart from the others of the same
        address; and so are browsers that come for the first time, so that no program that asks
        without end keeps them out.
        """
        address = request.client.host if request.client else ""
        if self.token is not None:
            return f"{address} with a token" if shown else address
        if mark := self._visitors.of(request):
            return f"{address} marked {mark}"
        opens = request.headers.get("sec-fetch-mode") == "navigate"
        return f"{address} in a browser" if opens else address

    def _shows_token(self, request: Request) -> bool:
        """Whether a request carries the token, as a cookie, a header, or in its address."""
        if self._right(request.cookies.get(COOKIE, "")):
            return True
        if self._right(request.query_params.get("token", "")):
            return True
        authorization = request.headers.get("authorization", "")
        return authorization.startswith("Bearer ") and self._right(authorization[7:])

    def _right(self, given: str) -> bool:
        return self.token is not None and hmac.compare_digest(
            given.encode("utf-8", "replace"), self.token.encode()
        )
