"""Reference worlds: simulated under every cause, drawn from the public priors, with evidence.

It ships with the package, in six parts: worlds to learn from, to recalibrate ratios on, to set
thresholds on, to measure on, a stress ensemble of five simulators whose assumptions differ from
those learnt from, and worlds of other makes, in which each cause comes about in other ways.
`birdfall calibrate` makes them anew; the same seed gives the same bytes.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np

from birdfall.explanations.figures import CalibrationFigures
from birdfall.model.errors import UsageError
from birdfall.model.progress import Progress, silent
from birdfall.world.evidence import ITEMS
from birdfall.world.fast import LightWorlds, light_worlds
from birdfall.world.makes import MAKES, other_make_worlds
from birdfall.world.priors import TRIGGERS, Prior, Priors, priors

CAUSES: Final = TRIGGERS
#: Worlds in each part; `CALIBRATE` holds those to recalibrate on too.
LEARN, CALIBRATE, MEASURE, STRESS, OF_A_MAKE = 16_000, 40_000, 30_000, 3_000, 3_000
#: Seeds of other makes are so far from those of the other parts.
MAKES_SEED: Final = 1_000
SEED: Final = 20131031
#: Seeds of fresh worlds begin here: far from those of the reference.
FRESH_SEED: Final = 900_000_000
#: Of the worlds to calibrate on, the share to recalibrate ratios on; the others give thresholds.
TUNE_SHARE: Final = 0.35
#: Binary digits of half precision that are not kept.
DROPPED_BITS: Final = 3
#: Fresh worlds are made in steps of so many, and at least so many.
FRESH_STEP: Final = 1000
#: The stress ensemble: what each simulator holds that the reference does not.
STRESSES: Final = ("low", "high", "returns", "mixtures", "small")


@dataclass(frozen=True)
class Worlds:
    """Simulated worlds.

    Parameters
    ----------
    features
        Evidence, float64[n, len(ITEMS)], NaN where a world has none.
    cause
        int64[n], into `CAUSES`.
    mixed
        bool[n], whether it had two.
    """

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
        """Some of the worlds."""
        return Worlds(self.features[rows], self.cause[rows], self.mixed[rows])


@dataclass(frozen=True, eq=False)
class Reference:
    """All parts, and the digest of what they were read from; equal to itself alone.

    Parameters
    ----------
    learn
        To learn weights from.
    tune
        To recalibrate ratios on.
    calibrate
        To set thresholds on.
    measure
        To measure on.
    stress
        The stress ensemble, by simulator.
    makes
        Worlds of other makes, by make.
    digest
        SHA-256 of the evidence and causes.
    """

    learn: Worlds
    tune: Worlds
    calibrate: Worlds
    measure: Worlds
    stress: Mapping[str, Worlds]
    makes: Mapping[str, Worlds]
    digest: str

    @property
    def unlike(self) -> dict[str, Worlds]:
        """All worlds that assume otherwise than those learnt from, by simulator or make."""
        return {**self.stress, **self.makes}


def stress_priors(ranges: Priors, how: str) -> Priors:
    """The priors of one simulator of the stress ensemble.

    Parameters
    ----------
    ranges
        The public priors.
    how
        "low", "high": every range without its upper (lower) third, so all are off at once.
        "returns": restorations as likely under a purge as elsewhere, and slower. "mixtures",
        "small": the priors themselves; the worlds differ.

    Raises
    ------
    KeyError
        For an unknown simulator.
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
    """All parts simulated anew: "learn", "calibrate", "measure", "stress-<how>", "make-<make>".

    scale: of their sizes.
    """
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
    return found | simulate_makes(seed, scale=scale, progress=progress)


def simulate_makes(
    seed: int = SEED, *, scale: float = 1.0, progress: Progress = silent
) -> dict[str, Worlds]:
    """The worlds of other makes simulated anew: "make-<make>"."""
    found = {}
    for number, make in enumerate(MAKES):
        progress(f"worlds: make {make}", number, len(MAKES), "makes")
        size = max(int(OF_A_MAKE * scale), 50)
        drawn = other_make_worlds(size, seed + MAKES_SEED + number, make)
        found[f"make-{make}"] = labelled_worlds(drawn)
    return found


def labelled_worlds(drawn: LightWorlds) -> Worlds:
    """Light worlds with their cause."""
    cause = np.array([CAUSES.index(t) for t in drawn.triggers])
    return Worlds(drawn.features, cause, np.array([p.mixed for p in drawn.parameters]))


def pack_parts(parts: Mapping[str, Worlds]) -> bytes:
    """The parts as bytes, numbers to seven binary digits: finer than the evidence of any world."""
    arrays = {}
    for name, part in parts.items():
        half = np.ascontiguousarray(part.features.T.astype(np.float16)).view(np.uint16)
        cut = (
            (half.astype(np.int64) + (1 << DROPPED_BITS - 1)) >> DROPPED_BITS << DROPPED_BITS
        ).astype(np.uint16)
        kept = np.where(np.isnan(part.features.T), half, cut)
        high, low = _alike_together(kept, part.cause)
        arrays[f"{name}.high"] = _compressed(high, zlib.Z_HUFFMAN_ONLY, 6)
        arrays[f"{name}.low"] = _compressed(low, zlib.Z_FILTERED, 8)
        arrays[f"{name}.cause"] = _compressed(part.cause.astype(np.int8), zlib.Z_FILTERED, 8)
        arrays[f"{name}.mixed"] = _compressed(np.packbits(part.mixed), zlib.Z_FILTERED, 8)
    out = io.BytesIO()
    np.savez(out, **arrays)  # type: ignore[arg-type]
    return out.getvalue()


