"""A whole inquiry on the engine that is installed: the findings of one machine on the same data."""

import dataclasses
import os
from importlib.util import find_spec

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="no pyspark here: make test-cluster installs it")

from findings import differences

from birdfall.cluster import NotOnAnEngine, run
from birdfall.model.errors import UsageError
from birdfall.model.findings import Estimate, Finding
from birdfall.model.schemas import TABLES, TIME
from birdfall.model.settings import Settings
from birdfall.pipeline.context import Inputs, Options
from birdfall.pipeline.run import compute
from birdfall.record.record import from_tables
from birdfall.world.simulate import conform, simulate

#: Accounts of the simulated world, whose rows are nine times as many: 10^5 rows; at night 10^6.
ACCOUNTS = int(os.environ.get("BIRDFALL_CLUSTER_ACCOUNTS", "12000"))
#: Records drawn; Apache Spark takes ten seconds for each.
EXAMPLES = 12 if find_spec("pysail") else 5
FEW = Options(permutations=100, replicates=199)
START, DAY = 1_700_000_000_000_000, 86_400_000_000


def frames_of(spark, tables):
    """Tables on the engine, their rows in another order: an engine knows none."""
    found = {}
    for name, table in tables.items():
        if table.num_rows:
            order = np.random.default_rng(7).permutation(table.num_rows)
            found[name] = spark.createDataFrame(table.take(pa.array(order)))
    return found


def on_one_machine(tables, given, options=FEW, inputs=None, key=b"birdfall"):
    return compute(from_tables(tables, given, key=key), options, inputs or Inputs())


def test_a_world_gives_the_findings_of_one_machine(spark):
    world = simulate("caracas-2013", seed=1, accounts=ACCOUNTS)
    tables = {name: conform(name, table) for name, table in world.tables.items()}
    claims = b'[[claim]]\ntext = "More than 6,000 accounts were suspended."\nwho = "x"\n'
    inputs = Inputs(claims=claims)
    alone = on_one_machine(tables, world.settings, inputs=inputs, key=world.key)
    found = run(
        spark,
        frames_of(spark, tables),
        world.settings,
        options=FEW,
        inputs=inputs,
        key=world.key,
        parts=4,
    )
    assert differences(alone, found) == []
    answers = {finding.kind for finding in found.values() if finding.answer == "found"}
    assert {"waves", "audiences", "returns", "ledger", "counts", "coordination"} <= answers
    assert all(not i.digest for finding in found.values() for i in finding.inputs)


def test_what_more_rows_decide_than_may_be_collected_is_refused_and_said(spark):
    """Nothing is collected beyond the bound, and what reads a refused finding is refused too."""
    acts = pa.table(
        {
            "account": [f"a{i % 40}" for i in range(400)],
            "kind": ["repost"] * 400,
            "object": [f"o{i % 9}" for i in range(400)],
            "time": pa.array([START + i * 1_000_000 for i in range(400)]).cast(TIME),
        }
    )
    statuses = falls(30)
    frames = frames_of(spark, {"acts": acts, "statuses": statuses})
    found = run(spark, frames, Settings(), options=FEW, parts=2, most_collected=300)
    refused = {n: [r.code for r in f.reasons] for n, f in found.items() if f.answer == "cannot"}
    assert refused["coordination-repost"] == ["not-on-an-engine"]
    assert found["waves"].answer != "cannot" or "not-on-an-engine" not in refused["waves"]
    with pytest.raises(NotOnAnEngine, match="accounts"):
        run(spark, frames, Settings(), most_collected=20)


def falls(number):
    times = [START + i * DAY for i in range(number)]
    return pa.table(
        {
            "account": [f"a{i}" for i in range(number)],
            "status": ["suspended"] * number,
            "time": pa.array(times).cast(TIME),
            "observation": ["change"] * number,
        }
    )


def test_what_is_wrong_with_the_tables_is_said(spark):
    frame = spark.createDataFrame([("a",)], "account string")
    with pytest.raises(UsageError, match="no table 'tweets'"):
        run(spark, {"tweets": frame})
    with pytest.raises(UsageError, match="no column 'x'"):
        run(spark, {"acts": spark.createDataFrame([("a",)], "x string")})
    with pytest.raises(UsageError, match="lacks the column 'status'"):
        run(spark, {"statuses": frame})
    null = (
        "SELECT cast(NULL AS string) AS `account`, 'suspended' AS `status`, "
        "current_timestamp() AS `time`, 'seen' AS `observation`"
    )
    with pytest.raises(UsageError, match="account is required and holds 1 null"):
        run(spark, {"statuses": spark.sql(null)})
    with pytest.raises(UsageError, match="parts"):
        run(spark, {}, parts=0)


