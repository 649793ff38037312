"""What the learning curve draws, as plain values: versions with all their figures, a random order, what is ahead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lsal.workbench.curve import Point
from lsal.workbench.outlook import Outlook
from lsal.workbench.readings import Reading, lower_is_better
from lsal.workbench.shadow import Shadow

EXPLAINED = {
    "accuracy": "the share of tasks whose answer is right",
    "accuracy in cross-validation": "the share of right answers about the labels that it learned from, out of fold",
    "macro-F1": "the mean F1 of the classes, each counting the same",
    "ECE": "expected calibration error: how far confidence and accuracy lie apart; on few tasks chance makes some",
    "ECE without temperature": "the same before the temperature that sets its chances right",
    "Brier score": "the mean square of what confidence and rightness differ by",
    "Brier score without temperature": "the same before the temperature that sets its chances right",
    "mAP50": "mean average precision of boxes at an overlap of one half",
    "mAP50-95": "mean average precision of boxes over overlaps of .50 to .95",
    "mask mAP50": "mean average precision of masks at an overlap of one half",
    "mask mAP50-95": "mean average precision of masks over overlaps of .50 to .95",
    "mean IoU": "the mean overlap of the regions that were found",
    "entity F1": "strict F1 over entities: start, end and label have to be right",
    "overlap F1": "F1 over entities where an overlap and the same label suffice",
    "precision": "the share of the entities it found that are right",
    "recall": "the share of the entities people marked that it found",
    "word F1": "F1 over the words of pages",
    "word accuracy": "the share of words that got the right label",
}
UNITS = {"labels": "labels", "regions": "boxes or regions drawn", "entities": "entities marked", "tokens": "words read"}
"""What labels cost, as the axis says it; what a project does not have is left out."""
FARTHEST = 0.75
"""A forecast is drawn for so many times the labels of now at most, but always the next batch."""


def points_of(points: Iterable[Point], known: Mapping[int, Mapping[str, Reading]]) -> list[dict[str, Any]]:
    """The versions; one that is not `known` yet has its main figure alone."""
    return [_point(point, known.get(point.version)) for point in points]


def _point(point: Point, known: Mapping[str, Reading] | None) -> dict[str, Any]:
    shown = ("version", "control", "line", "labels", "metric", "value", "tasks", "live", "promoted", "reason", "back")
    told = {name: getattr(point, name) for name in (*shown, "state", "measured_on")}
    costs = {name: getattr(point, name) for name in UNITS if getattr(point, name) is not None}
    main = {point.metric: Reading(point.value, point.interval, point.tasks, "")} if point.value is not None else {}
    figures = {name: _figure(one) for name, one in (main if known is None else known).items()}
    return told | {"interval": list(point.interval), "costs": costs, "figures": figures}


def _figure(one: Reading) -> dict[str, Any]:
    return asdict(one) | {"interval": list(one.interval) if one.interval else None}


def metrics_of(points: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The figures that any version has: name, direction, and what it is; those of the newest version first."""
    names = dict.fromkeys(name for one in reversed(list(points)) for name in one["figures"])
    return [{"name": n, "lower": lower_is_better(n), "tells": EXPLAINED.get(n, "")} for n in names]


def units_of(points: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """What the axis may count: only what all versions know."""
    known = [name for name in UNITS if points and all(name in one["costs"] for one in points)]
    return [{"name": name, "says": UNITS[name]} for name in known]


def shadow_of(found: Shadow | None) -> dict[str, Any]:
    """The random order; empty without one."""
    if found is None:
        return {}
    told = asdict(found)
    return {name: list(one) if isinstance(one, tuple) else one for name, one in told.items()}


def ahead_of(found: Iterable[Outlook]) -> list[dict[str, Any]]:
    """The forecast of each control: where it stands now, the steps ahead, and what it says about the target."""
    return [_ahead(one) for one in found]


def _ahead(one: Outlook) -> dict[str, Any]:
    told = one.forecast
    near = [step for step in told.expected if step.more <= FARTHEST * told.labels] or told.expected[:1]
    steps = [
        {"labels": told.labels + step.more, "value": step.value, "interval": list(step.interval)}
        for step in sorted(near, key=lambda step: step.more)
    ]
    return {
        "control": one.control,
        "metric": one.metric,
        "labels": told.labels,
        "value": told.value,
        "now": list(told.now),
        "steps": steps,
        "target": told.needed.target if told.needed else 0.0,
        "says": [f"{one.says[:1].upper()}{one.says[1:]}.", *(() if told.why_not else one.notes[:2])],
        "measured_on": one.measured_on,
    }
