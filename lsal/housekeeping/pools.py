"""What an older ranking knew of the pool, left behind by a killed process, and answers that nobody asked for lately."""

from __future__ import annotations

import time
from collections.abc import Iterator

from lsal import scored
from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish

UNUSED_S = 30 * 86400.0
"""A control that was ranked for in this time may be so again: its answers need not be worked out anew."""


def old(home: Home) -> list[Rubbish]:
    """All but the newest; for whoever holds the home's lock."""
    kept = [rubbish("pool", folder.name, folder, before=folder / scored.FACTS) for folder in scored.older(home)]
    return [*kept, *_unused(home)]


def _unused(home: Home) -> Iterator[Rubbish]:
    for folder in sorted(home.path(scored.ANSWERS).glob("*/*")):
        if time.time() - max(path.stat().st_mtime for path in (folder, *folder.iterdir())) > UNUSED_S:
            yield rubbish("pool", folder.name, folder)
