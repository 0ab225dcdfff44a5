"""How many cores are used is a setting, and no result hangs on it."""

import numpy as np
import pyarrow as pa
import pytest

from birdfall.measures.audiences.follow_graph import count_fallen_by_pass, follow_graph_at
from birdfall.measures.coordination.text_clusters import cluster_texts
from birdfall.model.cores import CORES_VARIABLE, MAX_CORES, cores
from birdfall.model.errors import UsageError
from birdfall.record.record import NEVER, FollowEdges


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5", "²", " "])
def test_what_is_no_number_of_cores_is_refused_with_what_to_write(monkeypatch, text):
    monkeypatch.setenv(CORES_VARIABLE, text)
    with pytest.raises(UsageError, match="number of cores"):
        cores()


def test_the_setting_is_taken_and_without_it_what_there_is(monkeypatch):
    monkeypatch.setenv(CORES_VARIABLE, "3")
    assert cores() == 3
    monkeypatch.setenv(CORES_VARIABLE, "4000")
    assert cores() == MAX_CORES
    monkeypatch.delenv(CORES_VARIABLE)
    assert 1 <= cores() <= MAX_CORES


def test_texts_are_the_same_clusters_on_any_number_of_cores(monkeypatch):
    chance = np.random.default_rng(3)
    words = [f"word{n}" for n in range(40)]
    texts = [" ".join(chance.choice(words, 9)) for _ in range(300)]
    texts += [f"{text} more" for text in texts[:80]] + ["", "short", texts[0]]
    found = []
    for number in ("1", "2", "3", "16"):
        monkeypatch.setenv(CORES_VARIABLE, number)
        clusters = cluster_texts(pa.array(texts))
        found.append([getattr(clusters, name) for name in clusters.__dataclass_fields__])
        few = cluster_texts(pa.array(texts[:2]))
        assert few.cluster.tolist() == [-1, -1]
    assert found[0][0].max() > 50
    for other in found[1:]:
        for one, same in zip(found[0], other, strict=True):
            np.testing.assert_array_equal(one, same)


def test_the_fallen_followers_of_audiences_are_the_same_on_any_number_of_cores(monkeypatch):
    chance = np.random.default_rng(4)
    pairs = np.unique(chance.integers(0, 500, (4000, 2)), axis=0)
    follower, followed = pairs[:, 1].astype(np.int32), pairs[:, 0].astype(np.int32)
    always = np.full(len(pairs), -NEVER), np.full(len(pairs), NEVER)
    graph = follow_graph_at(FollowEdges(follower, followed, *always), 500, 0)
    fallen = np.arange(0, 500, 3)
    slow = [np.isin(follower[followed == leader], fallen).sum() for leader in graph.leaders]
    assert sum(slow) > 1000
    for number in ("1", "2", "5", "16"):
        monkeypatch.setenv(CORES_VARIABLE, number)
        assert count_fallen_by_pass(graph, fallen).tolist() == slow
