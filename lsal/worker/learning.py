"""Train: snapshot, fit, measure on tasks that were never trained on, keep, promote or hold."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal import measuring, predicting, training
from lsal.desk import Desk
from lsal.errors import BadData, LsalError
from lsal.files import file_name, read_json, write_json
from lsal.jobs import Job
from lsal.records import Control, Example, Task, Version
from lsal.worker.steps import Steps

OLD_VERSIONS_S = 5.0
"""Seconds spent at most on asking old versions about newly measured tasks."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What became of one control."""

    version: Version
    promoted: bool
    reason: str


def learn(desk: Desk, job: Job, steps: Steps, of: Path) -> tuple[dict[str, Lesson], dict[str, LsalError]]:
    """Train every control that has a snapshot in `of`; and why the others learned nothing.

    One control without labels must not keep the others from learning.
    """
    lessons, why_not = dict[str, Lesson](), dict[str, LsalError]()
    for folder in sorted(path for path in of.iterdir() if path.is_dir()):
        snapshot = training.read_snapshot(folder)
        try:
            lessons[snapshot.control.name] = _learn_one(desk, job, steps, snapshot)
        except BadData as error:
            why_not[snapshot.control.name] = error
    return lessons, why_not


def write_snapshots(desk: Desk, folder: Path) -> None:
    """What each control's training needs, from the mirror as it is now."""
    share = desk.home.settings().measuring_share
    labelled = list(desk.mirror.labelled())
    parts = {
        "train": [task for task in labelled if task.place >= share],
        "measure": [task for task in labelled if task.place < share],
    }
    for name, (control, _) in desk.need_handled().items():
        family = desk.family(name)
        rows = {part: _with_digest(desk.labelled(name, tasks), tasks) for part, tasks in parts.items()}
        if training.needs_pool(family):
            rows["pool"] = ((e, "") for e in desk.examples(name, desk.mirror.tasks()))
        seed = desk.home.settings().seed
        training.write_snapshot(folder / file_name(name), control, family, desk.options(name), seed, rows)


def _with_digest(examples: Iterator[Example], tasks: Sequence[Task]) -> Iterator[tuple[Example, str]]:
    return zip(examples, (task.digest for task in tasks), strict=True)


def _learn_one(desk: Desk, job: Job, steps: Steps, snapshot: training.Snapshot) -> Lesson:
    measured = [e for e in snapshot.measure if e.target is not None and not e.problem]
    known = [v for v in desk.store.all() if v.job == job.id and v.control == snapshot.control.name]
    if known:  # the job was killed after this version was whole
        with steps.step("measure"):
            _ask_old_versions(desk, snapshot.control, measured)
        return _learned_before(desk, known[-1])
    with steps.step("train"):
        trained = training.train(snapshot, steps.report)
    with steps.step("measure"):
        told = trained.model.predict(measured)
        metrics = measuring.measure(told, measured, snapshot.control)
        comparison = _against_live(desk, snapshot.control, measured, measuring.answers(told))
        promoted, reason = measuring.gate(comparison)
        version = _keep(desk, job, snapshot, trained, metrics, promoted, reason)
        _note_answers(desk, version.number, measuring.answers(told))
        _ask_old_versions(desk, snapshot.control, measured)
    return Lesson(version, promoted, reason)


def _learned_before(desk: Desk, version: Version) -> Lesson:
    """The lesson of a version that its job made before it was killed; later ones are not set back by it."""
    live = desk.store.current().get(version.control, 0)
    if live > version.number:
        return Lesson(version, False, f"version {live} is live and newer")
    return Lesson(version, version.promoted, version.reason)


def _keep(
    desk: Desk,
    job: Job,
    snapshot: training.Snapshot,
    trained: training.Trained,
    metrics: dict[str, Any],
    promoted: bool,
    reason: str,
) -> Version:
    if trained.cross_validation:
        metrics = {**metrics, "cross_validation": trained.cross_validation}
    return desk.store.add(
        trained.model.save,
        family=snapshot.family,
        control=snapshot.control.name,
        metrics=metrics,
        examples=trained.examples,
        parent=desk.store.current().get(snapshot.control.name),
        seconds={"train": trained.seconds},
        job=job.id,
        labels=snapshot.control.labels,
        shape=snapshot.control.shape,
        promoted=promoted,
        reason=reason,
    )


def _against_live(
    desk: Desk, control: Control, measured: Sequence[Example], new: dict[int, tuple[str, ...]]
) -> measuring.Comparison | None:
    """The live version and the new one on the same tasks; None without a live one that fits."""
    number = desk.store.current().get(control.name)
    live = desk.store.get(number) if number is not None else None
    if live is None or not live.fits(control):
        return None
    old = measuring.answers(predicting.load(live, control).predict(measured))
    return measuring.compare(old, new, measuring.truths(measured))


def _ask_old_versions(desk: Desk, control: Control, measured: Sequence[Example]) -> None:
    """Old versions answer the measuring tasks that came since, so that a curve compares all on the same."""
    write_json(
        desk.home.path("versions", "answers", f"truth-{file_name(control.name)}.json"), measuring.truths(measured)
    )
    begun = time.monotonic()
    for version in reversed(desk.store.all()):
        if version.control != control.name or not version.fits(control):
            continue
        known = read_json(_answers_path(desk, version.number), {})
        missing = [e for e in measured if str(e.task_id) not in known]
        if missing and time.monotonic() - begun < OLD_VERSIONS_S:
            try:
                told = predicting.load(version, control).predict(missing)
            except LsalError:  # a damaged old version must not stop a new one
                continue
            _note_answers(desk, version.number, {**known, **measuring.answers(told)})


def _note_answers(desk: Desk, number: int, answers: dict[int, tuple[str, ...]]) -> None:
    write_json(_answers_path(desk, number), answers)


def _answers_path(desk: Desk, number: int) -> Path:
    return desk.home.path("versions", "answers", f"{number:04d}.json")
