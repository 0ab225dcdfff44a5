"""The functions of the public interface: open a case, read files, simulate a world, ask a table."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from birdfall.inquiry import Inquiry
from birdfall.model.errors import CannotAnswer
from birdfall.model.findings import Finding
from birdfall.model.progress import silent
from birdfall.pipeline.catalogue import find_measure
from birdfall.record.case import Case

#: Options of `read` that `coordination` takes for files.
READ_OPTIONS = (
    "mapping", "reader", "time_zone", "date_format", "constants", "skip_lines", "encoding", "sheet",
)  # fmt: skip


def open_case(path: str | Path) -> Inquiry:
    """A case on disk.

    Raises
    ------
    CaseError
        If there is none.

    Examples
    --------
    >>> import tempfile
    >>> import birdfall
    >>> folder = tempfile.mkdtemp()
    >>> made = birdfall.Case.create(folder, birdfall.Settings(title="A case"))
    >>> birdfall.open(folder).record.settings.title
    'A case'
    """
    case = Case.open(path)
    return Inquiry(case.record(), case)


def read(*data: Any, **options: Any) -> Inquiry:
    """Files, or tables in memory, read without making a case.

    Parameters
    ----------
    *data
        Paths of files of any known form, or tables: pandas, Polars, Arrow, DuckDB relations,
        mappings of column names to values, lists of rows.
    **options
        Those of `birdfall.sources.ingest.load`: time_zone, date_format, columns (such as
        {"account": "user"}), constants, mapping, reader, ...

    Examples
    --------
    >>> import birdfall
    >>> case = birdfall.read("examples/data/suspended.csv", "examples/data/follows.csv")
    >>> case.record.sizes['statuses']
    539
    >>> seen = {"who": ["a", "b"], "status": ["suspended"] * 2, "checked_at": ["2024-01-20"] * 2}
    >>> table = birdfall.read(seen, columns={"account": "who"}, time_zone="UTC")
    >>> table.record.sizes['statuses']
    2
    """
    # the readers, which a case on disk does not need
    from birdfall.sources.frames import write_table
    from birdfall.sources.ingest import load
    from birdfall.sources.python_words import spoken_in_python
    from birdfall.sources.table.mapping import load_mapping

    if isinstance(options.get("mapping"), (str, Path)):
        options["mapping"] = load_mapping(options["mapping"])
    places: dict[str, str] = {}
    with (
        tempfile.TemporaryDirectory(prefix="birdfall-") as folder,
        spoken_in_python(places),
    ):
        paths = []
        for number, item in enumerate(data, 1):
            if isinstance(item, (str, Path)):
                paths.append(Path(item))
                continue
            made = Path(folder) / f"table-{number}.parquet"
            write_table(item, made)
            places[str(made)] = f"table {number}"
            paths.append(made)
        return Inquiry(load(*paths, **options))


def simulate(scenario: str = "caracas-2013", *, seed: int = 0, **options: Any) -> Inquiry:
    """A simulated world as a record in memory, labelled simulated.

    Parameters
    ----------
    scenario
        caracas-2013, caracas-2013-gaps, quiet, or caracas-2013-CAUSE.
    seed
        Which of the possible worlds.
    **options
        Those of `birdfall.world.simulate.simulate`, which has the world's truth too.

    Examples
    --------
    >>> import birdfall
    >>> world = birdfall.simulate('quiet', accounts=500)
    >>> world.record.settings.simulated
    True
    """
    from birdfall.world.simulate import simulate as simulate_world  # SciPy, for this alone

    return Inquiry(simulate_world(scenario, seed=seed, **options).record())


def coordination(
    data: Any, *, columns: Mapping[str, str] | None = None, **parameters: Any
) -> Finding:
    """Who acted in concert, in any table of account, object and time, in files, or in an inquiry.

    Parameters
    ----------
    data
        A table (Arrow, data frame, mapping, tuple of three columns), one path or several, or an
        inquiry. Of files only the columns needed are read where that will do.
    columns
        Which column is what where the names do not say it, such as
        {"account": "user_id", "object": "url", "time": "posted"}.
    **parameters
        Those of `birdfall.measures.coordination.coordination`; for files also the options of
        `read`.

    Examples
    --------
    >>> import birdfall
    >>> acts = {"account": ["a", "b"] * 4, "object": list("wwxxyyzz"), "time": list(range(8))}
    >>> finding = birdfall.coordination(acts, window="5s", null="none")
    >>> finding.table("edges").select(["weight"]).to_pylist()
    [{'weight': 4}]
    """
    if isinstance(data, Inquiry):
        return data.coordination(**parameters)
    paths = _paths(data)
    if paths:
        return _coordination_of_files(paths, columns, parameters)
    from birdfall.measures.coordination import coordination as measure_table
    from birdfall.measures.coordination import rename_columns

    if _is_to_be_read(data, columns, parameters):
        return _coordination_of_table(data, dict(columns or {}), parameters)
    found = measure_table(data if columns is None else rename_columns(data, columns), **parameters)
    return found.replace(method_version=find_measure("coordination").method_version)


#: Columns of a bare table, which is taken as it stands.
_BARE_COLUMNS = ("account", "object", "time", "language", "text", "content")


def _is_to_be_read(
    data: Any, columns: Mapping[str, str] | None, parameters: Mapping[str, Any]
) -> bool:
    """Whether a table is read as a file would be: by roles, or with what is said of its times."""
    from birdfall.sources.frames import column_names, is_table

    if not is_table(data):
        return False
    if parameters.keys() & set(READ_OPTIONS) or set(columns or ()) - set(_BARE_COLUMNS):
        return True
    there = set(columns or ()) | set(column_names(data))
    return not {"account", "object", "time"} <= there


def _coordination_of_table(
    data: Any, columns: dict[str, str], parameters: dict[str, Any]
) -> Finding:
    from birdfall.measures.coordination import mapping_from_columns
    from birdfall.pipeline.networks import main_trace

    reading = {k: parameters.pop(k) for k in READ_OPTIONS if k in parameters}
    if {"account", "object", "time"} <= columns.keys() <= set(_BARE_COLUMNS):
        trace = parameters.get("trace", "repost")
        reading["mapping"], columns = mapping_from_columns(columns, trace), {}
    inquiry = read(data, columns=columns, **reading)
    if "trace" not in parameters:
        parameters["trace"] = main_trace(inquiry.record)
    return inquiry.coordination(**parameters)


def _paths(data: Any) -> list[Path]:
    """The files that `data` names; none if it is a table."""
    if isinstance(data, (str, Path)):
        return [Path(data)]
    if isinstance(data, (list, tuple)) and all(isinstance(d, (str, Path)) for d in data):
        return [Path(d) for d in data]
    return []


def _coordination_of_files(
    paths: Sequence[Path], columns: Mapping[str, str] | None, parameters: dict[str, Any]
) -> Finding:
    from birdfall.measures.coordination import (
        CoordinationOptions,
        FileReading,
        mapping_from_columns,
    )
    from birdfall.pipeline.networks import main_trace, network_of_files

    reading = {k: parameters.pop(k) for k in READ_OPTIONS if k in parameters}
    if columns is not None:
        reading["mapping"] = mapping_from_columns(columns, parameters.get("trace", "repost"))
    progress = parameters.pop("progress", silent)
    options = CoordinationOptions(**parameters)
    try:
        found = network_of_files(paths, FileReading(**reading), options, progress)
        return found or read(*paths, **reading).coordination(**parameters)
    except CannotAnswer as error:
        if "trace" in parameters or "no acts of" not in error.what:
            raise
        inquiry = read(*paths, **reading)
        return inquiry.coordination(**parameters, trace=main_trace(inquiry.record))
