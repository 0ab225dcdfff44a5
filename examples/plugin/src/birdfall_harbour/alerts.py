"""An alert channel that appends to a file, and a form in which a wave is handed over."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from birdfall.model.errors import UsageError
from birdfall.watch.alerts.channels import AlertMessage
from birdfall.watch.alerts.handoff import WaveExport


class FileChannel:
    """Appends the sentence of each alert to a file: `kind = "file"`, `path = "alerts.txt"`."""

    required = ("path",)
    optional = ()

    def check(self, values: Mapping[str, str]) -> None:
        """Refuse a path whose folder does not exist. Raises UsageError."""
        if not Path(values["path"]).parent.is_dir():
            raise UsageError("the folder of path does not exist")

    def send(self, values: Mapping[str, str], message: AlertMessage) -> None:
        """Append one line."""
        with Path(values["path"]).open("a", encoding="utf-8") as file:
            print(message.sentence, file=file)


class ReviewList:
    """A list for Harbour's moderators: the fallen members, and who of them is back."""

    is_table = True

    def write(self, export: WaveExport) -> str:
        """One line for each account, tab-separated."""
        lines = ["member\tsuspended_at\tstatus"]
        lines += [f"{a.account}\t{a.suspended_at}\t{a.status_now}" for a in export.accounts()]
        return "\n".join(lines) + "\n"


FILE_CHANNEL, REVIEW_LIST = FileChannel(), ReviewList()
