"""Small sets of squares as COCO writes them: red ones are cats, blue ones dogs."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lsal.testing.materials import SIDE, square, squares

Told = dict[str, Any]
CATEGORIES = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]


def coco(
    folder: Path,
    numbers: Iterable[int],
    name: str = "annotations_train.json",
    outlines: bool = False,
    change: Callable[[Told], object] = lambda told: None,
) -> Path:
    """A folder with a file of images, one square in each; `change` may spoil what the file holds."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    told: Told = {"images": [], "annotations": [], "categories": [dict(one) for one in CATEGORIES]}
    for number in numbers:
        label = ("cat", "dog")[number % 2]
        image = squares(folder / "images", label, number)
        told["images"].append({"id": number, "file_name": f"images/{image.name}", "width": SIDE, "height": SIDE})
        told["annotations"].append(annotation(number, label, outlines))
    change(told)
    (folder / name).write_text(json.dumps(told), "utf-8")
    return folder


def annotation(number: int, label: str, outlines: bool) -> Told:
    left, top, side = square(number)
    category = next(one["id"] for one in CATEGORIES if one["name"] == label)
    told = {"id": 100 + number, "image_id": number, "category_id": category, "iscrowd": 0}
    told["bbox"] = [left, top, side, side]
    if outlines:
        told["segmentation"] = [[left, top, left + side, top, left + side, top + side, left, top + side]]
    return told
