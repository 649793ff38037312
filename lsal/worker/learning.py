"""Train: snapshot, fit, measure on tasks that were never trained on, keep, promote or hold."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal import measuring, predicting, snapshots, training
from lsal.calibration import set_right
from lsal.desk import Desk
from lsal.errors import BadData, BadRequest, LsalError
from lsal.files import file_name
from lsal.jobs import Job
from lsal.protocols import Report
from lsal.records import Example, Version
from lsal.store import check_files
from lsal.worker import afar, answers
from lsal.worker.steps import Steps, told

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lesson:
    """What became of one control."""

    version: Version
    promoted: bool
    reason: str


def learn(desk: Desk, job: Job, steps: Steps, of: Path, by: str = "") -> tuple[dict[str, Lesson], dict[str, LsalError]]:
    """Train every control that has a snapshot in `of`; and why the others learned nothing.

    One control without labels must not keep the others from learning. `by` is the engine, if not the project's.
    """
    lessons, why_not = dict[str, Lesson](), dict[str, LsalError]()
    for folder in sorted(path for path in of.iterdir() if path.is_dir()):
        snapshot = snapshots.read_snapshot(folder)
        try:
            lessons[snapshot.control.name] = _learn_one(desk, job, steps, snapshot, folder, by)
        except (BadData, BadRequest) as error:  # nothing to learn from, or a library that is not there
            why_not[snapshot.control.name] = error
    return lessons, why_not


def write_snapshots(desk: Desk, folder: Path, report: Report) -> None:
    """What each control's training needs, from the mirror as it is now."""
    share = desk.home.settings().measuring_share
    parts = {
        "train": [task for task in desk.mirror.labelled() if task.place >= share],
        "measure": answers.measuring_tasks(desk),
    }
    for name, (control, _) in desk.need_handled().items():
        family = desk.family(name)
        rows = {part: told(desk.labelled(name, tasks), len(tasks), report) for part, tasks in parts.items()}
        if training.needs_pool(family):
            pool = training.seen(desk.examples(name, desk.mirror.tasks()))
            rows["pool"] = told(pool, min(desk.mirror.count(), training.SEEN), report)
        seed = desk.home.settings().seed
        options, parent = desk.options(name), _to_begin_from(desk, name, family)
        snapshots.write_snapshot(folder / file_name(name), control, family, options, seed, rows, parent)


def _to_begin_from(desk: Desk, control: str, family: str) -> int | None:
    """The live version, if it is of the family: a network learns faster from what it knows already."""
    live = desk.store.current().get(control)
    return live if live in desk.store.numbers() and desk.store.get(live).family == family else None


def _parent(desk: Desk, snapshot: snapshots.Snapshot) -> Path | None:
    """The weights to begin from. Those of a version that was cleaned away or damaged are begun without."""
    if snapshot.parent is None:
        return None
    try:
        version = desk.store.get(snapshot.parent)
        check_files(version)
    except LsalError as error:
        log.warning("Training begins without version %d: %s", snapshot.parent, error.what)
        return None
    return version.folder / "weights"


def _learn_one(desk: Desk, job: Job, steps: Steps, snapshot: snapshots.Snapshot, folder: Path, by: str) -> Lesson:
    control, measured = snapshot.control, [e for e in snapshot.measure if e.counts]
    made = [version for version in desk.store.all() if version.control == control.name]
    mine = [version for version in made if version.job == job.id]
    if mine:  # the job was killed after this version was whole
        with steps.step("measure", control.name):
            _measure_all(desk, snapshot, measured, made[-1].number == mine[-1].number)
        return _learned_before(desk, mine[-1])
    with steps.step("train", control.name):
        by = by or desk.home.settings().engine
        trained = afar.train(by, desk.home, job, folder, snapshot, steps.report, _parent(desk, snapshot))
    with steps.step("measure", control.name):
        ruler = answers.ruler(desk, control.name)
        told = set_right(predicting.thoroughly(trained.model, measured), trained.temperature)
        said = measuring.answers(ruler, told, measured)
        metrics = measuring.figures(ruler, control, measured, told, trained.temperature)
        promoted, reason = _gate(desk, snapshot, made, measured, said)
        version = _keep(desk, job, snapshot, trained, metrics, promoted, reason)
        answers.note_told(desk, version, control, told, measured)
        _measure_all(desk, snapshot, measured, not _is_old(snapshot, made))
    return Lesson(version, promoted, reason)


def _gate(
    desk: Desk, snapshot: snapshots.Snapshot, made: Sequence[Version], measured: Sequence[Example], said: measuring.Said
) -> tuple[bool, str]:
    """Promote or hold. What was learned from an old snapshot never replaces what came after it."""
    if _is_old(snapshot, made):
        return False, f"trained again from older labels; version {made[-1].number} came after them"
    return measuring.gate(*answers.against_live(desk, snapshot.control, measured, said))


def _is_old(snapshot: snapshots.Snapshot, made: Sequence[Version]) -> bool:
    return any(version.made_at > snapshot.made_at for version in made)


def _measure_all(desk: Desk, snapshot: snapshots.Snapshot, measured: Sequence[Example], newest: bool) -> None:
    if newest:
        answers.note_truth(desk, snapshot.control, measured)
    answers.ask_old_versions(desk, snapshot.control, measured)


def _learned_before(desk: Desk, version: Version) -> Lesson:
    """The lesson of a version that its job made before it was killed; later ones are not set back by it."""
    live = desk.store.current().get(version.control, 0)
    if live > version.number:
        return Lesson(version, False, f"version {live} is live and newer")
    return Lesson(version, version.promoted, version.reason)


def _keep(
    desk: Desk,
    job: Job,
    snapshot: snapshots.Snapshot,
    trained: training.Trained,
    metrics: dict[str, Any],
    promoted: bool,
    reason: str,
) -> Version:
    if trained.cross_validation:
        metrics = {**metrics, "cross_validation": trained.cross_validation}
    return desk.store.add(
        trained.save,
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
        calibration=trained.calibration,
    )
