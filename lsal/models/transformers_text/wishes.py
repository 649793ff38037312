"""What a user may ask of the family: its options, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsal.models.choosing import Fits
from lsal.models.transformers_training import wishes
from lsal.models.transformers_training.nets import Sort

SORT = Sort("transformers_text", "model of texts", "AutoModelForSequenceClassification")
CUT, WINDOWS = "cut", "windows"


@dataclass(frozen=True, slots=True)
class Wishes(wishes.Wishes):
    """Those of all families, and what becomes of a text longer than `length`.

    It is cut off there, or with `long` "windows" read in overlapping parts, whose logits are averaged.
    """

    long: str = CUT


def read_wishes(options: Mapping[str, Any]) -> Wishes:
    """The options, checked; raises BadRequest with what there is to choose from."""
    return wishes.read_as(Wishes, SORT.family, options, _FITS)


_FITS: Fits = {**wishes.FITS, "long": ("cut or windows", lambda value: value in (CUT, WINDOWS))}
