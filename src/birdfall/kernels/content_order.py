"""Numbers of nodes by what they do, not by what they are called.

An order of accounts by their ids, or by codes that a key draws, is another one as soon as the ids
or the key are others; what visits accounts one after the other would then find other groups in the
same data. Here every node gets a colour, a number made of its neighbours' colours and of the labels
of the edges to them, again and again (Weisfeiler and Leman 1968). Who acts at other times, or on
other things, has another colour.

Plain version: `colour[target] += mix(mix(label + salt) + colour[source])` over all edges. A sum
does not depend on the order of the edges. Cost: O(edges) a round. Safe: sums wrap at 64 bits on
purpose; no account is told from another by a colour alone (two may share one by chance, 1 in 2^64
each pair), so equals are put in order by the caller.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from birdfall.kernels.minhash import mix


@njit(cache=True, nogil=True)
def spread_colours(
    label: np.ndarray,
    source: np.ndarray,
    colour: np.ndarray,
    target: np.ndarray,
    salt: int,
    found: np.ndarray,
) -> None:
    """Add to each target's colour what its edges bring.

    Parameters
    ----------
    label : int64[e]
        What each edge says, such as its time.
    source, target : int32[e]
        Its ends.
    colour : uint64[sources]
        The colour of each source.
    salt : int
        Tells kinds of edges apart.
    found : uint64[targets]
        Added to, modulo 2^64.
    """
    for i in range(len(label)):
        said = mix(np.uint64(label[i]) + np.uint64(salt))
        found[target[i]] += mix(said + colour[source[i]])


def colour_neighbours(
    label: np.ndarray,
    source: np.ndarray,
    colour: np.ndarray,
    target: np.ndarray,
    targets: int,
    salt: int = 0,
) -> np.ndarray:
    """uint64[targets]: the colours that edges (arrays as for `spread_colours`) bring."""
    found = np.zeros(targets, np.uint64)
    begin = np.ascontiguousarray(source, np.int32)
    end = np.ascontiguousarray(target, np.int32)
    spread_colours(np.ascontiguousarray(label, np.int64), begin, colour, end, salt, found)
    return found


def order_by_colour(colour: np.ndarray, names: pa.Array) -> np.ndarray:
    """int64[n]: positions by colour, of equal ones by name.

    Examples
    --------
    >>> order_by_colour(np.array([9, 3, 9], np.uint64), pa.array(["b", "c", "a"])).tolist()
    [1, 2, 0]
    """
    order = np.argsort(colour, kind="stable")
    ordered = colour[order]
    equal = ordered[1:] == ordered[:-1]
    tied = np.flatnonzero(np.r_[False, equal] | np.r_[equal, False])
    if len(tied):
        by_name = pc.sort_indices(names.take(pa.array(order[tied]))).to_numpy()
        again = order[tied][by_name]
        order[tied] = again[np.argsort(colour[again], kind="stable")]
    return order
