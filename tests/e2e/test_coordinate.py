"""`birdfall coordinate` from a file to a network: presets, one file of edges, objects left out by
name, rows refused and told.
"""

import csv
import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

import birdfall
from birdfall.cli import main
from birdfall.record.case import Case
from birdfall.sources.ingest import ingest

HEADER = [
    "message_id",
    "user_id",
    "username",
    "repost_id",
    "reply_id",
    "message",
    "timestamp",
    "urls",
]


@pytest.fixture
def tweets(tmp_path):
    """Noise, a hub, three accounts that move together, and two rows nobody can take."""
    rng = np.random.default_rng(5)
    rows = [
        [f"u{rng.integers(60)}", f"p{rng.integers(40)}", 1_400_000_000 + int(rng.integers(40_000))]
        for _ in range(900)
    ]
    rows += [[f"u{i}", "hub", 1_400_000_000 + i] for i in range(50)]
    rows += [
        [f"ring{k}", f"p{j}", 1_400_050_000 + 600 * j + 3 * k] for j in range(15) for k in range(3)
    ]
    path = tmp_path / "tweets.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(
            [[i, u, u.upper(), p, "", "words, words", t, ""] for i, (u, p, t) in enumerate(rows)]
        )
        writer.writerow([9001, "", "", "p1", "", "", 1_400_000_000, ""])
        writer.writerow([9002, "u1", "", "p1", "", "", "soon", ""])
    return path


def edges(path):
    with path.open(newline="") as file:
        return {(r["source_id"], r["target_id"]): int(r["weight"]) for r in csv.DictReader(file)}


def test_a_preset_goes_from_a_file_to_a_file_of_edges(tweets, tmp_path, capsys):
    out = tmp_path / "made" / "edges.csv"
    said = ["coordinate", str(tweets), "--preset", "toolkit", "--at-least", "10"]
    assert main([*said, "--identified", "--out", str(out)]) == 0
    found = edges(out)
    ring = {f"ring{k}" for k in range(3)}
    assert {e: w for e, w in found.items() if set(e) <= ring} == {
        (a, b): 15 for a in ring for b in ring if a != b
    }
    assert min(found.values()) >= 10
    printed = capsys.readouterr()
    assert "995 acts" in printed.out and str(out) in printed.out
    assert "2 rows were rejected" in printed.err and "tweets.csv, row 998, timestamp" in printed.err
    # the same by pseudonym, as Parquet: as many edges, no id in it
    hidden = tmp_path / "edges.parquet"
    assert main([*said, "--out", str(hidden)]) == 0
    table = pq.read_table(hidden)
    assert table.num_rows == len(found) and sorted(table.column("weight").to_pylist()) == sorted(
        found.values()
    )
    assert not {"u1", *ring} & set(table.column("source_id").to_pylist())
    assert main([*said, "--out", str(hidden)]) == 2 and "taken" in capsys.readouterr().err


def test_what_a_preset_is_told_is_checked(tweets, tmp_path, capsys):
    def asked(*words):
        return main(
            [
                "coordinate",
                str(tweets),
                *words,
                "--out",
                str(tmp_path / f"{len(list(tmp_path.iterdir()))}.csv"),
            ]
        )

    assert (
        asked(
            "--preset",
            "coortweet",
            "--preset-option",
            "edge_weight=0.9",
            "--preset-option",
            "remove_loops=false",
        )
        == 0
    )
    assert (
        asked(
            "--preset",
            "toolkit",
            "--preset-option",
            "min_edge_weight=2",
            "--preset-option",
            "loops=true",
        )
        == 0
    )
    for words, told in (
        (
            ("--preset", "toolkit", "--preset-option", "remove_loops=true"),
            "no option 'remove_loops'",
        ),
        (("--preset", "coortweet", "--preset-option", "edge_weight=much"), "a number from 0 to 1"),
        (("--preset", "coortweet", "--at-least", "3"), "min_participation"),
        (("--preset-option", "loops=true"), "--preset"),
    ):
        assert asked(*words) == 2
        assert told in capsys.readouterr().err


