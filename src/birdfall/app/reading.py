"""How the files of a desk are read: what a person said of each, and what was seen in it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from birdfall.app.workspace import Desk, GivenFile
from birdfall.model.errors import BirdfallError
from birdfall.model.findings import Finding
from birdfall.pipeline.catalogue import find_measure
from birdfall.pipeline.context import Run
from birdfall.pipeline.intake import ReadOptions
from birdfall.pipeline.measure import StepSubject
from birdfall.record.atomic import digest, write_text
from birdfall.sources.ingest import Look, load, look_into_all
from birdfall.sources.shared.column_mapping import ColumnMapping
from birdfall.sources.shared.timestamps import DayOrderQuestion, TimeReader, ZoneQuestion, find_zone
from birdfall.sources.table.column_choice import ROLES
from birdfall.sources.table.mended import MendedCell, can_mend, copy_mended

#: Files up to so many bytes in all are read whole, to say what can be asked before a case is made.
MAX_PREVIEW_BYTES: Final = 24 << 20
#: The forms of dates between which a person chooses.
DATE_FORMS: Final = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}


@dataclass(frozen=True, slots=True)
class GivenReading:
    """What a person said of a file.

    Parameters
    ----------
    time_zone
        IANA name of the zone of times that carry none; "" if nothing was said.
    date_format
        strptime format of its times; "" if nothing was said.
    columns
        Role to the column that has it.
    mended
        The cells that were put right.
    """

    time_zone: str = ""
    date_format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    mended: tuple[MendedCell, ...] = ()

    @classmethod
    def of(cls, file: GivenFile) -> GivenReading:
        """What was said of a file; nothing if nothing was."""
        try:
            return cls.from_text(file.reading_path.read_text("utf-8"))
        except (OSError, ValueError, TypeError):
            return cls()

    @classmethod
    def from_text(cls, text: str) -> GivenReading:
        """What `to_text` wrote."""
        said = json.loads(text)
        said["mended"] = tuple(MendedCell(**cell) for cell in said.get("mended", ()))
        return cls(**said)

    def to_text(self) -> str:
        """The same as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    def put(self, file: GivenFile) -> None:
        """Keep it beside the file."""
        write_text(file.reading_path, self.to_text())

    @property
    def options(self) -> ReadOptions:
        """The same as a reader takes it."""
        return ReadOptions(
            time_zone=self.time_zone or None,
            date_format=self.date_format or None,
            columns=self.columns,
        )


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file as it would be read.

    Parameters
    ----------
    file
        The file.
    reading
        What a person said of it.
    looks
        What it is; of a file that holds files, each of them. Empty if it cannot be read.
    error
        Why it cannot be read; None if it can.
    """

    file: GivenFile
    reading: GivenReading
    looks: tuple[Look, ...]
    error: BirdfallError | None = None

    @property
    def question(self) -> BirdfallError | None:
        """What must be said before it can be read; None: nothing."""
        return next((look.question for look in self.looks if look.question is not None), None)

    @property
    def can_mend(self) -> bool:
        """Whether values in rows that were refused can be put right on the page."""
        return [k.reader for k in self.looks] == ["table"] and can_mend(self.file.path)

    @property
    def is_ready(self) -> bool:
        """Whether it can be taken in as it is."""
        return self.error is None and self.question is None and any(k.rows for k in self.looks)


def see_file(file: GivenFile) -> SeenFile:
    """What a file is; one that has not changed is not looked at again."""
    reading = GivenReading.of(file)
    stat = file.path.stat()
    return _see(file, stat.st_mtime_ns, stat.st_size, reading.to_text())


@lru_cache(maxsize=64)
def _see(file: GivenFile, _changed: int, _size: int, said: str) -> SeenFile:
    reading = GivenReading.from_text(said)
    try:
        path = path_to_read(file, reading)
        return SeenFile(file, reading, tuple(look_into_all(path, **reading.options.keywords)))
    except BirdfallError as error:
        return SeenFile(file, reading, (), error)


def path_to_read(file: GivenFile, reading: GivenReading) -> Path:
    """Where a file is read from: itself, or the copy in which values were put right. The name of
    that says how many, and so does the case that is made of it.

    Raises InputError if the file is another one than that in which they were.
    """
    if not reading.mended:
        return file.path
    stat = file.path.stat()
    state = f"{stat.st_mtime_ns} {stat.st_size} {reading.to_text()}"
    name = f"{file.path.stem}.mended-{len(reading.mended)}{file.path.suffix}"
    place = file.mended_folder / hashlib.sha256(state.encode()).hexdigest()[:16] / name
    if not place.is_file():
        shutil.rmtree(file.mended_folder, ignore_errors=True)
        copy_mended(file.path, place, reading.mended)
    return place


def see_files(desk: Desk) -> list[SeenFile]:
    """What all files of a desk are."""
    return [see_file(file) for file in desk.files()]


def signature_of(desk: Desk) -> str:
    """A text that is another one for other files, or the same read otherwise."""
    parts = [[file.name, digest(file.path), asdict(GivenReading.of(file))] for file in desk.files()]
    return json.dumps(parts, sort_keys=True)


def coverage_of(seen: list[SeenFile]) -> Finding | None:
    """What can be asked of files together; None if they are too large to be read in passing, or one
    of them cannot be read yet.
    """
    ready = [one for one in seen if one.is_ready]
    if not ready or sum(one.file.path.stat().st_size for one in ready) > MAX_PREVIEW_BYTES:
        return None
    key = tuple((one.file, one.reading.to_text()) for one in ready)
    return _coverage(key)


@lru_cache(maxsize=4)
def _coverage(key: tuple[tuple[GivenFile, str], ...]) -> Finding | None:
    readings = [GivenReading.from_text(said) for _, said in key]
    if len({replace(one, mended=()).to_text() for one in readings}) != 1:
        return None  # files that are read in different ways make no record in memory together
    keywords = readings[0].options.keywords
    try:
        paths = [path_to_read(file, one) for (file, _), one in zip(key, readings, strict=True)]
        run = Run(load(*paths, **keywords))
        return find_measure("coverage").answer(run, StepSubject("coverage", "coverage"))[0]
    except BirdfallError:
        return None


#: Status to the role of a column that dates it, where every row that has a date has the status.
_CHANGES: Final = {"suspended": "suspended_at", "active": "restored_at"}


def roles_of(mapping: ColumnMapping | None, reading: GivenReading) -> dict[str, str]:
    """What each column of a table is read as: the role that a person gave it, else the column of
    the record that it fills, as far as that is a role.
    """
    found: dict[str, str] = {}
    for emit in mapping.emits if mapping is not None else ():
        when = _CHANGES.get(emit.constants.get("status", ""), "time")
        for filled, names in emit.columns.items():
            role = when if filled == "time" else filled
            for name in names:
                if role in ROLES:
                    found.setdefault(name, role)
    return found | {column: role for role, column in reading.columns.items()}


@dataclass(frozen=True, slots=True)
class ZoneExample:
    """What a time would mean if it was written in a zone."""

    zone: str
    moment: dt.datetime


def zone_examples(question: ZoneQuestion, zones: tuple[str, ...]) -> list[ZoneExample]:
    """What the time of the question would mean in each of these zones."""
    found = []
    for zone in zones:
        reader = TimeReader(find_zone(zone), None, "dmy")
        try:
            microseconds = reader.microseconds(question.sample)
        except ValueError:
            continue
        moment = dt.datetime.fromtimestamp(microseconds / 1e6, dt.UTC)
        found.append(ZoneExample(zone, moment))
    return found


def order_examples(question: DayOrderQuestion) -> dict[str, dt.datetime]:
    """What the date of the question would be with the day first, and with the month first."""
    found = {}
    for order in ("dmy", "mdy"):
        reader = TimeReader(find_zone("UTC"), None, order)
        try:
            microseconds = reader.microseconds(question.sample)
        except ValueError:
            continue
        found[order] = dt.datetime.fromtimestamp(microseconds / 1e6, dt.UTC)
    return found


def date_format_for(sample: str, order: str) -> str:
    """The strptime format of a numbered date in this order, as the sample writes it."""
    date, _, clock = sample.strip().partition(" ")
    sign = next((c for c in date if c in "/.-"), "/")
    year = "%Y" if len(date.rsplit(sign, 1)[-1]) == 4 else "%y"
    first, second = ("%d", "%m") if order == "dmy" else ("%m", "%d")
    form = f"{first}{sign}{second}{sign}{year}"
    colons = clock.count(":")
    return form + ("" if not clock else " %H:%M:%S" if colons == 2 else " %H:%M")
