"""Damaged files of every known format: no traceback, nothing lost in silence, bounded memory.

    python tests/sources/fuzz_files.py [--files N] [--each-reader] [--seed S] [--state FILE]

Each file is one of the corpus, damaged in one to three ways drawn by its number; the same number
gives the same file. A reader may refuse it with a reason, or read what is left: it may raise
nothing else, take no longer than a file of its size should, and give no more rows than the file
has. With --each-reader there are N files for every reader that has files in the corpus, one reader
after the other. With --state the run goes on where it was stopped.
"""

import argparse
import gzip
import io
import json
import random
import resource
import sys
import tempfile
import time
import tomllib
import traceback
import zipfile
from collections import Counter
from pathlib import Path

from birdfall.model.errors import BirdfallError
from birdfall.sources.ingest import load
from birdfall.sources.registry import choose_source

CORPUS = Path(__file__).parent / "corpus"
#: Readers of the files of the corpus, sorted. Streams in bytes have tests of their own.
READERS = (
    "account-list", "activitypub", "bluesky-pages", "container", "downloads", "dsa", "lemmy",
    "mastodon-admin", "mediawiki-log", "ozone", "table", "telegram", "x",
)  # fmt: skip
#: Seconds of a processor that a file of some thousand bytes may take.
MAX_SECONDS = 20.0
#: Growth of the process over a whole run, in bytes.
MAX_GROWTH_BYTES = 1 << 30


def seeds():
    """Files of the corpus as (name, ending, bytes, options), with some in containers."""
    found = []
    for path in sorted(CORPUS.glob("*.toml")):
        for entry in tomllib.loads(path.read_text("utf-8"))["format"]:
            content = entry["content"].removeprefix("\n").encode()
            found.append((entry["name"], entry["ending"], content, entry.get("options", {})))
    contained = []
    for number, (name, ending, content, options) in enumerate(found):
        if number % 7 == 0:
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(f"data/file.{ending}", content)
            contained.append((f"{name}, in a zip", "zip", packed.getvalue(), options))
        elif number % 7 == 1:
            contained.append((f"{name}, gzip", f"{ending}.gz", gzip.compress(content), options))
    return found + contained


