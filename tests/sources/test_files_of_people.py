"""Tables as people have them: saved by spreadsheets, data frames and platforms.

Nothing is guessed, nothing is lost silently.
"""

import datetime as dt
import gzip
import itertools
import json

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
import zstandard

from birdfall.model.errors import InputError, UsageError
from birdfall.sources.ingest import load, look_into
from birdfall.sources.shared import json_array

WHEN = "2013-10-31T22:20:00Z"
MOMENT = dt.datetime(2013, 10, 31, 22, 20, tzinfo=dt.UTC)


def written(tmp_path, name, text):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def column(record, table, name):
    return record.sql(f"SELECT {name} FROM {table} ORDER BY line").column(0).to_pylist()


def reasons(record):
    return record.sql("SELECT line, reason FROM rejected ORDER BY line").to_pylist()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.ZstdCompressor().compress])
def test_marks_line_ends_and_packing(tmp_path, ends, mark, pack):
    text = f'account,time,text{ends}a,{WHEN},"one, ""two""{ends}three"{ends}b,{WHEN},x{ends}'
    record = load(written(tmp_path, "in.csv", pack((mark + text).encode())))
    assert column(record, "acts", "text") == [f'one, "two"{ends}three', "x"]


def test_semicolons_european_dates_and_points_in_thousands(tmp_path):
    rows = (
        "usuario;fecha;seguidores\n"
        "a;31/10/2013 22:20;1.234\nb;01/11/2013;17.234.567\nc;02/11/2013;12\n"
    )
    record = load(written(tmp_path, "in.csv", rows), time_zone="UTC")
    assert column(record, "counts", "followers") == [1234, 17_234_567, 12]
    assert column(record, "counts", "time")[0] == MOMENT


@pytest.mark.parametrize("cell", ["a\tb\tc\td", "a;b;c;d", "a|b|c|d"])
def test_marks_in_the_cells_of_the_last_row_are_no_header(tmp_path, cell):
    path = written(tmp_path, "x.csv", f"account,handle,name\n1,x,y\n2,z,{cell}\n3,w,{cell}\n")
    record = load(path)
    assert column(record, "accounts", "name") == ["y", cell, cell]


def test_a_decimal_in_the_column_shows_that_the_sign_parts_no_thousands(tmp_path):
    rows = f"account,time,followers\na,{WHEN},1.234\nb,{WHEN},12.5\nc,{WHEN},7\n"
    record = load(written(tmp_path, "in.csv", rows))
    assert column(record, "counts", "followers") == [7]
    assert [r["line"] for r in reasons(record)] == [2, 3] and "decimals" in reasons(record)[0][
        "reason"
    ]


def test_day_numbers_of_a_spreadsheet_are_refused_until_said(tmp_path):
    path = written(
        tmp_path, "in.csv", "account,date,followers\na,41578.930555556,100\nb,41579,101\n"
    )
    look = look_into(path)
    assert look.rejected == 2 and "--date-format excel" in look.examples[0]["fix"]
    assert look_into(path, date_format="excel").question is not None, "its zone is not known"
    record = load(path, date_format="excel", time_zone="UTC")
    assert column(record, "counts", "time") == [MOMENT, dt.datetime(2013, 11, 1, tzinfo=dt.UTC)]


def test_cells_that_a_spreadsheet_was_made_to_keep_as_text(tmp_path):
    rows = (
        f'account,time,text\n"=""123456789012345678""",{WHEN},hi\n'
        f'"=""99""",{WHEN},"=""quoted"""\n7,{WHEN},=1+1\n'
    )
    record = load(written(tmp_path, "in.csv", rows))
    assert column(record, "acts", "account") == ["123456789012345678", "99", "7"]
    assert column(record, "acts", "text") == ["hi", "quoted", "=1+1"]


