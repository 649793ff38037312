"""A training set as a folder that others train with: what people agreed on, in the layout of YOLO or of COCO.

The SDK's converter writes both formats too, and its result does not train: it takes every annotation
for itself instead of what the people of a task agree on, knows neither parts nor classes for each region,
numbers classes by the alphabet, turns boxes in percent (COCO) or not at all (YOLO), counts the pixels of
a photo as they are stored and not as it is shown, makes several objects of a mask in several parts, and
lets images of one name replace each other. So lsal writes from the targets that its own models learn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsal.datasets.record import COCO, FORMATS, TRAIN, VAL, YOLO, Dataset
from lsal.datasets.whole import whole

if TYPE_CHECKING:
    from lsal.datasets.writing import learned, write

__all__ = ["COCO", "FORMATS", "TRAIN", "VAL", "YOLO", "Dataset", "learned", "whole", "write"]


def __getattr__(name: str) -> Any:
    """What reads images is loaded when first asked for: who only shows the record needs no Pillow."""
    if name in ("learned", "write"):
        from lsal.datasets import writing

        return getattr(writing, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
