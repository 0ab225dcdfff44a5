"""Cases begun by hostile posts: whatever is sent, the answer is a page that says why, and nothing
is written but in the folder of the workspace."""

import io
import stat
import tarfile
import zipfile
from urllib.parse import quote_from_bytes

import pytest
from app_made import ADDRESS, Visitor, run_jobs_here

NAMES = (
    "../../out.csv", "/etc/out.csv", "..\\..\\out.csv", "C:\\out.csv", "a\x00b.csv", "CON",
    "nul.csv", ".", "..", "", "x" * 5000 + ".csv", "\u202egnp.csv", "a\r\nX-Y: z.csv", ".hidden",
    "-o.csv", "=1+1.csv", "a;b.csv", '"q".csv', "ñ\U0001f600.csv", "case.toml",
    "list.csv.partial", " .csv ",
)  # fmt: skip
LIST = "account,status,time\n" + "".join(
    f"b{i},suspended,2023-11-14T22:{i:02}:00Z\n" for i in range(60)
)


def zipped(*members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data, mode in members:
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(info, data)
    return made.getvalue()


def tarred(name, target):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as file:
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.SYMTYPE, target
        file.addfile(link)
    return made.getvalue()


FILES = {
    "outside.zip": zipped(("../../out.csv", LIST, 0o644), ("/tmp/out.csv", LIST, 0o644)),
    "link.zip": zipped(("list.csv", "/etc/passwd", stat.S_IFLNK | 0o777)),
    "bomb.zip": zipped(*((f"{i}.csv", bytes(20_000_000), 0o644) for i in range(3))),
    "many.zip": zipped(*((f"{i}.csv", "", 0o644) for i in range(3000))),
    "link.tar.gz": tarred("list.csv", "/etc/passwd"),
    "torn.zip": zipped(("list.csv", LIST, 0o644))[:-30],
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("posts")


@pytest.fixture(scope="module")
def module_visitor(place):
    with pytest.MonkeyPatch.context() as patch:
        run_jobs_here(patch)
        # bodies of tests come faster than a person sends them
        patch.setattr("birdfall.web.door.REQUESTS_PER_SECOND", 1e6)
        yield Visitor(place / "work").enter()


def check(visitor, place, answer):
    """It was answered, and nothing lies outside the workspace."""
    assert answer.status_code < 500, answer.text[:2000]
    assert [one.name for one in place.iterdir()] == ["work"]
    assert not any(one.is_symlink() for one in place.rglob("*"))
    assert visitor.get("/en/").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:30])
def test_a_name_leads_nowhere(module_visitor, place, name):
    given = {"files": (name, LIST.encode(), "text/csv")}
    answer = module_visitor.send("/en/", "/en/begin", {"title": name}, given)
    check(module_visitor, place, answer)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_a_packed_file_holds_what_it_likes(module_visitor, place, name):
    given = {"files": (name, FILES[name], "application/zip")}
    answer = module_visitor.send("/en/", "/en/begin", {}, given)
    check(module_visitor, place, answer)
    assert "root:" not in answer.text


def body_of(parts, boundary=b"b"):
    return b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


FILE = b'Content-Disposition: form-data; name="files"; %s\r\n\r\nx'
FIELD = b'Content-Disposition: form-data; name="%s"\r\n\r\n%s'
BODIES = {
    "many parts": ("multipart/form-data; boundary=b", body_of([FIELD % (b"x", b"y")] * 20_000)),
    "many files": (
        "multipart/form-data; boundary=b",
        body_of(
            [b'Content-Disposition: form-data; name="files"; filename="a.csv"\r\n\r\nx'] * 3000
        ),
    ),
    "no boundary": ("multipart/form-data", body_of([FIELD % (b"x", b"y")])),
    "long boundary": ("multipart/form-data; boundary=" + "b" * 5000, b"x"),
    "torn": ("multipart/form-data; boundary=b", body_of([FIELD % (b"table", LIST.encode())])[:60]),
    "long header": (
        "multipart/form-data; boundary=b",
        body_of([b"Content-Disposition: form-data; " + b"x" * 200_000 + b"\r\n\r\ny"]),
    ),
    "other type": ("application/json", b'{"table": "a"}'),
    "no type": ("", b"table=a"),
    "charset": ("application/x-www-form-urlencoded; charset=utf-7", b"table=+AGE-"),
    "half a character": (
        "application/x-www-form-urlencoded",
        b"title=%ED%A0%80&table=" + quote_from_bytes(LIST.encode()).encode() + b"%ED%A0%80",
    ),
    "line ends only": ("application/x-www-form-urlencoded", b"table=%0A%0C%0B%1E"),
    "many fields": ("application/x-www-form-urlencoded", b"a=b&" * 20_000),
    "nul": ("application/x-www-form-urlencoded", b"title=%00&table=%00%00"),
    "names": (
        "multipart/form-data; boundary=b",
        body_of([FILE % b"filename*=utf-8''%2e%2e%2fout"]),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", BODIES)
def test_a_body_is_what_it_likes(module_visitor, place, kind):
    content_type, body = BODIES[kind]
    word = module_visitor.word("/en/").encode()
    if content_type == "multipart/form-data; boundary=b":
        body = body_of([FIELD % (b"word", word)])[: -len(b"--b--\r\n")] + body
    elif "urlencoded" in content_type:
        body = b"word=" + word + b"&" + body
    headers = {"Content-Type": content_type, "Origin": ADDRESS}
    answer = module_visitor.client.post("/en/begin", content=body, headers=headers)
    check(module_visitor, place, answer)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1:8000\x00"}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"X-Forwarded-For": "10.0.0.1"}, 421),
        ({"Content-Length": "9" * 5000}, 413),
        ({"Content-Length": b"\xb2"}, 411),
    ],
)
def test_a_post_of_another_site_or_name_begins_nothing(module_visitor, place, headers, status):
    before = len(list((place / "work").iterdir()))
    data = {"word": module_visitor.word("/en/"), "table": LIST}
    answer = module_visitor.client.post("/en/begin", data=data, headers=headers)
    assert answer.status_code == status
    assert len(list((place / "work").iterdir())) == before
