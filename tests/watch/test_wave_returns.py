"""How many of a wave are back: counted anew when somebody returns, and kept."""

import pytest

from birdfall.watch.detect.wave_contents import describe_suspensions
from birdfall.watch.detect.wave_returns import find_returns
from birdfall.watch.model.events import Status, StreamBatch
from birdfall.watch.model.stream_key import ALL_FALLS
from birdfall.watch.store.database import State
from birdfall.watch.store.ingest import ingest_batch
from birdfall.watch.store.queries.waves import insert_wave, list_waves

T, SECOND = 1_700_000_000_000_000, 1_000_000


@pytest.fixture
def state(tmp_path):
    """Forty who fell in forty seconds, a wave that is over."""
    state = State.open(tmp_path / "w.sqlite")
    with state.transaction():
        take(state, *(Status(f"a{i}", "suspended", T + i * SECOND) for i in range(40)))
        fallen, returned, details = describe_suspensions(state, T, T + 40 * SECOND)
        insert_wave(
            state, stream=ALL_FALLS, begin=T, opened=T, closed=T + 40 * SECOND,
            fallen=fallen, returned=returned, expected=0.0, evidence=1.0, details=details,
        )  # fmt: skip
    yield state
    state.close()


def take(state, *events):
    ingest_batch(state, "s", [StreamBatch(e.time, (e,), str(e.time)) for e in events])


def test_who_is_back_is_counted_and_kept(state):
    later = T + 3600 * SECOND
    with state.transaction():
        assert find_returns(state, later).returned == 0
        take(state, *(Status(f"a{i}", "active", later + i) for i in range(10)))
        news = find_returns(state, later + 10)
    assert (news.fallen, news.returned, news.quarters) == (40, 10, 1)
    [kept] = list_waves(state)
    assert (kept.fallen, kept.returned) == (40, 10)
    assert kept == news.wave