def _alike_together(numbers: np.ndarray, cause: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """High and low bytes of uint16[items, n], each uint8[items, n], in an order that compresses.

    High bytes by cause, low bytes by the high byte above them; both orders are known when the
    bytes are read.
    """
    by_cause = numbers[:, np.argsort(cause, kind="stable")]
    high, low = (by_cause >> 8).astype(np.uint8), (by_cause & 255).astype(np.uint8)
    return high, np.take_along_axis(low, np.argsort(high, axis=1, kind="stable"), axis=1)


def _in_their_places(high: np.ndarray, low: np.ndarray, cause: np.ndarray) -> np.ndarray:
    """The numbers, uint16[items, n], whose bytes `_alike_together` gave."""
    by_cause = np.empty_like(low)
    np.put_along_axis(by_cause, np.argsort(high, axis=1, kind="stable"), low, axis=1)
    numbers = np.empty(low.shape, np.uint16)
    numbers[:, np.argsort(cause, kind="stable")] = high.astype(np.uint16) << 8 | by_cause
    return numbers


def _compressed(content: np.ndarray, strategy: int, memory: int) -> np.ndarray:
    """Bytes compressed, uint8[m]; `np.savez_compressed` leaves a tenth more."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS, memory, strategy)
    return np.frombuffer(squeeze.compress(content.tobytes()) + squeeze.flush(), np.uint8)


def _expanded(packed: np.ndarray, kind: type[np.generic] = np.uint8) -> np.ndarray:
    return np.frombuffer(zlib.decompress(packed.tobytes()), kind)


def unpack_parts(data: bytes) -> Reference:
    """The reference from its bytes."""
    loaded = np.load(io.BytesIO(data), allow_pickle=False)
    parts = {}
    for name in (n.removesuffix(".cause") for n in loaded.files if n.endswith(".cause")):
        cause = _expanded(loaded[f"{name}.cause"], np.int8).astype(np.int64)
        high, low = (
            _expanded(loaded[f"{name}.{which}"]).reshape(-1, len(cause))
            for which in ("high", "low")
        )
        numbers = _in_their_places(high, low, cause)
        features = np.ascontiguousarray(numbers.view(np.float16).T.astype(float))
        mixed = np.unpackbits(_expanded(loaded[f"{name}.mixed"]), count=len(cause))
        parts[name] = Worlds(features, cause, mixed.astype(np.bool_))
    stress, makes = (
        {n.removeprefix(kind): w for n, w in parts.items() if n.startswith(kind)}
        for kind in ("stress-", "make-")
    )
    digest = hashlib.sha256()
    for name in sorted(parts):
        digest.update(name.encode() + parts[name].features.tobytes() + parts[name].cause.tobytes())
    cut = round(TUNE_SHARE * len(parts["calibrate"]))
    tune, calibrate = (
        parts["calibrate"].select(slice(None, cut)),
        parts["calibrate"].select(slice(cut, None)),
    )
    learn, measure = parts["learn"], parts["measure"]
    return Reference(learn, tune, calibrate, measure, stress, makes, digest.hexdigest())


@functools.cache
def reference() -> Reference:
    """The reference that ships with the package."""
    return unpack_parts((files("birdfall.explanations") / "worlds.npz").read_bytes())


@functools.cache
def calibration_figures() -> CalibrationFigures:
    """The calibration figures measured on it, as `birdfall calibrate` wrote them."""
    found: CalibrationFigures = json.loads(
        (files("birdfall.explanations") / "figures.json").read_text("utf-8")
    )
    return found


def fresh_worlds(number: int, seed: int, progress: Progress = silent) -> Worlds:
    """Worlds that no part of the reference was drawn with.

    Raises
    ------
    UsageError
        For fewer than `FRESH_STEP`.
    """
    if number < FRESH_STEP:
        raise UsageError(
            f"{number} worlds measure nothing", fix="From 1000 on; 20000 for the gates."
        )
    parts = []
    for first in range(0, number, FRESH_STEP):
        progress("fresh worlds", first, number, "worlds")
        parts.append(
            labelled_worlds(
                light_worlds(min(FRESH_STEP, number - first), FRESH_SEED + seed, first=first)
            )
        )
    return Worlds(
        *(
            np.concatenate([getattr(p, name) for p in parts])
            for name in ("features", "cause", "mixed")
        )
    )


def write_reference(data: bytes, found: CalibrationFigures) -> Path:
    """Write a new reference and its figures where the package keeps them; return the folder."""
    folder = Path(str(files("birdfall.explanations")))
    plain = json.dumps(found, indent=1, sort_keys=True) + "\n"
    for name, content in (("worlds.npz", data), ("figures.json", plain.encode())):
        beside = folder / f".{name}.new"
        beside.write_bytes(content)
        beside.replace(folder / name)
    return folder
