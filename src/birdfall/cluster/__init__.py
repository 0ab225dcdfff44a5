"""Past one machine, on Apache Spark or Sail: the measures on tables of a session.

    from birdfall.cluster import run

    findings = run(spark, {"statuses": statuses, "follows": follows}, settings)

Workers import the modules they need, and nothing of an inquiry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from birdfall.model.lazy_imports import import_lazily

if TYPE_CHECKING:
    from birdfall.cluster.engine_record import NotOnAnEngine
    from birdfall.cluster.inquiry import run

__all__ = ["NotOnAnEngine", "run"]

__getattr__ = import_lazily(__name__, {"engine_record": ("NotOnAnEngine",), "inquiry": ("run",)})
