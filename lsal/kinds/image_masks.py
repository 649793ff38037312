"""Outlines and masks in an image: PolygonLabels, BrushLabels, or Polygon and Brush with a class for each region."""

from __future__ import annotations

from typing import ClassVar

from lsal.kinds import Sample
from lsal.kinds.image_boxes import IMAGE, LABELS
from lsal.kinds.image_choices import PIXEL
from lsal.kinds.regions import ImageRegions
from lsal.records import Brush, Polygon, Region, Regions

SAMPLE_RLE = bytes((0, 0, 0, 64, 57, 27, 254, 19, 0, 159, 254, 112, 9, 255, 240, 152, 0))
"""Four pixels in the middle of sixteen."""


class ImageMasks(ImageRegions):
    """Input: the path of the image's file."""

    name: ClassVar[str] = "image_masks"
    families: ClassVar[tuple[str, ...]] = ("yolo",)
    metric: ClassVar[str] = "mask mAP50"
    tools: ClassVar[tuple[str, ...]] = ("Polygon", "Brush")

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """Polygons and brush strokes, named at once, and polygons named afterwards."""
        roof = Region("cat", Polygon(((0.1, 0.9), (0.5, 0.25), (0.9, 0.9))))
        stroke = Region("cat", Brush(SAMPLE_RLE, 4, 4))
        data, choices = {"image": PIXEL}, LABELS.replace("Label", "Choice")
        drawn, painted = (Regions(), Regions((roof,))), (Regions(), Regions((stroke,), (4, 4)))
        return (
            Sample(f'{IMAGE}<PolygonLabels name="c" toName="x">{LABELS}</PolygonLabels></View>', data, drawn),
            Sample(f'{IMAGE}<BrushLabels name="c" toName="x">{LABELS}</BrushLabels></View>', data, painted),
            Sample(
                f'{IMAGE}<Polygon name="p" toName="x"/>'
                f'<Choices name="c" toName="x" perRegion="true">{choices}</Choices></View>',
                data,
                drawn,
            ),
        )
