"""Words of the simulated accounts.

Sentences nobody wrote, templates that are filled in by machines, hashtags and links.

Invented, harmless and Spanish like the streets they are set in. Texts are built as Arrow columns,
millions a second.
"""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_OPENINGS = (
    "Hoy",
    "Ahora",
    "Otra vez",
    "Desde temprano",
    "En Caracas",
    "Con la gente",
    "Sin miedo",
    "Mañana",
)
_MIDDLES = (
    "seguimos en la calle",
    "hablamos del juego",
    "esperamos la lluvia",
    "vamos al mercado",
    "escuchamos la radio",
    "leemos la prensa",
    "cocinamos arepas",
    "buscamos noticias",
    "celebramos el gol",
    "estudiamos para el examen",
)
_ENDS = (
    "con la familia",
    "en la plaza",
    "hasta la noche",
    "como siempre",
    "y no hay agua",
    "y hay cola",
    "con los amigos",
    "en el trabajo",
)
_SENTENCES: Final = [
    f"{a} {b} {c}, y luego {d}"
    for a, b, c, d in itertools.product(_OPENINGS, _MIDDLES, _ENDS, _MIDDLES)
]
_TEMPLATES: Final = (
    "Apoyo total a la gestión, juntos hasta la victoria, siempre con el pueblo #venceremos",
    "El pueblo sabe quién trabaja: cada día una obra más para la comunidad #avanzamos",
    "No vuelven ni con mentiras ni con campañas, la verdad se impone siempre #firmes",
    "Comparte este mensaje con diez amigos y mira lo que está pasando en el país #difunde",
)
_TAILS: Final = ("", " !", " ya", " RT", " siempre", " 1", " 2", " 3")
_TEMPLATED: Final = [template + tail for template in _TEMPLATES for tail in _TAILS]
TAGS: Final = 60
LINKS: Final = 500


def texts(said: np.ndarray, templated: np.ndarray, rng: np.random.Generator) -> pa.Array:
    """Texts of acts.

    Null where nothing is `said`, near-identical where `templated`, else a sentence with a number of
    its own.

    said, templated: bool[n]. Returns string[n].
    """
    n = len(said)
    own = said & ~templated
    which = np.where(
        own,
        rng.integers(0, len(_SENTENCES), n),
        len(_SENTENCES) + rng.integers(0, len(_TEMPLATED), n),
    )
    stem = pa.array([*_SENTENCES, *_TEMPLATED]).take(pa.array(which, mask=~said))
    numbers = np.char.add(" ", np.arange(10_000).astype(str))
    tail = pa.array(["", *numbers]).take(pa.array(np.where(own, rng.integers(1, 10_001, n), 0)))
    return pc.binary_join_element_wise(stem, tail, "")


def tags(community: np.ndarray, rng: np.random.Generator) -> pa.Array:
    """A hashtag each, few of them popular, most of them of one's own community: string[n]."""
    n = len(community)
    rank = np.minimum(rng.zipf(1.6, n), TAGS) - 1
    home = np.where(rng.random(n) < 0.8, community + 1, 0)
    names = [
        f"#tema{place}_{rank}"
        for place in range(int(community.max(initial=0)) + 2)
        for rank in range(TAGS)
    ]
    return pa.array(names).take(pa.array(home * TAGS + rank))


def links(n: int, rng: np.random.Generator) -> pa.Array:
    """A link each, to invented pages: string[n]."""
    names = [f"https://noticias{k % 25}.example/{k // 25}" for k in range(LINKS)]
    return pa.array(names).take(pa.array(np.minimum(rng.zipf(1.4, n), LINKS) - 1))


def numbered_names(prefix: str, numbers: np.ndarray) -> pa.Array:
    """`prefix` and each number: string[n]."""
    return pc.binary_join_element_wise(pa.scalar(prefix), pa.array(numbers).cast(pa.string()), "")
