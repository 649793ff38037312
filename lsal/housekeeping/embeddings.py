"""Kept embeddings of texts: they can be worked out again, so that those go that nothing has looked at for a month."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish
from lsal.models.kept_vectors import FOLDER, USED

UNUSED_S = 30 * 86400.0


def old(home: Home) -> list[Rubbish]:
    """Those of each encoder that was not asked for lately."""
    return [rubbish("embeddings", folder.name, folder) for folder in _kept(home) if _unused(folder)]


def _kept(home: Home) -> Iterator[Path]:
    yield from sorted(path for path in home.path(FOLDER).glob("*") if path.is_dir())


def _unused(folder: Path) -> bool:
    """A process that uses them says so by the time of a file; one that just begins has made the folder."""
    times = [path.stat().st_mtime for path in (folder, folder / USED) if path.exists()]
    return time.time() - max(times, default=0.0) > UNUSED_S
