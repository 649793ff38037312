"""Pictures in the size and shape that a network wants, and back from its pixels to shares of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lsal.models.yolo.wishes import STRIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lsal.records import Floats

GREY = 114


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture scaled into the square, with grey around it up to whole strides; it lies in `inner`."""

    pixels: NDArray[Any]
    inner: tuple[int, int, int, int]


def letterbox(image: NDArray[Any], size: int) -> Fitted:
    """Scaled so that the longer side is `size`, with grey around it, as (3, height, width)."""
    import cv2

    height, width = image.shape[:2]
    share = size / max(height, width)
    wanted = max(1, round(width * share)), max(1, round(height * share))
    if wanted != (width, height):
        image = cv2.resize(image, wanted, interpolation=cv2.INTER_LINEAR)
    across, down = -wanted[0] % STRIDE, -wanted[1] % STRIDE
    left, top = round(across / 2 - 0.1), round(down / 2 - 0.1)
    grey = np.full((wanted[1] + down, wanted[0] + across, 3), GREY, np.uint8)
    grey[top : top + wanted[1], left : left + wanted[0]] = image
    return Fitted(np.ascontiguousarray(grey.transpose(2, 0, 1)), (left, top, left + wanted[0], top + wanted[1]))


def centre(image: Image.Image, size: int) -> NDArray[Any]:
    """The middle square, scaled to `size`, as ultralytics cuts it when it checks: (3, size, size)."""
    from ultralytics.data.augment import classify_transforms

    cut: NDArray[Any] = classify_transforms(size)(image).numpy()
    return cut


def shares_within(boxes: NDArray[Any], inner: tuple[int, int, int, int]) -> Floats:
    """Boxes in pixels of the square as shares of the picture's sides."""
    left, top, right, bottom = inner
    moved = (boxes - (left, top, left, top)) / (right - left, bottom - top, right - left, bottom - top)
    shares: Floats = np.clip(moved, 0.0, 1.0).astype(np.float32)
    return shares
