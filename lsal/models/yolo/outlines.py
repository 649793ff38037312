"""Masks and outlines: what a network drew becomes corners that a person can edit, and the other way round."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.records import Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.records import Floats

FINE = 3
"""A contour runs through the middles of pixels: on pixels cut into 3 x 3 it lies a sixth inside the true edge."""
FINE_PIXELS = 4_000_000
SPECK = 0.02
"""Parts of a mask smaller than this share of its largest one are left out."""
FIRST_STEP = 0.3
GROWTH = 1.4


def outline_of(mask: NDArray[Any], points: int) -> tuple[Point, ...]:
    """The outline of the largest part of a mask, in shares of its sides, with at most `points` corners.

    Corners are dropped by Douglas and Peucker's rule (1973), with a tolerance that grows until
    few enough are left; `()` for an empty mask.
    """
    parts = _parts(mask)
    if not parts:
        return ()
    import cv2

    contour, scale, tolerance = *parts[0], FIRST_STEP * FINE
    simple = cv2.approxPolyDP(contour, tolerance, True)
    while len(simple) > points:
        tolerance *= GROWTH
        simple = cv2.approxPolyDP(contour, tolerance, True)
    if len(simple) < 3:  # a line, or so few corners were wanted that nothing is left
        simple = cv2.boxPoints(cv2.minAreaRect(contour)).reshape(-1, 1, 2)[: max(3, points)]
    return tuple((float(x), float(y)) for x, y in _shares(simple, scale, mask).tolist())


def whole_outline(mask: NDArray[Any]) -> Floats:
    """One outline (n, 2) around all parts of a mask, joined by thin lines, as networks are taught; maybe empty."""
    parts = [_shares(contour, scale, mask) for contour, scale in _parts(mask)]
    if len(parts) < 2:
        return parts[0] if parts else np.zeros((0, 2), np.float32)
    from ultralytics.data.converter import merge_multi_segment

    joined: Floats = np.concatenate(merge_multi_segment([part.tolist() for part in parts])).astype(np.float32)
    return joined


def _parts(mask: NDArray[Any]) -> list[tuple[Any, tuple[float, float, float]]]:
    """Contours of the parts, largest first, each with the scale and the offset of its coordinates."""
    import cv2

    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return []
    top, left = int(rows[0]), int(columns[0])
    crop = mask[top : rows[-1] + 1, left : columns[-1] + 1].astype(np.uint8)
    fine = FINE if crop.size * FINE * FINE <= FINE_PIXELS else 1
    crop = np.repeat(np.repeat(crop, fine, axis=0), fine, axis=1)
    found, _ = cv2.findContours(crop, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    sized = sorted(((cv2.contourArea(contour), n) for n, contour in enumerate(found)), reverse=True)
    kept = [n for area, n in sized if area >= SPECK * sized[0][0]]
    return [(found[n], (1 / fine, left, top)) for n in kept]


def _shares(contour: Any, scale: tuple[float, float, float], mask: NDArray[Any]) -> Floats:
    step, left, top = scale
    corners = (contour.reshape(-1, 2).astype(np.float32) + 0.5) * step + (left, top)
    shares: Floats = np.clip(corners / (mask.shape[1], mask.shape[0]), 0.0, 1.0).astype(np.float32)
    return shares
