"""The folder of a watch: its state, the raw events beside it, and how long they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from birdfall.model.errors import UsageError
from birdfall.record.atomic import explain_write_errors
from birdfall.watch.engine.archive import delete_raw_files, rotate
from birdfall.watch.engine.retention import Retention, size_of
from birdfall.watch.feeds.base import now
from birdfall.watch.store.database import State
from birdfall.watch.store.log_loss import LogBefore, mark_in_use, mark_left

#: File of the state within the folder.
STATE_FILE: Final = "watch.sqlite"


class WatchFolder:
    """Opens the state in a folder, and keeps the folder within its limits.

    Parameters
    ----------
    path
        The folder; made if need be, readable for its owner only.
    keep_days
        Events, changes, reports and alerts older than this are removed; None keeps them for good.
    keep_gigabytes
        The oldest raw events are removed while they and the state are larger than this together, in
        10^9 bytes.
    log
        Receives one message if the state alone is larger than `keep_gigabytes`.

    Raises
    ------
    UsageError
        If a limit is not above 0, or the folder cannot be made.
    """

    def __init__(
        self,
        path: Path,
        keep_days: float | None = None,
        keep_gigabytes: float | None = None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        if (keep_days is not None and keep_days <= 0) or (
            keep_gigabytes is not None and keep_gigabytes <= 0
        ):
            raise UsageError("--keep-days and --keep-gigabytes must be above 0")
        with explain_write_errors(path):
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path = path
        self._keep_days, self._keep_gigabytes, self._log = keep_days, keep_gigabytes, log
        self._retention: Retention | None = None
        self._size_logged = False

    @property
    def state_path(self) -> Path:
        """File of the state."""
        return self.path / STATE_FILE

    @contextmanager
    def open_state(self) -> Iterator[State]:
        """The state, open for writing; says it if what was kept last is not there any more.

        Raises CaseError if it is damaged or of another format.
        """
        before = LogBefore.of(self.state_path)
        with closing(State.open(self.state_path, check=True)) as state:
            if lost := before.missing(state):
                self._log(lost)
            mark_in_use(state)
            try:
                yield state
            finally:
                mark_left(state)

    def maintain(self, state: State, *, everything: bool = False) -> None:
        """Put raw events away and remove a little of what is older than the limits.

        everything: put away also the raw events of a file that is not full yet; for the end of a
        watch.
        """
        raw = self.path / "raw"
        rotate(state, raw, everything=everything)
        if self._retention is None:
            with state.transaction():
                state.keep_meta(
                    keep_days=self._keep_days or "", keep_gigabytes=self._keep_gigabytes or 0
                )
            self._retention = Retention(state, self._keep_days)
        self._retention.run(now())
        if self._keep_days is None and self._keep_gigabytes is None:
            return
        size = size_of(self.state_path)
        delete_raw_files(
            state,
            raw,
            days=self._keep_days,
            gigabytes=self._keep_gigabytes,
            now=now(),
            beside=size,
        )
        self._log_size(size)

    def _log_size(self, size: int) -> None:
        limit = self._keep_gigabytes
        if limit is not None and size > limit * 1e9 and not self._size_logged:
            self._size_logged = True
            self._log(
                f"the state alone takes {size / 1e9:.1f} GB, more than --keep-gigabytes {limit:g}: "
                "no raw events are kept; allow more, or forget sooner with --keep-days"
            )
