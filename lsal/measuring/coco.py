"""Matching the regions of answers with those of people, by faster-coco-eval. Imported when first used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import faster_coco_eval.faster_eval_api_cpp as compiled
import numpy as np
from faster_coco_eval import COCO, COCOeval_faster
from faster_coco_eval.core import mask as rle
from numpy.typing import NDArray

from lsal.brushes import mask_of
from lsal.geometry import outline, upright
from lsal.records import Box, Brush, Polygon
from lsal.targets import from_plain

EVERY_SIZE = [0.0, 1e10]
MOST = 100
GRID = 512
"""Sides of the square on which outlines and masks are compared: an overlap does not depend on the image's sides."""
SEED = 0


class Matched:
    """Answers matched with the truth: average precisions over all images, and over resamples of them."""

    def __init__(self, evaluation: Any, images: int, classes: int) -> None:
        self.images, self._classes, self._eval = images, classes, {}
        if images and classes:  # the library fails on nothing
            evaluation.evaluate()
            self._parameters, self._by_image = evaluation._paramsEval, evaluation._evalImgs_cpp
            self._eval = self._accumulated(range(images))

    def mean(self, overlap: int | None = None) -> float | None:
        """The mean over the classes that occur: at one threshold (0 is an overlap of .5), or over all ten."""
        return _mean(self._precision[overlap] if overlap is not None else self._precision)

    def of_class(self, column: int) -> Mapping[str, float | None]:
        """The average precision of one class, at .5 and over all thresholds."""
        own = self._precision[:, :, column]
        return {"AP50": _mean(own[0]), "AP50-95": _mean(own)}

    @property
    def overlap(self) -> float | None:
        """The mean overlap of the regions that were found at a threshold of .5; None if none was."""
        found = [float(one) for one in self._eval.get("matched", {}).values()]
        return sum(found) / len(found) if found else None

    def resampled(self, times: int, overlap: int | None = 0) -> list[float]:
        """The mean at .5, or over all thresholds, over so many resamples of the images, the same ones each time."""
        draw, found = np.random.default_rng(SEED), []
        for _ in range(times):
            picked = draw.integers(0, self.images, self.images)
            precision = np.asarray(self._accumulated(picked)["precision"])[:, :, :, 0, 0]
            found.append(_mean(precision if overlap is None else precision[overlap]) or 0.0)
        return found

    @property
    def _precision(self) -> NDArray[Any]:
        """Thresholds x recalls x classes; -1 for a class that nobody gave."""
        if not self._eval:
            return np.full((10, 101, max(1, self._classes)), -1.0)
        return np.asarray(self._eval["precision"])[:, :, :, 0, 0]

    def _accumulated(self, images: Any) -> Any:
        rows = [self._by_image[c * self.images + int(i)] for c in range(self._classes) for i in images]
        return compiled.COCOevalAccumulate(self._parameters, rows)


def match(said: Sequence[Any], truth: Sequence[Any], labels: Sequence[str], masks: bool) -> Matched:
    """Answers and truths of the same images, in order, as `Objects.plain` keeps them."""
    images = [{"id": n, "width": GRID, "height": GRID} for n in range(len(truth))]
    categories = [{"id": n, "name": label} for n, label in enumerate(labels)]
    given = [one for n, told in enumerate(truth) for one in _annotations(n, told, labels, masks)]
    found = [one for n, told in enumerate(said) for one in _annotations(n, told, labels, masks)]
    known = COCO(_numbered(images, categories, given), print_function=_silent)
    told = COCO(_numbered(images, categories, found), print_function=_silent)
    evaluation = COCOeval_faster(known, told, "segm" if masks else "bbox", print_function=_silent, separate_eval=True)
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [EVERY_SIZE], ["all"]
    evaluation.params.maxDets = [MOST]
    return Matched(evaluation, len(images), len(categories))


def overlaps(
    said: Any, truth: Any, labels: Sequence[str], masks: bool
) -> tuple[dict[tuple[int, int], float], list[str], list[str]]:
    """How far the regions of one image overlap, by (place in the truth, place in the answer) where they do at all;
    and the classes of the regions of the answer, and of the truth.
    """
    found, given = (_annotations(0, told, labels, masks) for told in (said, truth))
    told, drawn = ([labels[row["category_id"]] for row in rows] for rows in (found, given))
    if not found or not given:
        return {}, told, drawn
    shape = "segmentation" if masks else "bbox"
    sides = ([row[shape] for row in rows] for rows in (found, given))
    shares = rle.iou(*(side if masks else np.asarray(side, np.float64) for side in sides), [0] * len(given))
    return {(int(n), int(m)): float(shares[m, n]) for m, n in np.argwhere(shares > 0)}, told, drawn


def _numbered(images: list[Any], categories: list[Any], annotations: list[dict[str, Any]]) -> dict[str, Any]:
    numbered = [{"id": n, **one} for n, one in enumerate(annotations, 1)]
    return {"images": images, "categories": categories, "annotations": numbered}


def _annotations(image: int, told: Any, labels: Sequence[str], masks: bool) -> list[dict[str, Any]]:
    """The regions of one image as COCO writes them; one without a known class is none."""
    target = from_plain(told)
    rows = []
    for region in getattr(target, "items", ()):
        if region.label in labels:
            shape = _mask(region.shape, target) if masks else _box(region.shape, target)
            score = {} if region.score is None else {"score": region.score}
            rows.append({"image_id": image, "category_id": list(labels).index(region.label), **shape, **score})
    return [{"iscrowd": 0, **row} for row in rows]


def _box(shape: Any, target: Any) -> dict[str, Any]:
    left, top, right, bottom = _sides(shape, target)
    sides = [left * GRID, top * GRID, (right - left) * GRID, (bottom - top) * GRID]
    return {"bbox": sides, "area": sides[2] * sides[3]}


def _sides(shape: Any, target: Any) -> tuple[float, float, float, float]:
    if isinstance(shape, Box):
        return upright(shape, target.size or (1, 1))
    if isinstance(shape, Polygon):
        return outline(shape.points)
    rows, columns = np.nonzero(mask_of(shape))
    if not len(rows):
        return 0.0, 0.0, 0.0, 0.0
    height, width = shape.height, shape.width
    return columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height


def _mask(shape: Any, target: Any) -> dict[str, Any]:
    if isinstance(shape, Brush):
        encoded = rle.encode(np.asfortranarray(_squared(mask_of(shape)), dtype=np.uint8))
    else:
        points = shape.points if isinstance(shape, Polygon) else _ring(_sides(shape, target))
        flat = [share * GRID for point in points for share in point]
        encoded = rle.merge(rle.frPyObjects([flat], GRID, GRID))
    return {"segmentation": encoded, "area": float(rle.area(encoded)), "bbox": [float(x) for x in rle.toBbox(encoded)]}


def _squared(mask: NDArray[Any]) -> NDArray[Any]:
    """The mask on the square, each point of it by the pixel that it lies in."""
    height, width = mask.shape
    places = (np.arange(GRID) + 0.5) / GRID
    chosen: NDArray[Any] = mask[np.ix_((places * height).astype(int), (places * width).astype(int))]
    return chosen


def _ring(sides: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    left, top, right, bottom = sides
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _mean(precision: NDArray[Any]) -> float | None:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else None


def _silent(*words: object) -> None:
    """The library would print its progress."""
