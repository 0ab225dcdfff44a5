"""JSON nested deeply is refused before the interpreter's own limit is met: whatever runs there, a
finaliser or a callback, would fail too, on the terminal."""

import contextlib
import gc
import json
import random
import sys

import pytest

from birdfall.sources.shared.json_object import MAX_DEPTH, load_json


def nested(depth, begin="", end="1"):
    brackets = [random.Random(depth + k).choice(("[]", ('{"a":', "}"))) for k in range(depth)]
    opened = "".join(one[0] for one in brackets)
    return begin + opened + end + "".join(one[1] for one in reversed(brackets))


def as_bytes(text):
    return text.encode()


@pytest.mark.parametrize("form", [str, as_bytes])
def test_only_what_is_nested_too_deeply_is_refused(form):
    for depth in (1, 100, MAX_DEPTH):
        assert load_json(form(nested(depth))) == json.loads(nested(depth))
    for depth in (MAX_DEPTH + 1, 990, 5000, 200_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            load_json(form(nested(depth)))


@pytest.mark.parametrize("form", [str, as_bytes])
def test_brackets_in_texts_and_side_by_side_nest_nothing(form):
    for value in (
        ["[" * 5000],
        ["\\" * 3 + "[{" * 5000, '"[' * 900],
        [[]] * 5000,
        [{"a": ["{"]}] * 3000,
        {"[" * 300: "]" * 300},
    ):
        assert load_json(form(json.dumps(value))) == value
    for torn in ("[" * 251, '["' + "[" * 900, "]" * 900, "{" * 100 + "]" * 800):
        with pytest.raises(ValueError):
            load_json(form(torn))


def test_what_runs_meanwhile_does_not_fail(monkeypatch):
    failed = []
    monkeypatch.setattr(sys, "unraisablehook", failed.append)

    def collected(*_):
        (lambda: (lambda: None)())()

    gc.callbacks.append(collected)
    before = gc.get_threshold()
    gc.set_threshold(1)
    try:
        for depth in (950, 1000, 3000):
            with contextlib.suppress(ValueError):
                load_json('{"a":' * depth + "1" + "}" * depth)
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(collected)
    assert failed == []
