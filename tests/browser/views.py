"""The languages, widths and colours in which pages are looked at."""

import pytest

from tiers import every_pair

LANGUAGES = ("en", "es", "fr", "ar", "pt")
#: The widest words and both directions at the narrowest width, each language and each width once.
WIDTHS = every_pair(
    LANGUAGES,
    (360, 768, 1280),
    fast={("fr", 360), ("ar", 360), ("en", 768), ("es", 1280), ("pt", 1280)},
)
SCHEMES = every_pair(
    LANGUAGES,
    ("light", "dark"),
    fast={("en", "light"), ("es", "dark"), ("fr", "light"), ("ar", "dark"), ("pt", "light")},
)
#: For what takes long to look at in each: words from the right in the colours that are checked less
#: by eye.
WHOLE = (("ar", "dark"),)
#: `SCHEMES` where only those are fast.
LONG_SCHEMES = [
    pytest.param(*v.values, marks=() if v.values in WHOLE else pytest.mark.slow) for v in SCHEMES
]
