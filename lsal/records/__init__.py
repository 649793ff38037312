"""The nouns of lsal: plain, immutable records that every floor shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsal.records.answers import Picks, Pool, Prediction, Progress
from lsal.records.shapes import Box, Brush, Point, Polygon, Region, Regions, Shape
from lsal.records.tasks import PATH, Annotation, Control, Example, Input, Labels, Target, Task
from lsal.records.texts import Layout, Page, Passage, Piece, Span, Spans
from lsal.records.versions import Entry, Publication, Ranking, Version
from lsal.records.wishes import Wishes

if TYPE_CHECKING:
    from lsal.records.arrays import Floats, Ints

__all__ = [
    "PATH",
    "Annotation",
    "Box",
    "Brush",
    "Control",
    "Entry",
    "Example",
    "Floats",
    "Input",
    "Ints",
    "Labels",
    "Layout",
    "Page",
    "Passage",
    "Picks",
    "Piece",
    "Point",
    "Polygon",
    "Pool",
    "Prediction",
    "Progress",
    "Publication",
    "Ranking",
    "Region",
    "Regions",
    "Shape",
    "Span",
    "Spans",
    "Target",
    "Task",
    "Version",
    "Wishes",
]
