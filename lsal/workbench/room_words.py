"""What there is to say about the disks of a project: they are full, or do not let files be written."""

from __future__ import annotations

from pathlib import Path

from lsal.home import Home
from lsal.room import closed, free_bytes

LOW_BYTES = 20_000_000
"""Less than a version and a batch take: nothing that is begun now may come to its end."""
NAMED = 3


def room_words(home: Home) -> list[str]:
    """Sentences for the status; none where there is room. lsal's own Label Studio may lie on another disk."""
    places = [home.folder, *([home.root / "label-studio" / "data"] if home.own_server else [])]
    there = {place.stat().st_dev: place for place in reversed(places) if place.exists()}
    full = [_full(place, free) for place in there.values() if (free := free_bytes(place)) < LOW_BYTES]
    shut = [path for place in places if place.exists() for path in closed(place)]
    return [*full, *([_shut(shut)] if shut else [])]


def _full(place: Path, free: int) -> str:
    left = f"{free / 1e6:.1f} MB are left, rounds cannot be kept"
    return f"The disk of {place} is full: {left}. Make room (lsal clean), then: lsal round"


def _shut(paths: list[Path]) -> str:
    listed = ", ".join(map(str, paths[:NAMED])) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")
    return f"{listed} cannot be written. Let it be written again: rights, mount. Then: lsal round"