@pytest.mark.parametrize("preset", ["toolkit", "coortweet"])
def test_a_preset_of_files_and_of_a_case_make_a_whole_network(tweets, tmp_path, preset):
    case = Case.create(tmp_path / "case")
    ingest(case, tweets)
    for number, place in enumerate((tweets, case.path)):
        out = tmp_path / f"net{number}"
        assert main(["coordinate", str(place), "--preset", preset, "--out", str(out)]) == 0
        made = {p.name for p in out.iterdir()}
        assert {"nodes.csv", "edges.csv", "edges.parquet", f"coordination-{preset}.gexf"} <= made
    weights = [
        sorted(pq.read_table(tmp_path / f"net{n}" / "edges.parquet").column("weight").to_pylist())
        for n in (0, 1)
    ]
    assert weights[0] == weights[1]
    assert main(["report", str(case.path), "--out", str(tmp_path / "report.html")]) in (0, 2, 3, 4)


def test_objects_are_left_out_by_name_and_the_cost_is_told(tweets, capsys):
    assert main(
        [
            "coordinate",
            str(tweets),
            "--leave-out",
            "hub",
            "--leave-out",
            "nobody-shared-this",
            "--json",
        ]
    ) in (
        0,
        3,
    )
    assert json.loads(capsys.readouterr().out)["finding"]["parameters"]["leave_out"] == [
        "hub",
        "nobody-shared-this",
    ]
    assert main(["coordinate", str(tweets)]) in (0, 3)
    assert "pairs of acts within the window, about 1 s and" in capsys.readouterr().err
    assert main(
        ["coordinate", str(tweets), "--leave-out", "hub", "--leave-out", "not-there\x1b[31m"]
    ) in (0, 3)
    said = capsys.readouterr().out
    assert "left out: hub  (50 acts, 1,225 pairs within the window)" in said
    assert "do not occur" in said and "not-there" in said and "\x1b" not in said
    without = birdfall.coordination(tweets, leave_out=["hub"])
    assert [(r["object"], r["events"]) for r in without.table("left_out").to_pylist()] == [
        ("hub", 50)
    ]
    assert "hub" in birdfall.coordination(tweets).table("heaviest").column("object").to_pylist()


def test_no_command_waits_for_pandas_or_linear_algebra(tweets, tmp_path):
    """Arrow would import the one to ask about values no command has, and Numba the other to know
    whether it could multiply matrices.
    """
    script = (
        "import sys; sys.argv[1:] = ['coordinate', *sys.argv[1:]]; "
        "from birdfall.cli import main; code = main(); "
        "assert not {'pandas', 'scipy.linalg'} & set(sys.modules); sys.exit(code)"
    )
    said = [str(tweets), "--preset", "toolkit", "--out", str(tmp_path / "edges.csv")]
    done = subprocess.run([sys.executable, "-c", script, *said], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_file_that_cannot_be_read_is_one_error_and_no_more(tmp_path):
    """The measure is being loaded beside the reading when the command ends."""
    (tmp_path / "edges.csv").write_text("user_1,user_2,weight\na,b,3\n")
    said = [sys.executable, "-m", "birdfall", "coordinate", str(tmp_path / "edges.csv")]
    for words in ([], ["--preset", "toolkit"]):
        done = subprocess.run([*said, *words], capture_output=True, text=True)
        assert done.returncode == 2 and "do not say what they are" in done.stderr
        assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_no_file_names_an_account_unless_ids_are_asked_for(tmp_path):
    """Neither the members of groups, nor the other half of an example, nor an object that is an
    account.
    """
    accounts, source = [f"zzqx{k}" for k in range(4)], tmp_path / "mentions.csv"
    noise = np.random.default_rng(2).integers((300, 200), size=(900, 2)).tolist()
    rows = [
        [f"zzqx-a{a}", "mention", f"zzqx-b{b}", 1_400_000_000 + 60 * i]
        for i, (a, b) in enumerate(noise)
    ]
    rows += [
        [a, "mention", f"zzqx-c{j}", 1_400_000_000 + 900 * j + i]
        for j in range(15)
        for i, a in enumerate(accounts)
    ]
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["account", "kind", "object", "time"], *rows])
    case = Case.create(tmp_path / "case")
    ingest(case, source)
    net = tmp_path / "net"
    assert main(["coordinate", str(case.path), "--trace", "mention", "--out", str(net)]) == 0
    assert main(["export", str(case.path), "--out", str(tmp_path / "exported")]) == 0
    for made in (*net.iterdir(), *(tmp_path / "exported").iterdir()):
        text = (
            str(pq.read_table(made).to_pylist())
            if made.suffix == ".parquet"
            else made.read_text("utf-8")
        )
        assert "zzqx" not in text, made.name
    [group] = pq.read_table(net / "groups.parquet").to_pylist()
    by_name = {r["account"]: r["group"] for r in pq.read_table(net / "nodes.parquet").to_pylist()}
    assert len(group["accounts"]) == 4 and {by_name[a] for a in group["accounts"]} == {1}
    assert group["top_layer"] == "mention" and group["top_object"]
    told = tmp_path / "told"
    assert (
        main(
            ["coordinate", str(case.path), "--trace", "mention", "--identified", "--out", str(told)]
        )
        == 0
    )
    [group] = pq.read_table(told / "groups.parquet").to_pylist()
    assert set(group["accounts"]) == set(accounts) and group["top_object"].startswith("zzqx-c")


