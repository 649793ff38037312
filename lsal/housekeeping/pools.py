"""What an older ranking knew of the pool: left behind where a process was killed before it could remove it."""

from __future__ import annotations

from lsal import scored
from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish


def old(home: Home) -> list[Rubbish]:
    """All but the newest; for whoever holds the home's lock."""
    return [rubbish("pool", folder.name, folder, before=folder / scored.FACTS) for folder in scored.older(home)]
