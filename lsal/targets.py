"""Targets as plain values for JSON, and back: labels by name, regions with their shapes."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from lsal.records import Box, Brush, Labels, Polygon, Region, Regions, Shape, Target


def to_plain(target: Target | None) -> dict[str, Any] | None:
    """The target as JSON can hold it; a brush stroke's bytes in base64."""
    if target is None:
        return None
    if isinstance(target, Labels):
        return {"names": list(target.names)}
    return {"regions": [_region(region) for region in target.items], "size": target.size}


def from_plain(kept: Mapping[str, Any] | None) -> Target | None:
    """What `to_plain` made."""
    if kept is None:
        return None
    if "names" in kept:
        return Labels(tuple(kept["names"]))
    size = kept["size"]
    regions = (Region(each["label"], _read_shape(each), each.get("score")) for each in kept["regions"])
    return Regions(tuple(regions), (size[0], size[1]) if size else None)


def _region(region: Region) -> dict[str, Any]:
    scored = {} if region.score is None else {"score": region.score}
    return {"label": region.label, **_shape(region.shape), **scored}


def _shape(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Box):
        return {"box": [shape.x, shape.y, shape.width, shape.height, shape.angle]}
    if isinstance(shape, Polygon):
        return {"points": [list(point) for point in shape.points]}
    return {"rle": b64encode(shape.rle).decode(), "of": [shape.width, shape.height]}


def _read_shape(kept: Mapping[str, Any]) -> Shape:
    if "box" in kept:
        return Box(*kept["box"])
    if "points" in kept:
        return Polygon(tuple((x, y) for x, y in kept["points"]))
    return Brush(b64decode(kept["rle"]), *kept["of"])
