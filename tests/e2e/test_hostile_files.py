"""Files that attack or fail: each is one clear error or a counted rejection, and the case is as it
was.
"""

import contextlib
import csv
import ctypes
import gzip
import html
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from xml.etree import ElementTree

import pytest
import zstandard

from birdfall.record.case import Case
from processes import start


@pytest.fixture
def case(run, tmp_path):
    good = tmp_path / "good.csv"
    good.write_text(
        "account,suspended_at\n"
        + "".join(f"a{i},2013-10-31T22:20:{i % 60:02d}Z\n" for i in range(100))
    )
    run("import", good, "-o", tmp_path / "case", check=0)
    return tmp_path / "case"


def refused(done, case, before, *says):
    assert done.returncode not in (0, 3, 4), done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    for word in says:
        assert word in done.stderr, done.stderr
    assert (case / "manifest.json").read_bytes() == before
    assert not list(case.glob(".staging/*"))


def test_a_bomb_of_ten_gigabytes_is_not_unpacked(run, case, tmp_path):
    """One zstd frame of blocks that say "128 KiB of zeros": 10 GB in 320 KB."""
    bomb = tmp_path / "bomb.csv.zst"
    blocks, size = (10 << 30) >> 17, 1 << 17
    with bomb.open("wb") as file:
        file.write(b"\x28\xb5\x2f\xfd\x00\x38")
        for number in range(blocks):
            file.write((size << 3 | 1 << 1 | (number == blocks - 1)).to_bytes(3, "little") + b"0")
    before = (case / "manifest.json").read_bytes()
    refused(run("import", bomb, "-o", case), case, before, "--allow-large", "bomb")


def without_powers():
    """In a child: whoever runs this may no more read what its permissions forbid."""
    libc = ctypes.CDLL(None)
    for power in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc.prctl(24, power, 0, 0, 0)


def run_as(change, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "birdfall", *map(str, arguments)],
        capture_output=True,
        text=True,
        preexec_fn=change,
        timeout=300,
    )


