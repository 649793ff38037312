"""The learning curve: every version on the same measuring tasks, and the rounds that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from lsal import jobs, measuring
from lsal.desk import Desk
from lsal.files import to_json
from lsal.measuring import ClassFigures, Measured
from lsal.records import Version
from lsal.workbench.history import rolled_back
from lsal.worker import answers

MANY = 1000
"""Classes of a control; with more, what never occurred is not told of one by one."""


@dataclass(frozen=True, slots=True)
class Point:
    """One version on the learning curve.

    `value` of its `metric`, with its interval, is over the measuring tasks that have labels now and that
    this version answered, all versions on the same tasks; `first` is what was measured when
    the version was made. `line` is the control's name, and more for a version that cannot answer
    the control as it is now: it stays as measured while it could. `commonest` is the share that
    who always gives the commonest answer gets right, `unseen` the labels that no such task has.
    `regions` are what people drew in all these images: what labelling them cost, `tokens` the words
    that they read in all these texts. `classes` are the
    figures of each class on these tasks, none of a class that they do not show. `calibration` is the version's.
    `entities` are what people marked in all these texts. `back` says why it was live and is not, where an older
    version took its place.
    """

    version: int
    control: str
    labels: int
    metric: str
    value: float | None
    interval: tuple[float, float]
    tasks: int
    live: bool
    promoted: bool
    reason: str
    made_at: float
    seconds: Mapping[str, float] = field(default_factory=dict)
    first: Mapping[str, Any] = field(default_factory=dict)
    measured_on: str = measuring.MEASURED_ON
    line: str = ""
    commonest: float | None = None
    unseen: tuple[str, ...] = ()
    regions: int | None = None
    tokens: int | None = None
    classes: Mapping[str, ClassFigures] = field(default_factory=dict)
    calibration: Mapping[str, Any] = field(default_factory=dict)
    entities: int | None = None
    back: str = ""

    @property
    def state(self) -> str:
        """What became of it: live, earlier, held or rolled back."""
        if self.live:
            return "live"
        return "rolled back" if self.back else "earlier" if self.promoted else "held"


@dataclass(frozen=True, slots=True)
class Round:
    """One job that trained: its version, what it was measured at, and seconds by step."""

    version: int
    control: str
    labels: int
    metric: str
    value: float | None
    interval: tuple[float, float]
    tasks: int
    promoted: bool
    reason: str
    published: int
    seconds: Mapping[str, float]
    job: str


def curve(desk: Desk) -> list[Point]:
    """All versions, each measured on the same tasks as far as it answered them."""
    live, points, lines = desk.store.current(), list[Point](), _lines(desk)
    back = rolled_back(desk)
    for version in desk.store.all():
        found = measured(desk, version)
        points.append(
            Point(
                version=version.number,
                control=version.control,
                labels=version.examples["count"] + version.examples["measuring"],
                metric=found.metric,
                value=found.value,
                interval=found.interval,
                tasks=found.tasks,
                live=live.get(version.control) == version.number,
                promoted=version.promoted,
                reason=version.reason,
                made_at=version.made_at,
                seconds=version.seconds,
                first=version.metrics,
                line=lines[version.number],
                commonest=found.commonest,
                unseen=found.unseen,
                regions=_cost(version, found, "regions"),
                tokens=version.examples.get("tokens"),
                classes=_classes(version, found),
                calibration=version.calibration,
                entities=_cost(version, found, "entities"),
                back=back.get(version.number, ""),
            )
        )
    return points


def measured(desk: Desk, version: Version) -> Measured:
    """A version on the measuring tasks that it answered, in the words of its time."""
    by, truth = answers.ruler(desk, version.control, version), answers.truth_of(desk, version)
    if truth is None:
        (name, value), tasks = measuring.main_figure(version.metrics), int(version.metrics.get("tasks") or 0)
        low, high = version.metrics.get("interval") or (0.0, 1.0)
        return Measured(name, value, (low, high), tasks)
    said = answers.kept(desk, version.number)
    both = [task for task in truth if task in said]
    asked = to_json([version.labels, [[said[task], truth[task]] for task in both]])
    return _once(by.metric, asked)


@lru_cache(maxsize=500)
def _once(metric: str, asked: bytes) -> Measured:
    """The figures over answers and truths: a panel asks for the same ones again and again."""
    labels, pairs = orjson.loads(asked)
    said, truth = ({str(n): pair[which] for n, pair in enumerate(pairs)} for which in (0, 1))
    return measuring.RULERS[metric].measure(said, truth, labels)


def _cost(version: Version, found: Measured, what: str) -> int | None:
    """What was drawn or marked, in the tasks learned from and in those measured on; None where nothing is."""
    if what not in found.more:
        return None
    learned_from: int = sum(version.examples.get("by_label", {}).values())
    return learned_from + int(found.more[what] or 0)


def _classes(version: Version, found: Measured) -> dict[str, ClassFigures]:
    """The figures of all classes that the version knows; nothing where it was not measured by class.

    Of very many classes only those that occur have figures.
    """
    if not found.classes or len(version.labels) > MANY:
        return dict(found.classes)
    return {label: found.classes.get(label, ClassFigures(0)) for label in version.labels}


def _lines(desk: Desk) -> dict[int, str]:
    """The line of the curve that each version is on: versions for other labels are on one of their own."""
    eras = {version.number: (version.control, answers.era(version)) for version in desk.store.all()}
    handled = desk.handled if desk.mirror.label_config else {}
    today = {version.number for version in desk.store.all() if answers.still_answers(desk, version)}
    last = {era: number for number, era in eras.items()}
    return {
        number: name if number in today or name not in handled else f"{name} until version {last[name, era]}"
        for number, (name, era) in eras.items()
    }


def rounds(desk: Desk) -> list[Round]:
    """The trainings that ended well, oldest first, with the curve's accuracies."""
    by_version, found = {point.version: point for point in curve(desk)}, []
    for job in reversed(jobs.jobs(desk.home)):
        state = job.state()
        for told in state.result.get("versions", {}).values():
            point = by_version.get(told["version"])
            if point:
                published, seconds = state.result.get("published", 0), state.result.get("seconds", {})
                facts = {n: getattr(point, n) for n in Round.__slots__ if hasattr(point, n) and n != "seconds"}
                found.append(Round(**facts, published=published, seconds=seconds, job=job.id))
    return found
