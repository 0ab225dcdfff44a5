"""Every address of the workspace under which a case is shown, asked for on a measured case in which
all accounts are canaries: none names anybody, but for those on which accounts are chosen.
"""

import pyarrow as pa
import pytest
from app_made import Visitor, run_jobs_here
from starlette.routing import Route

import small_cases
from birdfall.app.jobs import JobKind, JobRequest
from birdfall.app.server import list_routes
from birdfall.model.schemas import Rows
from birdfall.pipeline.context import Options
from birdfall.pipeline.report import write_report
from birdfall.pipeline.run import run
from birdfall.record.case import Case
from canaries import MARK

#: Addresses that name accounts by purpose: there whoever has the case chooses among them, and reads
#: its files again.
BY_HANDLE = ("/ask", "/data", "/publish", "/figures")
#: What stands in the places of an address; each value is tried.
VALUES = {
    "language": ("en",), "case": ("night",), "section": ("base", "together", "method", "replies"),
    "code": range(0, 320, 40), "number": range(2),
    "kind": ("hashtag", "link", "domain"), "form": ("gexf", "graphml", "csv", "svg"),
    "key": ("x",), "name": ("coordination-repost",),
}  # fmt: skip


def renamed(rows):
    """Rows in which every account is a canary."""
    table = pa.Table.from_batches([rows.batch])
    place = table.column_names.index("account")
    names = [f"{MARK}{name}" for name in table.column("account").to_pylist()]
    table = table.set_column(place, "account", pa.array(names, pa.string()))
    return Rows(rows.table, table.combine_chunks().to_batches()[0])


@pytest.fixture
def visitor(tmp_path, monkeypatch):
    case = Case.create(tmp_path / "night", key=b"k")
    case.append(
        [*map(renamed, (
            small_cases.acts("repost", together=True),
            small_cases.acts("hashtag", together=False),
            small_cases.statuses(),
        ))],
        source=f"posts_of_{MARK}a1.csv", digest="d",
    )  # fmt: skip
    found = run(case, Options(replicates=49, permutations=20, left_out=("explanations",)))
    write_report(case, "en", ("en",))
    edges = found["coordination-repost"].tables["edges"]
    for place, end in (("first", "source"), ("second", "target")):
        monkeypatch.setitem(VALUES, place, (edges.column(end)[0].as_py(),))
    visitor = Visitor(tmp_path, "t" * 30).enter()
    run_jobs_here(monkeypatch)(visitor.workspace.desk("night"), JobRequest(JobKind.VERIFY, "en"))
    return visitor


def addresses():
    """Every address of a case that shows something, its places filled in; with its pattern."""
    shown = [r for r in list_routes(None) if isinstance(r, Route) and "GET" in (r.methods or ())]
    for route in shown:
        if "{case}" not in route.path or "{rest" in route.path:
            continue
        filled = [route.path]
        for name in route.param_convertors:
            filled = [
                one.replace(f"{{{name}:int}}", str(v)).replace(f"{{{name}}}", str(v))
                for one in filled
                for v in VALUES[name]
            ]
        for address in dict.fromkeys(filled):
            yield route.path, address


@pytest.mark.slow
def test_no_address_of_a_case_names_anybody(visitor):
    named, answered, asked = set(), set(), set()
    for path, address in addresses():
        program = {"Authorization": f"Bearer {'t' * 30}"} if address.startswith("/api") else {}
        answer = visitor.client.get(address, headers=program)
        asked.add(path)
        if answer.status_code == 200:
            answered.add(path)
        assert answer.status_code < 500, address
        if MARK in (answer.text + str(answer.headers)).lower():
            named.add(path)
    assert {path for path in named if not path.endswith(BY_HANDLE)} == set()
    unseen = {p for p in asked - answered if "{key}" not in p and "evidence" not in p}
    assert unseen == set(), "an address that never answers is not searched"
