"""Lists of records as sheets, and the sheet itself: a title, named facts, one table, and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lsal.dashboard.wording import cut, duration, figure, file_at, kept_figure, percent
from lsal.jobs import Job
from lsal.records import Version
from lsal.workbench.curve import Point, Round
from lsal.workbench.status import Waiting

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is shown of a record, top to bottom."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: Row = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()


def _versions(shown: Iterable[Version]) -> Sheet:
    columns = ("version", "control", "family", "labels", "when made", "measured on", "made", "train s", "gate")
    rows = [
        (
            str(one.number),
            one.control,
            one.family,
            str(one.examples.get("count", 0) + one.examples.get("measuring", 0)),
            kept_figure(one.metrics),
            f"{one.metrics.get('tasks', 0)} tasks",
            datetime.fromtimestamp(one.made_at).strftime("%Y-%m-%d %H:%M"),
            f"{one.seconds.get('train', 0.0):.1f}",
            f"{'promoted' if one.promoted else 'held'}: {one.reason}",
        )
        for one in shown
    ]
    return Sheet("Versions", columns=columns, rows=tuple(rows))


def _points(shown: Iterable[Point]) -> Sheet:
    points = list(shown)
    columns = ("version", "control", "labels", _now(points), "measured on", "state")
    rows = [
        (
            str(one.version),
            one.line or one.control,
            f"{one.labels}" + (f" ({one.regions} regions)" if one.regions is not None else ""),
            figure(one.metric, one.value, one.interval),
            f"{one.tasks} tasks",
            "live" if one.live else "" if one.promoted else "held",
        )
        for one in points
    ]
    held = [f"Version {one.version} is held: {one.reason}." for one in points if not (one.promoted or one.live)]
    notes = (f"Measured on {points[0].measured_on}.", *_limits(points), *held)
    return Sheet("Learning curve", columns=columns, rows=tuple(rows), notes=notes)


def _now(points: Sequence[Point]) -> str:
    """The head of the column of figures: their name, where it is the same for all."""
    names = {one.metric for one in points}
    return f"{names.pop()} now" if len(names) == 1 else "now"


def _limits(points: Sequence[Point]) -> Iterator[str]:
    """What the figures of each line do not tell, by its newest version."""
    newest = {one.line or one.control: one for one in points}
    lines = dict.fromkeys(newest)
    for line, one in newest.items():
        of = f" of '{line}'" if len(lines) > 1 else ""
        if line != one.control:
            yield f"The figures{of} are of when its classes were other ones; do not compare them with those of today."
        elif one.tasks and one.commonest is not None:
            yield f"Who always gives the commonest answer{of} gets {percent(one.commonest)} of these tasks right."
            if one.unseen:
                named = cut(", ".join(one.unseen), 60)
                yield f"No measuring task{of} was labelled {named} yet: how well that is recognised, nobody knows."


def _rounds(shown: Iterable[Round]) -> Sheet:
    rounds = list(shown)
    steps = tuple(dict.fromkeys(step for one in rounds for step in one.seconds))
    rows = [
        (
            *(str(one.version), str(one.labels), figure(one.metric, one.value, one.interval), str(one.tasks)),
            *("promoted" if one.promoted else f"held: {one.reason}", str(one.published), one.job),
            *(f"{one.seconds.get(step, 0.0):.2f}" for step in steps),
        )
        for one in rounds
    ]
    columns = (
        "version",
        "labels",
        "measured",
        "measured on",
        "gate",
        "published",
        "job",
        *(f"{step} s" for step in steps),
    )
    return Sheet("Rounds", columns=columns, rows=tuple(rows))


def _queue(shown: Iterable[Waiting]) -> Sheet:
    columns = ("rank", "task", "what", "guess", "runner-up", "margin")
    rows = []
    for one in shown:
        what = " ".join(file_at(str(value)) for value in one.data.values())
        guess = "measuring" if one.measuring else f"{one.guess} {percent(one.chance)}".strip()
        rows.append((str(one.rank + 1), str(one.task_id), cut(what, 50), guess, one.runner_up, percent(one.margin)))
    return Sheet("Next in the queue", columns=columns, rows=tuple(rows))


def _jobs(shown: Iterable[Job]) -> Sheet:
    states = [job.state() for job in shown]
    rows = [(one.id, one.act, one.by, one.state, duration(one.seconds), one.error) for one in states]
    return Sheet("Jobs", columns=("job", "act", "by", "state", "time", "error"), rows=tuple(rows))


TABLES: dict[type, Callable[[Any], Sheet]] = {
    Version: _versions,
    Point: _points,
    Round: _rounds,
    Waiting: _queue,
    Job: _jobs,
}
"""How a list of each record looks."""
