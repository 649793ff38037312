"""Targets and inputs as plain values for JSON, and back: labels by name, regions with their shapes, spans."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any

from lsal.records import (
    Box,
    Brush,
    Labels,
    Layout,
    Polygon,
    Region,
    Regions,
    Shape,
    Span,
    Spans,
    Target,
)


def to_plain(target: Target | None) -> dict[str, Any] | None:
    """The target as JSON can hold it; a brush stroke's bytes in base64."""
    if target is None:
        return None
    if isinstance(target, Labels):
        return {"names": list(target.names)}
    if isinstance(target, Spans):
        return {"spans": [_span(span) for span in target.items]}
    words = {"words": list(target.words)} if isinstance(target, Layout) else {}
    return {"regions": [_region(region) for region in target.items], "size": target.size, **words}


def from_plain(kept: Mapping[str, Any] | None) -> Target | None:
    """What `to_plain` made."""
    if kept is None:
        return None
    if "names" in kept:
        return Labels(tuple(kept["names"]))
    if "spans" in kept:
        return Spans(tuple(_read_span(each) for each in kept["spans"]))
    size = (kept["size"][0], kept["size"][1]) if kept["size"] else None
    regions = tuple(Region(each["label"], _read_shape(each), each.get("score")) for each in kept["regions"])
    return Layout(regions, size, tuple(kept["words"])) if "words" in kept else Regions(regions, size)


def _read_span(kept: Mapping[str, Any]) -> Span:
    start, end = kept["at"]
    return Span(start, end, kept["label"], kept.get("score"))


def _span(span: Span) -> dict[str, Any]:
    scored = {} if span.score is None else {"score": span.score}
    return {"label": span.label, "at": [span.start, span.end], **scored}


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
