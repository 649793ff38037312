"""What an exported training set is: its folder, and what came into which part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

YOLO, COCO = "yolo", "coco"
FORMATS = (YOLO, COCO)
TRAIN, VAL = "train", "val"
PARTS = (TRAIN, VAL)
NOTE = "lsal.json"
"""The record itself, in the folder: it tells an export from any other folder."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A folder that was written: `task` is what there is to learn (`detect`, `segment` or `classify`).

    `images`, `regions` and `empty` (images that show nothing) count by part; `anew` the images
    that were written anew instead of linked; `left_out` says why for each task that is not in it.
    """

    folder: str
    format: str
    task: str
    control: str
    labels: tuple[str, ...]
    images: Mapping[str, int]
    regions: Mapping[str, int]
    empty: Mapping[str, int]
    anew: int
    left_out: Mapping[int, str]
    notes: tuple[str, ...] = ()
