"""Tables: each row is taken, skipped or refused; a refused file leaves the case as it was."""

import gzip
import hashlib
import os
import re
import signal
import subprocess
import sys
import time

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from birdfall.model.errors import BirdfallError, InputError, UsageError
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest, load, look_into
from birdfall.sources.shared.open import MIN_BYTES_FOR_RATIO
from birdfall.sources.table.guess_columns import guess_mapping
from birdfall.sources.table.mapping import parse_mapping, ready_mapping, ready_mapping_names
from processes import start
from tiers import every_pair, in_both_tiers, some_fast

GOOD = "account,time,text\na,2013-10-31T22:20:00Z,hello\nb,2013-10-31T22:21:00Z,there\n"


@pytest.fixture
def case(tmp_path):
    return Case.create(tmp_path / "case")


def state(case):
    return {
        str(p.relative_to(case.path)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(case.path.rglob("*"))
        if p.is_file() and p.name != ".lock"
    }


def refused(case):
    return case.record().table("rejected").to_pylist()


def write(tmp_path, data, name="in.csv"):
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_plain_and_packed_files_read_alike(case, tmp_path, pack):
    receipt = ingest(case, write(tmp_path, pack(GOOD.encode())))
    assert receipt.rows == {"acts": 2} and receipt.rejected == 0
    assert case.record().table("acts").column("line").to_pylist() == [2, 3]


def test_one_bad_row_costs_itself_alone(case, tmp_path):
    rows = [f"u{i},2013-10-31T22:20:00Z,text {i}" for i in range(1000)]
    rows[500] = "u500,2013-10-31T22:20:00Z,too,many"
    rows[501] = "u501,long ago,text"
    rows[502] = ",2013-10-31T22:20:00Z,nobody"
    rows[503] = "u503,1970-01-01T00:00:00Z,text"
    rows[504] = "u504,2262-01-01T00:00:00Z,text"
    receipt = ingest(case, write(tmp_path, "account,time,text\n" + "\n".join(rows) + "\n"))
    assert receipt.rows == {"acts": 995} and receipt.rejected == 5
    assert sorted(r["line"] for r in refused(case)) == [502, 503, 504, 505, 506]
    assert {r["column"] for r in refused(case)} == {None, "time", "account"}


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "empty"),
        (b"a,b\n1,2\n", "do not say what they are"),
        (gzip.compress(GOOD.encode() * 100)[:-20], "too soon"),
        (b"PAR1" + b"x" * 100, "damaged"),
        (b"account,time,text\na,31/10/2013 22:20,x\n", "no time zone"),
        (b"account,time,text\na,2013-10-31 22:20,x\n", "no time zone"),
        (b"account,time,text\na,03/04/2013 22:20,x\n", "fits two dates"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_error_and_changes_nothing(case, tmp_path, data, words):
    before = state(case)
    with pytest.raises(BirdfallError, match=words):
        ingest(case, write(tmp_path, data))
    assert state(case) == before


def test_a_folder_and_a_missing_file_are_said_to_be_so(case, tmp_path):
    with pytest.raises(InputError, match="folder"):
        ingest(case, tmp_path)
    with pytest.raises(InputError, match="no such file"):
        ingest(case, tmp_path / "none.csv")


def test_a_later_date_settles_the_order_of_day_and_month(tmp_path):
    path = write(
        tmp_path,
        "account,time,text\na,03/04/2013 22:20,x\nb,31/10/2013 22:20,y\n"
        "c,10/31/2013 1:00,z\nd,30/10/2013 1:00,z\n",
    )
    record = load(path, time_zone="UTC")
    got = record.sql("SELECT time::VARCHAR AS t FROM acts ORDER BY line").column(0).to_pylist()
    assert got == ["2013-04-03 22:20:00+00", "2013-10-31 22:20:00+00", "2013-10-30 01:00:00+00"]
    assert record.table("rejected").column("line").to_pylist() == [4]


def test_a_header_alone_says_that_there_is_no_row(case, tmp_path):
    receipt = ingest(case, write(tmp_path, "account,time,text\n"))
    assert receipt.rows == {} and receipt.rejected == 1
    (told,) = case.record().table("rejected").to_pylist()
    assert told["reason"] == "there is no row in this file"


def test_negative_counts_and_nul_bytes_are_refused(case, tmp_path):
    path = write(
        tmp_path,
        b"account,time,followers\na,2013-10-31T00:00:00Z,-5\nb\0,2013-10-31T00:00:00Z,5\nc,2013-10-31T00:00:00Z,7\n",
    )
    receipt = ingest(case, path)
    assert receipt.rows == {"counts": 1}
    assert {r["reason"] for r in refused(case)} == {"a negative count", "a NUL byte in an id"}


def test_a_million_characters_in_a_cell_are_kept_in_text_and_refused_in_an_id(case, tmp_path):
    long = "x" * 1_000_000
    path = write(
        tmp_path,
        f"account,time,text,id\na,2013-10-31T00:00:00Z,{long},1\n{long},2013-10-31T00:00:00Z,t,2\n",
    )
    assert ingest(case, path).rows == {"acts": 1}
    assert len(refused(case)[0]["value"]) == 200


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_other_encodings_are_recognised(tmp_path, encoding):
    text = "usuario,fecha,texto\n" + "".join(
        f"u{i},2013-10-31T22:20:00Z,año {i} é\n" for i in range(20)
    )
    record = load(write(tmp_path, text.encode(encoding)))
    assert record.sql("SELECT text FROM acts WHERE line = 2").column(0).to_pylist() == ["año 0 é"]


def test_single_bad_bytes_refuse_their_row_only(case, tmp_path):
    rows = b"".join(b"u%d,2013-10-31T22:20:00Z,a\xc3\xb1o\n" % i for i in range(20))
    receipt = ingest(
        case, write(tmp_path, b"account,time,text\n" + rows + b"z,2013-10-31T22:20:00Z,\xff\n")
    )
    assert receipt.rows == {"acts": 20} and receipt.rejected == 1


def test_a_bomb_is_refused_before_it_is_unpacked(case, tmp_path):
    packer = zstandard.ZstdCompressor().compressobj()
    with (tmp_path / "bomb.csv").open("wb") as file:
        for _ in range(40):
            file.write(packer.compress(b"a" * (16 << 20)))
        file.write(packer.flush())
    before = state(case)
    with pytest.raises(InputError, match="bomb") as refused:
        ingest(case, tmp_path / "bomb.csv")
    (mib,) = re.findall(r"unpacked to ([\d,]+) MiB", str(refused.value))
    assert int(mib.replace(",", "")) << 20 >= MIN_BYTES_FOR_RATIO
    assert state(case) == before


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=300),
        st.text(max_size=100).map(lambda t: b"account,time,text\n" + t.encode()),
    )
)
def test_garbage_is_counted_or_refused_and_never_half_taken(tmp_path, data):
    folder = tmp_path / hashlib.sha256(data).hexdigest()[:16] / os.urandom(4).hex()
    case = Case.create(folder)
    path = write(folder.parent, data, "garbage")
    before = state(case)
    try:
        receipt = ingest(case, path, time_zone="UTC")
    except BirdfallError:
        assert state(case) == before
    else:
        assert sum(receipt.rows.values()) >= 0 and not case.find_damage()