def test_ids_that_lost_their_digits_are_refused(tmp_path):
    rows = "".join(
        f"{a},{WHEN},hi\n"
        for a in ("1.23E+17", "1,23457E+17", "123456789012345680.0", "12.0", "a+b", "x.0")
    )
    record = load(
        written(
            tmp_path, "in.csv", "account,time,text\n" + rows.replace("1,23457E+17", '"1,23457E+17"')
        )
    )
    assert [r["line"] for r in reasons(record)] == [2, 3, 4]
    assert {r["reason"] for r in reasons(record)} == {
        "an id as a rounded number: its last digits are lost"
    }
    assert column(record, "acts", "account") == ["12", "a+b", "x.0"]


@pytest.mark.parametrize("named", ["time", "when_it_was_sent_out"])
@pytest.mark.parametrize("zeros", [6, 9])
def test_fine_moments_that_end_in_zeros_are_no_rounded_ids(tmp_path, named, zeros):
    moments = [f"{1383258000 + n}{'0' * zeros}" for n in range(5)]
    rows = "".join(f"a{m[9]},{m},hi\n" for m in moments)
    path = written(tmp_path, "in.csv", f"account,{named},text\n{rows}")
    record = load(path, columns={"time": named})
    assert [t.timestamp() for t in column(record, "acts", "time")] == [
        1383258000 + n for n in range(5)
    ]


def test_ids_of_json_keep_every_digit(tmp_path):
    rows = (
        f'{{"account":123456789012345678,"time":"{WHEN}","text":"a"}}\n\n'
        '{"account":99999999999999999999,"time":1383258000,"text":"b"}\n'
        '{"account":1.23e17,"time":1383258000000,"text":"c"}\n'
    )
    for name, data in (
        ("in.jsonl", rows.encode()),
        ("in.jsonl.zst", zstandard.compress(rows.encode())),
    ):
        record = load(written(tmp_path, name, data))
        assert column(record, "acts", "account") == ["123456789012345678", "99999999999999999999"]
        assert [r["line"] for r in reasons(record)] == [4]


def test_unix_times_in_four_units_in_one_column(tmp_path):
    rows = "".join(
        f"{c},1383258000{zeros},t\n"
        for c, zeros in zip("abcd", ("", "000", "000000", "000000000"), strict=True)
    )
    record = load(written(tmp_path, "in.csv", "account,time,text\n" + rows))
    assert column(record, "acts", "time") == [MOMENT] * 4


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path):
    good = [f"u{i},{WHEN},text {i}" for i in range(50)]
    more = [
        [f'v,{WHEN},"a good one"', f'w,{WHEN},5" wide'],
        [f'v,{WHEN},"ends with """', f'w,{WHEN},"two\nlines, ""and"" more"'],
    ]
    for broken, last in itertools.product(
        (f'z,{WHEN},"never closed', f'z,"{WHEN},never closed'), more
    ):
        rows = [*good[:20], broken, *good[20:], *last]
        record = load(written(tmp_path, "in.csv", "account,time,text\n" + "\n".join(rows) + "\n"))
        assert record.sizes["acts"] == 52
        assert reasons(record) == [{"line": 22, "reason": "a quote that is never closed"}]
    last = load(
        written(tmp_path, "last.csv", "account,time,text\n" + "\n".join([*good, 'z,"never closed']))
    )
    assert last.sizes["acts"] == 50 and reasons(last)[0]["line"] == 52


def test_a_refused_row_is_named_by_its_place_under_the_lines_above(tmp_path):
    rows = f"Report:,x\nFrom:,y\n\nid,account,time,text\n1,a,{WHEN},x\n2,b\n3,c,soon,x\n"
    record = load(written(tmp_path, "in.csv", rows))
    # three lines above the header, which is the fourth
    assert sorted(r["line"] for r in reasons(record)) == [6, 7]


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_of_objects_is_read_as_lines_are(tmp_path, indent):
    people = [
        {
            "account": str(i),
            "time": WHEN,
            "text": 'braces }] and "quotes" \\',
            "more": {"a": [1, {"b": 2}]},
        }
        for i in range(9)
    ]
    record = load(written(tmp_path, "in.json", json.dumps(people, indent=indent)))
    assert column(record, "acts", "account") == [str(i) for i in range(9)]
    assert column(record, "acts", "line") == list(range(1, 10))
    spread = "\n".join(json.dumps(p, indent=2) for p in people)
    assert load(written(tmp_path, "spread.json", spread)).sizes["acts"] == 9