def test_handles_in_the_place_of_ids_are_refused(spark):
    accounts = pa.table({"account": ["1", "2"], "handle": ["ana", "bo"]})
    statuses = falls(3).set_column(0, "account", pa.array(["@ana", "ana", "2"]))
    frames = frames_of(spark, {"accounts": accounts, "statuses": statuses})
    with pytest.raises(UsageError, match="handles stand where ids stand"):
        run(spark, frames)


def test_an_empty_record_answers_as_on_one_machine(spark):
    assert differences(on_one_machine({}, Settings()), run(spark, {}, options=FEW)) == []


def test_differences_are_seen():
    """The comparison itself: of a number, a table, a note, a name."""
    table = pa.table({"n": [1.0]})
    one = Finding("waves", "waves", "found", estimates={"n": Estimate(1.0, "count")})
    one = dataclasses.replace(one, tables={"t": table})
    other = dataclasses.replace(one, estimates={"n": Estimate(1.0 + 1e-6, "count")})
    third = dataclasses.replace(one, tables={"t": pa.table({"n": [2.0]})})
    assert differences({"waves": one}, {"waves": one}) == []
    assert differences({"waves": one}, {"waves": other}) and differences({}, {"waves": one})
    assert differences({"waves": one}, {"waves": third}) and differences({"waves": one}, {})


ACCOUNT = st.integers(0, 11).map("u{}".format)
TIMES = st.integers(0, 40).map(lambda d: START + d * DAY // 4)


def table_of(name, rows, columns):
    """Rows with numbered lines, in the schema of the record."""
    values = dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else {}
    found = {c: pa.array(list(v)) for c, v in values.items()}
    found = {c: v.cast(TABLES[name].field(c).type) for c, v in found.items()}
    lines = {"line": pa.array(np.arange(len(rows)))} if rows else {}
    return conform(name, pa.table({**found, **lines}))


@st.composite
def records(draw):
    """Small records: every status, acts of several kinds, follows that begin, end and are seen."""
    statuses = st.tuples(
        ACCOUNT,
        st.sampled_from(["suspended", "active", "taken_down", "deleted", "limited"]),
        TIMES,
        st.sampled_from(["change", "seen"]),
    )
    acts = st.tuples(
        ACCOUNT,
        st.sampled_from(["post", "repost", "report", "hashtag", "link", "reply"]),
        st.sampled_from(["http://a.b/x", "u1", "u2", "tag"]),
        TIMES,
        st.sampled_from([None, "report @u1 now", "Hello all of you, good morning here"]),
        st.sampled_from([None, "app", "web"]),
    )
    follows = st.tuples(
        ACCOUNT,
        ACCOUNT,
        st.none() | TIMES,
        st.none() | TIMES,
        st.sampled_from(["change", "seen"]),
        st.none() | TIMES,
    )
    counts = st.tuples(ACCOUNT, TIMES, st.none() | st.integers(0, 90))
    many = {"min_size": 0, "max_size": 60}
    return {
        "statuses": table_of(
            "statuses",
            draw(st.lists(statuses, **many)),
            ("account", "status", "time", "observation"),
        ),
        "acts": table_of(
            "acts",
            draw(st.lists(acts, **many)),
            ("account", "kind", "object", "time", "text", "client"),
        ),
        "follows": table_of(
            "follows",
            draw(st.lists(follows, **many)),
            ("follower", "followed", "since", "until", "observation", "observed_at"),
        ),
        "counts": table_of(
            "counts", draw(st.lists(counts, **many)), ("account", "time", "followers")
        ),
    }


@pytest.mark.slow
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    # to make a case smaller asks the engine for minutes
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tables=records())
def test_every_finding_of_a_small_record_is_that_of_one_machine(spark, tables):
    given_settings = Settings(leaders=("u1", "u2"), controls=("u3",))
    options = Options(permutations=20, replicates=49)
    alone = on_one_machine(tables, given_settings, options)
    found = run(spark, frames_of(spark, tables), given_settings, options=options, parts=2)
    assert differences(alone, found) == []
