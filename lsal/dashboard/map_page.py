"""What a page that shows the map can do, and its colours."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsal.dashboard.map_scatter import HEIGHT

COLOUR = re.compile("#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class Page:
    """`able` is whether it can draw points at all, `room` the height for them in pixels."""

    able: bool = False
    dark: bool = False
    ink: str = "#212121"
    ground: str = "#ffffff"
    room: int = HEIGHT


def page_of(said: Mapping[str, Any]) -> Page:
    """What a page says of itself; a colour that is none is not taken."""
    known = Page()
    ink, ground = (str(said.get(name, "")).lower() for name in ("ink", "ground"))
    if not all(COLOUR.fullmatch(one) for one in (ink, ground)):
        ink, ground = known.ink, known.ground
    room = said.get("room")
    return Page(bool(said.get("able")), bool(said.get("dark")), ink, ground, room if isinstance(room, int) else HEIGHT)
