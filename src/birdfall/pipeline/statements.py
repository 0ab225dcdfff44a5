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
    from birdfall.claims import check, read_claims  # the lexicons take a while to load

    return [
        finding
        for claim in read_claims(claims.decode("utf-8"))
        for finding in check(record, findings, claim, settings=record.settings)
    ]
