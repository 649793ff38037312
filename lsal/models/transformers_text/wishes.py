"""What a user may ask of the family: its options, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.models.choosing import Fits, check_options, whole

FAMILY = "transformers_text"
NOUN = "model of texts"
AUTO = "AutoModelForSequenceClassification"
CUT, WINDOWS = "cut", "windows"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the family.

    `model` is the name of a download that is here, or a folder; of a folder with a configuration
    alone, or the path of one, the weights are random, and without any it is a small BERT of random
    weights whose word pieces come from the pool. `length` is the most tokens that are read at once,
    0 for what the model can; what is longer is cut off there, or with `long` "windows" read in
    overlapping parts, whose logits are averaged. `batch` 0 means: what fits; `patience` the epochs
    without a better one after which training ends; `learning_rate` 0 one for given or for random
    weights. `balance` lets rare classes weigh as much as frequent ones.
    """

    model: str = ""
    length: int = 0
    long: str = CUT
    epochs: int = 20
    batch: int = 0
    patience: int = 5
    learning_rate: float = 0.0
    balance: bool = False


def read_wishes(options: Mapping[str, Any]) -> Wishes:
    """The options, checked; raises BadRequest with what there is to choose from."""
    check_options(FAMILY, options, _FITS)
    model = str(options.get("model") or "")
    return Wishes(**{**options, "model": str(Path(model).expanduser()) if model.startswith("~") else model})


def _is_rate(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


_FITS: Fits = {
    "model": ("the name of a download, or the path of a folder", lambda value: isinstance(value, str | Path)),
    "length": ("a whole number of tokens, at least 8, or 0", lambda value: whole(0)(value) and not 0 < value < 8),
    "long": ("cut or windows", lambda value: value in (CUT, WINDOWS)),
    "epochs": ("a whole number, at least 1", whole(1)),
    "batch": ("a whole number of texts, 0 for what fits", whole(0)),
    "patience": ("a whole number of epochs, 0 for never", whole(0)),
    "learning_rate": ("a number from 0 to 1, 0 for what suits the model", _is_rate),
    "balance": ("true or false", lambda value: isinstance(value, bool)),
}
