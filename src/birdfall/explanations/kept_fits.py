"""Fits of the shipped worlds that were made before on this machine, kept in the user's cache.

A fit hangs on the worlds and on which items are known, on nothing else of a case, and takes a
second of a processor; a case needs some thirty. What is kept holds no more than that, and is taken
only by the same code, the same worlds and the same versions of what computes. A file that cannot be
read whole is none, and the fit is made anew.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import platform
import sys
import threading
import zipfile
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import scipy

from birdfall.explanations.conformal_sets import CauseSets, WorldCloud
from birdfall.explanations.likelihood_ratio import CauseClassifier, Scale
from birdfall.explanations.other_makes import RatioLimits
from birdfall.explanations.reference_worlds import Reference
from birdfall.explanations.reference_worlds import reference as shipped

#: The folder to keep fits in; empty: none are kept.
FOLDER_VARIABLE: Final = "BIRDFALL_CACHE_DIR"
#: Fits kept, at most; the oldest go. One takes 10 to 400 kB.
MAX_FITS: Final = 1000
#: The arrays of a classifier beside its scale.
WEIGHTS: Final = ("weight", "bias", "mean")


class Fitted(NamedTuple):
    """What was learnt from worlds, thresholds and distances included; no case changes it."""

    sets: CauseSets
    cloud: WorldCloud
    limits: RatioLimits


def kept_fit(reference: Reference, name: tuple[str, ...], make: Callable[[], Fitted]) -> Fitted:
    """The fit that `make` makes, from the cache if it was made before.

    Parameters
    ----------
    reference
        The worlds it learns from; only fits of those that the package ships are kept.
    name
        What tells it from all others of these worlds.
    make
        Makes it.
    """
    if not (shipped.cache_info().currsize and reference is shipped()):
        return make()
    folder = _folder()
    if folder is None:
        return make()
    place = folder / _file_name((reference.digest, *name))
    found = _load(place)
    if found is None:
        found = make()
        _keep(place, found)
    return found


def _load(place: Path) -> Fitted | None:
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as kept:
            arrays = {key: kept[key] for key in kept.files}
        model = CauseClassifier(
            Scale(
                tuple(arrays["items"].tolist()),
                arrays["centre"],
                arrays["spread"],
                tuple(np.split(arrays["knots"], np.cumsum(arrays["bends"])[:-1])),
                tuple(arrays["gaps"].tolist()),
            ),
            *(arrays[name] for name in WEIGHTS),
        )
        learnt = CauseClassifier(model.scale, *(arrays[f"learnt_{name}"] for name in WEIGHTS))
        model = replace(model, learnt=learnt)
        return Fitted(
            CauseSets(model, arrays["bound"], arrays["wide"]),
            WorldCloud(model, arrays["middle"], arrays["inverse"], arrays["usual"]),
            RatioLimits(float(arrays["factor"]), arrays["largest"]),
        )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _keep(place: Path, fitted: Fitted) -> None:
    """Keep a fit; where nothing can be written, nothing is kept."""
    sets, cloud, limits = fitted
    model, scale = sets.model, sets.model.scale
    if model.learnt is None or model.learnt.scale is not scale:
        return
    arrays = {
        "items": np.array(scale.items),
        "centre": scale.centre,
        "spread": scale.spread,
        "knots": np.concatenate(scale.knots),
        "bends": np.array([len(knots) for knots in scale.knots]),
        "gaps": np.array(scale.gaps, np.bool_),
        "bound": sets.bound,
        "wide": sets.wide,
        "middle": cloud.centre,
        "inverse": cloud.inverse,
        "usual": cloud.usual,
        "factor": np.array(limits.factor),
        "largest": limits.largest,
        **{name: getattr(model, name) for name in WEIGHTS},
        **{f"learnt_{name}": getattr(model.learnt, name) for name in WEIGHTS},
    }
    out = io.BytesIO()
    np.savez(out, **arrays)
    beside = place.with_suffix(f".{os.getpid()}-{threading.get_ident()}.new")
    with contextlib.suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _drop_oldest(place.parent)
        beside.write_bytes(out.getvalue())
        beside.replace(place)


def _folder() -> Path | None:
    """Where fits are kept; None: nowhere."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen is not None:
        return Path(chosen) / "fits" if chosen else None
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home
        return None
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "birdfall" / "fits"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local") / "birdfall" / "fits"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "birdfall" / "fits"


def _file_name(name: tuple[str, ...]) -> str:
    digest = hashlib.sha256("\0".join((_made_by(), *name)).encode())
    return f"{digest.hexdigest()[:40]}.npz"


@functools.cache
def _made_by() -> str:
    """A digest of all that decides a fit but its items: code, worlds, versions and machine."""
    digest = hashlib.sha256()
    for package in ("birdfall.explanations", "birdfall.world"):
        for file in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if file.name.endswith((".py", ".npz", ".toml")):
                digest.update(file.name.encode() + file.read_bytes())
    versions = (np.__version__, scipy.__version__, sys.version, platform.machine())
    digest.update("\0".join(versions).encode())
    return digest.hexdigest()


def _drop_oldest(folder: Path) -> None:
    """Remove the oldest fits where there are as many as are kept."""
    kept = list(folder.glob("*.npz"))
    if len(kept) < MAX_FITS:
        return
    kept.sort(key=lambda path: path.stat().st_mtime)
    for path in kept[: len(kept) - MAX_FITS + 1]:
        path.unlink(missing_ok=True)
