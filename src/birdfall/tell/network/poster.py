"""The network as a picture that needs no script.

Edges as ink, accounts as dots, written as PNG by hand.

It is the map wherever scripts, WebGL or paper do not give more; the interactive map draws the same
places over it.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

import numpy as np

#: Okabe and Ito's colours that two deficient eyes tell apart, in the order groups get them; the
#: rest are grey.
PALETTE: Final = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (150, 130, 20),
)
GREY: Final = (138, 148, 163)


#: How dark lines are where many lie on each other, and how strong one line of a few is.
MOST_INK, MOST_STRENGTH = 0.8, 1.5


def colours(group_rank: np.ndarray) -> np.ndarray:
    """uint8[n, 3]: a colour for the groups of rank 0 to 6, grey for the rest and for -1."""
    table = np.array([*PALETTE, GREY], np.uint8)
    return table[
        np.where((group_rank >= 0) & (group_rank < len(PALETTE)), group_rank, len(PALETTE))
    ]


def poster(
    x: np.ndarray,
    y: np.ndarray,
    source: np.ndarray,
    target: np.ndarray,
    colour: np.ndarray,
    size: np.ndarray,
    *,
    width: int = 960,
    height: int = 960,
    dark: bool = False,
) -> bytes:
    """A PNG of the network.

    x, y: within the unit disc; colour: uint8[n, 3]; size: float64[n], radius in pixels.
    """
    scale = min(width, height) / 2 - 14
    px, py = width / 2 + x * scale, height / 2 - y * scale
    ink = _ink(px, py, source, target, width, height)
    background = np.array((17, 22, 31) if dark else (255, 255, 255), np.float32)
    line = np.array((150, 165, 190) if dark else (70, 85, 105), np.float32)
    picture = background + (line - background) * (MOST_INK * (1 - np.exp(-ink)))[..., None]
    grey_first = np.argsort((colour != np.array(GREY, np.uint8)).any(axis=1), kind="stable")
    for i in grey_first:
        _dot(picture, px[i], py[i], size[i], colour[i])
    # sixteen levels per channel where something is drawn: hardly visible, and a quarter of the
    # bytes
    pixels = (np.clip(picture, 0, 255) / 17 + 0.5).astype(np.uint8) * 17
    pixels[(np.abs(picture - background) < 9).all(axis=2)] = background.astype(np.uint8)
    return png(pixels)


def _ink(
    px: np.ndarray, py: np.ndarray, source: np.ndarray, target: np.ndarray, width: int, height: int
) -> np.ndarray:
    """How much line lies on each pixel."""
    ink = np.zeros(width * height, np.float64)
    length = np.hypot(px[source] - px[target], py[source] - py[target])
    # many edges: each fainter, so that the picture keeps its greys
    strength = min(MOST_STRENGTH, 60.0 / np.sqrt(max(len(source), 1)) / 12)
    for low, high in ((0, 30), (30, 120), (120, 400), (400, 4000)):
        chosen = np.flatnonzero((length >= low) & (length < high))
        points = min(high, 1400)
        for part in np.array_split(chosen, max(1, len(chosen) * points // 4_000_000 + 1)):
            if not len(part):
                continue
            t = np.linspace(0, 1, points, dtype=np.float32)
            a, b = source[part], target[part]
            ix = (px[a, None] + (px[b] - px[a])[:, None] * t).astype(np.int64)
            iy = (py[a, None] + (py[b] - py[a])[:, None] * t).astype(np.int64)
            share = np.repeat((length[part] + 1) / points * strength, points)
            where = np.clip(iy, 0, height - 1).ravel() * width + np.clip(ix, 0, width - 1).ravel()
            ink += np.bincount(where, share, width * height)
    return ink.reshape(height, width)


def _dot(picture: np.ndarray, x: float, y: float, radius: float, colour: np.ndarray) -> None:
    """A disc with a soft rim, drawn into `picture`."""
    reach = int(radius) + 2
    left, top = int(x) - reach, int(y) - reach
    right, bottom = left + 2 * reach + 1, top + 2 * reach + 1
    left, top, right, bottom = (
        max(left, 0),
        max(top, 0),
        min(right, picture.shape[1]),
        min(bottom, picture.shape[0]),
    )
    rows, columns = np.ogrid[top:bottom, left:right]
    cover = np.clip(radius + 0.5 - np.hypot(columns + 0.5 - x, rows + 0.5 - y), 0, 1)[..., None]
    block = picture[top:bottom, left:right]
    block += (colour.astype(np.float32) - block) * cover


def png(pixels: np.ndarray) -> bytes:
    """uint8[h, w, 3] as an indexed PNG of at most 256 colours (the most frequent.

    Others go to the nearest); same bytes always.
    """
    height, width, _ = pixels.shape
    flat = pixels.reshape(-1, 3).astype(np.int32)
    keys, place, number = np.unique(
        flat[:, 0] << 16 | flat[:, 1] << 8 | flat[:, 2], return_inverse=True, return_counts=True
    )
    shown = np.sort(keys[np.lexsort((keys, -number))[:256]])
    table = np.stack([shown >> 16, shown >> 8 & 255, shown & 255], axis=1)
    every = np.stack([keys >> 16, keys >> 8 & 255, keys & 255], axis=1)
    nearest = (
        ((every[:, None, :] - table[None, :, :]) ** 2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    )
    rows = np.hstack([np.zeros((height, 1), np.uint8), nearest[place].reshape(height, width)])

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    body = zlib.compress(rows.tobytes(), 9)
    parts = (
        (b"IHDR", header),
        (b"PLTE", table.astype(np.uint8).tobytes()),
        (b"IDAT", body),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, data) for kind, data in parts)
