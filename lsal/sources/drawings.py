"""What is drawn in an image, in pixels, turned into regions; and the size of an image as people see it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.brushes import brush_of
from lsal.errors import BadData
from lsal.opening import open_image
from lsal.records import Box, Point, Polygon, Region, Shape
from lsal.runs import mask_of_runs

SLACK = 1.0
"""Pixels by which a drawing may leave its image: rounding. It is cut at the edge."""
ORIENTATION = 0x0112
MEND = "Correct it, or take it out"

Item = Mapping[str, Any]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    """How annotations are read: their categories by id, and what is wanted: `boxes`, `outlines` or `masks`."""

    names: Mapping[int | str, str]
    kind: str


def outlined(annotation: Item) -> bool:
    """Whether an annotation has an outline, however it is written."""
    return bool(annotation.get("segmentation"))


def region(annotation: Item, drawn: Drawn, size: Size) -> Region:
    """One object. Raises BadData that begins with "has annotation"."""
    which, category = f"has annotation {annotation.get('id')}", annotation.get("category_id")
    if annotation.get("iscrowd"):
        raise BadData(f"{which}, which is a crowd and no single object", "Take it out of the file")
    label = drawn.names.get(category) if isinstance(category, int | str) else None
    if label is None:
        raise BadData(f"{which} of category {category!r:.40}, which the file does not list", "Add the category")
    return Region(label, READERS[drawn.kind](annotation, which, size))


def _box(annotation: Item, which: str, size: Size) -> Shape:
    told = annotation.get("bbox")
    if not isinstance(told, list) or len(told) != 4 or not all(map(_is_number, told)) or min(told[2:]) <= 0:
        raise BadData(f"{which}, whose bbox is no left, top, width and height: {told!r:.60}", MEND)
    (left, top), (right, bottom) = _within(
        [(told[0], told[1]), (told[0] + told[2], told[1] + told[3])], f"{which}, whose box", size
    )
    return Box(left, top, right - left, bottom - top)


def _outline(annotation: Item, which: str, size: Size) -> Shape:
    """The outline of an object; several parts become one, joined by lines without a width."""
    told = annotation.get("segmentation")
    if isinstance(told, dict):
        fix = "Convert it to polygons, or take all segmentation out to learn boxes"
        raise BadData(f"{which}, whose segmentation is a run-length code and no polygon", fix)
    if not told or not isinstance(told, list) or not all(map(_is_ring, told)):
        raise BadData(f"{which}, whose segmentation is no list of polygons: {told!r:.60}", MEND)
    rings = [list(zip(ring[::2], ring[1::2], strict=True)) for ring in told]
    return Polygon(tuple(_within(_joined(rings), f"{which}, whose outline", size)))


def _mask(annotation: Item, which: str, size: Size) -> Shape:
    told = annotation.get("segmentation")
    try:
        mask = mask_of_runs(told if isinstance(told, dict) else {}, size)
    except BadData as error:
        raise BadData(f"{which}, whose segmentation {error.what}", MEND) from None
    if not mask.any():
        raise BadData(f"{which}, whose mask holds nothing of the image", MEND)
    return brush_of(mask)


READERS = {"boxes": _box, "outlines": _outline, "masks": _mask}


def _joined(rings: Sequence[list[Point]]) -> list[Point]:
    """One ring that goes from each part to the next and back, where they are nearest to each other."""
    whole = list(rings[0])
    for ring in rings[1:]:
        pairs = ((math.dist(a, b), i, j) for i, a in enumerate(whole) for j, b in enumerate(ring))
        _, here, there = min(pairs)
        whole = [*whole[: here + 1], *ring[there:], *ring[: there + 1], *whole[here:]]
    return whole


def _within(points: Sequence[Point], what: str, size: Size) -> list[Point]:
    """The points in shares of the image, cut at its edge; raises BadData if they are outside of it."""
    width, height = size
    for x, y in points:
        if not (-SLACK <= x <= width + SLACK and -SLACK <= y <= height + SLACK):
            raise BadData(f"{what} leaves the image's {width} x {height} pixels at {x:g}, {y:g}", MEND)
    inside = [(min(max(x / width, 0.0), 1.0), min(max(y / height, 0.0), 1.0)) for x, y in points]
    if len({x for x, _ in inside}) < 2 or len({y for _, y in inside}) < 2:
        raise BadData(f"{what} holds nothing of the image", MEND)
    return inside


def upright_size(file: Path, stated: tuple[Any, Any]) -> Size:
    """The width and height in which the coordinates count, and people see the image.

    Raises BadData for a file that is no image, that has not the `stated` size, or that is shown turned
    by its EXIF data: what the coordinates mean then depends on the program that wrote them.
    """
    try:
        with open_image(file) as image:
            stored, turn = image.size, int(image.getexif().get(ORIENTATION, 1) or 1)
    except Exception as error:  # decoders raise anything, and one broken file must not stop the others
        why = f"is no image that can be read ({type(error).__name__})"
        raise BadData(why, "Replace the file, or take it out") from None
    seen: Size = stored[::-1] if turn >= 5 else stored
    if turn != 1 and (stated != seen or seen == stored):
        raise BadData("is turned by its EXIF data, which does not say where its objects are", "Store it upright")
    if any(side is not None for side in stated) and stated != seen:
        told = " x ".join(str(side) for side in stated)
        raise BadData(f"has {seen[0]} x {seen[1]} pixels, and not the {told} that are stated", "Correct the size")
    return seen


def _is_ring(value: Any) -> bool:
    return isinstance(value, list) and len(value) >= 6 and len(value) % 2 == 0 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
