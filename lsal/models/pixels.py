"""Image files as arrays: decoding that survives what people upload, and gradient features."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from lsal.errors import BadData
from lsal.opening import open_image

if TYPE_CHECKING:
    from lsal.records import Floats

PIXEL_LIMIT = 80_000_000
"""Larger pictures are refused: below Pillow's own bound, so that ours is the one that speaks."""
DRAFT = 512
"""A JPEG may be decoded at a fraction of its size, but not below this side."""
SIDE = 32
CELL = 8
ANGLES = 8
FAINT = 0.1
"""Gradients much weaker than this are noise and stay small after normalisation."""


def read_image(path: Path) -> Image.Image:
    """The picture as RGB, upright: EXIF orientation applied, alpha over white, 16 bits scaled to 8.

    Raises BadData for a file that is missing, broken, cut short or beyond PIXEL_LIMIT.
    """
    try:
        with open_image(path) as image:
            _refuse_huge(path, image)
            image.draft("RGB", (DRAFT, DRAFT))
            return rgb(ImageOps.exif_transpose(image))
    except BadData:
        raise
    except Exception as error:
        # Decoders answer broken files with anything from OSError to SyntaxError and struct.error,
        # and one broken file must not stop the others.
        raise BadData(f"{path} is not a picture that can be read ({error})", "Replace the file, or skip it") from error


def gradient_features(image: Image.Image) -> Floats:
    """Histograms of oriented gradients (Dalal & Triggs 2005) beside coarse colours; float32 (d,)."""
    grey = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    coarse = np.asarray(image.resize((CELL, CELL), Image.Resampling.BOX), np.float32).ravel() / 255
    return np.concatenate([_histograms(np.asarray(grey, np.float32)), coarse - 0.5])


def features_of(path: Path) -> Floats:
    """`gradient_features` of a file, remembered by path, time and size; raises BadData."""
    return _features(*file_state(path))


def file_state(path: Path) -> tuple[str, int, int]:
    """Path, time and size: what tells whether a file is still the one it was. Raises BadData."""
    try:
        stat = os.stat(path)
    except OSError as error:
        raise BadData(f"{path} cannot be read ({error.strerror})", "Put the file back, or skip the task") from None
    return str(path), stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=20_000)
def _features(path: str, modified: int, size: int) -> Floats:
    return gradient_features(read_image(Path(path)))


def _histograms(grey: Floats) -> Floats:
    """Cells of gradient directions, shared between neighbouring angles, normalised over blocks of 2 x 2."""
    down, across = np.gradient(grey / 255)
    strength = np.hypot(down, across)
    place = (np.arctan2(down, across) % (2 * np.pi)) * (ANGLES / (2 * np.pi))
    low = place.astype(np.int64)
    share = place - low
    side = SIDE // CELL
    rows, columns = np.indices(grey.shape) // CELL
    cell = ((rows * side + columns) * ANGLES).ravel()
    bins = [cell + (low % ANGLES).ravel(), cell + ((low + 1) % ANGLES).ravel()]
    weights = [(strength * (1 - share)).ravel(), (strength * share).ravel()]
    size = side * side * ANGLES
    cells = np.bincount(np.concatenate(bins), np.concatenate(weights), size).reshape(side, side, ANGLES) / CELL
    blocks = np.concatenate([cells[:-1, :-1], cells[:-1, 1:], cells[1:, :-1], cells[1:, 1:]], axis=2)
    norms = np.linalg.norm(blocks, axis=2, keepdims=True)
    return np.asarray(blocks / (norms + FAINT), np.float32).ravel()


def _refuse_huge(path: Path, image: Image.Image) -> None:
    pixels = image.width * image.height
    if pixels > PIXEL_LIMIT:
        what = f"{path} has {pixels:,} pixels, more than the {PIXEL_LIMIT:,} that lsal reads"
        raise BadData(what, "Scale it down, or skip the task")


def rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB; palettes and alpha over white, 16-bit and float greys scaled by their range."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.asarray(image, np.float32)
        top = 65535 if image.mode.startswith("I;16") or values.max(initial=0) > 255 else 255
        image = Image.fromarray(np.clip(values * (255 / top), 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")
