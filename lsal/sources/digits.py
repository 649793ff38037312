"""The handwritten digits that scikit-learn ships, as images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsal.sources.images import keep_drawn
from lsal.sources.rows import Bad, Row, Rows

SIDE = 64
"""Pixels: a digit is enlarged so that a person can read it."""


def digit_rows(folder: Path, field: str = "image") -> Rows:
    """The 1,797 digits as PNG images in `folder`, each with its class."""
    from PIL import Image
    from sklearn.datasets import load_digits

    data = load_digits()
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, (pixels, label) in enumerate(zip(data.images, data.target, strict=True)):
        path = folder / f"digit-{number:04d}.png"
        image = Image.fromarray((255 - pixels * 255 / 16).astype("uint8"))
        keep_drawn(image.resize((SIDE, SIDE), Image.Resampling.NEAREST), path, "PNG")
        made.append(Row({field: path}, str(label), where=str(path)))

    def rows() -> Iterator[Row | Bad]:
        return iter(made)

    return rows