def test_elements_are_found_wherever_the_pieces_end(monkeypatch):
    import io

    values = [{"a": 'x"}{\\ñ'}, {"b": [{"c": 1}, {"d": "]"}]}, {}]
    data = ("window.YTD.x.part0 = " + json.dumps(values, indent=1, ensure_ascii=False)).encode()
    for size in (1, 2, 3, 7, 1 << 20):
        monkeypatch.setattr(json_array, "CHUNK_BYTES", size)
        assert [
            json.loads(e) for e in json_array.read_elements(io.BytesIO(data), 1 << 20)
        ] == values
        assert list(json_array.read_elements(io.BytesIO(data[:-4]), 1 << 20))[-1][:1] == b"{"


def test_a_page_of_twarc_written_over_many_lines(tmp_path):
    page = {
        "data": [
            {
                "id": "1",
                "author_id": "5",
                "created_at": WHEN,
                "text": "x",
                "referenced_tweets": [{"type": "quoted", "id": "9"}],
            }
        ],
        "includes": {
            "users": [{"id": "5", "username": "u"}],
            "tweets": [{"id": "9", "author_id": "6"}],
        },
        "__twarc": {"retrieved_at": "2013-11-01T00:00:00Z"},
    }
    for text in (json.dumps(page, indent=2), json.dumps(page) + "\n\n", json.dumps([page, page])):
        path = written(tmp_path, "page.json", text)
        assert look_into(path).reader == "x"
        record = load(path)
        assert record.sql(
            "SELECT kind, object, target FROM acts WHERE line = 1 ORDER BY kind"
        ).to_pylist() == [
            {"kind": "post", "object": "1", "target": None},
            {"kind": "quote", "object": "9", "target": "6"},
        ]


def test_the_archive_that_x_gives_its_people(tmp_path):
    tweet = {
        "id_str": "123456789012345678",
        "full_text": "hola",
        "created_at": "Thu Oct 31 22:20:00 +0000 2013",
        "entities": {"hashtags": [{"text": "A"}], "user_mentions": [], "urls": []},
    }
    files = {
        "tweets": [{"tweet": tweet}],
        "follower": [{"follower": {"accountId": "12"}}],
        "following": [{"following": {"accountId": "13"}}],
    }
    paths = [
        written(tmp_path, f"{n}.js", f"window.YTD.{n}.part0 = " + json.dumps(v, indent=2))
        for n, v in files.items()
    ]
    with pytest.raises(UsageError, match="does not say whose it is") as asked:
        load(*paths)
    assert "--const account=" in asked.value.fix
    assert set(column(load(*paths, constants={"account": "78"}), "acts", "account")) == {"78"}
    written(
        tmp_path,
        "account.js",
        'window.YTD.account.part0 = [ {"account": {"accountId": "77", "username": "me"}} ]',
    )
    record = load(*paths)
    assert set(column(record, "acts", "account")) == {"77"}
    assert column(record, "acts", "object") == ["123456789012345678", "A"]
    assert record.sql("SELECT follower, followed FROM follows ORDER BY 1").to_pylist() == [
        {"follower": "12", "followed": "77"},
        {"follower": "77", "followed": "13"},
    ]