def test_a_file_that_may_not_be_read(case, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("account,suspended_at\na,2013-10-31T22:20:00Z\n")
    secret.chmod(0)
    before = (case / "manifest.json").read_bytes()
    for command in (("import", secret, "-o", case), ("look", secret)):
        refused(run_as(without_powers, *command), case, before, "may not be read", "permissions")


def test_a_case_that_may_not_be_written(case, tmp_path):
    more = tmp_path / "more.csv"
    more.write_text("account,suspended_at\na,2013-10-31T22:20:00Z\n")
    before = (case / "manifest.json").read_bytes()
    folders = [case, *(p for p in case.rglob("*") if p.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        refused(
            run_as(without_powers, "import", more, "-o", case), case, before, "cannot be written"
        )
    finally:
        for folder in folders:
            folder.chmod(0o700)


def test_a_disk_that_fills_up(run, case, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        rows = tmp_path / "large.csv"
        rows.write_text(
            "account,kind,object,created_at,text\n"
            + "".join(
                f"a{i},post,o{i},2013-10-31T22:20:00Z,{os.urandom(60).hex()}\n"
                for i in range(60_000)
            )
        )
        there = small / "case"
        shutil.copytree(case, there)
        before = (there / "manifest.json").read_bytes()
        refused(run("import", rows, "-o", there), there, before, "disk is full", "Free some space")
        more = tmp_path / "more.csv"
        more.write_text("account,suspended_at\na,2013-10-31T22:20:00Z\n")
        run("import", more, "-o", there, check=0)
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_full_disk_leaves_the_case_as_it_was(case, tmp_path):
    """A limit on the size of files stands for a full disk: the write fails in the middle, as it
    would there.
    """
    resource = pytest.importorskip("resource")
    rows = tmp_path / "large.csv"
    with rows.open("w") as file:
        file.write("account,kind,object,created_at,text\n")
        file.writelines(
            f"a{i},post,o{i},2013-10-31T22:20:00Z,{os.urandom(60).hex()}\n" for i in range(60_000)
        )
    before = (case / "manifest.json").read_bytes()

    def small():
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    done = subprocess.run(
        [sys.executable, "-m", "birdfall", "import", str(rows), "-o", str(case)],
        capture_output=True,
        text=True,
        preexec_fn=small,
        timeout=300,
    )
    refused(done, case, before)
    again = subprocess.run(
        [sys.executable, "-m", "birdfall", "import", str(rows), "-o", str(case)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert again.returncode == 0, again.stderr


GOOD = "account,time,text\n" + "".join(
    f"u{i},2013-10-31T22:{i % 60:02d}:00Z,text {i}\n" for i in range(50)
)
REFUSED = {
    "empty": (b"", "empty"),
    "a gzip cut short": (gzip.compress(GOOD.encode() * 50)[:-30], "too soon"),
    "a zstd cut short": (zstandard.compress(GOOD.encode() * 50)[:-30], "too soon"),
    "a gzip damaged within": (gzip.compress(os.urandom(5000))[:2000] + b"x" * 500, "damaged"),
    "unknown columns": (b"x1,x2\n1,2\n", "--column"),
    "no time zone": (GOOD.replace("Z,", ",").encode(), "--time-zone"),
    "zones in some rows only": (GOOD.encode() + b"z,2013-10-31 22:20:00,x\n", "--time-zone"),
    "two orders of day and month": (b"account,time,text\na,03/04/2013 22:20,x\n", "--date-format"),
    "a damaged Parquet": (b"PAR1" + b"x" * 100, "damaged"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_read_is_one_error_with_a_way_out(run, case, tmp_path, name):
    content, says = REFUSED[name]
    bad = tmp_path / "bad.csv"
    bad.write_bytes(content)
    before = (case / "manifest.json").read_bytes()
    refused(run("import", bad, "-o", case), case, before, says)
    looked = run("look", bad)
    assert (
        looked.returncode == 2
        and says in looked.stdout + looked.stderr
        and "Traceback" not in looked.stderr
    )
    assert len(looked.stderr.splitlines()) <= 4


def test_a_folder_and_a_pattern(run, case, tmp_path):
    before = (case / "manifest.json").read_bytes()
    refused(run("import", tmp_path, "-o", case), case, before, "folder", "Name the files in it")
    refused(run("import", tmp_path / "*.none", "-o", case), case, before, "no file fits")
    for name in "ab":
        (tmp_path / f"{name}.part.csv").write_text(GOOD.replace("text ", f"{name} text "))
    done = run("import", tmp_path / "*.part.csv", "-o", tmp_path / "both", check=0)
    assert "a.part.csv" in done.stdout and "b.part.csv" in done.stdout


def test_bad_rows_are_counted_and_the_others_taken(run, tmp_path):
    files = {
        "acts": (
            GOOD
            + "z,1970-01-01T00:00:00Z,x\nz,2262-04-11T23:47:16Z,x\nz,0,x\n"
            + "z\0z,2013-10-31T22:20:00Z,x\n"
            + f"{'y' * 1_000_000},2013-10-31T22:20:00Z,x\n"
            + f"z,2013-10-31T22:20:00Z,{'y' * 1_000_000}\n"
            + "z,2013-10-31T22:20:00+02:00,another zone\n",
            51,
            6,  # without an id of its own a text stands for its post: one so long cannot
        ),
        "counts": (
            "account,time,followers\na,2013-10-31T22:20:00Z,-5\na,2013-10-31T22:20:00Z,5\n",
            1,
            1,
        ),
        "statuses": (
            "account,time,status\n"
            + "a,2013-10-31T22:20:00Z,suspended\n" * 2
            + "a,2013-10-31T22:20:00Z,active\n"
            "b,2013-10-31T22:20:00Z,exploded\n",
            3,
            1,
        ),
    }
    for name, (text, rows, rejected) in files.items():
        path, case = tmp_path / f"{name}.csv", tmp_path / name
        path.write_text(text)
        done = run("import", path, "-o", case, "--json", check=0)
        (receipt,) = json.loads(done.stdout)["files"]
        assert (receipt["rows"], receipt["rejected"]) == ({name: rows}, rejected), name
        looked = run("look", path)
        assert f"refused {rejected}" in looked.stdout and "Traceback" not in looked.stderr
        assert max(map(len, looked.stdout.splitlines())) < 400


def test_files_of_different_kinds_in_one_command(run, tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    (tmp_path / "b.jsonl.zst").write_bytes(
        zstandard.compress(b'{"account":123456789012345678,"time":1383258000,"text":"x"}\n')
    )
    (tmp_path / "c.json").write_text(
        '{"did":"did:plc:a","time_us":1383258000000000,"kind":"account","account":'
        '{"did":"did:plc:a","time":"2013-10-31T22:20:00Z","active":false,"status":"suspended"}}\n'
    )
    done = run("import", *sorted(tmp_path.iterdir()), "-o", tmp_path / "case", "--json", check=0)
    rows = [f["rows"] for f in json.loads(done.stdout)["files"]]
    assert [r.get("acts", r.get("statuses")) for r in rows] == [50, 1, 1]


@pytest.mark.slow
@pytest.mark.parametrize(("acts", "kills"), [(40_000, 2), (300_000, 8)])
def test_an_import_killed_at_any_moment_is_whole_or_not_there(case, tmp_path, acts, kills):
    rows = tmp_path / "large.csv"
    rows.write_text(
        "account,time,text\n"
        + "".join(f"u{i},2013-10-31T22:20:00Z,text {i}\n" for i in range(acts))
    )
    command = [sys.executable, "-m", "birdfall", "import", str(rows), "-o", str(case)]
    began = time.monotonic()
    copy = tmp_path / "copy"
    shutil.copytree(case, copy)
    subprocess.run([*command[:-1], str(copy)], check=True, capture_output=True)
    whole = time.monotonic() - began
    chance = random.Random(7)
    before = (case / "manifest.json").read_bytes()
    for _ in range(kills):
        child = start(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 1.0) * whole)
        child.kill()
        child.wait()
        opened = Case.open(case)
        assert opened.find_damage() == []
        assert len(opened.manifest.imports) == 1 or opened.record().sizes["acts"] == acts
        if len(opened.manifest.imports) == 1:
            assert (case / "manifest.json").read_bytes() == before
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Case.open(case).record().sizes["acts"] == acts and Case.open(case).find_damage() == []
    assert not (case / ".staging").exists()


def test_columns_of_one_name_are_told_apart(run, tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("account,account,suspended_at\na,b,2013-10-31T22:20:00Z\n")
    done = run("look", path)
    assert "Traceback" not in done.stderr
    assert "account (2)" in done.stdout + done.stderr


ATTACKS = (
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(2)>", "</svg><svg onload=alert(3)>",
    "=1+1", "+cmd|' /C calc'!A0", "@SUM(1)", "-2+3", "\x1b[31mred\x1b[0m", "\x9b31m",
    "../../etc/passwd", "..\\..\\evil", "/etc/shadow", "a/../b", "\u202egpj.exe", "\u2066isolated",
    "javascript:alert(4)", "{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE acts; --", "%s%n", "CON",
    "a\tb",
)  # fmt: skip
REPAINTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def attacked(run, tmp_path_factory):
    """A case of attackers who fell together, and reposted together; all of them shown by their own
    handles.
    """
    folder = tmp_path_factory.mktemp("attacked")
    with (folder / "statuses.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["account", "status", "time", "reason"])
        for day in range(120):
            rows.writerow(
                [
                    f"u{day}",
                    "suspended",
                    f"2024-03-{1 + day % 28:02d}T{day % 24:02d}:10:00Z",
                    "spam",
                ]
            )
        for i, attack in enumerate(ATTACKS * 10):
            rows.writerow(
                [
                    attack + str(i // len(ATTACKS)) * (i >= len(ATTACKS)),
                    "suspended",
                    f"2024-03-29T12:00:{i % 60:02d}Z",
                    attack,
                ]
            )
        rows.writerow(["z", "<script>alert(5)</script>\x1b[2J", "2024-03-29T12:00:00Z", ""])
    with (folder / "acts.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["account", "kind", "object", "time", "text", "id"])
        for i, attack in enumerate(ATTACKS):
            for thing in range(6):
                when = f"2024-03-28T{thing:02d}:00:{i:02d}Z"
                rows.writerow(
                    [
                        attack,
                        "repost",
                        f"{attack}{thing % 3}",
                        when,
                        f"{attack} text",
                        f"{attack}-{i}-{thing}",
                    ]
                )
                rows.writerow(
                    [
                        attack,
                        "repost",
                        f"o{thing}",
                        when,
                        f"{attack} text",
                        f"{attack}-{i}-{thing}-o",
                    ]
                )
    with (folder / "accounts.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["account", "handle", "name"])
        rows.writerows([a, f"@{a}", a] for a in ATTACKS)
    public = [part for attack in ATTACKS for part in ("--public", attack)]
    files = [folder / f"{name}.csv" for name in ("statuses", "acts", "accounts")]
    done = run(
        "run",
        *files,
        "-o",
        folder / "case",
        "--title",
        ATTACKS[0],
        "--question",
        ATTACKS[7],
        *_joined(public),
    )
    assert done.returncode in (0, 3), done.stdout + done.stderr
    return folder, done


def _joined(options):
    """Options as --name=value: a value may begin with a dash."""
    return [f"{name}={value}" for name, value in zip(options[::2], options[1::2], strict=True)]


def spoken(*processes):
    for done in processes:
        assert "Traceback" not in done.stderr, done.stderr
        for line in (done.stdout + done.stderr).split("\n"):
            assert not REPAINTS.search(line), repr(line)


def test_what_attacks_stays_out_of_the_terminal(run, attacked):
    folder, ran = attacked
    case, files = folder / "case", sorted(folder.glob("*.csv"))
    spoken(
        ran,
        run("look", *files),
        run("look", files[-1]),
        run("check", case, "<script>\x1b[31m 500 cuentas en diez minutos"),
        run("import", folder / "no\x1b[31mne.csv", "-o", case),
        run("look", folder / "\u202efile.csv"),
        run("coordinate", case, "--at-least", "2"),
        run("verify", case),
    )
    for command in (["look", *files], ["coordinate", case]):
        done = run(*command, "--json")
        json.loads(done.stdout)
        assert (
            "\x1b" not in done.stdout and "\x9b" not in done.stdout and "\u202e" not in done.stdout
        )


def test_what_attacks_is_text_in_the_report(attacked):
    folder, _ = attacked
    page = (folder / "case/reports/report.html").read_text("utf-8")
    assert "default-src 'none'" in html.unescape(page)
    for live in (
        "<script>alert",
        "<img src=x",
        "<svg onload",
        "onerror=alert(2)>",
        'href="javascript:',
    ):
        assert live not in page
    assert (
        "\x1b" not in page
        and "\x9b" not in page
        and "\u202egpj" not in page.replace("\u2068\u202e", "")
    )


def test_what_attacks_is_a_cell_in_every_export(run, attacked, tmp_path):
    folder, _ = attacked
    case = folder / "case"
    for form in ("csv", "parquet", "sqlite"):
        for more in ([], ["--identified"]):
            out = tmp_path / f"{form}{len(more)}"
            spoken(run("export", case, "--format", form, "-o", out, *more, check=0))
    for path in [*(tmp_path / "csv0").iterdir(), *(tmp_path / "csv1").iterdir()]:
        for row in csv.reader(path.open(encoding="utf-8", newline="")):
            for cell in row:
                assert not cell.startswith(("=", "@", "\t", "\r")) and not re.match(
                    r"[+-](?!\d+(\.\d+)?(e[+-]\d+)?$)", cell
                ), (path, cell)
                assert not REPAINTS.search(cell.replace("\t", "")), (path, cell)
    identified = {
        r["account"]
        for r in csv.DictReader((tmp_path / "csv1/acts.csv").open(encoding="utf-8", newline=""))
    }
    assert "'=1+1" in identified and len(identified) == len(ATTACKS)
    with contextlib.closing(sqlite3.connect(tmp_path / "sqlite1")) as database:
        assert database.execute("SELECT count(*) FROM acts").fetchone()[0] == len(ATTACKS) * 12
        assert {a for (a,) in database.execute("SELECT account FROM acts")} == set(ATTACKS)
    assert not list(tmp_path.parent.rglob("passwd"))


def test_what_attacks_is_text_in_a_network(run, attacked, tmp_path):
    folder, _ = attacked
    for more in ([], ["--identified"]):
        out = tmp_path / f"net{len(more)}"
        done = run(
            "coordinate", folder / "case", "--null", "none", "--at-least", "2", "-o", out, *more
        )
        assert done.returncode in (0, 3), done.stderr
        spoken(done)
        for path in (*out.glob("*.gexf"), *out.glob("*.graphml")):
            tree = ElementTree.fromstring(path.read_bytes())
            shown = "".join(tree.itertext()) + "".join(
                v for e in tree.iter() for v in e.attrib.values()
            )
            assert not REPAINTS.search(shown.replace("\n", "")), path
            assert "<script>" not in path.read_text("utf-8")
        for path in out.iterdir():
            assert re.fullmatch(r"[\w.-]+", path.name)


def test_every_file_of_the_case_has_a_harmless_name(attacked):
    folder, _ = attacked
    for path in (folder / "case").rglob("*"):
        assert re.fullmatch(r"[\w.-]+", path.name), path


def test_names_that_lead_out_of_the_case_stay_names(run, tmp_path):
    path = tmp_path / "evil.csv"
    path.write_text(
        "account,suspended_at\n"
        + "".join(
            f"{name},2013-10-31T22:20:0{i}Z\n"
            for i, name in enumerate(
                ["../../etc/passwd", "=1+1", "\x1b[31mred", "<script>x</script>", "a/../b"]
            )
        )
    )
    case = tmp_path / "case"
    run("import", path, "-o", case, check=0)
    out = tmp_path / "out"
    done = run("export", case, "--format", "csv", "-o", out, "--identified")
    assert done.returncode == 0, done.stderr
    texts = [p.read_text("utf-8") for p in out.rglob("*.csv")]
    assert texts
    assert not any(
        line.startswith("=1+1") or ",=1+1" in line for text in texts for line in text.splitlines()
    )
    assert "\x1b" not in done.stdout + done.stderr
    assert not (tmp_path / "etc").exists()
    shutil.rmtree(case)
