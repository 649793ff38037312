"""Lists of records as sheets, and the sheet itself: a title, named facts, one table, and sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lsal.dashboard.job_words import outcome
from lsal.dashboard.pictures import Picture
from lsal.dashboard.trusted import calibrated, calibration_notes
from lsal.dashboard.wording import cut, duration, kept_figure, percent, seen
from lsal.jobs import Job
from lsal.phrases import counted
from lsal.records import Version
from lsal.workbench.shown import in_words
from lsal.workbench.status import Waiting

Row = tuple[str, ...]
OUTCOME = 200
"""Characters of what came of a job, in a table."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is shown of a record, top to bottom.

    `pictures` stand in cells of the table, by row and column, where there is more than text;
    `legend` names their colours. `below` are further sheets.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    columns: Row = ()
    rows: tuple[Row, ...] = ()
    notes: tuple[str, ...] = ()
    pictures: Mapping[tuple[int, int], Picture] = field(default_factory=dict)
    legend: Mapping[str, str] = field(default_factory=dict)
    below: tuple[Sheet, ...] = ()


def _versions(shown: Sequence[Version]) -> Sheet:
    columns = (
        "version",
        "control",
        "family",
        "labels",
        "when made",
        "measured on",
        "calibration",
        "made",
        "train s",
        "gate",
    )
    rows = [
        (
            str(one.number),
            one.control,
            one.family,
            str(one.examples.get("count", 0) + one.examples.get("measuring", 0)),
            kept_figure(one.metrics),
            counted(one.metrics.get("tasks", 0), "task"),
            calibrated(one.metrics, one.calibration),
            datetime.fromtimestamp(one.made_at).strftime("%Y-%m-%d %H:%M"),
            f"{one.seconds.get('train', 0.0):.1f}",
            f"{'promoted' if one.promoted else 'held'}: {one.reason}",
        )
        for one in shown
    ]
    return Sheet(
        "Versions",
        columns=columns,
        rows=tuple(rows),
        notes=calibration_notes({one.number: one.calibration for one in shown}),
    )


def _queue(shown: Iterable[Waiting]) -> Sheet:
    columns = ("rank", "task", "what", "guess", "runner-up", "margin")
    rows = []
    for one in shown:
        guess = "measuring" if one.measuring else f"{one.guess} {percent(one.chance)}".strip()
        guess = f"again: {one.relabel}" if one.relabel else f"pinned: {guess}" if one.pinned else guess
        rows.append(
            (
                str(one.rank + 1),
                str(one.task_id),
                seen(one.shown or in_words(one.data)),
                guess,
                one.runner_up,
                percent(one.margin),
            )
        )
    return Sheet("Next in the queue", columns=columns, rows=tuple(rows))


def _jobs(shown: Iterable[Job]) -> Sheet:
    states = [job.state() for job in shown]
    told = ["" if one.state in ("running", "waiting") else cut(outcome(one), OUTCOME) for one in states]
    rows = [
        (one.id, one.act, one.by, one.state, duration(one.seconds), why) for one, why in zip(states, told, strict=True)
    ]
    return Sheet("Jobs", columns=("job", "act", "by", "state", "time", "what came of it"), rows=tuple(rows))


TABLES: dict[type, Callable[[Any], Sheet]] = {
    Version: _versions,
    Waiting: _queue,
    Job: _jobs,
}
"""How a list of each record looks."""