def test_parquet_of_many_types(tmp_path):
    times = [dt.datetime(2013, 10, 31), dt.datetime(2013, 11, 1)]
    naive = pa.table(
        {
            "account": [123456789012345678, 5],
            "time": pa.array(times, pa.timestamp("ns")),
            "text": ["a", "b"],
        }
    )
    pq.write_table(naive, tmp_path / "naive.parquet")
    assert "no time zone" in str(look_into(tmp_path / "naive.parquet").question)
    record = load(tmp_path / "naive.parquet", time_zone="America/Caracas")
    assert column(record, "acts", "account") == ["123456789012345678", "5"]
    assert column(record, "acts", "time")[0] == dt.datetime(2013, 10, 31, 4, 30, tzinfo=dt.UTC)
    coded = pa.table(
        {
            "account": pa.array(["a", "b"]).dictionary_encode(),
            "text": pa.array(["a", " NULL "], pa.large_string()),
            "time": pa.array(times, pa.timestamp("us", tz="America/Caracas")),
            "id": pa.array([1.0, 1.23e17]),
        }
    )
    pq.write_table(coded, tmp_path / "coded.parquet")
    packed = written(
        tmp_path, "coded.parquet.gz", gzip.compress((tmp_path / "coded.parquet").read_bytes())
    )
    for path in (tmp_path / "coded.parquet", packed):
        record = load(path)
        assert column(record, "acts", "account") == ["a"] and column(record, "acts", "act_id") == [
            "1"
        ]
        assert [r["line"] for r in reasons(record)] == [2]


def test_parquet_of_texts_and_numbers_reads_as_its_csv_does(tmp_path):
    """Read in texts or asked in SQL.

    Blanks, words for nothing, rounded ids and bad times come to the same rows and refusals.
    """
    rows = {
        "account": [" a ", "b", "NULL", "c", None, "1.23E+17", "d"],
        "act_id": [1, 2, 3, 4, 5, 6, 7],
        "text": ["p", " p", "p", "", "p", "p", "q"],
        "time": [1383258000, 1383258001, 1383258002, 1383258003, 1383258004, 1383258005, 17],
    }
    table = pa.table(rows)
    pq.write_table(table, tmp_path / "acts.parquet")
    coded = table.set_column(0, "account", table.column("account").dictionary_encode())
    pq.write_table(coded, tmp_path / "coded.parquet", row_group_size=2)
    wider = table.set_column(3, "time", table.column("time").cast(pa.float64()))
    pq.write_table(wider, tmp_path / "wider.parquet")
    pcsv.write_csv(table, tmp_path / "acts.csv")
    told = [
        seen(load(tmp_path / name))
        for name in ("acts.csv", "acts.parquet", "coded.parquet", "wider.parquet")
    ]
    assert told[1] == told[0] and told[2] == told[0] and told[3] == told[0]
    assert told[0]["acts"] and len(told[0]["rejected"]) >= 2


def seen(record):
    """Rows and refusals in an order of their own, without file and row (CSV counts its header)."""
    tables = {
        name: record.table(name).drop_columns(["source", "line"])
        for name in ("accounts", "acts", "rejected")
    }
    return {name: sorted(table.to_pylist(), key=str) for name, table in tables.items()}


def test_parquet_whose_texts_are_not_utf8_is_one_clear_error(tmp_path):
    broken = pa.array([b"a", b"\xff\xfe"], pa.binary()).view(pa.string())
    times = pa.array([1383258000, 1383258001])
    pq.write_table(
        pa.table({"account": broken, "text": ["p", "p"], "time": times}),
        tmp_path / "broken.parquet",
    )
    with pytest.raises(InputError, match="damaged"):
        load(tmp_path / "broken.parquet")


def test_a_torn_first_line_does_not_swallow_the_others(tmp_path):
    lines = [
        '{"account":"a","tags":{"x":[1,',
        *(f'{{"account":"b{n}","time":"{WHEN}","text":"t"}}' for n in range(3)),
    ]
    record = load(written(tmp_path, "in.jsonl", "\n".join(lines) + "\n"))
    assert column(record, "acts", "account") == ["b0", "b1", "b2"]
    assert [r["line"] for r in reasons(record)] == [1]


def test_an_object_that_begins_in_a_line_with_others_is_read_whole(tmp_path):
    rows = ",\n".join(f'{{"account":"b{n}","time":"{WHEN}","text":"t"}}' for n in range(3))
    for around in ('{"data": [\n%s\n]}\n', '{"data": [%s]}\n', '{\n"data": [\n%s]}'):
        record = load(written(tmp_path, "in.json", around % rows))
        assert column(record, "acts", "account") == ["b0", "b1", "b2"]
