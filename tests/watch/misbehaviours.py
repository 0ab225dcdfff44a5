"""Ways in which a server's answer can be wrong, each drawn: of HTTP, of WebSockets, and of JSON."""

import gzip
import json
import re
import struct

from raw_server import http_answer

JUNK = (None, 7, "x", [], {}, [None], {"events": 3}, {"events": [1, None, {"id": {}}]}, [[]], True)
#: Tokens of JSON that no honest answer has in this place.
TOKENS = (
    "NaN",
    "-Infinity",
    "1e999",
    "-1e999",
    "9" * 10_000,
    "-1",
    "0.1",
    str(1 << 63),
    str((1 << 63) - 1),
    "true",
    "null",
    "[]",
    "{}",
    "[" * 20_000,
    "[" * 15_000 + "]" * 15_000,
    '{"a":' * 5_000 + "1" + "}" * 5_000,
    '""',
    r'"\ud800"',
    r'"a\u0000b"',
    '"\x00"',
    '"²"',
    '"' + "x" * 30_000 + '"',
    '"0000-01-01T00:00:00Z"',
    '"0001-01-01T00:00:00Z"',
    '"-001-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59.999999Z"',
    '"10000-01-01T00:00:00Z"',
    '"2023-11-14T22:13:21-23:59"',
    '"2023-11-14T22:13:21+99:99"',
    '"2023-02-30T22:13:60Z"',
    '"2023-11-14T22:13:21.' + "9" * 5_000 + 'Z"',
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d+|true|false|null')


def twist(text, draw):
    """JSON of which one or two tokens are others, or a member stands there twice."""
    for _ in range(draw.randrange(1, 3)):
        found = list(_TOKEN.finditer(text))
        if not found:
            return text
        one = draw.choice(found)
        member = f"{one[0]}: {draw.choice(TOKENS)}, "
        named = text[one.end() :].lstrip().startswith(":")
        put = member + one[0] if named and draw.random() < 0.3 else draw.choice(TOKENS)
        text = text[: one.start()] + put + text[one.end() :]
    return text


def chunked(body, draw):
    """An answer in chunks, with extensions and trailers as the protocol allows, or sizes that it
    does not."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    size = draw.choice(
        (b"%x" % len(body), b"%x;a=b;c" % len(body), b"-1", b"F" * 16, b"F" * 5000, b"zz", b"")
    )
    trailer = draw.choice((b"", b"X: y\r\n", b"X: y\r\n" * 5000))
    return head + size + b"\r\n" + body + b"\r\n0\r\n" + trailer + b"\r\n"


def of_http(whole, draw, canary):
    """Ways that HTTP can be wrong. whole: an honest answer, canary: a server nobody may ask."""
    junk = json.dumps(draw.choice(JUNK)).encode()
    where = draw.choice(
        (
            f"{canary}/",
            f"{canary.replace('http:', '')}/",
            f"http://127.0.0.1@{canary.rpartition('/')[2]}/",
            f"\\\\{canary.rpartition('/')[2]}\\",
            "https://127.0.0.1:1/",
            "http://[",
            "http://[::1%25lo]:1/",
            "http://xn--/",
            "http://ma\u00f1ana.example/\x00",
            "",
            "/again",
            "ftp://x/",
            "\x01",
        )
    )
    body = whole.partition(b"\r\n\r\n")[2]
    return (
        lambda: http_answer(junk),
        lambda: http_answer(b"x" * 100_000),
        lambda: http_answer(b"\x1f\x8b" + draw.randbytes(20), Content_Encoding="gzip"),
        lambda: http_answer(
            gzip.compress(bytes(1 << 20)), Content_Encoding=draw.choice(("gzip", "br", "x, gzip"))
        ),
        lambda: http_answer(status=draw.choice(("500 E", "503 S", "404 N", "429 T", "999 ?"))),
        lambda: http_answer(
            status="429 T",
            Retry_After=draw.choice(("0", "-5", "²", "x", "Mon, 99 Foo 2023 99:99:99 GMT")),
        ),
        lambda: http_answer(status=f"{draw.choice((301, 302, 303, 307, 308))} R", Location=where),
        lambda: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * draw.choice((3, 30_000)) + b"\r\n",
        lambda: b"HTTP/1.1 200 OK\r\nX: " + b"y" * (1 << 20) + b"\r\n\r\n",
        lambda: b"HTTP/1.0 200 OK\r\n\r\n" + body,
        lambda: draw.choice((b"HTTP/9.9 200 OK", b"ICY 200 OK", b"HTTP/1.1 -1 x")) + b"\r\n\r\n",
        lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * draw.choice((1, 1000)) + whole,
        lambda: b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + whole,
        lambda: http_answer(body, draw.choice(("204 N", "205 R", "206 P", "304 N"))),
        lambda: http_answer(body, Content_length=draw.choice(("-1", "x", "7", "9" * 30))),
        lambda: chunked(body, draw),
    )


def of_websockets(head, draw):
    """Ways that the frames of a WebSocket can be wrong. head: what accepts the connection."""
    code = draw.choice((0, 999, 1000, 1001, 1005, 1006, 1015, 5000))
    begin = draw.choice((0x80, 0x00, 0xC1, 0xF2, 0x83, 0x8B))
    return (
        lambda: head + bytes([begin, 5]) + b"12345",
        lambda: head + b"\x81\x85mask12345",
        lambda: head + b"\x82\x7f\xff" + b"\xff" * 7,
        lambda: head + b"\x81\x02\xff\xfe",
        lambda: head + b"\x89\x01x" * 3000,
        lambda: head + b"\x02\x00" + b"\x00\x01x" * 3000,
        lambda: head + b"\x89\x7e\x01\x00" + bytes(256),
        lambda: head + b"\x88\x02" + struct.pack(">H", code),
        lambda: head + b"\x88\x01x",
        lambda: head + b"\x88\x7d" + struct.pack(">H", 1000) + b"\xff" * 123,
        lambda: head.replace(b"101 S", b"200 OK"),
        lambda: head.replace(b"Accept: ", b"Accept: A"),
        lambda: head.replace(
            b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        ),
        lambda: head.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: other\r\n\r\n"),
    )
