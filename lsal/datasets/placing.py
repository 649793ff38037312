"""The images of a training set: links to where they lie, or written anew where programs would see them otherwise.

A hard link outlives the original, and both are one file: who changes the one changes the other.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from lsal.errors import BadData
from lsal.models.pictures import Header, read_picture
from lsal.records import Region

SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "BMP": ".bmp", "WEBP": ".webp", "TIFF": ".tif"}
"""What trainers read as it is. Others, such as a GIF, they pass over."""
PLAIN = ("L", "RGB")
JPEGS = ("JPEG", "MPO")
JPEG_END = b"\xff\xd9"
QUALITY = 95
NAME = 80
"""Characters that are kept of an image's own name."""


def name_of(task_id: int, path: Path) -> str:
    """The name that the image of a task gets, without its ending: no two tasks have the same."""
    return f"{task_id}-{re.sub(r'[^0-9A-Za-z_-]+', '_', path.stem)[:NAME]}"


def refuse_unnamed(regions: Sequence[Region], kept: int) -> None:
    """Raise BadData for an image whose objects nobody named yet: without them it would seem to show none."""
    if not kept and any(not region.label for region in regions):
        raise BadData("none of its objects has a class yet", "Name them in Label Studio")


def place(path: Path, header: Header, stem: Path, turned: bool) -> tuple[Path, bool]:
    """The image's file in the set, and whether it had to be written anew; `turned` photos may stay as they are."""
    if _as_seen(header, turned):
        placed = stem.with_name(stem.name + SUFFIXES[header.format])
        if header.format in JPEGS and not _ends_well(path):
            shutil.copyfile(path, placed)  # a trainer would mend it, and behind a link that is the original
        else:
            _link(path.resolve(), placed)
        return placed, False
    jpeg = header.format in JPEGS
    placed = stem.with_name(f"{stem.name}{'.jpg' if jpeg else '.png'}")
    image = read_picture(path, max(header.size)).image
    if jpeg:
        image.save(placed, quality=QUALITY, subsampling=0)
    else:
        image.save(placed, compress_level=1)
    return placed, True


def _as_seen(header: Header, turned: bool) -> bool:
    """Whether programs that read the file see what people see."""
    if header.format not in SUFFIXES or header.mode not in PLAIN or header.see_through:
        return False
    if header.format in JPEGS:
        return header.turn == 1 or turned
    return header.turn == 1 and header.frames == 1


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-len(JPEG_END), os.SEEK_END)
        return file.read() == JPEG_END


def _link(path: Path, placed: Path) -> None:
    try:
        os.link(path, placed)
    except OSError:  # another disk
        try:
            placed.symlink_to(path)
        except OSError:  # a file system, or a user, that may not
            shutil.copyfile(path, placed)
