"""A block wave on a real wiki, software that has nothing in common with the network: blocks,
unblocks, sign-ups and edits.
"""

import json
import random
import time

import pytest
import wiki as wikis
from scenario import spread
from test_live_host import until_told
from watching import Watch

from birdfall.watch.store.queries.waves import list_waves

pytestmark = pytest.mark.nightly
SOCKS, BLOCKED, LIFTED = 90, 60, 30


@pytest.fixture
def wiki():
    lacks = wikis.missing()
    if lacks:
        pytest.skip(f"missing here: {', '.join(lacks)}; run `make test-nightly`")
    made = wikis.Wiki()
    yield made
    made.close()


def test_a_block_wave(wiki, tmp_path, figures):
    watch = Watch([f"wiki:{wiki.stream}"], tmp_path / "watch")
    watch.has("SELECT connected FROM sources", 1)
    socks = []
    for i in range(SOCKS):
        visitor = wikis.Visitor(wiki)
        socks.append(visitor.sign_up(f"Sock{i:04d}"))
        if i % 3 == 0:
            visitor.edit(f"Page {i % 7}", f"\nvote for the leader {i}")
    watch.has("SELECT count(*) FROM standing", SOCKS)
    administrator = wikis.Visitor(wiki).log_in()
    token = administrator.token()
    # one block on an ordinary day, and a partial one, which keeps nobody from writing elsewhere
    administrator.block(socks[-1], token)
    administrator.block(socks[-2], token, partial=1, allowusertalk=1, pagerestrictions="Page 1")
    time.sleep(25)
    assert watch.told() == [], "the quiet before the wave is silent"
    chosen = random.Random(1).sample(socks[:-2], BLOCKED)
    began = time.time()
    spread(lambda name: administrator.block(name, token), chosen[: BLOCKED // 2], 4.0, 1)
    wiki.cut()  # the connection breaks in mid-wave
    spread(lambda name: administrator.block(name, token), chosen[BLOCKED // 2 :], 4.0, 1)
    at, _ = until_told(watch, 30)
    for name in chosen[:LIFTED]:
        administrator.unblock(name, token)
    watch.has("SELECT count(*) FROM standing WHERE status = 'suspended'", BLOCKED - LIFTED + 1)
    time.sleep(2)
    watch.stop()
    state = watch.state()
    c = state.connection
    falls = [r[0] for r in c.execute("SELECT account FROM changes WHERE status = 'suspended'")]
    assert sorted(falls) == sorted([*chosen, socks[-1]]), "each block once"
    returns = [
        r[0]
        for r in c.execute(
            "SELECT account FROM changes WHERE status = 'active' AND previous = 'suspended'"
        )
    ]
    assert sorted(returns) == sorted(chosen[:LIFTED])
    assert (
        c.execute("SELECT status FROM standing WHERE account = ?", (socks[-2],)).fetchone()[0]
        == "limited"
    )
    [wave] = [w for w in list_waves(state) if w.kind == "falls"]
    assert (wave.fallen, wave.returned) == (BLOCKED, LIFTED)
    state.close()
    logged = administrator.ask(action="query", list="logevents", letype="block", lelimit="max")[
        "query"
    ]["logevents"]
    assert len(logged) == BLOCKED + LIFTED + 2, "as the wiki's own log has it"
    kinds = [json.loads(data).get("log_action") for data in wiki.changes.kept]
    figures |= {
        "changes": len(kinds),
        "blocks": kinds.count("block"),
        "unblocks": kinds.count("unblock"),
        "alert_seconds_after_first_block": round(at - began, 1),
    }
