"""A source: reads Harbour's logs with pandas, resolves unfollows that name only their follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from birdfall.model.progress import Progress
from birdfall.model.schemas import Part, Rows
from birdfall.sources.shared.coverage import ObservedSpans
from birdfall.sources.shared.follow_index import FollowIndex
from birdfall.sources.shared.protocol import SourceOptions
from birdfall.sources.shared.record_rows import ActRow, FollowRow, RowBuffers, StatusRow
from birdfall_harbour.log import HEADER, STATUSES, microseconds

NAME = "harbour"
WANTS_FOLLOWS = True
#: Lines that pandas reads at a time.
CHUNK_LINES = 100_000


def sniff(_path: Path, head: bytes) -> float:
    """Certain by the first line."""
    return 1.0 if head.startswith(HEADER) else 0.0


def read(path: Path, options: SourceOptions, progress: Progress) -> Iterator[Rows | Part]:
    """Rows of a log."""
    # Loaded here: `sniff` is asked about every file, and must stay quick.
    import pandas as pd

    source = options.source_of(path)
    buffers = RowBuffers(source)
    spans = ObservedSpans(source, ("statuses", "follows"), silence=None)
    follows = FollowIndex() if options.known_follows is None else options.known_follows
    chunks = pd.read_csv(
        path, sep="\t", skiprows=1, dtype=str, keep_default_na=False, chunksize=CHUNK_LINES
    )
    line = 2
    for chunk in chunks:
        for event in chunk.itertuples(index=False):
            line += 1
            try:
                time = microseconds(event.time)
            except ValueError as error:
                buffers.rejections.add(line, "time", event.time, str(error))
                continue
            spans.add_arrival(time, None)
            if event.what in STATUSES:
                status = STATUSES[event.what]
                buffers.add(StatusRow(event.member, status, time, line, reason=event.about or None))
            elif event.what == "follow":
                follows.begin(event.ref, event.about, time)
                buffers.add(
                    FollowRow(event.member, event.about, line, since=time, observed_at=time)
                )
                buffers.add(_act(event.member, "follow", event.about, time, line, event.ref))
            elif event.what == "unfollow":
                follow = follows.end(event.ref)
                if follow is None:
                    buffers.rejections.add(line, "ref", event.ref, "a follow that is not known")
                    continue
                followed, since = follow
                buffers.add(
                    FollowRow(
                        event.member, followed, line, since=since, until=time, observed_at=time
                    )
                )
                buffers.add(_act(event.member, "unfollow", followed, time, line, event.ref))
            elif event.what != "tick":
                buffers.rejections.add(line, "what", event.what, "an event of unknown kind")
        progress("read", line - 2, None, "rows")
        yield from buffers.batches()
    yield from buffers.batches()
    yield from spans.rows()


def _act(member: str, kind: str, about: str, time: int, line: int, ref: str) -> ActRow:
    return ActRow(member, kind, about, time, line, "account", about, act_id=ref)
