"""Parameters that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Language = Literal["en", "es", "fr", "ar", "pt"]
LANGUAGES = ("en", "es", "fr", "ar", "pt")
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Out = Annotated[Path, Parameter(name=["--out", "-o"])]
OptionalOut = Annotated[Path | None, Parameter(name=["--out", "-o"])]
Many = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=False)]
Flag = Annotated[bool, Parameter(negative="")]