def seeds_by_reader():
    """Reader to its files, in the order of `READERS`."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds():
            path = Path(folder) / f"file.{seed[1]}"
            path.write_bytes(seed[2])
            found.setdefault(choose_source(path).NAME, []).append(seed)
    return dict(sorted(found.items()))


# -- ways of damage --------------------------------------------------------------------------------


def cut(data, chance):
    return data[: chance.randrange(len(data) + 1)]


def swap_bytes(data, chance):
    changed = bytearray(data)
    for _ in range(chance.randint(1, 12)):
        if len(changed) > 1:
            a, b = chance.randrange(len(changed)), chance.randrange(len(changed))
            changed[a], changed[b] = changed[b], changed[a]
    return bytes(changed)


def change_bytes(data, chance):
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        if changed:
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def insert_nuls(data, chance):
    place = chance.randrange(len(data) + 1)
    return data[:place] + b"\0" * chance.randint(1, 40) + data[place:]


def double_delimiters(data, chance):
    sign = chance.choice([b",", b";", b"\t", b"|", b":", b"}", b"]", b'"'])
    return data.replace(sign, sign * 2, chance.choice([-1, 1, 3]))


def drop_delimiters(data, chance):
    sign = chance.choice([b",", b";", b"\t", b":", b"}", b"]", b'"', b"\n"])
    return data.replace(sign, b"", chance.choice([1, 3]))


def mix_newlines(data, chance):
    return b"".join(
        line + chance.choice([b"\n", b"\r\n", b"\r", b"\n\n", b"\n\r"])
        for line in data.split(b"\n")
    )


def nest_deeply(data, chance):
    depth = chance.choice([50, 500, 3_000, 100_000])
    kind = chance.choice([(b"[", b"]"), (b'{"a":', b"}")])
    return kind[0] * depth + (data if chance.random() < 0.5 else b"1") + kind[1] * depth


def huge_numbers(data, chance):
    number = chance.choice(
        [
            b"9" * 30,
            b"9" * 400,
            b"-1",
            b"1e400",
            b"NaN",
            b"Infinity",
            b"0",
            b"-0",
            b"1e-400",
            b"0x1F",
        ]
    )
    digits = [i for i in range(len(data)) if data[i : i + 1].isdigit()]
    if not digits:
        return data + number
    place = chance.choice(digits)
    end = place
    while end < len(data) and data[end : end + 1].isdigit():
        end += 1
    return data[:place] + number + data[end:]


def wrong_encoding(data, chance):
    text = data.decode("utf-8", "replace")
    name = chance.choice(["utf-16", "utf-16-le", "utf-32", "cp1252", "cp1256", "cp037"])
    return text.encode(name, "replace")


def two_encodings(data, chance):
    text = data.decode("utf-8", "replace")
    half = chance.randrange(len(text) + 1)
    return (
        text[:half].encode() + "ñandú é ü".encode("cp1252") + text[half:].encode("utf-8", "replace")
    )


def shuffle_columns(data, chance):
    lines = data.split(b"\n")
    sign = max((b",", b";", b"\t"), key=lines[0].count)
    order = list(range(lines[0].count(sign) + 1))
    chance.shuffle(order)
    return b"\n".join(
        sign.join(cells[i] for i in order if i < len(cells))
        for cells in (line.split(sign) for line in lines)
    )


def repeat_rows(data, chance):
    lines = data.split(b"\n")
    if len(lines) < 2:
        return data * 2
    extra = [chance.choice(lines[1:]) for _ in range(chance.choice([1, 50, 2_000]))]
    return b"\n".join([*lines, *extra])


def endless_cell(data, chance):
    place = chance.randrange(len(data) + 1)
    return data[:place] + b"x" * chance.choice([3_000, 200_000]) + data[place:]


def many_columns(data, chance):
    count = chance.choice([200, 6_000])
    lines = data.split(b"\n")
    named = b",".join(b"c%d" % i for i in range(count))
    return b"\n".join([lines[0] + b"," + named, *(line + b"," * count for line in lines[1:])])


def strange_texts(data, chance):
    text = chance.choice(
        ["\u202e\u2066", "\ud800", "\U0010ffff", "e\u0301", "'; DROP TABLE acts; --",
         "=cmd|' /C'!A0", "../../etc/passwd", "<script>", "{{7*7}}", "%s%n", "\\", '\\"', "\ufeff"]
    ).encode("utf-8", "surrogatepass")  # fmt: skip
    place = chance.randrange(len(data) + 1)
    return data[:place] + text + data[place:]


def beheaded(data, chance):
    return data.split(b"\n", 1)[-1] if chance.random() < 0.7 else data[chance.randint(1, 9) :]


def in_archive(data, chance):
    """An archive with what archives of strangers hold: ways out of it, links, bombs, damage."""
    packed = io.BytesIO()
    kind = chance.choice(["way out", "link", "bomb", "same name", "deep", "damaged"])
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        name = {"way out": "../../../tmp/fuzz-out.csv", "link": "link.csv"}.get(kind, "a.csv")
        if kind == "link":
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o120777) << 16
            archive.writestr(entry, "/etc/passwd")
        elif kind == "bomb":
            archive.writestr(name, b"account,time\n" + b"a" * (8 << 20))
        elif kind == "deep":
            inner = data
            for _ in range(6):
                box = io.BytesIO()
                with zipfile.ZipFile(box, "w") as deeper:
                    deeper.writestr("inner.zip", inner)
                inner = box.getvalue()
            archive.writestr("inner.zip", inner)
        else:
            archive.writestr(name, data)
        archive.writestr("b.csv" if kind != "same name" else "A.csv", data)
    whole = packed.getvalue()
    return change_bytes(whole, chance) if kind == "damaged" else whole


WAYS = (
    cut, swap_bytes, change_bytes, insert_nuls, double_delimiters, drop_delimiters, mix_newlines,
    nest_deeply, huge_numbers, wrong_encoding, two_encodings, shuffle_columns, repeat_rows,
    endless_cell, many_columns, strange_texts, beheaded, in_archive,
)  # fmt: skip


def damaged(number, seed, files):
    """The damaged file of a number: (what was done, ending, bytes, options)."""
    chance = random.Random(f"{seed} {number}")
    name, ending, data, options = files[number % len(files)]
    done = [name]
    for way in chance.sample(WAYS, chance.choice([1, 1, 2, 3])):
        if len(data) < 4 << 20:
            data = way(data, chance)
            done.append(way.__name__)
    if chance.random() < 0.3:
        options = dict(options) | chance.choice(
            [{"time_zone": "UTC"}, {"constants": {"account": "me"}}, {"skip_lines": 2},
             {"constants": {"observed_at": "2021-10-18T12:00:00Z"}}, {"encoding": "cp1252"}]
        )  # fmt: skip
    return done, ending, data, options


def try_file(path, data, options):
    """What became of a file: "read", "refused", "asked", or a fault told in words."""
    path.write_bytes(data)
    begin = time.process_time()
    try:
        record = load(path, **options)
    except BirdfallError as error:
        told = [error.what, error.why, error.fix]
        if not error.what or any("Traceback" in str(t) for t in told):
            return "fault: an error without words"
        return "refused"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        where = traceback.extract_tb(error.__traceback__)[-1]
        shown = f"{type(error).__name__}: {error}"[:200].replace("\n", " ")
        return f"fault: {shown} at {Path(where.filename).name}:{where.lineno}"
    spent = time.process_time() - begin
    if spent > MAX_SECONDS:
        return f"fault: {spent:.0f} s for {len(data):,} bytes"
    return check_record(record, data)


def check_record(record, data):
    """Whether a record says something of every line: kept, refused, or told of."""
    sizes = record.sizes
    rows = sum(v for k, v in sizes.items())
    if not rows:
        return "fault: a file that gave no rows, and no word why"
    # an act has at least a letter in the file for each of its parts
    if sizes["acts"] > len(data) + 10:
        return f"fault: {sizes['acts']} acts of {len(data)} bytes"
    for table in ("acts", "statuses", "counts", "follows", "accounts"):
        if record.has(table):
            for row in record.table(table).slice(0, 50).to_pylist():
                for value in row.values():
                    if isinstance(value, str):
                        value.encode("utf-8")
    return lost_rows(record, data) or "read"


def lost_rows(record, data):
    """A fault in words if rows of the file are neither kept nor refused nor counted; else "".

    Rows are told by their numbers: all between the first and the last that anything is said of, but
    for as many as lines are empty or stand there again.
    """
    named, counted = set(), 0
    for table in ("acts", "statuses", "counts", "follows", "accounts", "rejected"):
        if record.has(table):
            listed = record.table(table)
            named.update(line for line in listed.column("line").to_pylist() if line is not None)
    if not named:
        return ""
    for row in record.table("rejected").to_pylist() if record.has("rejected") else ():
        if row["line"] is None and str(row["value"]).isdecimal():
            counted += int(row["value"])
    lines = [line.strip(b" ,;\t\0") for text in texts_of(data) for line in text.splitlines()]
    # an account that stands there again is the same account
    empty = len(lines) - len({line for line in lines if line})
    lost = max(named) - min(named) + 1 - len(named) - counted - empty
    return f"fault: {lost} rows of which nothing is said" if lost > 0 else ""


def texts_of(data):
    """A file, or the files in it if it is an archive that can be opened."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [archive.read(name) for name in archive.namelist()]
    except Exception:  # of a damaged one nothing is known
        return [data]


