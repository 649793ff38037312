"""Pictures for a trainer: linked where its loader sees what people see, written anew where not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lsal.models.pictures import Header, read_picture

LARGE = 16_000_000
"""Pixels above which a picture is written there once, smaller: decoding it in every epoch would take the time."""
SUFFIXES = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "BMP": ".bmp"}
"""What the loader reads as we do; a phone's MPO has a second, smaller picture that nobody sees."""
PLAIN = ("L", "RGB")
JPEG_END = b"\xff\xd9"


def place(path: Path, header: Header, stem: Path, size: int) -> None:
    """A link where the loader reads the file as people see it, else the picture as we do."""
    if _reads_alike(path, header):
        _link(path.resolve(), stem.with_suffix(SUFFIXES[header.format]))
    else:
        read_picture(path, size).image.save(stem.with_suffix(".png"), compress_level=1)


def _reads_alike(path: Path, header: Header) -> bool:
    if header.format not in SUFFIXES or header.mode not in PLAIN or header.see_through:
        return False
    if header.size[0] * header.size[1] > LARGE:
        return False
    if SUFFIXES[header.format] == ".jpg":
        return _ends_well(path)
    return header.turn == 1 and header.frames == 1


def _ends_well(path: Path) -> bool:
    """Whether a JPEG ends where it should: ultralytics would mend it, in the user's own file behind the link."""
    with path.open("rb") as file:
        file.seek(-len(JPEG_END), os.SEEK_END)
        return file.read() == JPEG_END


def _link(path: Path, link: Path) -> None:
    try:
        link.symlink_to(path)
    except OSError:  # a file system, or a user, that may not
        try:
            os.link(path, link)
        except OSError:
            shutil.copyfile(path, link)
