"""Whom the question is about is named in no page, also where no row of the record names them."""

from birdfall.model.settings import Settings
from birdfall.record.record import from_tables
from birdfall.tell.quoting import quoting_of


def test_a_leader_without_a_row_is_named_in_no_quotation_and_no_name_of_a_file():
    settings = Settings(leaders=("luna_9",), controls=("did:plc:sol",))
    quoting = quoting_of(from_tables({}, settings))
    assert quoting.text("why did @luna_9 and did:plc:sol fall?") == "why did @… and … fall?"
    assert quoting.file("tweets_luna_9.csv", 3) == "3.csv"
    public = Settings(leaders=("luna_9",), public=("luna_9",))
    assert quoting_of(from_tables({}, public)).text("@luna_9 fell") == "@luna_9 fell"
