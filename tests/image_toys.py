"""What the tests of the family `transformers_image` share: networks that train in seconds, and settings for them."""

from pathlib import Path
from typing import Any

import torch

from lsal.models.transformers_image import TransformersImage
from lsal.records import Control, Example
from lsal.settings import worker_threads
from lsal.testing.materials import CLASSES, ignore

torch.set_num_threads(worker_threads())  # as in a worker: more of them wait for each other
HERE = Path(__file__).parent / "architectures"
RESNET, VIT = str(HERE / "tiny-resnet.json"), str(HERE / "tiny-vit.json")
LEARNS = {"model": RESNET, "size": 32, "epochs": 15, "patience": 0, "batch": 4, "learning_rate": 0.01}
SHORT = {**LEARNS, "epochs": 1}
CHOICE = Control("c", "x", "Choices", "Image", "image", CLASSES)
SEVERAL = Control("c", "x", "Choices", "Image", "image", CLASSES, options={"choice": "multiple"})


def fitted(control: Control, examples: list[Example], options: dict[str, Any], report: Any = ignore) -> Any:
    model = TransformersImage(control, options)
    model.fit(examples, [], [], report)
    return model
