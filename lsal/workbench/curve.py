"""The learning curve: every version on the same measuring tasks, and the rounds that made them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal import jobs, measuring
from lsal.desk import Desk
from lsal.records import Version
from lsal.worker import answers


@dataclass(frozen=True, slots=True)
class Point:
    """One version on the learning curve.

    `accuracy` with its interval is over the measuring tasks that have labels now and that
    this version answered, all versions on the same tasks; `first` is what was measured when
    the version was made. `line` is the control's name, and more for a version that cannot answer
    the control as it is now: it stays as measured while it could. `commonest` is the share that
    who always gives the commonest answer gets right, `unseen` the labels that no such task has.
    """

    version: int
    control: str
    labels: int
    accuracy: float | None
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


@dataclass(frozen=True, slots=True)
class Round:
    """One job that trained: its version, what it was measured at, and seconds by step."""

    version: int
    control: str
    labels: int
    accuracy: float | None
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
    for version in desk.store.all():
        right, tasks, commonest, unseen = _measured(desk, version)
        points.append(
            Point(
                version=version.number,
                control=version.control,
                labels=version.examples["count"] + version.examples["measuring"],
                accuracy=right / tasks if tasks else None,
                interval=measuring.interval(right, tasks),
                tasks=tasks,
                live=live.get(version.control) == version.number,
                promoted=version.promoted,
                reason=version.reason,
                made_at=version.made_at,
                seconds=version.seconds,
                first=version.metrics,
                line=lines[version.number],
                commonest=commonest,
                unseen=unseen,
            )
        )
    return points


def _measured(desk: Desk, version: Version) -> tuple[int, int, float | None, tuple[str, ...]]:
    """Tasks that a version got right, in the words of its time, of how many; and what those do not tell."""
    truth, said = answers.truth_of(desk, version), answers.kept(desk, version.number)
    if truth is None:
        tasks = int(version.metrics.get("tasks") or 0)
        return round((version.metrics.get("accuracy") or 0.0) * tasks), tasks, None, ()
    both = {task: truth[task] for task in truth if task in said}
    return sum(said[task] == both[task] for task in both), len(both), *measuring.blind_spots(both, version.labels)


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
