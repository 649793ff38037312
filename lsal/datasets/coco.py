"""COCO's layout: images/, annotations_train.json and annotations_val.json, everything in pixels.

Lin et al. 2014, Microsoft COCO. `lsal new FOLDER` reads it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lsal.brushes import mask_of
from lsal.datasets.placing import name_of, place, refuse_unnamed
from lsal.datasets.record import PARTS
from lsal.errors import BadData
from lsal.files import to_json
from lsal.geometry import outline, upright
from lsal.models.pictures import Header
from lsal.models.yolo.labels import column_of
from lsal.models.yolo.wishes import DETECT
from lsal.records import Box, Brush, Example, Polygon, Region
from lsal.runs import runs_of

DIGITS = 3
"""Of a pixel: more than a hand draws."""

Item = dict[str, Any]


class Coco:
    """Boxes upright, outlines as polygons, masks as run-length codes, pixel by pixel."""

    def __init__(self, folder: Path, labels: Sequence[str], task: str) -> None:
        self.folder, self.labels, self.task = folder, labels, task
        self.anew = self.dropped = 0
        self._images: dict[str, list[Item]] = {part: [] for part in PARTS}
        self._annotations: dict[str, list[Item]] = {part: [] for part in PARTS}
        self._count = 0
        (folder / "images").mkdir()

    def put(self, part: str, example: Example, header: Header) -> int:
        """One image with its objects; its id is that of the task."""
        path, regions = example.file, getattr(example.target, "items", ())
        drawn = [self._drawn(each, header.size) for each in regions if each.label]
        found = [one for one in drawn if one]
        refuse_unnamed(regions, len(found))
        # Programs differ in whether they turn photos as their EXIF data say: here none is left to be turned.
        placed, anew = place(path, header, self.folder / "images" / name_of(example.task_id, path), turned=False)
        self.anew += anew
        self.dropped += len(regions) - len(found)
        width, height = header.size
        self._images[part].append({"id": example.task_id, "file_name": placed.name, "width": width, "height": height})
        for one in found:
            self._count += 1
            self._annotations[part].append({"id": self._count, "image_id": example.task_id, **one, "iscrowd": 0})
        return len(found)

    def end(self, has_val: bool) -> None:
        """Write both parts, that which a folder is known by last."""
        categories = [{"id": number, "name": label} for number, label in enumerate(self.labels, 1)]
        for part in reversed(PARTS):
            told = {"images": self._images[part], "annotations": self._annotations[part], "categories": categories}
            (self.folder / f"annotations_{part}.json").write_bytes(to_json(told))

    def _drawn(self, region: Region, size: tuple[int, int]) -> Item:
        """Class, place and size of an object; nothing of what has no area in the image."""
        category, shape = column_of(self.labels, region.label) + 1, region.shape
        if self.task == DETECT:
            if not isinstance(shape, Box):
                raise BadData(f"A region of '{region.label}' is no box", "Draw it as a rectangle")
            told = _box(upright(shape, size), size)
        elif isinstance(shape, Brush):
            told = _mask(shape, size)
        else:
            told = _outline(shape, size) if isinstance(shape, Polygon) else {}
        return {"category_id": category, **told} if told else {}


def _box(sides: tuple[float, float, float, float], size: tuple[int, int]) -> Item:
    width, height = size
    left, top, right, bottom = sides[0] * width, sides[1] * height, sides[2] * width, sides[3] * height
    bbox = [round(value, DIGITS) for value in (left, top, right - left, bottom - top)]
    return {"bbox": bbox, "area": round(bbox[2] * bbox[3], DIGITS), "segmentation": []} if min(bbox[2:]) > 0 else {}


def _outline(shape: Polygon, size: tuple[int, int]) -> Item:
    inside = [(min(max(x, 0.0), 1.0) * size[0], min(max(y, 0.0), 1.0) * size[1]) for x, y in shape.points]
    told = _box(outline(shape.points), size)
    if len(inside) < 3 or not told:
        return {}
    ring = [round(value, DIGITS) for point in inside for value in point]
    following = [*inside[1:], inside[0]]
    twice = sum(x * below - right * y for (x, y), (right, below) in zip(inside, following, strict=True))
    return told | {"segmentation": [ring], "area": round(abs(twice) / 2, DIGITS)}


def _mask(shape: Brush, size: tuple[int, int]) -> Item:
    if (shape.width, shape.height) != size:
        what = f"A brush stroke is of {shape.width} x {shape.height} pixels, the image of {size[0]} x {size[1]}"
        raise BadData(what, "Draw it again")
    mask = mask_of(shape)
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return {}
    left, top = int(columns[0]), int(rows[0])
    bbox = [left, top, int(columns[-1]) + 1 - left, int(rows[-1]) + 1 - top]
    told = {"counts": runs_of(mask), "size": [shape.height, shape.width]}
    return {"bbox": bbox, "area": int(mask.sum()), "segmentation": told}
