"""A second look: how far what is found in a picture differs from what is found in it mirrored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from lsal.models.pictures import Picture
from lsal.models.yolo.reading import Found

if TYPE_CHECKING:
    from lsal.records import Floats

TINY = 1e-12


def mirrored(picture: Picture) -> Picture:
    """Left and right exchanged."""
    return replace(picture, image=picture.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def disagreement(one: Found, other: Found) -> float:
    """From 0, all found again in its place with the same class figures, to 1: nothing was.

    `other` is of the mirrored picture. Regions are matched so that overlap times likeness of their
    class vectors is largest in all; each counts by its confidence. Of whole images only the vectors count.
    """
    if not one.boxes.shape[1]:
        return float(1.0 - _alike(one.chances, other.chances)[0, 0])
    weights = np.concatenate([one.chances.max(axis=1), other.chances.max(axis=1)])
    if not len(weights):
        return 0.0
    if not (len(one.boxes) and len(other.boxes)):
        return 1.0
    from scipy.optimize import linear_sum_assignment

    back = other.boxes[:, [2, 1, 0, 3]] * (-1, 1, -1, 1) + (1, 0, 1, 0)
    likeness = _overlaps(one.boxes, back) * _alike(one.chances, other.chances)
    rows, columns = linear_sum_assignment(likeness, maximize=True)
    confirmed = likeness[rows, columns] * (weights[rows] + weights[len(one.boxes) + columns])
    return float(np.clip(1.0 - confirmed.sum() / max(weights.sum(), TINY), 0.0, 1.0))


def _overlaps(one: Floats, other: Floats) -> Floats:
    """Intersection over union of boxes (n, 4) and (m, 4); (n, m)."""
    low = np.maximum(one[:, None, :2], other[None, :, :2])
    high = np.minimum(one[:, None, 2:], other[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=2)
    areas = [np.prod(np.clip(each[:, 2:] - each[:, :2], 0.0, None), axis=1) for each in (one, other)]
    whole: Floats = shared / np.maximum(areas[0][:, None] + areas[1][None] - shared, TINY)
    return whole


def _alike(one: Floats, other: Floats) -> Floats:
    """What class vectors (n, classes) and (m, classes) share of what either has; (n, m), 1 for equal ones."""
    low = np.minimum(one[:, None], other[None]).sum(axis=2)
    high = np.maximum(one[:, None], other[None]).sum(axis=2)
    shared: Floats = low / np.maximum(high, TINY)
    return shared
