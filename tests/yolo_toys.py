"""What the tests of the family `yolo` share: networks that train in seconds, and settings that teach them."""

from pathlib import Path
from typing import Any

import torch

from lsal.models.yolo import Yolo
from lsal.models.yolo.nets import architecture, build
from lsal.models.yolo.wishes import DETECT
from lsal.records import Control, Example
from lsal.settings import worker_threads
from lsal.testing.materials import CLASSES, ignore

torch.set_num_threads(worker_threads())  # as in a worker: more of them wait for each other
HERE = Path(__file__).parent / "architectures"
STILL = {"mosaic": 0.0, "translate": 0.0, "scale": 0.0, "fliplr": 0.0, "erasing": 0.0, "auto_augment": None}
FAST = {"optimizer": "AdamW", "lr0": 0.01, "warmup_epochs": 0.0, "val": False, **STILL}
"""So few steps are not enough for settings that are made for thousands."""
BOXES = {"model": str(HERE / "tiny.yaml"), "size": 64, "epochs": 30, "patience": 0, "batch": 4, "train": FAST}
OUTLINES = {**BOXES, "model": str(HERE / "tiny-seg.yaml")}
CLASSES_OF_IMAGES = {**BOXES, "model": str(HERE / "tiny-cls.yaml"), "epochs": 20}
NAMES = ("person", "car", "truck", "boat")
QUICK = {"epochs": 1, "threshold": 0.0}
SHORT = {**BOXES, **QUICK}
CHOICE = Control("c", "x", "Choices", "Image", "image", CLASSES)


def fitted(control: Control, examples: list[Example], options: dict[str, Any], report: Any = ignore) -> Yolo:
    model = Yolo(control, options)
    model.fit(examples, [], [], report)
    return model


def weights(folder: Path, names: tuple[str, ...] = NAMES, yaml: str = "tiny.yaml", task: str = DETECT) -> str:
    """A `.pt` as ultralytics writes them, of random weights that are sure of something."""
    torch.manual_seed(0)
    module = build(architecture(str(HERE / yaml), task), task, names).module
    with torch.no_grad():
        for layer in getattr(module.model[-1], "cv3", ()):
            layer[-1].weight.normal_(0, 2)
            layer[-1].bias.normal_(0, 1)
    torch.save({"model": module, "train_args": {}}, folder / "given.pt")
    return str(folder / "given.pt")


def control(labels: tuple[str, ...], aliases: dict[str, str] | None = None, tag: str = "RectangleLabels") -> Control:
    return Control("c", "x", tag, "Image", "image", labels, aliases or {})
