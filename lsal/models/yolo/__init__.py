"""YOLO networks of ultralytics (AGPL-3.0, imported when first used): boxes, outlines, masks, classes of images."""

from __future__ import annotations

from lsal.models.yolo.family import Yolo

__all__ = ["Yolo"]
