"""When the workspace ends by itself: when the last window was closed and no job is at work."""

from birdfall.app.presence import EMPTY_SECONDS, SILENT_SECONDS, Presence


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_it_is_over_some_time_after_the_last_page_has_left():
    clock = Clock()
    presence = Presence(clock)
    assert not presence.is_over()
    clock.now = 10 * SILENT_SECONDS
    assert not presence.is_over()  # nobody was heard of: a browser without scripts
    presence.open("first")
    presence.open("second")
    presence.leave("first")
    clock.now += 2 * EMPTY_SECONDS
    assert not presence.is_over()
    presence.leave("second")
    presence.leave("never here")
    assert not presence.is_over()
    clock.now += EMPTY_SECONDS - 1
    presence.open("third")  # from one page to the next
    clock.now += EMPTY_SECONDS
    assert not presence.is_over()
    presence.leave("third")
    clock.now += EMPTY_SECONDS
    assert presence.is_over()


def test_a_page_of_which_nothing_is_heard_counts_for_an_hour():
    clock = Clock()
    presence = Presence(clock)
    presence.open("asleep")
    clock.now += SILENT_SECONDS - 1
    assert not presence.is_over()
    clock.now += 2
    assert not presence.is_over()
    clock.now += EMPTY_SECONDS
    assert presence.is_over()


def test_pages_say_it_and_nobody_else(visitor):
    visitor.client.app  # noqa: B018  # an application without a listener takes the word too
    assert visitor.client.post("/presence", content=b"abcdefgh opens").status_code == 204
    visitor.client.cookies.clear()
    assert visitor.client.post("/presence", content=b"abcdefgh opens").status_code == 401