@pytest.fixture
def shares(tmp_path):
    """A table of odd columns: semicolons, a byte order mark, times of three forms, what was done in
    the platform's own words.
    """
    path = tmp_path / "compartidos.csv"
    rng = np.random.default_rng(4)
    rows = [
        [
            f"u{rng.integers(200)}",
            f"p{rng.integers(150)}",
            1_400_000_000 + int(rng.integers(90_000)),
        ]
        for _ in range(600)
    ]
    rows += [
        [f"ring{k}", f"p{j}", 1_400_000_000 + 3600 * j + 3 * k] for j in range(15) for k in range(4)
    ]
    forms = (
        str,
        lambda t: str(np.datetime64(t, "s")) + "Z",
        lambda t: f"{np.datetime64(t, 's')}+00:00".replace("T", " "),
    )
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(["quién", "qué", "cuándo", "acción", "Texto"])
        writer.writerows(
            [a, o, forms[i % 3](t), "Retuit", "¡Vota ya! صوّت الآن"]
            for i, (a, o, t) in enumerate(rows)
        )
    return path


def test_a_table_of_any_columns_needs_one_command(shares, tmp_path, capsys):
    named = [x for c in ("account=quién", "object=qué", "time=cuándo") for x in ("--column", c)]
    for number, more in enumerate(([], ["--column", "kind=acción", "--column", "text=Texto"])):
        assert (
            main(
                ["coordinate", str(shares), *named, *more, "--out", str(tmp_path / f"net{number}")]
            )
            == 0
        )
        printed = capsys.readouterr()
        assert "4 accounts, density 100%" in printed.out and "rejected" not in printed.err
    columns = {"account": "quién", "object": "qué", "time": "cuándo"}
    found = birdfall.coordination(shares, columns=columns)
    assert found["significant"].value == 6
    assert (
        birdfall.coordination(shares, columns=columns | {"kind": "acción"})["significant"].value
        == 6
    )
    for words, told in (
        (["--column", "account"], "does not say what is what"),
        (["--column", "when=cuándo"], "no role 'when'"),
        ([*named, "--trace", "like", "--trace", "repost"], "kind=COLUMN"),
        ([*named, "--mapping", "m.toml"], "said twice"),
        ([*named[:-1], "time=nunca"], "The file has: quién, qué"),
    ):
        assert main(["coordinate", str(shares), *words]) == 2
        assert told in capsys.readouterr().err
    odd = tmp_path / "odd.csv"
    odd.write_bytes(shares.read_bytes().replace("cuándo".encode(), b"col3"))
    assert main(["coordinate", str(odd), "--column", "account=quién"]) == 2
    assert "Which column is the time" in capsys.readouterr().err