def every_row_is_taken_or_refused(tmp_path_factory, rows):
    path = write(
        tmp_path_factory.mktemp("t"),
        "account,time,text\n" + "".join(f"{a},{t},hi\n" for a, t in rows),
    )
    record = load(path)
    good = [i for i, (a, t) in enumerate(rows, 2) if a and t not in ("", "x")]
    assert record.table("acts").column("line").to_pylist() == good
    told = record.table("rejected").column("line").to_pylist()
    assert (
        told == [None]
        if not rows
        else sorted(told) == sorted(set(range(2, len(rows) + 2)) - set(good))
    )


test_every_row_is_taken_or_refused, test_every_row_of_many_is_taken_or_refused = in_both_tiers(
    every_row_is_taken_or_refused,
    given(
        st.lists(
            st.tuples(
                st.sampled_from(["a", "", "b"]),
                st.sampled_from(["2013-10-31T22:20:00Z", "x", "1383258000", ""]),
            ),
            max_size=40,
        )
    ),
    few=15,
    many=60,
)


def test_a_killed_import_leaves_the_case_as_it_was(case, tmp_path):
    path = write(
        tmp_path,
        "account,time,text\n"
        + "".join(f"u{i},2013-10-31T22:20:00Z,text {i}\n" for i in range(400_000)),
    )
    before = state(case)
    code = (
        "import sys\nfrom birdfall.record.case import Case\n"
        "from birdfall.sources.ingest import ingest\n"
        "def tell(stage, done, total, unit):\n    print('reading', flush=True)\n"
        "    import time; time.sleep(0.2)\n"
        "ingest(Case.open(sys.argv[1]), sys.argv[2], progress=tell)\n"
    )
    child = start([sys.executable, "-c", code, str(case.path), str(path)], stdout=subprocess.PIPE)
    assert child.stdout.readline()
    time.sleep(0.1)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert {k: v for k, v in state(case).items() if not k.startswith(".staging")} == before
    assert ingest(case, path).rows == {"acts": 400_000}


@pytest.mark.parametrize("name", ready_mapping_names())
def test_ready_mappings_survive_a_round_through_toml(name):
    assert parse_mapping(ready_mapping(name).to_toml(), name) == ready_mapping(name)


def test_names_in_five_languages_are_guessed():
    for columns in (
        ["usuario", "fecha", "texto"],
        ["utilisateur", "date", "texte"],
        ["conta", "data", "mensagem"],
        ["المستخدم", "التاريخ", "النص"],
        ["User ID", "Created At", "Tweet Text"],
    ):
        mapping = guess_mapping(columns)
        assert mapping is not None and mapping.used == set(columns), columns


