"""What a user may ask of the family: its options, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.models.choosing import Fits, between, check_options, whole

FAMILY = "transformers_image"
NOUN = "vision model"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the family.

    `model` is the name of a download that is here, or a folder; of a folder with a configuration
    alone, or the path of one, the weights are random, and without any it is a small ResNet of random
    weights. `size` is the side of the square that images are scaled into, 0 for what the model's
    processor says. `batch` 0 means: what fits; `patience` the epochs without a better one after
    which training ends; `learning_rate` 0 one for given or for random weights. `balance` lets rare
    classes weigh as much as frequent ones; `crop` is the share of a side that chance may cut away
    while it learns, `flip` whether it may also mirror.
    """

    model: str = ""
    size: int = 0
    epochs: int = 30
    batch: int = 0
    patience: int = 8
    learning_rate: float = 0.0
    balance: bool = False
    crop: float = 0.2
    flip: bool = False


def read_wishes(options: Mapping[str, Any]) -> Wishes:
    """The options, checked; raises BadRequest with what there is to choose from."""
    check_options(FAMILY, options, _FITS)
    model = str(options.get("model", ""))
    return Wishes(**{**options, "model": str(Path(model).expanduser()) if model.startswith("~") else model})


_FITS: Fits = {
    "model": ("the name of a download, or the path of a folder", lambda value: isinstance(value, str | Path)),
    "size": ("pixels, 0 for what the model wants", lambda value: whole(0)(value) and value != 1),
    "epochs": ("a whole number, at least 1", whole(1)),
    "batch": ("a whole number of images, 0 for what fits", whole(0)),
    "patience": ("a whole number of epochs, 0 for never", whole(0)),
    "learning_rate": ("a number from 0 to 1, 0 for what suits the model", between(0, 1)),
    "balance": ("true or false", lambda value: isinstance(value, bool)),
    "crop": ("a share from 0 to 0.9", between(0, 0.9)),
    "flip": ("true or false", lambda value: isinstance(value, bool)),
}
