"""The laws of a model family that finds objects in images: those of every model, and what regions add."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from lsal.geometry import outline, upright
from lsal.protocols import Model
from lsal.records import Box, Brush, Control, Example, Polygon, Region, Regions, Shape
from lsal.testing.materials import CLASSES, SIDE, square, squares
from lsal.testing.models import ModelContract

BOXES = Control("c", "x", "RectangleLabels", "Image", "image", CLASSES)
OUTLINES = Control("c", "x", "PolygonLabels", "Image", "image", CLASSES)
STROKES = Control("c", "x", "BrushLabels", "Image", "image", CLASSES)
HALF = 0.5


class RegionModelContract(ModelContract):
    """Every law of a model family of regions. Set `model` to the class.

    It is shown twelve pictures of 64 x 64 pixels, each with one square: red ones are cats, blue ones dogs.
    """

    inputs: ClassVar[Any] = squares
    controls: ClassVar[Sequence[Control]] = (BOXES, OUTLINES)
    """What the family can draw; `STROKES` is there too."""
    points: ClassVar[int] = 40
    """The most corners of an outline."""

    @pytest.fixture
    def examples(self, tmp_path: Path, control: Control) -> list[Example]:
        """Six cats and six dogs; an eel is never shown."""
        return [example_of(tmp_path, control, number) for number in range(12)]

    def test_learns_a_toy_of_twelve(self, control: Control, examples: list[Example]) -> None:
        """After training it finds most of the squares that it was shown, by their names, where they are."""
        assert len(found(self.learned(control, examples), examples)) >= 9

    def test_chances_are_a_full_class_vector(self, control: Control, examples: list[Example]) -> None:
        """A row for each region, a column for each class and one for none, summing to 1; the label follows them.

        Further rows are of regions too doubtful to be shown.
        """
        told = self.fitted(control, examples).predict([*examples, Example(7, None)])
        for p in told:
            assert isinstance(p.target, Regions)
            assert p.chances.shape[1] == len(CLASSES) + 1
            assert len(p.chances) >= len(p.target.items)
            assert p.chances.dtype == np.float32
            assert p.chances.sum(axis=1) == pytest.approx(1, abs=1e-5)
            assert (p.chances >= 0).all()
            for region, row in zip(p.target.items, p.chances, strict=False):
                assert region.label == CLASSES[int(row[:-1].argmax())]
                assert region.score is not None
                assert 0 <= region.score <= 1
        assert any(p.target.items for p in told if isinstance(p.target, Regions)), "lower its threshold in `quick`"

    def test_regions_lie_in_the_image_best_first(self, control: Control, examples: list[Example]) -> None:
        """Nothing beyond the edges, no outline with more corners than asked for; what is surest comes first."""
        for p in self.fitted(control, examples).predict(examples):
            assert isinstance(p.target, Regions)
            assert p.target.size == (SIDE, SIDE)
            scores = [region.score or 0.0 for region in p.target.items]
            assert scores == sorted(scores, reverse=True)
            for region in p.target.items:
                _check(region.shape, self.points)

    def test_an_unreadable_image_shows_nothing_and_says_why(self, control: Control, examples: list[Example]) -> None:
        """No region, and the problem that its example has."""
        (told,) = self.fitted(control, examples).predict([Example(5, None, problem="no such file")])
        assert told.target == Regions()
        assert told.problem == "no such file"


def example_of(folder: Path, control: Control, number: int) -> Example:
    """A picture with its one square, drawn as the control draws."""
    label = CLASSES[number % 2]
    region = Region(label, _drawn(control, number))
    return Example(100 + number, squares(folder, label, number), Regions((region,), (SIDE, SIDE)))


def box_of(shape: Shape) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in shares."""
    if isinstance(shape, Box):
        return upright(shape, (SIDE, SIDE))
    if isinstance(shape, Polygon):
        return outline(shape.points)
    from lsal.brushes import mask_of

    rows, columns = np.nonzero(mask_of(shape))
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    return (
        float(left / shape.width),
        float(top / shape.height),
        float(right / shape.width),
        float(bottom / shape.height),
    )


def overlap(one: Shape, other: Shape) -> float:
    """Intersection over union of the boxes around two shapes."""
    (a, b, c, d), (e, f, g, h) = box_of(one), box_of(other)
    common = max(0.0, min(c, g) - max(a, e)) * max(0.0, min(d, h) - max(b, f))
    return common / max(1e-9, (c - a) * (d - b) + (g - e) * (h - f) - common)


def found(model: Model, examples: Sequence[Example]) -> list[Example]:
    """The examples in which the model's surest region is the one that people drew."""
    told = zip(model.predict(examples), examples, strict=True)
    return [example for one, example in told if _right(one.target, example.target)]


def _drawn(control: Control, number: int) -> Shape:
    left, top, side = square(number)
    if control.tag.startswith("Rectangle"):
        return Box(left / SIDE, top / SIDE, side / SIDE, side / SIDE)
    if control.tag.startswith("Polygon"):
        corners = ((left, top), (left + side, top), (left + side, top + side), (left, top + side))
        return Polygon(tuple((x / SIDE, y / SIDE) for x, y in corners))
    from lsal.brushes import brush_of

    mask = np.zeros((SIDE, SIDE), bool)
    mask[top : top + side, left : left + side] = True
    return brush_of(mask)


def _right(told: object, true: object) -> bool:
    """Whether the surest region is the one that people drew."""
    if not isinstance(told, Regions) or not isinstance(true, Regions) or not told.items:
        return False
    best, wanted = told.items[0], true.items[0]
    return best.label == wanted.label and overlap(best.shape, wanted.shape) > HALF


def _check(shape: Shape, points: int) -> None:
    if isinstance(shape, Polygon):
        assert 3 <= len(shape.points) <= points
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in shape.points)
    elif isinstance(shape, Box):
        assert 0 <= shape.x <= shape.x + shape.width <= 1 + 1e-6
        assert 0 <= shape.y <= shape.y + shape.height <= 1 + 1e-6
    else:
        assert isinstance(shape, Brush)
        assert (shape.width, shape.height) == (SIDE, SIDE)
