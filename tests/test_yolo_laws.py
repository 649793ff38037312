"""The laws of models over the family `yolo`: boxes and outlines. For classes of images test_models holds them."""

from yolo_toys import BOXES, OUTLINES, QUICK

from lsal.models.yolo import Yolo
from lsal.testing import RegionModelContract, regions


class TestBoxes(RegionModelContract):
    model = Yolo
    options = BOXES
    quick = QUICK
    controls = (regions.BOXES,)


class TestOutlines(RegionModelContract):
    model = Yolo
    options = OUTLINES
    quick = QUICK
    controls = (regions.OUTLINES,)
