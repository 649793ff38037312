"""What versions said about the measuring tasks, kept so that all are compared on the same ones.

versions/answers/
├── 0007.json             what version 7 said, by task and digest of its data
├── 0007-sure.json        how sure it was of each answer: see `measuring.confidence`
└── truth-CONTROL.json    what people said, as of the last training; truth-CONTROL.ERA.json
                          as of the last one for the same labels: see `era`
"""

from __future__ import annotations

import glob
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

from lsal import measuring, predicting
from lsal.calibration import temperature_of
from lsal.desk import Desk
from lsal.errors import LsalError
from lsal.files import as_written, file_name, read_json, write_json
from lsal.measuring import Comparison, Ruler, Said, Sure
from lsal.records import Control, Example, Prediction, Task, Version

OLD_VERSIONS_S = 5.0
"""Seconds spent at most on asking old versions about newly measured tasks."""


def measuring_tasks(desk: Desk) -> list[Task]:
    """The labelled tasks on which versions are measured, in the fixed random order.

    A task that a version was trained on stays out, also when the share of measuring tasks
    grew since.
    """
    share = desk.home.settings().measuring_share
    trained_on = {number for version in desk.store.all() for number in version.examples["ids"]}
    return [task for task in desk.mirror.labelled() if task.place < share and task.id not in trained_on]


def ruler(desk: Desk, control: str, version: Version | None = None) -> Ruler:
    """By what the answers of a control are measured; those of a version from before it changed, as they were then."""
    if version is None or (control in desk.handled and version.shape in ("", desk.handled[control][0].shape)):
        return measuring.ruler(desk.handled[control][1])
    return measuring.RULERS[measuring.main_figure(version.metrics)[0]]


def kept(desk: Desk, number: int) -> Said:
    """What a version said, as far as it was asked."""
    return _read(_path(desk, number))


def kept_truth(desk: Desk, control: str) -> Said:
    """What people said, as of the last training."""
    return _read(_truth_path(desk, control))


def truth_of(desk: Desk, version: Version) -> Said | None:
    """What people said while the control had the labels that the version knows.

    Later words for the same classes would make its answers wrong. None if nobody noted that. A
    version that can still answer is measured like those of today.
    """
    eras = [era(desk.handled[version.control][0])] if still_answers(desk, version) else []
    *own, last = (_truth_path(desk, version.control, name) for name in (*eras, era(version), ""))
    for path in own:
        if path.exists():
            return _read(path)
    return None if any(last.parent.glob(f"{glob.escape(last.stem)}.*.json")) else kept_truth(desk, version.control)


def _read(path: Path) -> Said:
    """What was said of each task. Raises BadData for a file that holds something else."""
    said: Said = read_json(path, {})
    with as_written(path):
        for task, told in said.items():
            if not isinstance(told, list | dict):
                raise TypeError(f"of task {task}: {told!r:.40}")
    return said


def still_answers(desk: Desk, version: Version) -> bool:
    """Whether a version can answer the control as it is now: at most, it got classes that the version never learned."""
    if not desk.mirror.label_config or version.control not in desk.handled:
        return False
    return version.can_answer(desk.handled[version.control][0])


def era(known: Version | Control) -> str:
    """What all versions share that were trained for the same labels, in any order, and the same shape."""
    return hashlib.sha256("\n".join([known.shape, *sorted(known.labels)]).encode()).hexdigest()[:8]


def kept_sure(desk: Desk, number: int) -> Sure:
    """How sure a version was, as far as that was kept: one from before it was kept has none of it."""
    sure: Sure = read_json(_path(desk, number, "-sure"), {})
    return sure


def note(desk: Desk, number: int, said: Said, sure: Sure | None = None) -> None:
    """Keep what a version said, and how sure it was, beside what it said before."""
    write_json(_path(desk, number), {**kept(desk, number), **said})
    if sure:
        write_json(_path(desk, number, "-sure"), {**kept_sure(desk, number), **sure})


def note_told(
    desk: Desk, version: Version, control: Control, told: Sequence[Prediction], of: Sequence[Example]
) -> None:
    """The same out of a version's calibrated predictions."""
    sure = measuring.sureness(told, of, control, version.labels, temperature_of(version))
    note(desk, version.number, measuring.answers(ruler(desk, control.name), told, of), sure)


def note_truth(desk: Desk, control: Control, measured: Sequence[Example]) -> None:
    """Keep what people said: the curve is drawn over these tasks."""
    truth = measuring.truths(ruler(desk, control.name), measured)
    for path in (_truth_path(desk, control.name), _truth_path(desk, control.name, era(control))):
        write_json(path, truth)


def against_live(desk: Desk, control: Control, measured: Sequence[Example], new: Said) -> tuple[Comparison | None, str]:
    """The live version and the new one on the same tasks; without a comparison, why there is none."""
    number = desk.store.current().get(control.name)
    if number is None:
        return None, "the first version of this control"
    try:
        live = desk.store.get(number)
        if not live.can_answer(control):
            what = f"the label config, or what the family reads, changed since version {number}"
            return None, f"{what}: nothing to compare with"
        by = ruler(desk, control.name)
        old = measuring.answers(by, predicting.thoroughly(predicting.load(live, control), measured), measured)
    except LsalError as error:  # then the new version is the way out
        return None, f"version {number} cannot be loaded: {error.what}"
    return by.compare(old, new, measuring.truths(by, measured), control.labels), ""


def ask_old_versions(desk: Desk, control: Control, measured: Sequence[Example]) -> None:
    """Let old versions answer the measuring tasks that came since, newest first, within a few seconds."""
    begun = time.monotonic()
    for version in reversed(desk.store.all()):
        known = read_json(_path(desk, version.number), {})
        missing = [e for e in measured if e.key not in known]
        late = time.monotonic() - begun > OLD_VERSIONS_S
        if late or not missing or version.control != control.name or not version.can_answer(control):
            continue
        try:
            told = predicting.thoroughly(predicting.load(version, control), missing)
        except LsalError:  # a damaged old version must not stop a new one
            continue
        note_told(desk, version, control, told, missing)


def _truth_path(desk: Desk, control: str, era: str = "") -> Path:
    return desk.home.path("versions", "answers", f"truth-{file_name(control)}{era and '.'}{era}.json")


def _path(desk: Desk, number: int, what: str = "") -> Path:
    return desk.home.path("versions", "answers", f"{number:04d}{what}.json")
