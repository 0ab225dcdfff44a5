"""Measured cases of each kind of data, accounts called as platforms and files call them: what
leaves holds no id, and does not depend on who is called how, nor on whose rows come first.
"""

from __future__ import annotations

import contextlib
import csv
import json
import re
import sqlite3
from collections import Counter
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from birdfall.cli.network_files import accounts_of_case, write_network
from birdfall.model.schemas import ACCOUNT_COLUMNS, Rows
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Options
from birdfall.pipeline.export import export
from birdfall.pipeline.report import write_report
from birdfall.pipeline.run import run
from birdfall.record.case import Case
from birdfall.record.ids import pseudonym
from birdfall.tell.words import LANGUAGES
from canaries import MARK, canaries_in
from small_cases import acts, counts, follows, statuses

KINDS = {
    "statuses and follows": lambda: [statuses(), follows()],
    "posts": lambda: [acts("repost", together=True)],
    "reports": lambda: [acts("report", together=True)],
    "counts": lambda: [counts(fall=True)],
}
#: Columns that number accounts, or rows of a file.
NUMBERS = ("code", "source", "target", "line", "pseudonym")
#: What a drawing says of where a node stands: it hangs on its number.
PLACES = ("x", "y", "code")


def letters(name):
    """A name in letters alone."""
    return "".join(c if c.isalpha() else "abcdefghij"[int(c)] for c in name)


#: How accounts are called: words, ids of numbers behind the mark, ids of the AT Protocol.
STYLES = {
    "words": lambda name: f"{MARK}{letters(name)}",
    "ids": lambda name: f"did:plc:{MARK}{name}",
}


def renamed(rows, called, *, backwards):
    """Rows with every account called otherwise, in their order or from behind."""
    table = pa.Table.from_batches([rows.batch])
    columns = [*ACCOUNT_COLUMNS[rows.table], *(["object"] if "kind" in table.column_names else [])]
    for column in {*columns} & {*table.column_names}:
        report = column != "object" or table.column("kind")[0].as_py() == "report"
        if report:
            new = [None if v is None else called(v) for v in table.column(column).to_pylist()]
            place = table.column_names.index(column)
            table = table.set_column(place, column, pa.array(new, pa.string()))
    if backwards:
        table = table.take(pa.array(range(table.num_rows - 1, -1, -1)))
    return Rows(rows.table, table.combine_chunks().to_batches()[0])


def made(folder, kind, called, *, key, backwards=False):
    """The case, measured; nobody in it is public."""
    case = Case.create(folder, Settings(leaders=(called("leader"),)), key=key)
    rows = [renamed(one, called, backwards=backwards) for one in KINDS[kind]()]
    case.append(rows, source=f"tweets_of_{called('leader')}.csv", digest="d")
    run(case, Options(replicates=49, permutations=20))
    return case


@pytest.fixture(scope="module", params=KINDS)
def pair(request, tmp_path_factory):
    """A case of a kind, and the same with all accounts renamed, from behind, under another key."""
    folder, kind = tmp_path_factory.mktemp("leave"), request.param
    one = made(folder / "one", kind, STYLES["words"], key=b"a key")
    other = made(folder / "other", kind, STYLES["ids"], key=b"another", backwards=True)
    return kind, (one, STYLES["words"]), (other, STYLES["ids"])


def names_of(kind):
    """Every account of a kind of data as the data call it."""
    found = {"leader"}
    for rows in KINDS[kind]():
        for column in ACCOUNT_COLUMNS[rows.table]:
            if column in rows.batch.schema.names:
                found |= set(rows.batch.column(column).drop_null().to_pylist())
    return sorted(found)


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "parquet", "sqlite", "evidence"])
def test_what_leaves_names_nobody_and_depends_on_nobodys_name(pair, form, tmp_path):
    kind, *cases = pair
    told = []
    for number, (case, called) in enumerate(cases):
        files = export(case, form, tmp_path / str(number) / "out")
        assert canaries_in(*files)[:3] == []
        told.append(tables_of(files, form, case, called, names_of(kind)))
    assert told[0].keys() == told[1].keys()
    for name, rows in told[0].items():
        assert rows == told[1][name], name


@pytest.mark.slow
def test_reports_name_nobody_and_say_the_same(pair, tmp_path):
    _, *cases = pair
    for case, _ in cases:
        for language in LANGUAGES:
            path = write_report(case, language, (language,), tmp_path / f"{language}.html")
            assert canaries_in(path)[:3] == []


@pytest.mark.slow
def test_reports_of_renamed_accounts_say_the_same(pair, tmp_path):
    kind, *cases = pair
    told = []
    for case, called in cases:
        page = write_report(case, "en", ("en",), tmp_path / "page.html").read_text("utf-8")
        told.append(words_of(page, names_by_pseudonym(case, called, kind)))
    assert told[0] - told[1] == told[1] - told[0] == Counter()