def test_date_and_hour_in_two_columns(tmp_path):
    record = load(
        write(tmp_path, "cuenta;fecha;hora;texto\na;31/10/2013;5:50 pm;x\n"),
        time_zone="America/Caracas",
    )
    assert record.sql("SELECT time::VARCHAR FROM acts").column(0).to_pylist() == [
        "2013-10-31 22:20:00+00"
    ]


def test_a_look_asks_instead_of_raising(tmp_path):
    look = look_into(write(tmp_path, "account,time,text,colour\na,2013-10-31 22:20,x,red\n"))
    assert (
        isinstance(look.question, UsageError)
        and look.unused == ("colour",)
        and look.mapping is not None
    )


def test_a_mapping_that_names_no_column_of_the_file_is_an_error(tmp_path):
    mapping = parse_mapping('[[emit]]\ntable="counts"\ncolumns={account="wer", time="wann"}\n', "m")
    with pytest.raises(UsageError, match="wann"):
        load(write(tmp_path, GOOD), mapping=mapping)


@pytest.mark.parametrize(
    "relative, rows",
    some_fast(
        [
            ("suspensions-2022/suspensions.parquet", {"statuses": 79_552}),
            ("follower-counts-2018/counts.parquet", {"counts": 207_510}),
            ("peers/russian_coord_tweets.parquet", {"acts": 35_124}),
            ("wikipedia-2013/blocks.parquet", {"statuses": 83_588}),
            ("higgs-2012/activity.parquet", {"acts": 563_069}),
            ("wikipedia-2013/filter_hits.parquet", {"acts": 482_608}),
        ],
        3,
    ),
)
def test_real_files_need_no_word(case, real, relative, rows):
    receipt = ingest(case, real(relative))
    assert rows.items() <= receipt.rows.items() and receipt.rejected <= 11
    assert ingest(case, real(relative)).already


PACKED = (bytes, gzip.compress, zstandard.ZstdCompressor().compress)
KINDS = ("csv", "a csv that takes patience", "json")


@pytest.mark.parametrize(
    ("kind", "pack"), every_pair(KINDS, PACKED, fast=list(zip(KINDS, PACKED, strict=True)))
)
def test_what_is_left_is_told_honestly(tmp_path, pack, kind, monkeypatch):
    from birdfall.sources.table import delimited

    monkeypatch.setattr(delimited, "BLOCK_BYTES", 1 << 17)
    if kind == "json":
        text = "".join(
            f'{{"account":"u{i}","time":"2013-10-31T22:20:00Z","text":"text {i}"}}\n'
            for i in range(40_000)
        )
    else:
        text = "account,time,text\n" + "".join(
            f"u{i},2013-10-31T22:20:00Z,text {i}\n" for i in range(40_000)
        )
        text += 'v,2013-10-31T22:20:00Z,5" wide\n' if "patience" in kind else ""
    told = []
    load(write(tmp_path, pack(text.encode())), progress=lambda *said: told.append(said))
    read = [(done, total) for stage, done, total, _ in told if stage == "read"]
    assert len(read) > 1
    assert all(total is not None and 0.8 * 40_000 < total < 1.3 * 40_001 for _, total in read), read
    assert [done for done, _ in read] == sorted(done for done, _ in read)
    assert read[-1][0] in (40_000, 40_001)
    unpacked = [(done, total) for stage, done, total, _ in told if stage == "unpack"]
    assert bool(unpacked) == (pack is not bytes) and all(done <= total for done, total in unpacked)


def test_a_plain_file_may_be_called_packed(tmp_path):
    path = tmp_path / "posts.csv.gz"
    path.write_text("account,time,text\na,2013-10-31T22:20:00Z,hola\n", "utf-8")
    assert load(path).sizes["acts"] == 1


def test_rows_that_hold_nothing_of_what_is_read_are_counted(tmp_path):
    path = tmp_path / "statuses.csv"
    path.write_text("account,suspended_at\na,2013-10-31T22:20:00Z\nb,\nc,\n", "utf-8")
    record = load(path)
    assert record.sizes["statuses"] == 1
    (told,) = record.table("rejected").to_pylist()
    assert (told["value"], told["reason"]) == ("2", "rows that hold nothing of what is read here")


def test_accounts_that_are_gone_are_not_one_account(tmp_path):
    path = tmp_path / "comments.csv"
    path.write_text(
        "id,author,created_utc,body\n1,[deleted],1383258000,hola\n2,b,1383258001,hola\n"
        "3,[deleted],1383258002,[removed]\n",
        "utf-8",
    )
    record = load(path)
    assert record.table("acts").column("account").to_pylist() == ["b"]
    told = record.table("rejected").to_pylist()
    assert [(r["line"], r["column"], r["value"]) for r in told] == [
        (2, "author", "[deleted]"),
        (4, "author", "[deleted]"),
    ]
