"""Folders of images, classed by their subfolders."""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from lsal.errors import BadData, BadRequest
from lsal.opening import open_image
from lsal.sources.rows import Bad, Row, Rows, Wanted
from lsal.sources.tables import unknown

if TYPE_CHECKING:
    from PIL import Image

IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")


def folder_rows(path: Path, wanted: Wanted) -> Rows:
    """The images of a folder; if they lie in subfolders, those name the classes.

    Raises BadData without an image, BadRequest where neither folders nor the caller name classes.
    """
    found = sorted(p for p in path.rglob("*") if p.suffix.lower() in IMAGES and p.is_file())
    if not found:
        raise BadData(f"There is no image in {path}", f"lsal takes {', '.join(IMAGES)}")
    if len(wanted.labels or {p.parent.name for p in found if p.parent != path}) < 2:
        raise BadRequest(f"The images in {path} tell no classes", "Name them: lsal new FOLDER --labels cat,dog")
    field = next(iter(wanted.fields or ["image"]))

    def rows() -> Iterator[Row | Bad]:
        for image in found:
            yield _row(image, path, field, wanted)

    return rows


def _row(image: Path, folder: Path, field: str, wanted: Wanted) -> Row | Bad:
    name = image.parent.name if image.parent != folder else None
    label = wanted.aliases.get(name, name) if name else None
    if bad := unknown(str(image), label, wanted, f"put images without a label right into {folder}"):
        return bad
    if problem := _problem(image):
        return Bad(str(image), f"is no image that can be read ({problem})", "Take it out of the folder")
    return Row({field: image}, (label,) if label and wanted.several else label, where=str(image))


def _problem(image: Path) -> str | None:
    """Why an image cannot be opened; looks at its first bytes alone."""
    try:
        with open_image(image):
            return None
    except (OSError, ValueError, SyntaxError) as error:
        return type(error).__name__


def place_image(path: Path, folder: Path) -> Path:
    """The file below a folder that Label Studio serves: linked where the disk allows, else copied.

    Its name tells files of one name apart, but not the class that its folder may be named by:
    people who label see it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    where = hashlib.blake2b(str(path.parent.resolve()).encode(), digest_size=4).hexdigest()
    placed = folder / f"{where}-{path.name}"
    if not placed.exists():
        try:
            os.link(path.resolve(), placed)  # a link to a link would lead out of the folder
        except OSError:
            _copy(path, placed)
    return placed


def _copy(path: Path, placed: Path) -> None:
    """A copy that is whole or absent: a run that was killed is gone on with."""
    beside = placed.with_name(f".{placed.name}.{os.getpid()}.tmp")
    shutil.copyfile(path, beside)
    beside.replace(placed)


def keep_drawn(image: Image.Image, path: Path, sort: str, **how: int) -> None:
    """Keep an image that lsal drew, whole; the same one is left as it lies, for whoever else reads it now.

    Its folder may be one for all processes of a user. It can be drawn again, so nothing is flushed to the disk.
    """
    drawn = BytesIO()
    image.save(drawn, sort, **how)
    if path.exists() and path.read_bytes() == drawn.getvalue():
        return
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    beside.write_bytes(drawn.getvalue())
    beside.replace(path)
