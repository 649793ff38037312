"""Options of a model family, checked: those that it does not have or cannot take are told with what there is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lsal.errors import BadRequest

Fits = Mapping[str, tuple[str, Callable[[Any], bool]]]
"""For each option what to give, in words, and whether a value is that."""


def check_options(family: str, options: Mapping[str, Any], fits: Fits) -> None:
    """Raise BadRequest for the first that is unknown or does not fit."""
    for name, value in options.items():
        if name not in fits:
            raise BadRequest(f"{family} has no option '{name}'", f"Choose from: {', '.join(fits)}")
        wanted, suits = fits[name]
        if not suits(value):
            raise BadRequest(f"{family}'s option '{name}' cannot be {value!r}", f"Give {wanted}")


def positive(value: Any) -> bool:
    """Whether a value is a number above 0."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def whole(least: int) -> Callable[[Any], bool]:
    """Whether a value is a whole number from `least` on."""
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def between(least: float, most: float) -> Callable[[Any], bool]:
    """Whether a value is a number from `least` to `most`."""
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most
