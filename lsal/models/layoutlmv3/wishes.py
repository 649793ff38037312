"""What a user may ask of the family: its options, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.models.choosing import Fits, between, check_options, whole
from lsal.pages import LEADING, SPACE, Gaps

FAMILY = "layoutlmv3"
NOUN = "LayoutLMv3"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the family.

    `model` is the name of a download that is here, or a folder; of a folder with a configuration alone, or
    the path of one, the weights are random, and without any it is a small LayoutLMv3 of random weights, whose
    tokenizer is trained on the words of the pool. `size` is the side of the square that pages are scaled
    into, 0 for what the model wants. A page of more than `length` tokens, 0 for as many as the model takes, is
    read in windows that share `overlap` tokens. `batch` 0 means: what fits; `patience` the epochs without a
    better one after which training ends; `learning_rate` 0 one for given or for random weights. `balance` lets
    rare labels weigh as much as frequent ones. `space` and `leading` are the widest gaps within a block, in
    heights of its line: between words, and between lines, where 0 makes each line a block.
    """

    model: str = ""
    size: int = 0
    length: int = 0
    overlap: int = 64
    epochs: int = 40
    batch: int = 0
    patience: int = 8
    learning_rate: float = 0.0
    balance: bool = False
    space: float = SPACE
    leading: float = LEADING

    @property
    def gaps(self) -> Gaps:
        """How far words of one block may be apart."""
        return Gaps(self.space, self.leading)


def read_wishes(options: Mapping[str, Any]) -> Wishes:
    """The options, checked; raises BadRequest with what there is to choose from."""
    check_options(FAMILY, options, _FITS)
    model = str(options.get("model", ""))
    return Wishes(**{**options, "model": str(Path(model).expanduser()) if model.startswith("~") else model})


_FITS: Fits = {
    "model": ("the name of a download, or the path of a folder", lambda value: isinstance(value, str | Path)),
    "size": ("pixels, a multiple of 16, 0 for what the model wants", lambda value: whole(0)(value) and value % 16 == 0),
    "length": ("tokens, at least 16, 0 for as many as the model takes", lambda v: whole(0)(v) and not 0 < v < 16),
    "overlap": ("a whole number of tokens", whole(0)),
    "epochs": ("a whole number, at least 1", whole(1)),
    "batch": ("a whole number of pages, 0 for what fits", whole(0)),
    "patience": ("a whole number of epochs, 0 for never", whole(0)),
    "learning_rate": ("a number from 0 to 1, 0 for what suits the model", between(0, 1)),
    "balance": ("true or false", lambda value: isinstance(value, bool)),
    "space": ("heights of a line, from 0 to 100", between(0, 100)),
    "leading": ("heights of a line, from 0 to 100", between(0, 100)),
}