def test_what_the_columns_were_taken_for_is_told(shares, tmp_path, capsys):
    """A network of texts must not pass for one of posts."""
    plain = tmp_path / "plain.csv"
    plain.write_bytes(
        shares.read_bytes().replace(
            "quién;qué;cuándo;acción".encode(), b"Usuario;cosa;Fecha y hora;Tipo"
        )
    )
    main(["coordinate", str(plain)])
    said = capsys.readouterr().err
    assert (
        'plain.csv: account is "Usuario", object is "Texto", time is "Fecha y hora", '
        'kind is "Tipo", text is "Texto"' in said
    )
    main(["coordinate", str(plain), "--json"])
    assert not capsys.readouterr().err
    kept = tmp_path / "id.csv"
    kept.write_bytes(plain.read_bytes().replace(b";cosa;", b";ID del mensaje compartido;"))
    assert main(["coordinate", str(kept)]) == 0
    assert 'object is "Texto" or "ID del mensaje compartido"' in capsys.readouterr().err


def test_a_layered_network_leaves_whole(tmp_path, capsys):
    """Its combined view, what groups acted on, what other windows say; each edge with its layer; a
    limit said once.
    """
    rows = [
        [f"ring{k}", kind, f"{kind}{j}", 1_400_000_000 + 3600 * j + 3 * k]
        for kind in ("repost", "like")
        for j in range(12)
        for k in range(4)
    ]
    rng = np.random.default_rng(3)
    rows += [
        [
            f"u{rng.integers(80)}",
            kind,
            f"{kind}{rng.integers(60)}",
            1_400_000_000 + int(rng.integers(90_000)),
        ]
        for kind in ("repost", "like")
        for _ in range(300)
    ]
    source, out = tmp_path / "acts.csv", tmp_path / "net"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["account", "kind", "object", "time"], *rows])
    assert (
        main(["coordinate", str(source), "--trace", "repost", "--trace", "like", "--out", str(out)])
        == 0
    )
    said = capsys.readouterr()
    assert said.out.count("Shared interests were estimated") == 1 and "(repost, like)" in said.out
    assert "like alone: " in said.out and "guessed" not in said.err
    made = {p.name for p in out.iterdir()}
    assert {
        "combined.csv",
        "top_objects.csv",
        "examples.csv",
        "sensitivity.csv",
        "finding.json",
    } <= made
    assert json.loads((out / "finding.json").read_text())["parameters"]["trace"] == [
        "repost",
        "like",
    ]
    for form in ("gexf", "graphml"):
        page = (out / f"coordination-layers.{form}").read_text()
        assert page.count("like</data>" if form == "graphml" else '"like"') >= 6
    assert main(["coordinate", str(source), "--null", "none"]) == 0
    said = capsys.readouterr().out
    assert "groups of these        1" in said and "beyond" not in said


def test_what_cannot_be_asked_is_said_before_files_are_read(tmp_path, capsys):
    source = tmp_path / "acts.csv"
    source.write_text("account,object,time\na,x,2014-05-13T16:53:20Z\nb,x,2014-05-13T16:53:21Z\n")
    for words, told in (
        (["--window", "0"], "longer than nothing"),
        (["--at-least", "0"], "at least 1 co-action"),
        (["--alpha", "2"], "0.01 is usual"),
        (["--trace", "no/trace"], "no trace 'no/trace'"),
        (["--trace", "repost", "--trace", "?"], "no trace '?'"),
    ):
        assert main(["coordinate", str(source), *words]) == 2
        said = capsys.readouterr().err
        assert told in said and "read" not in said
    # a kind of object that the record has not may be a word that was misspelt
    for trace, code in (("creation", 4), ("foo", 2)):
        assert main(["coordinate", str(source), "--trace", trace]) == code
        assert "It has, by accounts: repost (2)" in capsys.readouterr().err
