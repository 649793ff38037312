"""What a user may ask of the family: its options, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.models.choosing import Fits, check_options, positive, whole
from lsal.models.committee import SIZES

FAMILY = "embedded_text"
NOUN = "encoder of texts"


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the family.

    `model` is the name of a download that is here, or a folder with weights and a tokenizer.
    `strength` is the inverse regularisation C of the regression. `length` is the most tokens of a
    text that are looked at, the rest is cut off; 0 for what the model was made for. `batch` is how
    many texts are read at a time, 0 for what suits the device. `committee` is how many more
    regressions are trained on other draws of the labels, for strategies that ask a committee; 0: dropout makes one.
    """

    model: str
    strength: float = 10.0
    length: int = 0
    batch: int = 0
    committee: int = 0


def read_wishes(options: Mapping[str, Any]) -> Wishes:
    """The options, checked; raises BadRequest with what there is to choose from."""
    check_options(FAMILY, options, _FITS)
    if not options.get("model"):
        fix = 'Give a path: lsal set options={"CONTROL": {"model": "/path/to/folder"}}, or take sklearn_text'
        raise BadRequest(f"{FAMILY} needs the encoder that it is to use, as the option 'model'", fix)
    return Wishes(**{**options, "model": str(options["model"])})


_FITS: Fits = {
    "model": ("the name of a download, or the path of a folder", lambda value: isinstance(value, str | Path)),
    "strength": ("a number above 0", positive),
    "length": ("a whole number of tokens, at least 3, or 0", lambda value: whole(0)(value) and value not in (1, 2)),
    "batch": ("a whole number of texts, 0 for what suits", whole(0)),
    **SIZES,
}
