"""Boxes in an image: RectangleLabels, or Rectangle with a class for each region."""

from __future__ import annotations

from typing import ClassVar

from lsal.kinds import Sample
from lsal.kinds.image_choices import PIXEL
from lsal.kinds.regions import ImageRegions
from lsal.records import Box, Region, Regions

IMAGE = '<View><Image name="x" value="$image"/>'
LABELS = '<Label value="cat"/><Label value="dog" alias="d" predicted_values="wolf, fox"/>'


class ImageBoxes(ImageRegions):
    """Input: the path of the image's file. Turned boxes are read as they are; models learn upright ones."""

    name: ClassVar[str] = "image_boxes"
    families: ClassVar[tuple[str, ...]] = ("yolo",)
    metric: ClassVar[str] = "mAP50"
    tools: ClassVar[tuple[str, ...]] = ("Rectangle",)

    @classmethod
    def samples(cls) -> tuple[Sample, ...]:
        """Boxes that are drawn and named at once, and ones that are named afterwards, in two ways."""
        cat = Region("cat", Box(0.1, 0.2, 0.3, 0.4))
        turned = Region("d", Box(0.5, 0.125, 0.25, 0.0625, angle=30.0))
        targets = (Regions(), Regions((cat,)), Regions((cat, turned), (640, 480)))
        data, choices = {"image": PIXEL}, LABELS.replace("Label", "Choice")
        plain = Regions((cat, Region("", Box(0.0, 0.0, 1.0, 1.0))))
        return (
            Sample(f'{IMAGE}<RectangleLabels name="c" toName="x">{LABELS}</RectangleLabels></View>', data, targets),
            Sample(
                f'{IMAGE}<Rectangle name="r" toName="x"/>'
                f'<Choices name="c" toName="x" perRegion="true">{choices}</Choices></View>',
                data,
                (*targets, plain),
            ),
            Sample(
                f'{IMAGE}<Rectangle name="r" toName="x"/><Labels name="c" toName="x">{LABELS}</Labels></View>',
                data,
                (*targets, plain),
            ),
        )
