"""What a user may ask of the family: its options, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lsal.models.choosing import Fits
from lsal.models.transformers_training import wishes
from lsal.models.transformers_training.nets import Sort

SORT = Sort("transformers_tokens", "tagger of texts", "AutoModelForTokenClassification")


@dataclass(frozen=True, slots=True)
class Wishes(wishes.Wishes):
    """Those of all families, and `threshold`: with which chance of being in a span a token is marked.

    A text longer than `length` is read in overlapping windows, all of it.
    """

    threshold: float = 0.5


def read_wishes(options: Mapping[str, Any]) -> Wishes:
    """The options, checked; raises BadRequest with what there is to choose from."""
    return wishes.read_as(Wishes, SORT.family, options, _FITS)


def _is_chance(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1


_FITS: Fits = {**wishes.FITS, "threshold": ("a number above 0, at most 1", _is_chance)}
