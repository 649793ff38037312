"""What the settings of a project may be: names that exist, figures that make sense."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.engine import ENGINES
from lsal.errors import BadRequest
from lsal.models import MODELS
from lsal.strategies import STRATEGIES

REGISTRIES = {"strategy": STRATEGIES, "engine": ENGINES}
RANGES = {"batch": (1, 100_000), "measuring_share": (0.0, 0.5), "refill_below": (0.0, 1.0)}


def check_settings(changes: Mapping[str, Any]) -> None:
    """Raise BadRequest if one of the changes names nothing, or lies outside its range."""
    for name, value in changes.items():
        if name in REGISTRIES and value not in REGISTRIES[name]:
            raise BadRequest(f"No {name} is called '{value}'", f"Choose one of: {', '.join(REGISTRIES[name])}")
        if name in RANGES and not RANGES[name][0] <= _number(name, value) <= RANGES[name][1]:
            raise BadRequest(f"{name} cannot be {value}", f"Give a number from {RANGES[name][0]} to {RANGES[name][1]}")
    for family in (changes.get("family") or {}).values():
        if family not in MODELS:
            raise BadRequest(f"No model is called '{family}'", f"Choose one of: {', '.join(MODELS)}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRequest(f"{name} cannot be '{value}'", "Give a number")
    return float(value)
