"""Charts rendered by a process of their own: `python -m birdfall.tell.chart_process`.

The renderer is a browser's engine of a hundred megabytes that a server would hold from its first
chart on. Specs come by standard input and drawings leave by standard output, by key, as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final, cast

from birdfall.model.errors import BirdfallError
from birdfall.model.memory_limit import address_space
from birdfall.tell.figures import ChartSpec, render_svg

#: Sets of charts whose drawings are kept: a case has one, in whatever languages it is told.
MAX_KEPT_SETS: Final = 8
#: What the browser's engine reserves at least, in GB: with so much it did not begin, with twice it
#: did.
RESERVED_GB: Final = 40


def render_elsewhere(specs: Mapping[str, ChartSpec]) -> dict[str, str]:
    """Each chart as `figures.render_svg` draws it, by its key; drawings of late are kept.

    Where no process can be begun, or it ends without drawings, they are drawn in this one. Raises
    BirdfallError where it was ended for want of memory.
    """
    return dict(drawings_of(json.dumps(specs))) if specs else {}


@lru_cache(maxsize=MAX_KEPT_SETS)
def drawings_of(specs: str) -> dict[str, str]:
    """The drawings of charts, by key, for the JSON of their specs."""
    here = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join([here, *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "birdfall.tell.chart_process"],
            input=specs.encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            check=True,
        )
        return cast("dict[str, str]", json.loads(done.stdout))
    except subprocess.CalledProcessError as error:
        if error.returncode < 0:  # it was ended, and so would this process be
            raise _ended_error(-error.returncode) from error
        return render_all(json.loads(specs))
    except (OSError, ValueError):
        return render_all(json.loads(specs))


def _ended_error(number: int) -> BirdfallError:
    """The error of a process that a library or the system ended, by the number of the signal."""
    limit = address_space()
    fix = "Close other programs, or take a machine with more memory, and ask again."
    if limit is not None:
        fix = (
            f"It reserves more than {RESERVED_GB} GB, of which it uses little, and "
            f"{limit / 1e9:.1f} GB are allowed here (ulimit -v). Ask again without that limit, or "
            "limit the memory of a container instead."
        )
    return BirdfallError(
        f"what draws charts was ended ({signal.Signals(number).name}), as happens where memory "
        "runs out",
        fix=fix,
    )


def render_all(specs: Mapping[str, ChartSpec]) -> dict[str, str]:
    """Each chart as `figures.render_svg` draws it, by its key, in this process."""
    return {key: render_svg(spec) for key, spec in specs.items()}


def main() -> None:
    """Render what standard input holds."""
    drawn = render_all(json.loads(sys.stdin.buffer.read()))
    sys.stdout.buffer.write(json.dumps(drawn).encode())


if __name__ == "__main__":
    main()
