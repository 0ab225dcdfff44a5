"""The reference: simulated worlds under every cause, drawn from the public priors, with their evidence. It ships with the package.

Five parts: worlds to learn from, worlds to set ratios right, worlds to set thresholds, worlds to measure on, and a stress ensemble of five other simulators whose
assumptions differ from those learnt from. `birdfall calibrate` makes them anew; the same seed gives the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from birdfall.model.errors import UsageError
from birdfall.model.progress import Progress, silent
from birdfall.world.evidence import ITEMS
from birdfall.world.fast import LightWorlds, light_worlds
from birdfall.world.priors import TRIGGERS, Prior, Priors, priors

CAUSES: Final = TRIGGERS
LEARN, CALIBRATE, MEASURE, STRESS = 16_000, 40_000, 30_000, 3_000
SEED: Final = 20131031
#: Seeds of fresh worlds begin here: far from those of the reference.
FRESH: Final = 900_000_000
#: Of the worlds to calibrate on, the share on which ratios are set right; the others give thresholds.
TUNE: Final = 0.35
#: Binary digits of half precision that are not kept.
DROPPED: Final = 3
#: The stress ensemble: what each simulator holds that the reference does not.
STRESSES: Final = ("low", "high", "returns", "mixtures", "small")


@dataclass(frozen=True)
class Worlds:
    """Evidence float64[n, len(ITEMS)] (NaN where a world has none), cause int64[n] into `CAUSES`, and whether it had two: bool[n]."""

    features: np.ndarray
    cause: np.ndarray
    mixed: np.ndarray

    def __len__(self) -> int:
        return len(self.cause)

    def columns(self, items: tuple[str, ...]) -> np.ndarray:
        """The evidence of some items, float64[n, len(items)]."""
        names = list(ITEMS)
        return self.features[:, [names.index(i) for i in items]]

    def select(self, rows: slice | np.ndarray) -> Worlds:
        """Some of them."""
        return Worlds(self.features[rows], self.cause[rows], self.mixed[rows])


@dataclass(frozen=True, eq=False)
class Reference:
    """All parts, and the digest of what they were read from; equal to itself alone. tune: to set ratios right; calibrate: for thresholds."""

    learn: Worlds
    tune: Worlds
    calibrate: Worlds
    measure: Worlds
    stress: Mapping[str, Worlds]
    digest: str


def stress_priors(ranges: Priors, how: str) -> Priors:
    """The priors of one simulator of the stress ensemble. Raises KeyError for an unknown one.

    low, high: every range without its upper (lower) third, so all are off at once. returns: restorations as likely under a
    purge as elsewhere, and slower. mixtures, small: the priors themselves; the worlds differ.
    """

    def cut(prior: Prior) -> Prior:
        one, two = prior.numbers
        if prior.distribution == "loguniform":
            third = (np.log(two) - np.log(one)) / 3
            new = (
                (one, float(np.exp(np.log(two) - third)))
                if how == "low"
                else (float(np.exp(np.log(one) + third)), two)
            )
        elif prior.distribution == "uniform":
            third = (two - one) / 3
            new = (one, two - third) if how == "low" else (one + third, two)
        elif prior.distribution == "beta":
            new = (one, two * 1.5) if how == "low" else (one * 1.5, two)
        else:
            new = (one, two)
        return replace(prior, numbers=new)

    if how in ("low", "high"):
        return {
            table: {name: cut(p) for name, p in entries.items()}
            for table, entries in ranges.items()
        }
    if how == "returns":
        out = {table: dict(entries) for table, entries in ranges.items()}
        out["purge"]["returned"] = replace(out["purge"]["returned"], numbers=(1.2, 12.0))
        out["error"]["returned"] = replace(out["error"]["returned"], numbers=(3.0, 1.5))
        for table in ("purge", "brigade", "error", "targeted"):
            one, two = out[table]["return_median_h"].numbers
            out[table]["return_median_h"] = replace(
                out[table]["return_median_h"], numbers=(one * 1.5, two * 1.5)
            )
        return out
    if how in STRESSES:
        return ranges
    raise KeyError(how)


def simulate_parts(
    seed: int = SEED, *, scale: float = 1.0, progress: Progress = silent
) -> dict[str, Worlds]:
    """All parts drawn anew: "learn", "calibrate", "measure" and "stress-<how>". scale: of their sizes."""
    ranges = priors()
    jobs: list[tuple[str, int, Priors]] = [
        ("learn", LEARN, ranges),
        ("calibrate", CALIBRATE, ranges),
        ("measure", MEASURE, ranges),
    ]
    jobs += [(f"stress-{how}", STRESS, stress_priors(ranges, how)) for how in STRESSES]
    found = {}
    for number, (name, size, chosen) in enumerate(jobs):
        progress(f"worlds: {name}", number, len(jobs), "parts")
        drawn = light_worlds(
            max(int(size * scale), 50),
            seed + number,
            ranges=chosen,
            accounts=20_000 if name == "stress-small" else 100_000,
            mixed=True if name == "stress-mixtures" else None,
        )
        found[name] = labelled_worlds(drawn)
    return found


def labelled_worlds(drawn: LightWorlds) -> Worlds:
    """Light worlds with their cause."""
    cause = np.array([CAUSES.index(t) for t in drawn.triggers])
    return Worlds(drawn.features, cause, np.array([p.mixed for p in drawn.parameters]))


def pack_parts(parts: Mapping[str, Worlds]) -> bytes:
    """The parts as bytes: a number to seven binary digits, which is finer than the evidence of any world."""
    arrays = {}
    for name, part in parts.items():
        half = np.ascontiguousarray(part.features.T.astype(np.float16)).view(np.uint16)
        cut = ((half.astype(np.int64) + (1 << DROPPED - 1)) >> DROPPED << DROPPED).astype(np.uint16)
        kept = np.where(np.isnan(part.features.T), half, cut)
        # item by item, high bytes first and low bytes after: alike beside alike packs a third smaller
        arrays[f"{name}.features"] = np.stack([kept >> 8, kept & 255]).astype(np.uint8)
        arrays[f"{name}.cause"] = part.cause.astype(np.int8)
        arrays[f"{name}.mixed"] = part.mixed.astype(np.bool_)
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def unpack_parts(data: bytes) -> Reference:
    """The reference from its bytes."""
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    parts = {}
    for name in (n.removesuffix(".cause") for n in loaded.files if n.endswith(".cause")):
        high, low = loaded[f"{name}.features"].astype(np.uint16)
        features = np.ascontiguousarray((high << 8 | low).view(np.float16).T.astype(float))
        parts[name] = Worlds(
            features, loaded[f"{name}.cause"].astype(np.int64), loaded[f"{name}.mixed"]
        )
    stress = {n.removeprefix("stress-"): w for n, w in parts.items() if n.startswith("stress-")}
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(name.encode() + parts[name].features.tobytes() + parts[name].cause.tobytes())
    cut = round(TUNE * len(parts["calibrate"]))
    tune, calibrate = (
        parts["calibrate"].select(slice(None, cut)),
        parts["calibrate"].select(slice(cut, None)),
    )
    return Reference(parts["learn"], tune, calibrate, parts["measure"], stress, digest.hexdigest())


@functools.cache
def reference() -> Reference:
    """The reference that ships with the package."""
    return unpack_parts((files("birdfall.explanations") / "worlds.npz").read_bytes())


@functools.cache
def calibration_figures() -> dict[str, object]:
    """The calibration figures measured on it, as `birdfall calibrate` wrote them."""
    found: dict[str, object] = json.loads(
        (files("birdfall.explanations") / "figures.json").read_text("utf-8")
    )
    return found


def fresh_worlds(number: int, seed: int, progress: Progress = silent) -> Worlds:
    """Worlds that no part of the reference was drawn with, in steps of a thousand. Raises UsageError for less than a thousand."""
    if number < 1000:
        raise UsageError(
            f"{number} worlds measure nothing", fix="From 1000 on; 20000 for the gates."
        )
    parts = []
    for first in range(0, number, 1000):
        progress("fresh worlds", first, number, "worlds")
        parts.append(
            labelled_worlds(light_worlds(min(1000, number - first), FRESH + seed, first=first))
        )
    return Worlds(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("features", "cause", "mixed")
        )
    )


def write_reference(data: bytes, found: Mapping[str, object]) -> Path:
    """Puts a new reference and its figures where the package keeps them; returns the folder."""
    folder = Path(str(files("birdfall.explanations")))
    plain = json.dumps(found, indent=1, sort_keys=True) + "\n"
    for name, content in (("worlds.npz", data), ("figures.json", plain.encode())):
        beside = folder / f".{name}.new"
        beside.write_bytes(content)
        beside.replace(folder / name)
    return folder
