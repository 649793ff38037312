"""One thing that can go: files of one kind under one name, removed so that a kill in between leaves nothing half."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from lsal.files import write_json


@dataclass(frozen=True, slots=True)
class Rubbish:
    """What it is, its name, its paths, and the bytes that go with them.

    `before` is a file that is removed first: what is without it counts as gone. `mark` is one
    that is written first, and says that the rest was cleaned away.
    """

    what: str
    name: str
    paths: tuple[Path, ...]
    bytes: int
    before: Path | None = None
    mark: Path | None = None

    def remove(self) -> None:
        """Remove it; what is gone already is no error."""
        if self.mark:
            write_json(self.mark, {"cleaned": self.name})
        if self.before:
            self.before.unlink(missing_ok=True)
        for path in self.paths:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def rubbish(what: str, name: str, *paths: Path, before: Path | None = None, mark: Path | None = None) -> Rubbish:
    """Those of the paths that are there, with their size."""
    there = tuple(path for path in paths if path.exists() or path.is_symlink())
    return Rubbish(what, name, there, sum(size(path) for path in there), before, mark)


def size(path: Path) -> int:
    """Bytes of a file, or of all below a folder: what would be free without it.

    A file with another name elsewhere, as snapshots share them with the media folder, counts a part.
    """
    if path.is_symlink() or not path.is_dir():
        return _share(path.lstat()) if path.exists() else 0
    total, folders = 0, [os.fspath(path)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += _share(entry.stat(follow_symlinks=False))
        except OSError:  # it went meanwhile
            continue
    return total


def _share(found: os.stat_result) -> int:
    return found.st_size // max(1, found.st_nlink)
