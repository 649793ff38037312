"""Scratch folders of trainings and replays, which go with their process; what a killed one left goes with the next."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from filelock import FileLock, Timeout

PREFIX = "lsal-training-"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of its own in the system's place for such, with a lock beside it that this process holds.

    The lock, not a process's number, says that it is in use: a container that shares the place sees no process
    outside itself.
    """
    place = Path(tempfile.gettempdir()).resolve()
    _sweep(place)
    folder = place / f"{PREFIX}{uuid4().hex}"
    lock = folder.with_suffix(".lock")
    with FileLock(lock):  # before the folder: nobody finds one that is not locked yet
        folder.mkdir(0o700)
        try:
            yield folder
        finally:
            _remove(folder, lock)


def _sweep(place: Path) -> None:
    """Remove the folders whose locks the system freed because their holders ended."""
    for lock in place.glob(f"{PREFIX}*.lock"):
        with suppress(Timeout, OSError), FileLock(lock, timeout=0):  # OSError: it is another user's, or just went
            _remove(lock.with_suffix(""), lock)


def _remove(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    lock.unlink(missing_ok=True)
