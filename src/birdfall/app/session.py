"""Who may use the workspace: the person who began it, on this machine, or people who are named.

The address that is printed holds a token that works once: it is exchanged for a cookie, by an
answer that leads on without it. The tokens of people who were named work as often as they are
shown, and so does that of a program. What changes something must also show a word that only our
own pages hold.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp

from birdfall.app.people import Person, VisitorRole, digest_token
from birdfall.model.whole_number import whole_number
from birdfall.web import Door, comes_through_proxy, is_asset, names_this_machine

#: Largest body of a form, and of an upload of files, in bytes.
MAX_FORM_BYTES: Final = 4 << 20
MAX_UPLOAD_BYTES: Final = 16 << 30
#: Sessions that may stand at once: of a person, and of all whom a printed address let in.
MAX_SESSIONS: Final = 16
#: Where files may be sent: the last part of the path.
UPLOADS: Final = ("begin", "files")


@dataclass(slots=True)
class Grant:
    """What a session may do.

    Parameters
    ----------
    role
        Of whoever has it.
    name
        What it is called in the history of a case.
    case
        The one case that is seen in it; None: all.
    by_handle
        The cases whose accounts are shown by their handles in it.
    """

    role: VisitorRole
    name: str
    case: str | None = None
    by_handle: set[str] = field(default_factory=set)


class Sessions:
    """The tokens and sessions of one server.

    Parameters
    ----------
    lasting
        A token for programs, which works as often as it is shown; None: none does.
    read_only
        Whether all who come in may only read. Their tokens work as often as they are shown.
    case
        The one case that readers see; None: all.
    people
        Who else may come in; their tokens work as often as they are shown.
    link
        The address by which people reach the server, if it is not that of this machine;
        "" where it is reached as it was asked. None: it is for this machine only.
    """

    def __init__(
        self,
        lasting: str | None = None,
        *,
        read_only: bool = False,
        case: str | None = None,
        people: tuple[Person, ...] = (),
        link: str | None = None,
    ) -> None:
        self._lasting, self.read_only, self._case = lasting, read_only, case
        self.people, self.link = people, link
        self._once: set[str] = set()
        self._sessions: dict[str, Grant] = {}
        self._count = 0
        self._key = secrets.token_bytes(32)

    def make_token(self) -> str:
        """A token that works once; where all may only read, as often as it is shown."""
        token = secrets.token_urlsafe(24)
        self._once.add(token)
        return token

    def exchange(self, token: str) -> str | None:
        """The session for a token, which is spent by it unless all may only read; None for one that
        is unknown or spent.
        """
        person = self._person(token)
        if person is not None:
            role = VisitorRole.READ if self.read_only else person.role
            return self._begin(Grant(role, person.name, person.case or self._case))
        found = self._find(token)
        if found is None:
            return None
        role = VisitorRole.READ if self.read_only else VisitorRole.OWNER
        if role is VisitorRole.OWNER:
            self._once.discard(found)
        self._count += 1
        return self._begin(Grant(role, f"{role} {self._count}", self._case))

    def _begin(self, grant: Grant) -> str:
        """A session for a grant; the oldest of the same person goes where there are too many."""
        session = secrets.token_urlsafe(24)
        self._sessions[session] = grant
        names = {person.name for person in self.people}

        def group(of: Grant) -> str:
            return of.name if of.name in names else ""

        like = [one for one, other in self._sessions.items() if group(other) == group(grant)]
        for one in like[: max(0, len(like) - MAX_SESSIONS)]:
            del self._sessions[one]
        return session

    def expects(self, token: str) -> bool:
        """Whether a token would be exchanged for a session."""
        return self._find(token) is not None or self._person(token) is not None

    def _person(self, token: str) -> Person | None:
        """Whose token this is."""
        shown = digest_token(token)
        return next((p for p in self.people if hmac.compare_digest(p.token_digest, shown)), None)

    def _find(self, token: str) -> str | None:
        return next((one for one in self._once if _same(one, token)), None)

    def knows(self, session: str) -> bool:
        """Whether a session stands."""
        return self.grant(session) is not None

    def grant(self, session: str) -> Grant | None:
        """What a session may do; None if it does not stand."""
        return next((g for one, g in self._sessions.items() if _same(one, session)), None)

    def knows_program(self, token: str) -> bool:
        """Whether this is the lasting token."""
        return self._lasting is not None and _same(self._lasting, token)

    def form_word(self, session: str) -> str:
        """The word that forms of a session hold."""
        return hmac.digest(self._key, session.encode("utf-8", "replace"), "sha256").hex()

    def is_form_word(self, session: str, word: str) -> bool:
        """Whether a form shows the word of its session."""
        return _same(self.form_word(session), word)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def cookie_name(port: int) -> str:
    """The cookie of the workspace at a port: several may run, and cookies know no ports."""
    return f"birdfall-app-{port}"


def session_of(request: Request) -> str:
    """The session that a request shows; "" if it shows none."""
    return request.cookies.get(cookie_name(_port_of(request)), "")


def bearer_of(request: Request) -> str:
    """The token that a program shows; "" if it shows none."""
    authorization = request.headers.get("authorization", "")
    return authorization[7:] if authorization.startswith("Bearer ") else ""


def _port_of(request: Request) -> int:
    server = request.scope.get("server")
    return int(server[1] or 0) if server else 0


class SessionDoor(Door):
    """The door of the workspace. sessions: who may come in."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions) -> None:
        super().__init__(app)
        self.sessions = sessions

    def check_request(self, request: Request) -> Response | None:
        """As `Door.check_request`: by name, proxy, rate, size, method, origin and session."""
        refused = self._check_way(request)
        if refused is not None:
            return refused
        shown = self._shows_session(request)
        visitor = request.client.host if request.client else ""
        # whoever was given the address gets in, however much others ask
        known = shown or self.sessions.expects(request.query_params.get("token", ""))
        grant = self.sessions.grant(session_of(request))
        whose = f" as {grant.name}" if grant is not None else " with a token" if known else ""
        if not self.take_from_bucket(visitor + whose):
            return PlainTextResponse("Too many requests.", 429, {"Retry-After": "2"})
        if request.method not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Not here.", 405)
        refused = _check_size(request)
        if refused is not None:
            return refused
        if request.method == "POST" and not self._comes_from_own_page(request):
            return PlainTextResponse("Asked from another site.", 403)
        if is_asset(request):
            return None
        given = request.query_params.get("token")
        if given is not None and request.method == "GET":
            session = self.sessions.exchange(given)
            if session is not None:
                return _let_in(request, session, secure=self._is_secure(request))
            if shown:  # the address was opened a second time by who is in already
                return RedirectResponse(_own_path(request), 303)
        if shown:
            return self._check_role(request)
        return PlainTextResponse(
            "Open the address that you were given, with its token."
            if self.sessions.people
            else "The address that was printed works once. Begin again for another: birdfall app",
            401,
        )

    def _check_way(self, request: Request) -> Response | None:
        """Refuse what did not come from this machine, where the server is for it alone."""
        if self.sessions.link is not None:
            return None
        if not names_this_machine(request):
            return PlainTextResponse("This server answers to this machine only.", 421)
        if comes_through_proxy(request):
            return PlainTextResponse("This server is not reached through a proxy.", 421)
        return None

    def _check_role(self, request: Request) -> Response | None:
        """Refuse those who may not do all what is not for them."""
        grant = self.sessions.grant(session_of(request))
        reads = self.sessions.read_only or (grant is not None and grant.role is VisitorRole.READ)
        if is_for_readers(request) or not (reads or grant):
            return None
        if reads:
            return PlainTextResponse("This workspace is shown to be read only.", 403)
        if grant is not None and grant.role is VisitorRole.WRITE and not is_for_writers(request):
            return PlainTextResponse("This is for the owner of this workspace.", 403)
        return None

    def _is_secure(self, request: Request) -> bool:
        return request.url.scheme == "https" or (self.sessions.link or "").startswith("https:")

    def _comes_from_own_page(self, request: Request) -> bool:
        """Whether a request comes from a page of this server as it was asked, or of the address by
        which people reach it.
        """
        link = urlsplit(self.sessions.link or "")
        origin = request.headers.get("origin")
        return self.same_origin(request) or (
            bool(link.netloc) and origin == f"{link.scheme}://{link.netloc}"
        )

    def _shows_session(self, request: Request) -> bool:
        return self.sessions.knows(session_of(request)) or (
            request.url.path.startswith("/api/") and self.sessions.knows_program(bearer_of(request))
        )


