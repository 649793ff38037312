"""Shapes on photographs: a small set of boxes, drawn on crops of the two that scikit-learn ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from lsal.files import write_json
from lsal.sources.coco import TEST, TRAIN
from lsal.sources.images import keep_drawn

CLASSES = ("disc", "square", "triangle")
SIDE = 160
"""Pixels of an image, which is square."""
COUNTS = {TRAIN: 240, TEST: 80}
EMPTY = 0.15
"""The share of images that show none."""
MOST = 6
"""Shapes in one image."""
SMALLEST, LARGEST = 28, 60
COVERED = 0.3
"""The share of the smaller of two shapes' boxes that the other may cover, so that its extent still shows."""
SUPER = 2
"""Drawn so many times as large and then scaled down, edges come out smooth."""

Box = tuple[int, int, int, int]
"""Left, top, width and height in pixels, as COCO has it."""


def draw_shapes(folder: Path) -> Path:
    """The same set each time as a COCO folder: `images/`, and a file for training and one for testing."""
    from sklearn.datasets import load_sample_images

    photographs, draw = load_sample_images().images, np.random.default_rng(0)
    (folder / "images").mkdir(parents=True, exist_ok=True)
    categories = [{"id": number, "name": name} for number, name in enumerate(CLASSES)]
    for file, count in COUNTS.items():
        images, annotations = list[dict[str, Any]](), list[dict[str, Any]]()
        for number in range(count):
            name = f"images/{file.removesuffix('.json').rpartition('_')[2]}-{number:03d}.jpg"
            image, found = _image(photographs[draw.integers(len(photographs))], draw)
            keep_drawn(image, folder / name, "JPEG", quality=90)
            images.append({"id": number, "file_name": name, "width": SIDE, "height": SIDE})
            annotations += [{"image_id": number, "category_id": which, "bbox": box} for which, box in found]
        numbered = [{"id": number, **one} for number, one in enumerate(annotations)]
        write_json(folder / file, {"images": images, "annotations": numbered, "categories": categories})
    return folder


def _image(photograph: Any, draw: np.random.Generator) -> tuple[Image.Image, list[tuple[int, Box]]]:
    """A crop with up to MOST shapes on it, and which they are and where."""
    image = _crop(photograph, draw)
    found = list[tuple[int, Box]]()
    for _ in range(0 if draw.random() < EMPTY else draw.integers(1, MOST + 1)):
        which, box = int(draw.integers(len(CLASSES))), _place(draw)
        if all(_covered(box, other) <= COVERED for _, other in found):
            _draw(image, CLASSES[which], box, tuple(draw.integers(0, 256, 3).tolist()))
            found.append((which, box))
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS), found


def _crop(photograph: Any, draw: np.random.Generator) -> Image.Image:
    """A square of the photograph, half of them mirrored."""
    height, width = photograph.shape[:2]
    side = int(draw.integers(SIDE, 2 * SIDE))
    left, top = int(draw.integers(width - side)), int(draw.integers(height - side))
    crop = photograph[top : top + side, left : left + side]
    return Image.fromarray(crop[:, :: draw.choice([-1, 1])]).resize((SIDE * SUPER, SIDE * SUPER))


def _place(draw: np.random.Generator) -> Box:
    side = int(draw.integers(SMALLEST, LARGEST))
    left, top = draw.integers(0, SIDE - side, 2).tolist()
    return left, top, side, side


def _covered(one: Box, other: Box) -> float:
    """How much of the smaller box lies in the other."""
    across = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    down = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down) / min(one[2] * one[3], other[2] * other[3])


def _draw(image: Image.Image, name: str, box: Box, colour: tuple[int, ...]) -> None:
    left, top, side = (SUPER * value for value in box[:3])
    pen, right, bottom = ImageDraw.Draw(image), left + side, top + side
    if name == "disc":
        pen.ellipse((left, top, right - 1, bottom - 1), fill=colour)
    elif name == "square":
        pen.rectangle((left, top, right - 1, bottom - 1), fill=colour)
    else:
        pen.polygon(((left + side / 2, top), (right - 1, bottom - 1), (left, bottom - 1)), fill=colour)
