"""What the tests of the family `transformers_image` share: networks that train in seconds, and settings for them."""

from collections.abc import Sequence
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
LEARNS = {"model": VIT, "size": 32, "epochs": 15, "patience": 0, "batch": 4, "learning_rate": 0.005}
SHORT = {**LEARNS, "epochs": 1}
CHOICE = Control("c", "x", "Choices", "Image", "image", CLASSES)
SEVERAL = Control("c", "x", "Choices", "Image", "image", CLASSES, options={"choice": "multiple"})


def fitted(control: Control, examples: list[Example], options: dict[str, Any], report: Any = ignore) -> Any:
    model = TransformersImage(control, options)
    model.fit(examples, [], [], report)
    return model


def weights_of(model: Any, folder: Path) -> dict[str, Any]:
    from safetensors.numpy import load_file

    folder.mkdir()
    model.save(folder)
    return load_file(folder / "network" / "model.safetensors")


def given(folder: Path, names: Sequence[str] = ("dog", "cat"), processor: bool = True) -> str:
    """A network with weights in a folder, as the hub has them."""
    import torch
    from transformers import AutoConfig, AutoModelForImageClassification, ViTImageProcessor

    torch.manual_seed(1)
    config = AutoConfig.from_pretrained(VIT)
    config.id2label = dict(enumerate(names))
    module = AutoModelForImageClassification.from_config(config)
    torch.nn.init.normal_(module.classifier.weight)
    module.save_pretrained(folder)
    if processor:
        ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained(folder)
    return str(folder)
