"""Shapes of regions <-> the `value` of a region in Label Studio's JSON, which counts in percent."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeGuard

from lsal.errors import BadData
from lsal.records import Box, Brush, Point, Polygon, Shape

PERCENT = 100.0
LONGEST = 1_000_000
"""Pixels of an image's side, at most."""


def read_shape(item: Mapping[str, Any]) -> Shape:
    """The shape of one region; raises BadData that names the field."""
    value = item.get("value")
    if not isinstance(value, Mapping):
        raise BadData(f"A region has no value: {value!r:.80}", "Draw it again")
    if item.get("image_rotation"):
        raise BadData("A region was drawn on a turned image", "Turn it back, draw it again")
    if "points" in value:
        return Polygon(tuple(_point(pair) for pair in _list(value, "points")))
    if "rle" in value:
        return _read_brush(item, value)
    x, y, width, height = (_number(value, side) / PERCENT for side in ("x", "y", "width", "height"))
    return Box(x, y, width, height, _number(value, "rotation", 0.0))


def write_shape(shape: Shape) -> dict[str, Any]:
    """The `value` of a region, without its label."""
    if isinstance(shape, Polygon):
        return {"points": [[x * PERCENT, y * PERCENT] for x, y in shape.points], "closed": True}
    if isinstance(shape, Brush):
        return {"format": "rle", "rle": list(shape.rle)}
    sides = {side: getattr(shape, side) * PERCENT for side in ("x", "y", "width", "height")}
    return sides | {"rotation": shape.angle}


def is_side(value: Any) -> TypeGuard[int]:
    """Whether a value can be how many pixels an image is wide, or high."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LONGEST


def _read_brush(item: Mapping[str, Any], value: Mapping[str, Any]) -> Brush:
    size = [item.get(side) for side in ("original_width", "original_height")]
    if not all(map(is_side, size)):
        raise BadData(f"A brush stroke does not say how large its image is: {size!r:.80}", "Draw it again")
    try:
        return Brush(bytes(_list(value, "rle")), *size)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise BadData("A brush stroke's rle is no list of numbers from 0 to 255", "Draw it again") from None


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value[name]
    if not isinstance(found, list):
        raise BadData(f"A region's {name} are no list: {found!r:.80}", "Draw it again")
    return found


def _point(pair: Any) -> Point:
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(_is_number(each) for each in pair):
        raise BadData(f"A corner of a polygon is no pair of numbers: {pair!r:.80}", "Draw it again")
    return pair[0] / PERCENT, pair[1] / PERCENT


def _number(value: Mapping[str, Any], name: str, otherwise: float | None = None) -> float:
    found = value.get(name, otherwise)
    if not _is_number(found):
        raise BadData(f"A region's {name} is no number: {found!r:.80}", "Draw it again")
    return float(found)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
