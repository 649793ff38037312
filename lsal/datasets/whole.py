"""A folder that is there as a whole or not at all; only an earlier export is ever replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from lsal.datasets.record import NOTE
from lsal.errors import BadRequest

OURS = ("images", "labels", "train", "val", "data.yaml", NOTE)
ANOTHER = "Name another folder: --out FOLDER"


@contextmanager
def whole(folder: Path, force: bool) -> Iterator[Path]:
    """A folder beside it, to be filled, that takes its place when the block ends well.

    Raises BadRequest for a folder that is not empty, and, with `force`, for one that holds
    anything else than an export.
    """
    _refuse(folder, force)
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        beside.chmod(0o755)
        yield beside
        _refuse(folder, force)  # it may have come, or been added to, meanwhile
        _swap(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _refuse(folder: Path, force: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise BadRequest(f"{folder} is a file", ANOTHER)
    there = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
    if not there:
        return
    if NOTE not in there:
        raise BadRequest(f"{folder} is not empty, and no export of lsal", ANOTHER)
    if not force:
        raise BadRequest(f"{folder} is there already", f"{ANOTHER}; or replace it: --force")
    strange = next((name for name in there if not _is_ours(name)), None)
    if strange is not None:
        what = f"{folder} holds '{strange}' beside the export, which would be lost"
        raise BadRequest(what, f"Move it away first. {ANOTHER}")


def _is_ours(name: str) -> bool:
    """Whether an export has it, or a trainer puts it there to be faster."""
    return name in OURS or name.endswith(".cache") or (name.startswith("annotations_") and name.endswith(".json"))


def _swap(made: Path, folder: Path) -> None:
    if not folder.exists():
        made.rename(folder)
        return
    old = Path(mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    folder.rename(old)
    try:
        made.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
