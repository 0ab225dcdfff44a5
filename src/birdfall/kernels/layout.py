"""Where to draw the accounts of a network: groups as discs that do not overlap, members inside
their disc.

Plain version: springs pull joined accounts together, all others push apart (Fruchterman and
Reingold 1991), group by group; discs go one after the other, largest first, to the free place
nearest to the discs they have edges with. Cost: O(members x SAMPLED) per step and group, O(discs^2)
at worst for the places. Safe: one thread, seeds given, no dependence on the order of dictionaries:
the same network and seed give the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Members an account is pushed by in one step; smaller groups are exact.
MAX_SAMPLED = 256
SPRING_STEPS = 120
#: Discs beyond so many go to the free place nearest to the middle, joined or not: who looks at a
#: thousand sees no neighbours.
MAX_JOINED_DISCS = 1000


@njit(cache=True)
def _random(state: np.ndarray) -> float:
    """Uniform in [0, 1): xorshift64* (Vigna 2016), so that the drawing does not depend on a
    library's generator.
    """
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return float((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True)
def spring_layout(
    n: int, source: np.ndarray, target: np.ndarray, pull: np.ndarray, seed: int
) -> np.ndarray:
    """Places of n accounts in the unit disc, float64[n, 2].

    source, target: int32[e]; pull: float64[e], relative strength.
    """
    state = np.array([np.uint64(seed * 2 + 1) * np.uint64(0x9E3779B97F4A7C15)], np.uint64)
    place = np.empty((n, 2))
    for i in range(n):
        angle, radius = 2 * np.pi * _random(state), np.sqrt(_random(state))
        place[i, 0], place[i, 1] = radius * np.cos(angle), radius * np.sin(angle)
    if n == 1:
        place[:] = 0.0
        return place
    ideal = 1.0 / np.sqrt(n)
    force = np.empty((n, 2))
    for step in range(SPRING_STEPS):
        force[:] = 0.0
        for i in range(n):
            others = min(n - 1, MAX_SAMPLED)
            scale = (n - 1) / others
            for k in range(others):
                j = k if n - 1 <= MAX_SAMPLED else int(_random(state) * (n - 1))
                if j >= i:
                    j += 1
                dx, dy = place[i, 0] - place[j, 0], place[i, 1] - place[j, 1]
                push = scale * ideal * ideal / (dx * dx + dy * dy + 1e-9)
                force[i, 0] += dx * push
                force[i, 1] += dy * push
        for e in range(len(source)):
            a, b = source[e], target[e]
            dx, dy = place[a, 0] - place[b, 0], place[a, 1] - place[b, 1]
            tug = pull[e] * np.sqrt(dx * dx + dy * dy) / ideal
            force[a, 0] -= dx * tug
            force[a, 1] -= dy * tug
            force[b, 0] += dx * tug
            force[b, 1] += dy * tug
        heat = 0.12 * (1.0 - step / SPRING_STEPS) + 0.002
        for i in range(n):
            size = np.sqrt(force[i, 0] ** 2 + force[i, 1] ** 2) + 1e-12
            move = min(size, heat) / size
            place[i, 0] += force[i, 0] * move
            place[i, 1] += force[i, 1] * move
    place[:, 0] -= place[:, 0].mean()
    place[:, 1] -= place[:, 1].mean()
    furthest = np.sqrt((place[:, 0] ** 2 + place[:, 1] ** 2).max())
    if furthest > 0:
        place /= furthest
    return place


@njit(cache=True)
def pack_discs(
    radius: np.ndarray, starts: np.ndarray, neighbour: np.ndarray, pull: np.ndarray
) -> np.ndarray:
    """Centres of discs that do not overlap, float64[g, 2].

    radius: float64[g], largest first. starts, neighbour, pull: the quotient network as CSR; a disc
    is drawn to the centre of the discs it is joined to that stand already, or to the middle.
    """
    g = len(radius)
    centre = np.zeros((g, 2))
    # where the last disc of this size found its place around the middle: what was taken before it
    # is taken still
    taken, size = 0, -1.0
    for d in range(1, g):
        x = y = total = 0.0
        for k in range(starts[d], starts[d + 1] if d < MAX_JOINED_DISCS else starts[d]):
            if neighbour[k] < d:
                x += pull[k] * centre[neighbour[k], 0]
                y += pull[k] * centre[neighbour[k], 1]
                total += pull[k]
        if total > 0:
            centre[d, 0], centre[d, 1], _ = _free_place(centre, radius, d, x / total, y / total, 0)
            continue
        if radius[d] != size:
            taken, size = 0, radius[d]
        centre[d, 0], centre[d, 1], taken = _free_place(centre, radius, d, 0.0, 0.0, taken)
    return centre


@njit(cache=True)
def _free_place(
    centre: np.ndarray, radius: np.ndarray, d: int, x: float, y: float, k: int
) -> tuple[float, float, int]:
    """The first place from the k-th on a spiral around (x, y) where disc d touches none of the
    discs before it, and which it is.
    """
    turn = 2.399963229728653  # the golden angle: places fill the plane evenly
    step = max(radius[d] * 0.45, 1e-9)
    hint = 0
    while True:
        r, angle = step * np.sqrt(k), turn * k
        px, py = x + r * np.cos(angle), y + r * np.sin(angle)
        free = True
        for n in range(d):
            j = (hint + n) % d
            gap = radius[d] + radius[j]
            if (px - centre[j, 0]) ** 2 + (py - centre[j, 1]) ** 2 < gap * gap:
                free = False
                hint = j
                break
        if free:
            return px, py, k
        k += 1
