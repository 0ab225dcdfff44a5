"""Words that people wrote, as a page quotes them: nobody in them but by pseudonym, public accounts
as they were written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import pyarrow as pa

from birdfall.model.findings import Finding, Note
from birdfall.record.clients import RareClients, rare_clients
from birdfall.record.ids import pseudonym
from birdfall.record.mentions import Mentions, mentions_of
from birdfall.record.record import Record
from birdfall.tell.names import sanitize_text

#: The parts of a claim's details that hold its words.
CLAIM_WORDS = ("said", "parsed")
#: Columns of tables that pages quote, and the layers whose objects are words or addresses.
QUOTED_COLUMNS = ("shown", "object", "trigger_value")
QUOTED_LAYERS = ("link", "hashtag", "hashtags", "status", "text")
#: What stands for an account that the question is about and that no row names.
UNKNOWN = "…"


@dataclass(frozen=True)
class Quoting:
    """How texts are quoted.

    Parameters
    ----------
    record
        Whose accounts are named.
    mentions
        Finds them in a text.
    clients
        The applications that are not named.
    """

    record: Record
    mentions: Mentions
    clients: RareClients = field(default_factory=RareClients)

    def text(self, text: str) -> str:
        """A text without control characters and with nobody named who is not public."""
        return sanitize_text(self.mentions.replace(text, self._called))

    def address(self, text: str) -> str:
        """As `text`, of an address or a hashtag: addresses of platforms, which lead to people and
        their posts, are cut to what names nobody.
        """
        return sanitize_text(self.mentions.replace(text, self._called, strict=True))

    def file(self, name: str, number: int) -> str:
        """The name of an imported file; its number instead of a name that holds an id or handle of
        someone who is not public.
        """
        if not self.mentions.stands_in(name, besides=self.record.settings.public):
            return sanitize_text(name)
        return f"{number}{PurePath(name).suffix}"

    def findings(self, findings: Mapping[str, Finding]) -> dict[str, Finding]:
        """The findings, with claims in whose words nobody is named; such a one goes by number."""
        quoted = {}
        for number, (name, finding) in enumerate(findings.items(), 1):
            if finding.kind == "claim":
                finding = self._claim(finding, number)
            else:
                finding = finding.replace(
                    tables={key: self._table(table) for key, table in finding.tables.items()}
                )
            quoted[name if finding.name == name else finding.name] = finding
        return quoted

    def _table(self, table: pa.Table) -> pa.Table:
        """A table whose words of people and addresses name nobody."""
        for column in QUOTED_COLUMNS:
            if column not in table.column_names:
                continue
            values = table.column(column).to_pylist()
            layers = table.column("layer").to_pylist() if "layer" in table.column_names else []
            kinds = layers or [""] * len(values)
            quoted = [
                value if value is None else self._shared(value, kind, column)
                for value, kind in zip(values, kinds, strict=True)
            ]
            place = table.column_names.index(column)
            table = table.set_column(place, column, pa.array(quoted, pa.string()))
        return table

    def _shared(self, value: str, layer: str, column: str) -> str:
        """What is quoted of an object or a text; ids, which pages name otherwise, as they are."""
        if column == "object" and layer not in QUOTED_LAYERS:
            return value
        return self.mentions.replace(self.clients.merge_in(value), self._called, strict=True)

    def _claim(self, finding: Finding, number: int) -> Finding:
        details = {
            key: self._clean(value) if key in CLAIM_WORDS else value
            for key, value in finding.details.items()
        }
        clean = finding.replace(
            details=details,
            reasons=tuple(Note(n.code, self._clean(n.values)) for n in finding.reasons),
            limits=tuple(Note(n.code, self._clean(n.values)) for n in finding.limits),
        )
        if details.get("said") == finding.details.get("said"):
            return clean
        return clean.replace(name=f"claim-{number}")

    def _clean(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._clean(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._clean(one) for one in value]
        return self.mentions.replace(value, self._called) if isinstance(value, str) else value

    def _called(self, account: str) -> str | None:
        if account in self.record.settings.public:
            return None
        code = self.record.ids.code(account)
        return UNKNOWN if code is None else pseudonym(code)


def quoting_of(record: Record) -> Quoting:
    """How texts about this record are quoted."""
    return Quoting(record, mentions_of(record), rare_clients(record))