@pytest.mark.slow
def test_networks_of_renamed_accounts_are_the_same(pair, tmp_path):
    kind, *cases = pair
    told, files = [], 0
    for number, (case, called) in enumerate(cases):
        people = accounts_of_case(case, case.record())
        names, shown = names_by_pseudonym(case, called, kind), {}
        for finding in case.findings().values():
            if finding.kind != "coordination":
                continue
            made = write_network(finding, people, tmp_path / str(number) / finding.name, False)
            assert canaries_in(*made)[:3] == []
            for path in made:
                if path.suffix in (".gexf", ".graphml"):
                    shown[path.name] = graph_of(path, names)
        told.append(shown)
        files += len(shown)
    assert told[0] == told[1]
    assert bool(files) == (kind in ("posts", "reports"))


def names_by_pseudonym(case, called, kind):
    """The names that accounts have in the data, by their pseudonyms."""
    ids = case.record().ids
    codes = {name: ids.code(called(name)) for name in names_of(kind)}
    return {pseudonym(code): name for name, code in codes.items() if code is not None}


def words_of(page, names):
    """How often each text stands in a page, accounts by their names; pictures are left out."""
    plain = re.sub(r"(?s)<(script|style|svg|symbol)\b.*?</\1>", " ", page)
    plain = re.sub(r"\b[0-9a-f]{64}\b", "digest", plain)
    lines = (_called(line.strip(), names) for line in re.split(r"<[^>]*>", plain))
    return Counter(line for line in lines if line)


def graph_of(path, names):
    """Nodes and edges of a drawn network with all that is said of them but for where they are
    drawn and which number they have.
    """
    root = ElementTree.parse(path).getroot()
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    titles = {a.get("id"): a.get("title") or a.get("attr.name") for a in root.iter()
              if a.tag in ("attribute", "key")}  # fmt: skip
    called, found = {}, []

    def said(element):
        values = {}
        for one in element.iter():
            if one.tag in ("attvalue", "data"):
                name = titles[one.get("for") or one.get("key")]
                values[name] = one.get("value") or one.text
        return {k: _called(str(v), names) for k, v in values.items() if k not in PLACES}

    for node in root.iter("node"):
        facts = said(node)
        label = _called(node.get("label") or facts["label"], names)
        called[node.get("id")] = label
        found.append(("node", label, sorted(facts.items())))
    for edge in root.iter("edge"):
        ends = sorted(called[edge.get(end)] for end in ("source", "target"))
        found.append(("edge", *ends, edge.get("weight") or "", sorted(said(edge).items())))
    return sorted(found, key=str)


def tables_of(files, form, case, called, names):
    """Rows of every table of an export, sorted, accounts by the names of the data."""
    ids = case.record().ids
    back = {pseudonym(ids.code(called(n))): n for n in names if ids.code(called(n)) is not None}
    found = {}
    for path in files:
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as file:
                tables = {path.stem: list(csv.DictReader(file))}
        elif path.suffix == ".parquet" and path.name != "ids.parquet":
            tables = {path.stem: pq.read_table(path).to_pylist()}
        elif form == "sqlite":
            tables = _tables_of_sqlite(path)
        else:
            continue
        for name, rows in tables.items():
            table = re.sub(r"ledger[_-]\d+", "ledger", name)
            found.setdefault(table, []).extend(_row(row, back) for row in rows)
    return {name: sorted(rows) for name, rows in found.items()}


def _tables_of_sqlite(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        names = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if row[0] not in ("about", "findings")
        ]
        return {n: [dict(r) for r in database.execute(f'SELECT * FROM "{n}"')] for n in names}


def _row(row, back):
    """A row as a text: accounts by their names, what is numbered left out, lists as sets."""
    plain = {}
    for column, value in row.items():
        if column in NUMBERS:
            continue
        if isinstance(value, str) and value.startswith("["):
            with contextlib.suppress(ValueError):
                value = json.loads(value)
        if isinstance(value, float):
            value = f"{value:.8g}"
        if isinstance(value, list):
            value = sorted(_called(str(one), back) for one in value)
        plain[column] = _called(str(value), back)
    if {"source_id", "target_id"} <= plain.keys():
        # an edge has no direction: who stands first in it is who has the lower number
        ends = sorted((plain["source_id"], plain["target_id"]))
        plain["source_id"], plain["target_id"] = ends
    return json.dumps(plain, sort_keys=True)


def _called(text, back):
    digests = re.sub(r"(id|source)-[0-9a-f]{6,}", "digest", text)
    return re.sub(r"[a-z]+-\d+\b", lambda match: back.get(match[0], match[0]), digests)