#: What those who only read may ask for, and what they may send.
_READ: Final = re.compile(
    r"/(c/.*)?|/presence|/[a-z]{2}/compare|/[a-z]{2}/(c/[^/]+/(q/[^/]+|accounts(\.csv|/\d+)?|network(/.+)?|texts(/.+)?|objects/.+|check"
    r"|report\.html|evidence\.zip)?)?|/api/v1/(openapi\.json|cases(/[^/]+/(findings|accounts))?)"
)
_SENT: Final = re.compile(r"/presence|/[a-z]{2}/c/[^/]+/check(/correct)?|/api/v1/cases/[^/]+/check")


def is_for_readers(request: Request) -> bool:
    """Whether a request changes nothing and shows nothing but by pseudonym."""
    allowed = _SENT if request.method == "POST" else _READ
    return allowed.fullmatch(request.url.path) is not None


#: What those who change cases, but are no owners, may ask for besides, and what they may send:
#: nothing by which an account is named, or a file of others is shown.
_WRITERS_READ: Final = re.compile(
    r"/[a-z]{2}/c/[^/]+/(job|publish|preview\.html)|/api/v1/cases/[^/]+/job"
)
_WRITERS_SENT: Final = re.compile(
    r"/[a-z]{2}/c/[^/]+/(stop|again|network/[^/]+/group/\d+/note|check/add"
    r"|publish/(report|verify|evidence))"
)


def is_for_writers(request: Request) -> bool:
    """Whether a request, of those that are not for readers, is for who may change a case."""
    allowed = _WRITERS_SENT if request.method == "POST" else _WRITERS_READ
    return allowed.fullmatch(request.url.path) is not None


def _let_in(request: Request, session: str, *, secure: bool) -> Response:
    answer = RedirectResponse(_own_path(request), 303)
    answer.set_cookie(
        cookie_name(_port_of(request)),
        session,
        httponly=True,
        samesite="strict",
        path="/",
        secure=secure,
    )
    return answer


def _own_path(request: Request) -> str:
    # two slashes at its begin would lead to another host
    return "/" + request.url.path.lstrip("/\\")


def _check_size(request: Request) -> Response | None:
    """Refuse a body that is too large, or of a size that is not said."""
    if request.method != "POST":
        length = request.headers.get("content-length", "0")
        body = "transfer-encoding" in request.headers or length != "0"
        return PlainTextResponse("Too large.", 413) if body else None
    length = request.headers.get("content-length", "")
    if not (length.isascii() and length.isdigit()):
        return PlainTextResponse("The size must be said.", 411)
    upload = request.url.path.rstrip("/").rpartition("/")[2] in UPLOADS
    if whole_number(length, MAX_UPLOAD_BYTES if upload else MAX_FORM_BYTES) is None:
        return PlainTextResponse("Too large.", 413)
    return None
