"""Copies of tasks' files: they can be fetched again, so that beyond a size those go that were not used for longest."""

from __future__ import annotations

import os
import time
from pathlib import Path

from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish

IN_USE_S = 3600.0
"""Somebody may be reading a file that was fetched so lately."""


def old(home: Home, keep_mb: int) -> list[Rubbish]:
    """The files beyond `keep_mb` megabytes, as one thing."""
    folder, limit = home.path("media"), keep_mb * 1_000_000
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        files = [(_used(one.stat()), one.stat().st_size, one.path) for one in entries if one.is_file()]
    over, going, lately = sum(size for _, size, _ in files) - limit, list[Path](), time.time() - IN_USE_S
    freed = 0
    for used, size, path in sorted(files):
        if freed >= over or used > lately:
            break
        freed += size
        going.append(Path(path))
    return [Rubbish("media", f"{len(going)} files", tuple(going), freed)] if going else []


def _used(found: os.stat_result) -> float:
    return max(found.st_atime, found.st_mtime)
