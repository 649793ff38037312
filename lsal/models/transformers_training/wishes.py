"""What a user may ask of any family that trains networks of transformers on texts, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lsal.models.choosing import Fits, check_options, whole


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options that all these families have.

    `model` is the name of a download that is here, or a folder; of a folder with a configuration
    alone, or the path of one, the weights are random, and without any it is a small BERT of random
    weights whose word pieces come from the pool. `length` is the most tokens that are read at once,
    0 for what the model can. `batch` 0 means: what fits; `patience` the epochs without a better one
    after which training ends; `learning_rate` 0 one for given or for random weights. `balance` lets
    rare classes weigh as much as frequent ones.
    """

    model: str = ""
    length: int = 0
    epochs: int = 20
    batch: int = 0
    patience: int = 5
    learning_rate: float = 0.0
    balance: bool = False


Some = TypeVar("Some", bound=Wishes)


def read_as(wishes: type[Some], family: str, options: Mapping[str, Any], fits: Fits) -> Some:
    """The options, checked; raises BadRequest with what there is to choose from."""
    check_options(family, options, fits)
    return wishes(**{**options, "model": path_of(options.get("model"))})


def path_of(model: object) -> str:
    """What an option `model` names, with `~` as the folder that it is."""
    name = str(model or "")
    return str(Path(name).expanduser()) if name.startswith("~") else name


def _is_rate(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


FITS: Fits = {
    "model": ("the name of a download, or the path of a folder", lambda value: isinstance(value, str | Path)),
    "length": ("a whole number of tokens, at least 8, or 0", lambda value: whole(0)(value) and not 0 < value < 8),
    "epochs": ("a whole number, at least 1", whole(1)),
    "batch": ("a whole number of texts, 0 for what fits", whole(0)),
    "patience": ("a whole number of epochs, 0 for never", whole(0)),
    "learning_rate": ("a number from 0 to 1, 0 for what suits the model", _is_rate),
    "balance": ("true or false", lambda value: isinstance(value, bool)),
}
