"""Regions as the lines of a label file of ultralytics: a class by its number, then shares of the image's sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lsal.brushes import mask_of
from lsal.errors import BadData
from lsal.geometry import upright
from lsal.models.yolo.outlines import whole_outline
from lsal.models.yolo.wishes import DETECT
from lsal.records import Box, Brush, Region

if TYPE_CHECKING:
    from lsal.records import Floats


def line_of(region: Region, size: tuple[int, int], labels: Sequence[str], task: str) -> str:
    """The line of one region on an image of `size` pixels; "" if nothing of it lies in the image.

    Raises BadData for a label that is not among `labels`, or a shape that the task does not know.
    """
    column = column_of(labels, region.label)
    numbers = _box(region, size) if task == DETECT else _outline(region)
    return " ".join([f"{column}", *(f"{number:.6f}" for number in numbers)]) if numbers else ""


def column_of(labels: Sequence[str], name: str) -> int:
    """The number of a class. Raises BadData, naming both, for one that the control does not have."""
    if name not in labels:
        raise BadData(f"there is no label '{name}', only: {', '.join(labels)}", "Add it to the label config")
    return list(labels).index(name)


def _box(region: Region, size: tuple[int, int]) -> list[float]:
    """Middle, width and height of the upright box around it."""
    if not isinstance(region.shape, Box):
        raise BadData(f"A region of '{region.label}' is no box", "Draw it as a rectangle")
    left, top, right, bottom = upright(region.shape, size)
    if right <= left or bottom <= top:
        return []
    return [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]


def _outline(region: Region) -> list[float]:
    corners = _corners(region)
    return [float(side) for side in corners.ravel()] if len(corners) >= 3 else []


def _corners(region: Region) -> Floats:
    """Corners (n, 2) around all that was drawn, within the image; none of what has no area there."""
    if isinstance(region.shape, Brush):
        return whole_outline(mask_of(region.shape))
    points = np.array(getattr(region.shape, "points", ()), np.float32).reshape(-1, 2)
    inside: Floats = np.clip(points, 0.0, 1.0)
    return inside if len(inside) and np.ptp(inside, axis=0).min() > 0 else inside[:0]
