"""A brigade on the whole network: real reports to a real moderation service, wrongful takedowns and
their reversal, and the watch connected to both, told what the truth is by nobody.
"""

import os
import random
import threading
import time

import full_network
import pytest
from acting import many
from scenario import spread
from watching import Watch

from birdfall.watch.alerts.handoff import export_wave
from birdfall.watch.store.queries.waves import list_waves

pytestmark = pytest.mark.nightly
BRIGADE, HONEST, VICTIMS, SPAMMERS = 60, 60, 5, 6


@pytest.fixture
def whole():
    lacks = full_network.missing()
    if lacks:
        pytest.skip(f"missing here: {', '.join(lacks)}; run `make test-nightly`")
    made = full_network.FullNetwork()
    yield made
    made.close()


@pytest.mark.parametrize("seed", [5])
def test_a_brigade_and_its_wrongful_takedowns(whole, tmp_path, figures, seed):
    chance = random.Random(seed)
    victims = many(whole.account, [f"victim{i}" for i in range(VICTIMS)])
    spammers = many(whole.account, [f"spammer{i}" for i in range(SPAMMERS)])
    honest = many(whole.account, [f"honest{i:02d}" for i in range(HONEST)])
    brigade = many(whole.account, [f"brigade{i:02d}" for i in range(BRIGADE)])
    posts = {v["did"]: whole.post(v, "My reporting on the flood.") for v in victims}
    posts |= {s["did"]: whole.post(s, "Buy followers now http://spam.example") for s in spammers}
    many(lambda b: whole.follow(b, honest[0]), brigade)

    environment = os.environ | {"BIRDFALL_OZONE_SECRET": f"admin:{whole.password}"}
    folder = tmp_path / "watch"
    watch = Watch(
        [whole.stream, f"ozone:{whole.moderation}"],
        folder,
        honest[0],
        more=("--start", "all"),
        environment=environment,
    )
    watch.has("SELECT count(*) FROM edges", BRIGADE)

    def report(job):
        who, whom = job
        whole.report(
            who,
            whom,
            chance.choice(["Spam", "Rude", "Other"]),
            "",
            posts.get(whom["did"]) if chance.random() < 0.4 else None,
        )

    # honest reports all the time: a spammer is reported by many, each honest account reports once
    # or twice
    ordinary = [(who, chance.choice(spammers)) for who in honest if chance.random() < 0.8]
    ordinary += [
        (who, chance.choice([h for h in honest if h is not who]))
        for who in chance.sample(honest, 20)
    ]
    chance.shuffle(ordinary)
    organic = threading.Thread(target=spread, args=(report, ordinary, 110.0, 4))
    organic.start()
    time.sleep(50)
    assert watch.told("reports") == [], "honest reports are no burst"
    jobs = [(b, v) for b in brigade for v in chance.sample(victims, chance.randint(2, 4))]
    chance.shuffle(jobs)
    began = time.time()
    spread(report, jobs, 45.0, 8)
    for v in victims[:4]:
        whole.decide(v, "modEventTakedown", "mass reports")
    for s in spammers[:4]:
        whole.decide(s, "modEventTakedown", "spam")
    organic.join()
    time.sleep(5)
    for v in victims[:3]:
        whole.decide(v, "modEventReverseTakedown", "wrongful")
    down = {v["did"] for v in victims[3:4]} | {s["did"] for s in spammers[:4]}
    watch.has("SELECT count(*) FROM standing WHERE status = 'taken_down'", len(down))
    time.sleep(5)
    filed = whole.filed()
    assert len(filed) >= len(jobs) + len(ordinary), "all that people sent"
    known = {r[0] for r in watch.state().connection.execute("SELECT key FROM reports")}
    lost = [event for event in filed if not any(key.endswith(f":{event['id']}") for key in known)]
    assert not lost, [(e["id"], e["createdAt"]) for e in lost]
    assert len(known) == len(filed), "each report once"
    memory = round(watch.most_memory)
    watch.has("SELECT count(*) FROM standing WHERE status = 'taken_down'", len(down))
    watch.stop()

    state = watch.state()
    c = state.connection
    falls = [r[0] for r in c.execute("SELECT account FROM changes WHERE status = 'taken_down'")]
    assert sorted(falls) == sorted(x["did"] for x in victims[:4] + spammers[:4]), (
        "each takedown once, though both tell of it"
    )
    returns = [
        r[0]
        for r in c.execute(
            "SELECT account FROM changes WHERE status = 'active' AND previous = 'taken_down'"
        )
    ]
    assert sorted(returns) == sorted(v["did"] for v in victims[:3])

    [burst] = [w for w in list_waves(state) if w.kind == "reports"]
    named = set(burst.together)
    mine, theirs = {b["did"] for b in brigade}, {h["did"] for h in honest}
    targets = {t.target for t in burst.targets}
    at = watch.told("reports")[0][0]
    figures |= {
        "reports": len(filed),
        "alert_seconds_after_first_report_of_the_brigade": round(at - began, 1),
        "brigade_named": len(named & mine),
        "of": BRIGADE,
        "honest_named": len(named & theirs),
        "of_honest": HONEST,
        "victims_named": len(targets & {v["did"] for v in victims}),
        "others_named_as_targets": len(targets - {v["did"] for v in victims}),
        "memory_mb": memory,
    }
    # who reported one of the targets just before the burst began, and one within it, may be missed
    assert len(named & mine) >= 0.95 * BRIGADE, "the brigade"
    assert not named & theirs, "and no honest reporter"
    assert targets >= {v["did"] for v in victims}

    # the takedowns that look like the brigade's work are the wrongful ones, and no rightful one is
    # among them
    held = {line.split(",")[0] for line in export_wave(state, burst, "hold").splitlines()[1:]}
    figures["wrongful_takedowns_found"] = len(held & {v["did"] for v in victims[:4]})
    figures["rightful_ones_named"] = len(held - {v["did"] for v in victims[:4]})
    assert held == {v["did"] for v in victims[:4]}
    state.close()
