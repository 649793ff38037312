"""Pictures in sheets: what is to be drawn, and drawing it when it is shown, for as long as people wait."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from lsal.dashboard.colours import listed
from lsal.records import Region

SIDE = 240
"""Pixels; shown at half of that, for sharp screens."""
PATIENCE_S = 2.0
"""Seconds that the pictures of one sheet may take together; the cells of the rest are text alone."""

Place = TypeVar("Place")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of this machine with regions on it, not drawn yet."""

    path: Path
    regions: tuple[Region, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def told(self) -> str:
        """What it shows, in words."""
        return listed(self.regions)


def paint(pictures: Mapping[Place, Picture]) -> dict[Place, str]:
    """A data: URL of each, as far as the time reaches; one that cannot be shown is left out."""
    from lsal.dashboard.drawn import data_url, draw, small

    begun, opened, painted = time.monotonic(), dict[Path, object](), dict[Place, str]()
    for place, picture in pictures.items():
        if time.monotonic() - begun > PATIENCE_S:
            break
        if picture.path not in opened:
            opened[picture.path] = small(picture.path, SIDE)
        if image := opened[picture.path]:
            painted[place] = data_url(draw(image, picture.regions, picture.colours), "JPEG")
    return painted
