"""The settings that people turn between rounds: what they are, what they can be, and how one is changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal.desk import Desk
from lsal.errors import BadRequest, LsalError
from lsal.measuring import CLASSES
from lsal.models import MODELS
from lsal.records import Control
from lsal.registry import OWN
from lsal.strategies import fitting
from lsal.strategies.naming import with_exploration, without_exploration

THRESHOLD = "threshold"
"""The option of families that say with what confidence they found something: from which on it is shown."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The settings in question as they are now.

    `strategy` is without its exploration, of which `explore` is the share. `strategies` are the names that fit this
    project, each with what it does. `thresholds` has for each control whose family has one the confidence from which
    something is shown to people. `unused` says of settings that nothing comes of them here, and why.
    """

    strategy: str
    explore: float
    batch: int
    relabel_share: float
    refill_below: float
    strategies: Mapping[str, str] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)
    unused: Mapping[str, str] = field(default_factory=dict)


def tuning(desk: Desk) -> Tuning:
    """How they are, from what is on disk."""
    settings = desk.home.settings()
    explore, strategy = without_exploration(settings.strategy)
    found = _strategies(desk)
    return Tuning(
        strategy=strategy,
        explore=explore,
        batch=settings.batch,
        relabel_share=settings.relabel_share,
        refill_below=settings.refill_below,
        strategies=found if strategy in found else {strategy: "As it was set by name.", **found},
        thresholds=_thresholds(desk),
        unused=_unused(desk),
    )


def tuned(desk: Desk, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes as settings have them: exploration is part of the strategy's name, a threshold one of the options.

    `thresholds` names some controls; what else stands in their options stays.
    """
    found, settings = dict(changes), desk.home.settings()
    if found.keys() & {"strategy", "explore"}:
        share, name = without_exploration(settings.strategy)
        found["strategy"] = with_exploration(found.pop("explore", share), found.get("strategy") or name)
    if "thresholds" in found:
        options = dict(settings.options or {})
        for control, value in found.pop("thresholds").items():
            options[control] = {**options.get(control, {}), THRESHOLD: value}
        found["options"] = options
    if not found:
        raise BadRequest("Nothing is to be changed", "Name a setting: lsal set batch=50")
    return found


def _strategies(desk: Desk) -> dict[str, str]:
    controls = desk.handled if desk.mirror.label_config else {}
    sorts = {_sort(kind) for _, kind in controls.values()} or {fitting.CLASSES}
    families = [desk.family(name) for name in controls]
    own = [name for name in families if name in MODELS and MODELS.origin(name) == OWN]
    return fitting.fitting(sorts, families, own)


def _sort(kind: Any) -> str:
    """Objects are drawn, spans and words are read token by token; the rest are classes."""
    if hasattr(kind, "tools"):
        return fitting.OBJECTS
    return fitting.CLASSES if getattr(kind, "metric", CLASSES.metric) == CLASSES.metric else fitting.TOKENS


def _unused(desk: Desk) -> dict[str, str]:
    kinds = [kind for _, kind in desk.handled.values()] if desk.mirror.label_config else []
    if kinds and all(_sort(kind) != fitting.CLASSES for kind in kinds):
        return {"relabel_share": "Only labels of whole tasks can be doubted, and this project has none."}
    return {}


def _thresholds(desk: Desk) -> dict[str, float]:
    if not desk.mirror.label_config:
        return {}
    usual = {name: _usual(desk.family(name), control) for name, (control, _) in desk.handled.items()}
    return {name: float(desk.options(name).get(THRESHOLD, value)) for name, value in usual.items() if value is not None}


def _usual(family: str, control: Control) -> float | None:
    """The family's own threshold for regions of a control; None where nothing is shown or left out by it."""
    if not control.draws:
        return None
    try:
        found = getattr(MODELS[family](control, {}, 0), THRESHOLD, None)
    except LsalError:
        return None
    return None if found is None else float(found)
