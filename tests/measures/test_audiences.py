"""Audiences: a planted one is first and alone, overlap is explained away, and a world without a target names nobody."""

import numpy as np
import pytest

from birdfall.measures.audiences import applies_to, audiences
from birdfall.measures.waves import waves
from birdfall.model.errors import CannotAnswer
from birdfall.record.query import from_tables
from birdfall.world.simulate import simulate

SMALL = {"accounts": 12_000, "fallen": 1_400, "fallen_followers": 1_300, "leader_audience": 5_000, "with_app": 0.2}


@pytest.fixture(scope="module")
def night():
    world = simulate("caracas-2013", seed=1, **SMALL)
    record = world.record()
    return world, record, waves(record, replicates=99)


def asked(world, record, found, **more):
    chosen = {"leaders": world.settings.leaders, "controls": world.settings.controls,
              "negative_controls": world.settings.negative_controls, "permutations": 200}  # fmt: skip
    return audiences(record, found, **(chosen | more))


def test_the_targeted_audience_is_first_and_no_other_is_named(night):
    world, record, found = night
    finding = asked(*night)
    steps = finding.table("explanation").to_pylist()
    assert [s["leader"] for s in steps] == [world.settings.leaders[0]]
    assert finding["explained"].value > 0.85
    rows = {r["leader"]: r for r in finding.table("audiences").to_pylist()}
    assert rows[world.settings.leaders[0]]["outcome"] == "explains"
    for innocent in (*world.settings.negative_controls, *world.settings.controls):
        assert rows[innocent]["outcome"] == "not raised"
    assert finding["naive_hits"].value > len(steps), "the naive test names bystanders"


def test_matched_controls_stand_beside_the_hit(night):
    world, record, found = night
    compared = asked(*night).table("compared").to_pylist()
    mine = {r["group"]: r for r in compared if r["leader"] == world.settings.leaders[0]}
    assert mine["hit"]["hit"] / mine["hit"]["of"] > 4 * mine["matched"]["hit"] / mine["matched"]["of"]


def test_the_same_seed_gives_the_same_finding(night):
    assert asked(*night, seed=3).to_json() == asked(*night, seed=3).to_json()


@pytest.mark.parametrize("seed", range(4))
def test_when_nobody_is_targeted_nobody_is_named(seed):
    """Accounts with an app fall everywhere; whoever they follow is hit, and none of them is targeted."""
    rng = np.random.default_rng(seed)
    world = simulate("quiet", seed=seed, accounts=10_000)
    clients = {}
    for act in world.tables["acts"].select(["account", "client"]).to_pylist():
        clients[act["account"]] = act["client"]
    pool = sorted(a for a, c in clients.items() if c == "Programador")
    chosen = rng.choice(pool, min(300, len(pool)), replace=False)
    record = world.record()
    found = wave_of(record, world, chosen)
    finding = asked(world, record, found, seed=seed)
    assert finding["hits"].value == 0, finding.table("explanation").to_pylist()


def wave_of(record, world, accounts):
    """A finding of one wave made of `accounts`, for tests that need one by hand."""
    import pyarrow as pa

    from birdfall.measures.wave_details import WAVES
    from birdfall.model.findings import Finding

    row = dict.fromkeys(WAVES.names) | {"wave": 1, "start": world.scenario.onset, "end": world.scenario.onset}
    codes = record.ids.encode(pa.array(accounts.tolist(), pa.string()))
    members = pa.table({"wave": pa.array([1] * len(codes), pa.int32()), "code": codes, "account": accounts.tolist()})
    return Finding(
        "waves", "waves", "found", tables={"waves": pa.Table.from_pylist([row], schema=WAVES), "members": members}
    )


def test_two_overlapping_audiences_need_one_explanation(night):
    """An audience that shares most of its followers with the targeted one is hit too, and explained away."""
    import pyarrow as pa

    world, record, found = night
    tables = dict(world.tables)
    leader, shadow = world.settings.leaders[0], "shadow"
    follows = tables["follows"].to_pylist()
    mine = [r for r in follows if r["followed"] == leader][::2]
    copies = [r | {"followed": shadow} for r in mine]
    tables["follows"] = pa.Table.from_pylist(follows + copies, schema=tables["follows"].schema)
    again = from_tables(
        {n: t for n, t in tables.items() if n in ("follows", "statuses", "accounts", "acts", "coverage")},
        world.settings,
    )
    finding = audiences(again, waves(again, replicates=99), leaders=(leader,), permutations=200)
    rows = {r["leader"]: r for r in finding.table("audiences").to_pylist()}
    assert rows[leader]["outcome"] == "explains"
    assert rows[shadow]["outcome"] == "explained away"


def test_what_is_missing_is_said(night):
    world, record, found = night
    assert applies_to(from_tables({})).code == "no-follows"
    with pytest.raises(CannotAnswer, match="wave 9"):
        audiences(record, found, wave_number=9)
    few = audiences(record, found, minimum=10**6)
    assert few.answer == "cannot"
    assert few.reasons[0].code == "too-few-to-compare"
