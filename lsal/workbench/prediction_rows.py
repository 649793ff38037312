"""What the live versions say about every task, with their doubts, as rows of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lsal import predicting, publishing
from lsal.desk import Desk
from lsal.errors import NoVersion
from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED
from lsal.predicting import Predictor
from lsal.protocols import Report
from lsal.ranking import doubts
from lsal.records import Control, Example, Pool, Prediction, Progress, Task, Version
from lsal.strategies.measures import entropy
from lsal.workbench.annotation_rows import beside, names_of

FIRST = (
    "task",
    "state",
    "control",
    "version",
    "label",
    "chance",
    "runner_up",
    "margin",
    "entropy",
    "measuring",
    "rank",
)
LAST = ("problem",)
STATES = {OPEN: "open", LABELLED: "labelled", SKIPPED: "skipped"}


def prediction_rows(desk: Desk, report: Report | None = None) -> Iterator[dict[str, Any]]:
    """One row for each task and each control that has a live version, scored here and now, chunk by chunk.

    `chance` is that of the likeliest class (with several labels: of the least certain one), `margin`
    its lead over `runner_up`, `entropy` from 0 to 1. `rank` is the place in the live queue, from 1,
    for tasks that are still open. Raises NoVersion.
    """
    ranks, share, states = _ranks(desk), desk.home.settings().measuring_share, _states(desk)
    for chunk in scored(desk, report):
        for task, told in chunk:
            for control, version, example, one in told:
                state = states[task.id]
                row = {
                    "task": task.id,
                    "state": STATES[state],
                    "control": control.name,
                    "version": version.number,
                    **_doubts(control, one, example),
                    "measuring": task.place < share,
                    "rank": ranks.get(task.id) if state == OPEN else None,
                    "problem": example.problem or one.problem or "",
                }
                yield {**row, **beside(task.data, row)}


Told = tuple[Control, Version, Example, Prediction]
"""What one version says about one task."""


def scored(desk: Desk, report: Report | None = None) -> Iterator[list[tuple[Task, list[Told]]]]:
    """All tasks by id, in chunks, each with what every live version says of it."""
    models, ids = _models(desk), list(desk.mirror.ids())
    for start in range(0, len(ids), predicting.CHUNK):
        tasks = sorted(desk.mirror.tasks(ids=ids[start : start + predicting.CHUNK]), key=lambda task: task.id)
        by_model = [_score(desk, *model, tasks) for model in models]
        yield list(zip(tasks, map(list, zip(*by_model, strict=True)), strict=True))
        if report:
            report(Progress(start + len(tasks), len(ids), "predicting"))


def data_columns(desk: Desk) -> list[str]:
    """Every field that some task has, under the name of its column."""
    names = dict.fromkeys(name for task in desk.mirror.tasks() for name in task.data)
    return list(beside(names, (*FIRST, *LAST)))


def _models(desk: Desk) -> list[tuple[Control, Version, Predictor]]:
    live = desk.fitting(desk.store.current())
    if not live:
        raise NoVersion("No version is live that goes with the label config", "Train one: lsal round")
    found = []
    for name, number in live.items():
        version, control = desk.store.get(number), desk.handled[name][0]
        model = predicting.showing(predicting.load(version, control), desk.options(name))
        found.append((control, version, model))
    return found


def _score(desk: Desk, control: Control, version: Version, model: Predictor, tasks: Sequence[Task]) -> list[Told]:
    examples = list(desk.examples(control.name, tasks))
    told = model.predict(examples)
    return [(control, version, example, one) for example, one in zip(examples, told, strict=True)]


def _states(desk: Desk) -> dict[int, int]:
    """Whether each task is open, labelled or skipped."""
    return {number: state for state in STATES for number in desk.mirror.ids(state)}


def _doubts(control: Control, one: Prediction, example: Example) -> dict[str, Any]:
    """The columns about what was said; empty for a task that could not be read."""
    if example.problem or one.problem:
        return dict.fromkeys(("label", "chance", "runner_up", "margin", "entropy"))
    units = np.asarray([0, len(one.chances)])
    pool = Pool(np.asarray([one.task_id]), one.chances, units, np.zeros(len(control.labels), np.int64))
    found = doubts(control, one)
    return {
        "label": names_of(one.target, control.several, example),
        "chance": found.get("chance"),
        "runner_up": found.get("runner_up"),
        "margin": found.get("margin"),
        "entropy": float(entropy(pool)[0]),
    }


def _ranks(desk: Desk) -> Mapping[int, int]:
    publication = publishing.live_publication(desk.home)
    tasks: Iterable[int] = publication.task_ids if publication else ()
    return {task: rank for rank, task in enumerate(tasks, 1)}
