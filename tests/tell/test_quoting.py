"""What a page quotes of people's words and addresses names nobody who is not public."""

import pyarrow as pa
import pytest

from birdfall.model.findings import Finding
from birdfall.record.ids import Ids
from birdfall.record.mentions import Mentions
from birdfall.tell.quoting import Quoting


class OneRecord:
    """As much of a record as is asked."""

    ids = Ids(pa.array(["11223344"]))

    class settings:
        public = ()


def quoted(table):
    quoting = Quoting(OneRecord, Mentions(OneRecord.ids, [("11223344", "zqxid_9")]))
    finding = Finding("coordination", "c", "found", tables={"examples": pa.table(table)})
    return quoting.findings({"c": finding})["c"].tables["examples"].to_pydict()


@pytest.mark.parametrize("layer", ["link", "hashtag", "status", "text"])
def test_objects_that_are_words_or_addresses(layer):
    address = "https://x.com/zqxid_9/status/zqxid7"
    found = quoted({"layer": [layer, layer], "object": [address, "#zqxid_9"]})
    assert "zqxid" not in str(found) and "x.com" in found["object"][0]


def test_texts_and_triggers_but_not_the_ids_that_pages_name_themselves():
    found = quoted(
        {
            "layer": ["report"],
            "object": ["11223344"],
            "shown": ["see https://x.com/i/status/zqxid7 of @zqxid_9"],
            "trigger_value": ["as @zqxid_9 asked"],
        }
    )
    assert found["object"] == ["11223344"]
    assert "zqxid" not in str(found)