def run(count, seed=0, first=0, told=lambda _number, _results: None, groups=None):
    """Results of files `first` to `count`, and the faults as (number, what was done, fault).

    groups: lists of seeds, of which each has an equal part of the numbers; None: all in one.
    """
    groups = groups or [seeds()]
    each = max(1, -(-count // len(groups)))
    results, faults = Counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(first, count):
            done, ending, data, options = damaged(number, seed, groups[number // each])
            result = try_file(Path(folder) / f"file.{ending}", data, options)
            results[result.partition(":")[0]] += 1
            if result.startswith("fault"):
                faults.append((number, done, result))
                print(f"file {number}, {' + '.join(done)}: {result}", flush=True)
            told(number, results)
    return results, faults


def main():
    """Damage and read so many files; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", type=int, default=500)
    parser.add_argument("--each-reader", action="store_true", help="so many for each reader")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, help="where to keep how far it came")
    given = parser.parse_args()
    count = given.files * (len(READERS) if given.each_reader else 1)
    groups = list(seeds_by_reader().values()) if given.each_reader else None
    first, before_stop = given.first, 0
    if given.state and given.state.exists():
        kept = json.loads(given.state.read_text("utf-8"))
        if kept["done"] < count:
            first, before_stop = kept["done"], kept["faults"]

    def keep(number, results):
        if number % 100 == 99:
            print(f"{number + 1}: {dict(results)}", flush=True)
            if given.state:
                state = {"done": number + 1, "faults": before_stop + results["fault"]}
                given.state.write_text(json.dumps(state), "utf-8")

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    results, faults = run(count, given.seed, first, keep, groups)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    if grown > MAX_GROWTH_BYTES:
        print(f"the process grew by {grown >> 20} MiB")
    told = ", ".join(f"{n} {what}" for what, n in sorted(results.items()))
    found = len(faults) + before_stop
    print(f"{count - first} damaged files: {told}; {found} faults")
    return int(bool(found) or grown > MAX_GROWTH_BYTES)


if __name__ == "__main__":
    sys.exit(main())
