"""From what was found in a picture to a prediction: regions with scores and chances, or a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lsal.brushes import brush_of
from lsal.models.pictures import Picture
from lsal.models.yolo.naming import Meaning
from lsal.models.yolo.outlines import outline_of
from lsal.models.yolo.reading import Found
from lsal.models.yolo.wishes import CLASSIFY, task_of, tool_of
from lsal.records import Box, Control, Example, Labels, Polygon, Prediction, Region, Regions, Shape

if TYPE_CHECKING:
    from lsal.records import Floats

TINY = 1e-12
"""A network may be so sure of a class that means nothing here that the known ones come out as 0."""


def regions(
    control: Control, example: Example, picture: Picture, found: Found, meaning: Meaning, points: int, shown: float
) -> Prediction:
    """The regions from a confidence of `shown` on, best first, each with the network's own; and a row of chances for
    each that was found, those that are not shown after the others.
    """
    items = []
    for n, figures in enumerate(found.chances):
        if figures.max() < shown:
            break
        label = control.labels[meaning.known[int(figures.argmax())]] if meaning.known else ""
        items.append(Region(label, _shape(control, found, n, picture, points), float(figures.max())))
    chances = shares(_spread(found.chances, meaning, len(control.labels)))
    return Prediction(example.task_id, Regions(tuple(items), picture.header.size), chances, found.embedding)


def classes(
    control: Control, example: Example, picture: Picture, found: Found, meaning: Meaning, points: int, shown: float
) -> Prediction:
    """The most likely class; the chances of the known ones sum to 1."""
    figures = _spread(np.maximum(found.chances, TINY), meaning, len(control.labels))
    chances = (figures / figures.sum(axis=1, keepdims=True)).astype(np.float32)
    return Prediction(example.task_id, Labels((control.labels[int(chances[0].argmax())],)), chances, found.embedding)


def unreadable(control: Control, example: Example, why: str, prior: Floats) -> Prediction:
    """The answer for an image that cannot be read: no region, or the prior of the classes."""
    if task_of(control) == CLASSIFY:
        likely = Labels((control.labels[int(prior.argmax())],))
        return Prediction(example.task_id, likely, prior[None].astype(np.float32), problem=why)
    nothing = np.zeros((0, len(control.labels) + 1), np.float32)
    return Prediction(example.task_id, Regions(), nothing, problem=why)


def shares(figures: Floats) -> Floats:
    """Rows that sum to 1, float32 (n, classes + 1), from independent figures (n, classes).

    The network says of each class by itself how likely it is. The last column is the chance of
    none of them, the product of all 1 - p; the rest is shared among the classes as the figures are.
    """
    figures = np.clip(figures.astype(np.float64), 0.0, 1.0)
    none = np.prod(1.0 - figures, axis=1, keepdims=True)
    total = np.maximum(figures.sum(axis=1, keepdims=True), 1e-12)
    rows = np.concatenate([figures / total * (1.0 - none), none], axis=1)
    whole: Floats = (rows / rows.sum(axis=1, keepdims=True)).astype(np.float32)
    return whole


def _spread(figures: Floats, meaning: Meaning, labels: int) -> Floats:
    """The figures of all labels: 0 for those that the network does not know, and the same for all if it knows none."""
    if not meaning.known:
        return np.repeat(1.0 - (1.0 - figures) ** (1.0 / labels), labels, axis=1)
    every = np.zeros((len(figures), labels), figures.dtype)
    every[:, list(meaning.known)] = figures
    return every


def _shape(control: Control, found: Found, n: int, picture: Picture, points: int) -> Shape:
    left, top, right, bottom = (float(side) for side in found.boxes[n])
    if found.masks is None:
        return Box(left, top, right - left, bottom - top)
    mask = found.masks[n]
    if not mask.any():  # smaller than a pixel of the network
        height, width = mask.shape
        rows = slice(int(top * height), max(int(top * height) + 1, int(np.ceil(bottom * height))))
        columns = slice(int(left * width), max(int(left * width) + 1, int(np.ceil(right * width))))
        mask[rows, columns] = 1
    if tool_of(control) == "Polygon":
        return Polygon(outline_of(mask, points))
    import cv2

    soft = cv2.resize(mask.astype(np.float32), picture.header.size, interpolation=cv2.INTER_LINEAR)
    return brush_of(soft > 0.5)
