"""Leaders named by handle: looked up where they are known, refused where nobody knows them, never
watched in vain unsaid."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from birdfall.model.errors import UsageError
from birdfall.watch.alerts.rules import Rule
from birdfall.watch.engine.handles import resolve_leaders, resolve_rule_leaders
from birdfall.watch.feeds.replay import LinesFeed
from birdfall.watch.feeds.websocket import FirehoseFeed
from birdfall.watch.model.events import Identity, StreamBatch
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch


@pytest.fixture
def state(tmp_path):
    made = State.open(tmp_path / "w.sqlite")
    yield made
    made.close()


@pytest.fixture
def host():
    """A host that knows one handle."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.path.endswith(
                "/xrpc/com.atproto.identity.resolveHandle?handle=lead.example"
            )
            self.send_response(200 if known else 400)
            self.end_headers()
            self.wfile.write(
                json.dumps(
                    {"did": "did:plc:lead"} if known else {"error": "InvalidRequest"}
                ).encode()
            )

        def log_message(self, *args):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield f"ws://127.0.0.1:{made.server_address[1]}"
    made.shutdown()
    made.server_close()


def firehose(url):
    return FirehoseFeed(name="atproto:x", url=url)


def test_the_host_says_whom_a_handle_means_and_the_name_is_kept(state, host):
    said = []
    assert resolve_leaders(
        ["@Lead.example", "did:plc:y"], state, [firehose(host)], {}, said.append
    ) == (
        "did:plc:lead",
        "did:plc:y",
    )
    assert said == ["@Lead.example is did:plc:lead"]
    row = state.connection.execute(
        "SELECT handle, status FROM standing WHERE account = 'did:plc:lead'"
    ).fetchone()
    assert tuple(row) == ("lead.example", "active")
    assert resolve_leaders(
        ["lead.example"], state, [firehose("ws://127.0.0.1:1")], {}, said.append
    ) == ("did:plc:lead",), "and known from now on"


@pytest.mark.parametrize("leader", ["@nobody.example", "nobody.example"])
def test_a_handle_that_nobody_knows_is_refused(state, host, leader):
    with pytest.raises(UsageError, match="not known here") as found:
        resolve_leaders([leader], state, [firehose(host)], {}, print)
    assert "resolveHandle?handle=nobody.example" in str(found.value)


def test_a_state_and_a_case_know_handles_too(state):
    with state.transaction():
        ingest_batch(state, "-", [StreamBatch(1, (Identity("17", "One", 1),))])
    assert resolve_leaders(
        ["@one", "@two"], state, [LinesFeed()], {"18": "Two"}, lambda _: None
    ) == (
        "17",
        "18",
    )


def test_where_ids_may_be_anything_a_handle_is_watched_and_said_to_be(state):
    said = []
    assert resolve_leaders(["@who", "17"], state, [LinesFeed()], {}, said.append) == ("@who", "17")
    assert len(said) == 1
    assert "@who" in said[0]


def test_a_rule_for_an_audience_nobody_watches_is_said_to_wait_in_vain():
    said = []
    rules = [Rule("a", "falls", leader="@x"), Rule("b", "falls", leader="y"), Rule("c", "falls")]
    found = resolve_rule_leaders(
        rules, {"did:x"}, lambda who: {"@x": "did:x"}.get(who, who), said.append
    )
    assert [r.leader for r in found] == ["did:x", "y", ""]
    assert len(said) == 1
    assert "'b' cannot fire" in said[0]
