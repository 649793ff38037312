"""Shapes as upright boxes: what is turned or outlined, in shares of an image's width and height."""

from __future__ import annotations

import math
from collections.abc import Sequence

from lsal.records import Box, Point


def corners(box: Box, size: tuple[int, int]) -> tuple[Point, ...]:
    """The four corners of a box on an image of `size` pixels, clockwise from the one it is turned about.

    It is turned in pixels: in shares of a width and a height that differ, no angle is kept.
    """
    width, height = size
    turned = math.radians(box.angle)
    along = math.cos(turned) * box.width * width, math.sin(turned) * box.width * width
    down = -math.sin(turned) * box.height * height, math.cos(turned) * box.height * height
    steps = ((0.0, 0.0), along, (along[0] + down[0], along[1] + down[1]), down)
    return tuple((box.x + right / width, box.y + below / height) for right, below in steps)


def upright(box: Box, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """The smallest upright box around a turned one, within the image: left, top, right, bottom."""
    return outline(corners(box, size)) if box.angle % 360 else outline(((box.x, box.y), _opposite(box)))


def outline(points: Sequence[Point]) -> tuple[float, float, float, float]:
    """The upright box around an outline, within the image: left, top, right, bottom."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in (min(xs), min(ys), max(xs), max(ys)))
    return left, top, right, bottom


def _opposite(box: Box) -> Point:
    return box.x + box.width, box.y + box.height
