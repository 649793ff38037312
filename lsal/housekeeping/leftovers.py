"""What a process that was killed in the middle of writing left behind: files and folders under hidden names."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish

OLD_S = 86400.0
"""Nothing takes a day to write."""
SHALLOW = ("media", "weights", "snapshot")
"""Folders with many files, in which nothing is written beside but directly in them."""


def old(home: Home) -> list[Rubbish]:
    """Leftovers that are older than a day."""
    limit = time.time() - OLD_S
    return [rubbish("leftover", path.name, path) for path in _leftovers(home.folder) if _changed(path) < limit]


def _leftovers(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        inside = sorted(entries, key=lambda entry: entry.name)
    media = folder.name == "media"
    for entry in inside:
        path = Path(entry.path)
        if entry.name.endswith(".tmp") or (media and entry.name.startswith(".")):
            yield path
        elif folder.name == "jobs" and entry.is_dir() and not (path / "job.json").exists():
            yield path  # its removal was cut short
        elif entry.is_dir(follow_symlinks=False) and folder.name not in SHALLOW:
            yield from _leftovers(path)


def _changed(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except OSError:
        return time.time()
