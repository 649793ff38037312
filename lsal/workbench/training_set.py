"""The training set of a project as a folder: which control, and which tasks belong to which part of it.

Measuring tasks are the part to check on, the same ones on which lsal measures its versions: none of
them was ever trained on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lsal import datasets
from lsal.datasets import Dataset
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.label_studio.mirror import LABELLED
from lsal.label_studio.sync import sync
from lsal.protocols import Report
from lsal.records import Control, Example, Progress
from lsal.worker.answers import measuring_tasks


def export(
    desk: Desk, what: str, format: str, control: str, out: Path, force: bool, report: Report | None = None
) -> Dataset:
    """Write what people agreed on into a folder, whole or not at all; an earlier export is replaced with `force`.

    Raises BadRequest where the format cannot hold the control, BadData without anything to train on.
    """
    if format:
        raise BadRequest(f"{what} is a format by itself, and takes no --format", f"lsal export {what}")
    sync(desk.mirror, desk.project, report)
    chosen, folder = _control(desk, what, control), out.expanduser().resolve()
    tasks = desk.mirror.count(LABELLED)
    with datasets.whole(folder, force) as beside:
        return datasets.write(beside, folder, what, chosen, _examples(desk, chosen), tasks, report or _quiet)


def _examples(desk: Desk, control: Control) -> Iterator[tuple[str, Example]]:
    val = {task.id for task in measuring_tasks(desk)}
    tasks = sorted(desk.mirror.labelled(), key=lambda task: task.id)
    for example in desk.labelled(control.name, tasks):
        yield datasets.VAL if example.task_id in val else datasets.TRAIN, example


def _control(desk: Desk, format: str, name: str) -> Control:
    """The control of that name, or the only one that the format holds."""
    handled = {each: control for each, (control, _) in desk.need_handled().items()}
    if name:
        if name not in handled:
            raise BadRequest(f"lsal learns no control '{name}'", f"Choose from: {', '.join(handled)}")
        datasets.learned(handled[name], format)
        return handled[name]
    fitting, refused = list[Control](), list[BadRequest]()
    for control in handled.values():
        try:
            datasets.learned(control, format)
            fitting.append(control)
        except BadRequest as error:
            refused.append(error)
    if not fitting:
        raise refused[0]
    if len(fitting) > 1:
        names = ", ".join(control.name for control in fitting)
        raise BadRequest(f"{format} holds one control, and there are {names}", f"Name one: --control {fitting[0].name}")
    return fitting[0]


def _quiet(progress: Progress) -> None:
    """Nobody watches."""
