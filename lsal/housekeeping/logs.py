"""Logs of processes that run for weeks: one that is too large begins anew, its last part is put beside it.

root/backend.log and root/label-studio/log.txt, each with a `.previous`. The processes append, so that one that writes
meanwhile goes on at the new beginning; what it writes in the very moment of the copy is lost.
"""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from lsal.files import write_whole
from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish

LOGS = ("backend.log", "label-studio/log.txt")
KEPT = 2
"""The last part is this part of the limit, one half: a log and its `.previous` are never more than one and a half."""


class Overlong(Rubbish):
    """A log that is larger than it may be: `bytes` of it go."""

    def remove(self) -> None:
        """Put its last part beside it, and empty it. Of several processes that tidy up at once, one does it."""
        [log] = self.paths
        try:
            with FileLock(f"{log}.lock", timeout=0), log.open("r+b") as file:
                if file.seek(0, os.SEEK_END) > self.bytes:  # nobody was faster
                    file.seek(self.bytes)
                    write_whole(previous(log), file.read())
                    file.truncate(0)
        except Timeout:
            pass


def old(home: Home, keep_mb: int) -> list[Rubbish]:
    """The logs of the root that are larger than `keep_mb` megabytes."""
    limit, found = keep_mb * 1_000_000, list[Rubbish]()
    for name in LOGS:
        log = home.root / name
        size = log.stat().st_size if log.exists() else 0
        if size > limit:
            found.append(Overlong("log", name, (log,), size - limit // KEPT))
    return found


def previous(log: Path) -> Path:
    """Where the last part of a log is that began anew."""
    return log.with_name(f"{log.stem}.previous{log.suffix}")
