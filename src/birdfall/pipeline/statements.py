"""The claims of a case as an inquiry checks them: every statement of `claims.toml` against the
findings so far.
"""

from __future__ import annotations

from collections.abc import Mapping

from birdfall.model.findings import Finding
from birdfall.record.record import Record

#: Version of the method, kept with each finding: a higher one says that results may differ.
METHOD_VERSION = 2


def check_claims(
    record: Record, *, claims: bytes, findings: Mapping[str, Finding]
) -> list[Finding]:
    """A finding for every claim. claims: a claims.toml; empty: none."""
    if not claims:
        return []
    from birdfall.claims import check_claims as check  # lexicons take a while to load
    from birdfall.claims import read_claims

    return check(record, findings, read_claims(claims.decode("utf-8")), settings=record.settings)
