"""The tasks that may be picked, as the model of each control sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal import outlook
from lsal.desk import Desk
from lsal.kinds.reading import read_example
from lsal.ranking import Candidates
from lsal.records import Control, Example, Prediction, Task
from lsal.strategies import STRATEGIES
from lsal.worker.scoring import answered
from lsal.worker.starting import unseen
from lsal.worker.steps import Steps


@dataclass(frozen=True, slots=True)
class Read:
    """One control's candidates, why some tasks are not among them, and the labelled tasks that its pool knows."""

    asked: Candidates
    problems: Mapping[int, str]
    labelled: Sequence[int] = ()


def controls_to_rank(desk: Desk, live: Mapping[str, int]) -> tuple[list[str], list[float]]:
    """The controls whose models choose the batch, with the weight of each.

    Those that have a version, as the setting `rank_by` weighs them; before any, the first that a
    kind handles: the data alone say the same for all of them.
    """
    handled, weights = desk.need_handled(), desk.home.settings().rank_by or {}
    able = {name: float(weights.get(name, 0.0 if weights else 1.0)) for name in handled if name in live}
    chosen = {name: weight for name, weight in able.items() if weight > 0}
    if not chosen:  # of none that counts is there a version yet
        return [next(iter(able), next(iter(handled)))], [1.0]
    return list(chosen), list(chosen.values())


def candidates(
    desk: Desk,
    steps: Steps,
    name: str,
    tasks: Iterable[Task],
    live: Mapping[str, int],
    strategy: str,
    total: int = 0,
    by: str = "",
) -> Read:
    """Read and score the `tasks`, `total` if that is known, for one control, by its version in `live` if it has one;
    `by` this engine, if not the project's.
    """
    control, kind = desk.handled[name]
    problems, fetch = dict[int, str](), desk.fetch

    def read(task: Task) -> Example | None:
        example = read_example(kind, control, task, fetch)
        if why := _problem(example, control):
            problems[example.task_id] = why
            return None
        return example

    with steps.step("score"):
        if name not in live:
            fine = (example for task in tasks if (example := read(task)))
            return Read(Candidates(control, unseen(desk, steps, control, fine, total)), problems)
        version = desk.store.get(live[name])
        found = answered(desk, steps, control, tasks, read, version, STRATEGIES[strategy], total, by)
        told = found.told
        outlook.sample.keep(desk.home, version.number, ((told.key(k), told[k].target) for k in range(len(told))))

    def to_result(one: Prediction) -> list[dict[str, Any]]:
        for task in desk.mirror.tasks(ids=[one.task_id]):
            place = int(np.flatnonzero(found.pool.task_ids == task.id)[0])
            if told.key(place) == f"{task.id}:{task.digest}":
                return kind.result(control, one, read_example(kind, control, task, fetch))
        return []  # changed or deleted meanwhile: what was said of it is no answer any more

    return Read(Candidates(control, found.pool, told, to_result), problems | dict(found.unread), found.labelled)


def _problem(example: Example, control: Control) -> str | None:
    """Why a task is kept out of the batch: a model has nothing but the prior to say about it,
    which is the greatest doubt there is, so that such tasks would head every queue.
    """
    if example.input is not None and not str(example.input).strip():
        return f"task {example.task_id}: field '{control.data_key}' is empty"
    return example.problem
