"""Masks become outlines that a person can edit, or strokes."""

from pathlib import Path

import numpy as np
import pytest
from yolo_toys import OUTLINES, QUICK, fitted

from lsal.brushes import mask_of
from lsal.models.yolo.outlines import outline_of, whole_outline
from lsal.records import Brush, Polygon
from lsal.testing import regions
from lsal.testing.regions import example_of


class TestOutlines:
    @pytest.fixture
    def disc(self) -> np.ndarray:
        rows, columns = np.mgrid[:300, :400]
        return (rows - 140) ** 2 + (columns - 220) ** 2 < 100**2

    @pytest.mark.parametrize("points", [3, 8, 20, 40])
    def test_simplified_to_a_budget_they_still_fit(self, disc: np.ndarray, points: int) -> None:
        import cv2

        corners = outline_of(disc, points)
        assert 3 <= len(corners) <= points
        drawn = np.zeros(disc.shape, np.uint8)
        pixels = np.round(np.array(corners) * (400, 300) - 0.5).astype(np.int32)
        cv2.fillPoly(drawn, [pixels], 1)
        fits = (drawn.astype(bool) & disc).sum() / (drawn.astype(bool) | disc).sum()
        assert fits > {3: 0.3, 8: 0.85, 20: 0.95, 40: 0.98}[points]

    def test_of_a_square_they_are_its_corners(self) -> None:
        mask = np.zeros((100, 100), bool)
        mask[20:60, 30:80] = True
        corners = np.array(outline_of(mask, 40))
        assert len(corners) == 4
        wanted = np.array([(0.3, 0.2), (0.8, 0.2), (0.8, 0.6), (0.3, 0.6)])
        assert np.abs(corners[:, None] - wanted[None]).max(axis=2).min(axis=1).max() < 0.005

    def test_nothing_specks_and_lines(self) -> None:
        assert outline_of(np.zeros((9, 9), bool), 5) == ()
        line = np.zeros((50, 50), bool)
        line[25, 10:40] = True
        assert 3 <= len(outline_of(line, 5)) <= 5
        line[5, 5] = True  # a speck is no part
        assert min(y for _, y in outline_of(line, 5)) > 0.4

    def test_parts_are_taught_as_one(self) -> None:
        mask = np.zeros((50, 50), bool)
        mask[5:20, 5:20] = mask[30:45, 30:45] = True
        points = whole_outline(mask)
        assert points.min(axis=0) == pytest.approx([0.1, 0.1], abs=0.01)
        assert points.max(axis=0) == pytest.approx([0.9, 0.9], abs=0.01)

    def test_strokes_are_learned_and_painted_on_the_whole_picture(self, tmp_path: Path) -> None:
        painted = [example_of(tmp_path, regions.STROKES, number) for number in range(4)]
        model = fitted(regions.STROKES, painted, {**OUTLINES, **QUICK})
        shapes = [region.shape for p in model.predict(painted) for region in p.target.items[:3]]
        assert shapes
        for shape in shapes:
            assert isinstance(shape, Brush)
            assert (shape.width, shape.height) == (64, 64)
            assert mask_of(shape).shape == (64, 64)

    def test_the_budget_is_an_option(self, tmp_path: Path) -> None:
        drawn = [example_of(tmp_path, regions.OUTLINES, number) for number in range(4)]
        model = fitted(regions.OUTLINES, drawn, {**OUTLINES, **QUICK, "points": 5})
        shapes = [region.shape for p in model.predict(drawn) for region in p.target.items]
        assert shapes
        assert all(isinstance(shape, Polygon) and 3 <= len(shape.points) <= 5 for shape in shapes)
