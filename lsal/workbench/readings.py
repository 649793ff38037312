"""Every figure of every version, by its name in the field, with its interval where one is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import orjson

from lsal import measuring
from lsal.desk import Desk
from lsal.files import to_json
from lsal.measuring.spreads import spreads
from lsal.phrases import on_tasks
from lsal.records import Version
from lsal.workbench.curve import measured
from lsal.worker import answers

NAMES = {
    "macro_f1": "macro-F1",
    "ece": "ECE",
    "brier": "Brier score",
    "ece_before": "ECE without temperature",
    "brier_before": "Brier score without temperature",
}
"""What figures are called in the field, where their names on disk are others."""
COUNTS = {"regions", "entities", "words", "always the commonest"}
"""Of what is kept beside figures, what is none of the version's."""
CROSS_VALIDATED = "accuracy in cross-validation"
CHOSEN = (
    "cross-validation on labels that a strategy chose: biased, as these tasks are no random draw of the project, "
    "so not its accuracy there"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of one version.

    `interval` is a 95 % one, None where none is known; `warning` says why it must not be read as the truth.
    """

    value: float
    interval: tuple[float, float] | None
    tasks: int
    measured_on: str
    warning: str = ""


def lower_is_better(metric: str) -> bool:
    """Whether a figure measures an error."""
    return metric.startswith(("ECE", "Brier"))


def readings(desk: Desk) -> dict[int, dict[str, Reading]]:
    """The figures of all versions, by number and name, the main figure first.

    On the same measuring tasks as the learning curve. A version that was measured on none stands there with what
    cross-validation says of it, and a warning.
    """
    return {version.number: dict(_of(desk, version)) for version in desk.store.all()}


def _of(desk: Desk, version: Version) -> Iterator[tuple[str, Reading]]:
    found, told = measured(desk, version), _cross_validated(version)
    on = on_tasks([found.tasks], measuring.MEASURED_ON)
    if found.value is not None:
        yield found.metric, Reading(found.value, found.interval, found.tasks, on)
    elif told and found.metric == "accuracy":
        yield found.metric, told
    truth = answers.truth_of(desk, version)
    if truth is None:
        yield from _as_made(version, found.metric)
    elif found.tasks:
        by, said = answers.ruler(desk, version.control, version), answers.kept(desk, version.number)
        both = [task for task in truth if task in said]
        sure = answers.kept_sure(desk, version.number) if by is measuring.CLASSES else {}
        rows = [[said[task], truth[task], sure.get(task)] for task in both]
        others = _beside(by.metric, to_json([version.labels, rows]))
        more = {name: value for name, value in found.more.items() if name not in COUNTS and value is not None}
        for name, value in more.items():
            yield NAMES.get(name, name), Reading(value, others.get(name, (None, None, 0))[1], found.tasks, on)
        for name in (one for one in others if one not in more and others[one][0] is not None):
            value, interval, tasks = others[name]
            yield NAMES.get(name, name), Reading(value, interval, tasks, on_tasks([tasks], measuring.MEASURED_ON))
    if told:
        yield CROSS_VALIDATED, told


@lru_cache(maxsize=500)
def _beside(metric: str, asked: bytes) -> Mapping[str, tuple[Any, Any, int]]:
    """Intervals of the figures beside the main one, and how far confidence can be trusted: value, interval, tasks."""
    labels, rows = orjson.loads(asked)
    said, truth, sure = ({f"{n}": row[which] for n, row in enumerate(rows)} for which in (0, 1, 2))
    found: dict[str, tuple[Any, Any, int]] = {
        name: (None, interval, len(rows)) for name, interval in spreads(metric, said, truth, labels).items()
    }
    if known := {key: one for key, one in sure.items() if one}:
        facts = measuring.trust(known, said, truth, labels).facts()
        spread = {"ece": tuple(facts["ece_interval"])}
        found |= {name: (facts[name], spread.get(name), facts["ece_tasks"]) for name in NAMES if name in facts}
    return found


def _as_made(version: Version, main: str) -> Iterator[tuple[str, Reading]]:
    """What a version was measured at when it was made, where that is all there is."""
    kept, tasks = version.metrics, int(version.metrics.get("tasks") or 0)
    skipped = {main, "metric", "tasks", "interval", "ece_tasks", "by_chance", *COUNTS}
    for name, value in kept.items():
        if name not in skipped and isinstance(value, float | int):
            spread = kept.get(f"{name}_interval")
            on = f"{on_tasks([tasks], measuring.MEASURED_ON)}, when it was made"
            yield NAMES.get(name, name), Reading(float(value), tuple(spread) if spread else None, tasks, on)


def _cross_validated(version: Version) -> Reading | None:
    told = version.metrics.get("cross_validation")
    if not told:
        return None
    share, tasks = float(told["accuracy"]), int(told["tasks"])
    return Reading(share, measuring.wilson(round(share * tasks), tasks), tasks, str(told["measured_on"]), CHOSEN)
