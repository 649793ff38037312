"""Images for networks: read no larger than needed, whatever their size and mode, with the size people see."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from lsal.errors import BadData
from lsal.models.pixels import DRAFT, gradient_features, rgb
from lsal.opening import open_image
from lsal.records import Example

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

PIXEL_LIMIT = 178_000_000
"""Larger ones are refused: here Pillow's own bound begins, and decoded they take 4 bytes a pixel."""
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What shows a picture upright, by its EXIF orientation."""
ON_THEIR_SIDE = (5, 6, 7, 8)
AVERAGED = ("L", "RGB", "RGBA", "LA", "CMYK", "RGBX")
"""Modes in which neighbouring pixels can be averaged."""

Measure = Callable[[int, int], int]


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself: `size` as people see it, turned as its EXIF data say."""

    size: tuple[int, int]
    format: str
    mode: str
    turn: int
    frames: int
    see_through: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """An upright RGB image, perhaps made smaller, and the file's header."""

    image: Image.Image
    header: Header


def read_picture(path: Path, side: int, measure: Measure = max) -> Picture:
    """The first frame as RGB, upright, alpha over white, 16 bits scaled to 8.

    Its `measure` (the longer or the shorter side) is at least twice `side` where the file has as
    much; far larger files are made smaller while they are read. Raises BadData for a file that is
    missing, broken, cut short or beyond PIXEL_LIMIT.
    """
    try:
        with open_image(path) as image:
            _refuse_huge(path, image)  # first: to read the EXIF data of a PNG, Pillow decodes all of it
            header = _header(image)
            share = min(1.0, 2 * side / measure(*image.size))
            wanted = int(image.width * share), int(image.height * share)
            image.draft("RGB", wanted)
            upright = rgb(_reduced(image, wanted))
            turn = TURNS.get(header.turn)
            return Picture(upright if turn is None else upright.transpose(turn), header)
    except BadData:
        raise
    except Exception as error:
        # As in `pixels`: decoders raise anything, and one broken file must not stop the others.
        raise BadData(f"{path} is not a picture that can be read ({error})", "Replace the file, or skip it") from error


def gradients(example: Example) -> Floats:
    """Gradients and colours of an image; those of a black one if it cannot be read."""
    if example.input is not None:
        try:
            return gradient_features(read_picture(example.file, DRAFT // 2).image)
        except BadData as error:
            log.warning("Task %s: %s", example.task_id, error.what)
    return gradient_features(Image.new("RGB", (DRAFT, DRAFT)))


def _header(image: Image.Image) -> Header:
    turn = int(image.getexif().get(ORIENTATION, 1) or 1)
    size = image.size[::-1] if turn in ON_THEIR_SIDE else image.size
    see_through = image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info
    return Header(size, image.format or "", image.mode, turn, getattr(image, "n_frames", 1), see_through)


def _reduced(image: Image.Image, wanted: tuple[int, int]) -> Image.Image:
    factor = min(image.width // max(1, wanted[0]), image.height // max(1, wanted[1]))
    if factor < 2:
        return image
    if image.mode in AVERAGED and "transparency" not in image.info:
        return image.reduce(factor)
    return image.resize((image.width // factor, image.height // factor), Image.Resampling.NEAREST)


def _refuse_huge(path: Path, image: Image.Image) -> None:
    pixels = image.width * image.height
    if pixels > PIXEL_LIMIT:
        what = f"{path} has {pixels:,} pixels, more than the {PIXEL_LIMIT:,} that lsal reads"
        raise BadData(what, "Scale it down, or skip the task")
