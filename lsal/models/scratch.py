"""Scratch folders of trainings and replays, which go with their process; what a killed one left goes with the next."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PREFIX = "lsal-training-"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of its own in the system's place for such, named after this process."""
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}{os.getpid()}-") as folder:
        yield Path(folder).resolve()


def _sweep() -> None:
    """Remove the folders of processes that ended. One that has a dead one's number keeps it a little longer."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)
