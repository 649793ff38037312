"""The names that settings and acts may use: strategies, engines, model families that exist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.engine import ENGINES
from lsal.models import MODELS
from lsal.strategies import STRATEGIES


def check_names(changes: Mapping[str, Any]) -> None:
    """Raise BadRequest, listing what there is, if a change names a strategy, engine or family that is not."""
    if changes.get("strategy"):
        STRATEGIES.require(changes["strategy"])
    if changes.get("engine"):
        ENGINES.require(changes["engine"])
    families = changes.get("family")
    for family in families.values() if isinstance(families, Mapping) else ():
        MODELS.require(family)
