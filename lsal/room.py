"""A disk that is full, or does not let a file be written: told apart from every other error, and said in words."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

from lsal.errors import NotWritten

FULL_BYTES = 2**20
"""With less than this left, what could not be written found no room, whatever the library says that wrote it."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_RIGHT = (errno.EROFS, errno.EACCES, errno.EPERM)
OF_SQLITE = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
PRIMARY = 0xFF
"""The bits of an extended result code of SQLite that say which kind of error it is."""


def not_written(error: BaseException, folder: Path, again: str) -> NotWritten | None:
    """`error` in words, if it is that the disk of `folder` did not take something; None for any other.

    `again` is the command to repeat afterwards.
    """
    if not isinstance(error, OSError | sqlite3.OperationalError):
        return None
    code = getattr(error, "errno", None)
    if code in NO_ROOM or (not code and nearly_full(folder)):
        return NotWritten(f"The disk of {folder} is full: {error}", f"Make room (lsal clean), then: {again}")
    named = code in NO_RIGHT and bool(getattr(error, "filename", None))
    if named or of_the_disk(error):
        what = f"A file below {folder} cannot be written: {error}"
        return NotWritten(what, f"Let it be written again: rights, mount, disk. Then: {again}")
    return None


def of_the_disk(error: BaseException) -> bool:
    """Whether an error of SQLite is about the disk, not about the question or about who else writes."""
    return getattr(error, "sqlite_errorcode", 0) & PRIMARY in OF_SQLITE


def nearly_full(place: Path) -> bool:
    """Whether there is no room to speak of where `place` is, or will be made."""
    return free_bytes(place) < FULL_BYTES


def free_bytes(place: Path) -> int:
    """The bytes that are free where `place` is, or will be made."""
    there = next(folder for folder in (place, *place.parents) if folder.exists())
    return shutil.disk_usage(there).free


def closed(folder: Path) -> list[Path]:
    """What cannot be written of a folder: itself, and what lies directly in it."""
    return [path for path in (folder, *sorted(folder.iterdir())) if not os.access(path, os.W_OK) and path.exists()]
