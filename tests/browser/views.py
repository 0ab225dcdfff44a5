"""The languages, widths and colours in which pages are looked at."""

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
