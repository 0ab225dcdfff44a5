"""Files that attack or fail: each is one clear error or a counted rejection, and the case is as it was."""

import os
import shutil
import subprocess
import sys

import pytest
import zstandard


@pytest.fixture
def case(run, tmp_path):
    good = tmp_path / "good.csv"
    good.write_text("account,suspended_at\n" + "".join(f"a{i},2013-10-31T22:20:{i % 60:02d}Z\n" for i in range(100)))
    run("import", good, "-o", tmp_path / "case", check=0)
    return tmp_path / "case"


def refused(done, case, before, *says):
    assert done.returncode not in (0, 3, 4), done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    for word in says:
        assert word in done.stderr, done.stderr
    assert (case / "manifest.json").read_bytes() == before
    assert not list(case.glob(".staging/*"))


def test_a_bomb_is_not_unpacked(run, case, tmp_path):
    bomb = tmp_path / "bomb.csv.zst"
    block = b"account,suspended_at\n" * 50_000
    with bomb.open("wb") as file, zstandard.ZstdCompressor().stream_writer(file) as out:
        for _ in range(500):
            out.write(block)
    assert bomb.stat().st_size < 5_000_000
    before = (case / "manifest.json").read_bytes()
    refused(run("import", bomb, "-o", case), case, before, "--allow-large")


def test_a_file_that_may_not_be_read(run, case, tmp_path):
    secret = tmp_path / "secret.csv"
    secret.write_text("account,suspended_at\na,2013-10-31T22:20:00Z\n")
    secret.chmod(0)
    if os.access(secret, os.R_OK):
        pytest.skip("whoever runs this may read everything")
    refused(run("import", secret, "-o", case), case, (case / "manifest.json").read_bytes())


def test_a_full_disk_leaves_the_case_as_it_was(case, tmp_path):
    """A limit on the size of files stands for a full disk: the write fails in the middle, as it would there."""
    resource = pytest.importorskip("resource")
    rows = tmp_path / "large.csv"
    with rows.open("w") as file:
        file.write("account,kind,object,created_at,text\n")
        file.writelines(f"a{i},post,o{i},2013-10-31T22:20:00Z,{os.urandom(60).hex()}\n" for i in range(60_000))
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


def test_columns_of_one_name_are_told_apart(run, tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("account,account,suspended_at\na,b,2013-10-31T22:20:00Z\n")
    done = run("look", path)
    assert "Traceback" not in done.stderr
    assert "account (2)" in done.stdout + done.stderr


def test_names_that_lead_out_of_the_case_stay_names(run, tmp_path):
    path = tmp_path / "evil.csv"
    path.write_text("account,suspended_at\n" + "".join(
        f"{name},2013-10-31T22:20:0{i}Z\n" for i, name in enumerate(["../../etc/passwd", "=1+1", "\x1b[31mred", "<script>x</script>", "a/../b"])))  # fmt: skip
    case = tmp_path / "case"
    run("import", path, "-o", case, check=0)
    out = tmp_path / "out"
    done = run("export", case, "--format", "csv", "-o", out, "--identified")
    assert done.returncode == 0, done.stderr
    texts = [p.read_text("utf-8") for p in out.rglob("*.csv")]
    assert texts
    assert not any(line.startswith("=1+1") or ",=1+1" in line for text in texts for line in text.splitlines())
    assert "\x1b" not in done.stdout + done.stderr
    assert not (tmp_path / "etc").exists()
    shutil.rmtree(case)
