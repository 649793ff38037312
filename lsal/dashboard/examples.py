"""What models learn from and what they say, as sheets: regions are drawn on the image where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsal.dashboard.colours import NO_CLASS, colours_of, worth_showing
from lsal.dashboard.pictures import Picture
from lsal.dashboard.tables import Sheet
from lsal.dashboard.wording import cut, percent
from lsal.phrases import counted
from lsal.records import Box, Brush, Example, Page, Polygon, Prediction, Regions, Shape

LETTERS = 80
PICTURED = 12
"""Rows with a picture."""


def example_sheet(shown: Sequence[Example]) -> Sheet:
    """A line for each: the input, and what people said."""
    rows = tuple((str(one.task_id), _input(one), one.problem or _said(one)) for one in shown)
    colours = colours_of(sorted({name for one in shown if one.target is not None for name in one.target.names if name}))
    pictures = {
        (line, 1): Picture(file, one.target.items if isinstance(one.target, Regions) else (), colours)
        for line, one in enumerate(shown[:PICTURED])
        if (file := _image(one)) is not None
    }
    drawn = any(one.regions for one in pictures.values())
    columns = ("task", "input", "people said")
    return Sheet(counted(len(shown), "example"), (), columns, rows, (), pictures, colours if drawn else {})


def prediction_sheet(shown: Sequence[Prediction]) -> Sheet:
    """A line for each: what the model says, and how sure it is of the least certain part."""
    rows = tuple((str(one.task_id), one.problem or _text(one), percent(one.confidence)) for one in shown)
    columns = ("task", "model says", "confidence")
    return Sheet(counted(len(shown), "prediction"), columns=columns, rows=rows)


def regions_sheet(shown: Regions) -> Sheet:
    """A line for each region; places are in percent of the image, as Label Studio counts."""
    of = f" in {shown.size[0]} x {shown.size[1]} pixels" if shown.size else ""
    rows = tuple((one.label or NO_CLASS, percent(one.score), _where(one.shape)) for one in shown.items)
    return Sheet(counted(len(rows), "region") + of, columns=("class", "confidence", "where") if rows else (), rows=rows)


def _input(one: Example) -> str:
    file = _image(one)
    return file.name if file else cut(str(one.input or ""), LETTERS)


def _image(one: Example) -> Path | None:
    if isinstance(one.input, Page):
        return one.input.image
    return one.input if isinstance(one.input, Path) else None


def _said(one: Example) -> str:
    return one.target.text if one.target is not None else "nothing yet"


def _text(one: Prediction) -> str:
    """What it says; of regions only what a person would be shown."""
    told = one.target
    return Regions(worth_showing(told.items)).text if isinstance(told, Regions) else told.text


def _where(shape: Shape) -> str:
    match shape:
        case Box(x, y, width, height, angle):
            turned = f", turned by {angle:.0f}°" if angle else ""
            return f"{100 * x:.1f}, {100 * y:.1f}: {100 * width:.1f} x {100 * height:.1f} %{turned}"
        case Polygon(points):
            return f"an outline of {counted(len(points), 'corner')}"
        case Brush():
            return "a mask"
