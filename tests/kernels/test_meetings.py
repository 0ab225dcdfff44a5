"""Meetings against a slow, obvious count."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from birdfall.measures.coordination.act_profile import meetings_of, profile_acts

SECOND = 1_000_000


def plain_meetings(acts, pair, window, apart, surprise):
    """acts: (account, object, second)."""
    shared = []
    for o in {o for _, o, _ in acts}:
        times = [
            max(s, t)
            for a, x, s in acts
            for b, y, t in acts
            if (a, b) == pair and x == y == o and abs(s - t) <= window
        ]
        if times:
            shared.append((min(times), surprise[o]))
    count, total, begin = 0, 0.0, None
    for time, worth in sorted(shared):
        if begin is None or time - begin > apart:
            count, begin = count + 1, time
            total, best = total + worth, worth
        elif worth > best:
            total, best = total + worth - best, worth
    return count, total


ACTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 400)), min_size=2, max_size=40
)


@settings(deadline=None, max_examples=40)
@given(ACTS, st.sampled_from([5, 30]), st.sampled_from([20, 100]))
def test_meetings_are_what_a_careful_count_says(acts, window, apart):
    account, object_, second = (np.array(c) for c in zip(*acts, strict=True))
    columns = (account.astype(np.int32), object_.astype(np.int32), second.astype(np.int64) * SECOND)
    crowd = profile_acts(*columns, window * SECOND)
    known = len(set(account.tolist()))
    surprise = {o: np.log(known / len({a for a, x, _ in acts if x == o})) for o in set(object_)}
    lo, hi = (np.array(c, np.int32) for c in zip(*[(0, 1), (0, 2), (1, 2), (2, 3)], strict=True))
    meetings, worth = meetings_of(crowd, lo, hi, apart * SECOND)
    for e, pair in enumerate(zip(lo.tolist(), hi.tolist(), strict=True)):
        count, total = plain_meetings(acts, pair, window, apart, surprise)
        assert meetings[e] == count
        np.testing.assert_allclose(worth[e], total)
