"""How a query over a record is answered where its tables lie in parts on many machines.

A measure states it beside the query, as the argument `split` of `Record.sql`. On one machine
nothing reads it. A query that states nothing is not answered on an engine
(`birdfall.cluster.engine_record`): it is refused, and never collected in silence.

The parts are answered by the same SQL in the same database as the whole, so what is left to say is
how parts are cut and how their answers make one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class ByParts:
    """The query is asked of each part, and `merge` of all their answers.

    Parameters
    ----------
    merge
        SQL over `parts`, the answers of all parts one below the other, under the query's column
        names. `ids` and the small tables (`coverage`, `rejected`) are there too. It takes no
        parameters, and gives the columns and types of the query.
    key
        The column whose rows of one value stay in one part, which makes what the query says of
        each value final; "" if rows may lie in any part. `ids` go by `id`, `follows` by `follower`
        where the key is `account`.

    map
        What each part is asked instead of the query, where that is less; with the parameters of
        the query.

    Examples
    --------
    >>> ByParts("SELECT max(last) AS last FROM parts", key="").key
    ''
    """

    merge: str
    key: str = "account"
    map: str = ""


@dataclass(frozen=True, slots=True)
class ByRows:
    """Only some rows decide: these are collected, and the query is asked of them.

    Parameters
    ----------
    where
        By table, SQL of the condition that holds for every row the query can depend on. The rows
        it holds for must fit one machine (docs/methods/sizing.md).
    parameters
        What stands for $1, $2, ... in the conditions.

    Examples
    --------
    >>> ByRows({"acts": "kind = 'report'"}).where["acts"]
    "kind = 'report'"
    """

    where: Mapping[str, str]
    parameters: tuple[object, ...] = field(default=())


Split = ByParts | ByRows
#: Of a query whose rows are of one account each, in no order.
EACH_ACCOUNT: Final = ByParts("SELECT * FROM parts")


def in_order(*columns: str) -> str:
    """The `merge` of a query whose rows come in the order of these columns; among equals each
    part's own order stays.

    Examples
    --------
    >>> in_order("day").startswith("SELECT * EXCLUDE (place)")
    True
    """
    return (
        "SELECT * EXCLUDE (place) FROM (SELECT *, row_number() OVER () AS place FROM parts) "
        f"ORDER BY {', '.join(columns)}, place"
    )
