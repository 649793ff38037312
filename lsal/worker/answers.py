"""What versions said about the measuring tasks, kept so that all are compared on the same ones.

versions/answers/
├── 0007.json             what version 7 said, by task and digest of its data
└── truth-CONTROL.json    what people said, as of the last training
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from lsal import measuring, predicting
from lsal.desk import Desk
from lsal.errors import LsalError
from lsal.files import file_name, read_json, write_json
from lsal.measuring import Comparison, Said
from lsal.records import Control, Example

OLD_VERSIONS_S = 5.0
"""Seconds spent at most on asking old versions about newly measured tasks."""


def note(desk: Desk, number: int, said: Said) -> None:
    """Keep what a version said, beside what it said before."""
    write_json(_path(desk, number), {**read_json(_path(desk, number), {}), **said})


def note_truth(desk: Desk, control: Control, measured: Sequence[Example]) -> None:
    """Keep what people said: the curve is drawn over these tasks."""
    path = desk.home.path("versions", "answers", f"truth-{file_name(control.name)}.json")
    write_json(path, measuring.truths(measured))


def against_live(desk: Desk, control: Control, measured: Sequence[Example], new: Said) -> tuple[Comparison | None, str]:
    """The live version and the new one on the same tasks; without a comparison, why there is none."""
    number = desk.store.current().get(control.name)
    if number is None:
        return None, "the first version of this control"
    try:
        live = desk.store.get(number)
        if not live.fits(control):
            return None, f"the label config changed since version {number}, nothing to compare with"
        old = measuring.answers(predicting.load(live, control).predict(measured), measured)
    except LsalError as error:  # then the new version is the way out
        return None, f"version {number} cannot be loaded: {error.what}"
    return measuring.compare(old, new, measuring.truths(measured)), ""


def ask_old_versions(desk: Desk, control: Control, measured: Sequence[Example]) -> None:
    """Let old versions answer the measuring tasks that came since, newest first, within a few seconds."""
    begun = time.monotonic()
    for version in reversed(desk.store.all()):
        known = read_json(_path(desk, version.number), {})
        missing = [e for e in measured if e.key not in known]
        late = time.monotonic() - begun > OLD_VERSIONS_S
        if late or not missing or version.control != control.name or not version.fits(control):
            continue
        try:
            told = predicting.load(version, control).predict(missing)
        except LsalError:  # a damaged old version must not stop a new one
            continue
        note(desk, version.number, measuring.answers(told, missing))


def _path(desk: Desk, number: int) -> Path:
    return desk.home.path("versions", "answers", f"{number:04d}.json")
