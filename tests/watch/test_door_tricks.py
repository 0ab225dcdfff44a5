"""Requests that are made to get past the door of a dashboard: whatever stands in their lines,
nobody without the token sees a page, is led elsewhere, or makes the server fail."""

import contextlib
import http.client
import random
import socket

import pytest

from birdfall.watch.dashboard.server import DashboardServer
from birdfall.watch.store.database import State
from birdfall.web import door

TOKEN = "The-Token-Of-This-Dashboard"
PATHS = (
    "/en/now", "/en/waves", "/en/sources", "/en/rules", "/ar/now", "/en/wave/1", "/live", "/",
    "/en/now/", "//en/now", "/assets/../en/now", "/assets/%2e%2e/en/now", "/assets/..%2fen/now",
    "/assets//en/now", "/assets/..\\en\\now", "/assets/", "/ASSETS/../en/now", "/en/now;/assets/",
    "/en/now?/assets/", "/en/now#/assets/", "/en/now%00", "/en/now%0d%0aX-A: b", "/../en/now",
    "http://127.0.0.1/en/now", "http://evil.example/en/now", "*", "evil.example:80", "/é", "/\x01",
    "/en/now?token=" + "%54he-Token-Of-This-Dashboard"[:-1], "/?token=", "/?token[]=a",
    "/?token=a&token=b", "//evil.example/?token=a", "/en/case/1/../../now",
    "/assets/../../../etc/passwd", "/assets/nothing", "/assets/..",
)  # fmt: skip
WRONG = (
    "", " ", TOKEN[:-1], TOKEN.lower(), TOKEN.upper(), TOKEN + "x", f"x{TOKEN}", f"'{TOKEN[1:]}'",
    "None", "null", "true", "0", "*", "%", "\xe9" * 27, "x" * 5000, TOKEN[::-1],
)  # fmt: skip


def with_tricks(draw):
    """One request in bytes, without the token."""
    method = draw.choice(
        ("GET", "GET", "GET", "POST", "HEAD", "get", "TRACE", "CONNECT", "PUT", "OPTIONS", "DELETE",
         "PROPFIND", "G\xc9T", "")
    )  # fmt: skip
    path, wrong = draw.choice(PATHS), draw.choice(WRONG)
    version = draw.choice(("HTTP/1.1",) * 6 + ("HTTP/1.0", "HTTP/0.9", "HTTP/2.0", "HTTP/9", ""))
    lines = [f"{method} {path} {version}"]
    ways = (
        "Host: 127.0.0.1", "Host: localhost", "Host: evil.example", "Host: 127.0.0.1, evil",
        "Host:", "Host: [::1]", " Host: folded", "host : spaced",
        f"Authorization: Bearer {wrong}", f"Authorization: bearer {wrong}",
        f"Authorization: Basic {wrong}", f"Authorization:  Bearer  {wrong}",
        f"Cookie: birdfall={wrong}", f"Cookie: birdfall={wrong}; birdfall={wrong}",
        f'Cookie: birdfall="{wrong}"', "Cookie: " + "a=b; " * 300, "Cookie: =; ;;birdfall",
        "X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: localhost",
        "Forwarded: for=127.0.0.1", "X-Original-URL: /assets/x", "X-Rewrite-URL: /assets/x",
        "X-HTTP-Method-Override: GET", "Origin: null", "Origin: http://127.0.0.1",
        "Sec-Fetch-Site: same-origin", "Sec-Fetch-Mode: navigate", "Referer: http://127.0.0.1/",
        "Content-Length: 5", "Content-Length: -1", "Content-Length: \xb2", "Content-Length: 5, 6",
        "Content-Length: 99999999999999999999", "Transfer-Encoding: chunked",
        "Transfer-Encoding: chunked, identity", "Transfer-Encoding: xchunked",
        "Expect: 100-continue", "Upgrade: websocket", "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c", "Range: bytes=0-99999999", "Accept-Language: " + "x," * 2000,
        "Accept-Language: \xe9", "Accept-Encoding: gzip;q=0", "If-None-Match: *",
        "Last-Event-ID: 1",
        "no colon", ": no name", "A" * 9000 + ": b", "A: \x00", "A: b\rC: d", "\xe9: x",
    )  # fmt: skip
    lines += draw.sample(ways, draw.randrange(6))
    if draw.random() < 0.7:
        lines.insert(1, "Host: 127.0.0.1")
    body = draw.choice(("", "", "hello", "0\r\n\r\n", "GET /en/now HTTP/1.1\r\nHost: x\r\n\r\n"))
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode("latin-1")


def answer_to(port, request):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 10) as other:
        other.settimeout(0.3 if b"GET /live" in request else 5)
        with contextlib.suppress(OSError):
            other.sendall(request)
            other.shutdown(socket.SHUT_WR)
        data = b""
        with contextlib.suppress(OSError):
            while part := other.recv(65536):
                data += part
        return data
    return b""


def attack(tmp_path, monkeypatch, seeds):
    """The statuses that drawn requests were answered with."""
    # the requests of one address are so many that the limit would answer them all
    monkeypatch.setattr(door, "MAX_BURST_REQUESTS", 10**9)
    State.open(tmp_path / "w.sqlite").close()
    server = DashboardServer(tmp_path / "w.sqlite", "0", TOKEN)
    server.start()
    seen = set()
    try:
        for seed in seeds:
            request = with_tricks(random.Random(f"door {seed}"))
            answer = answer_to(server.port, request)
            head, _, body = answer.partition(b"\r\n\r\n")
            status = head[9:12]
            seen.add(status)
            assert status in (b"", b"400", b"401", b"403", b"404", b"405", b"413", b"431"), request
            assert b"<main" not in body, request
            assert b"location:" not in head.lower(), request
            assert TOKEN.encode() not in answer, request
            if status in (b"401", b"403", b"405", b"413"):
                lower = head.lower()
                assert b"content-security-policy: default-src 'none'" in lower, request
                assert b"set-cookie" not in lower, request
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("GET", "/en/now", headers={"Authorization": f"Bearer {TOKEN}"})
        assert b"<main" in connection.getresponse().read(), "it still answers"
        connection.close()
    finally:
        server.stop()
    return seen


def test_no_trick_in_a_request_gets_past_the_door(tmp_path, monkeypatch):
    assert {b"400", b"401"} <= attack(tmp_path, monkeypatch, range(120))


@pytest.mark.slow
def test_no_trick_of_thousands_gets_past_the_door(tmp_path, monkeypatch):
    assert {b"400", b"401", b"405", b"413"} <= attack(tmp_path, monkeypatch, range(120, 5000))
