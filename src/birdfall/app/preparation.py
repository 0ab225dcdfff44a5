"""What the first pages of a case need, made before somebody asks for it."""

from __future__ import annotations

from birdfall.app.account_table import account_table
from birdfall.app.network_view import network_view, networks_of
from birdfall.app.open_case import open_case
from birdfall.app.result_pages import tell
from birdfall.app.site import is_measured
from birdfall.app.workspace import Desk
from birdfall.model.errors import BirdfallError


def prepare_case(desk: Desk, language: str) -> None:
    """Read a case and write its answer in a language, as pages keep them; of a case that is not
    measured, or cannot be read, nothing: its own page says so.
    """
    try:
        if not is_measured(desk):
            return
        opened = open_case(desk.case())
        tell(opened.case, language)
        account_table(opened, 1, by_handle=False)
        for name in networks_of(opened)[:1]:
            network_view(opened, name)
    except (BirdfallError, OSError):
        return
