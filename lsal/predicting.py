"""Asking models: the live one for Label Studio's requests, any version for a whole pool."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from lsal.errors import LsalError
from lsal.models import MODELS
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Prediction, Progress, Version
from lsal.store import Store, check_files

log = logging.getLogger(__name__)

CHUNK = 512


def load(version: Version, control: Control) -> Model:
    """A version's model, its files checked against what was written."""
    check_files(version)
    model: Model = MODELS[version.family].load(version.folder / "weights", control)
    return model


def score(
    version: Version, control: Control, examples: Sequence[Example], executor: Executor, report: Report
) -> list[Prediction]:
    """Predictions for many examples, in order, chunk by chunk through an engine."""
    chunks = [examples[start : start + CHUNK] for start in range(0, len(examples), CHUNK)]
    found: list[Prediction] = []
    for told in executor.map(partial(_score_chunk, version, control), chunks):
        found += told
        report(Progress(len(found), len(examples), "scoring"))
    return found


_loaded: dict[Path, Model] = {}
"""The version that this process scored with last, so that a worker loads it once."""


def _score_chunk(version: Version, control: Control, examples: Sequence[Example]) -> list[Prediction]:
    if version.folder not in _loaded:
        _loaded.clear()
        _loaded[version.folder] = load(version, control)
    return _loaded[version.folder].predict(examples)


class Live:
    """The live models of a project, loaded once for each version and kept in memory.

    A new `current` on disk is noticed by one look at a file; while its weights load, the old
    ones go on answering.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[tuple[int, int], Version, Model]] = {}
        self._loading = threading.Lock()

    def model(self, control: Control) -> tuple[Version, Model] | None:
        """The live version of a control and its model; None before the first.

        None too if the label config changed so that the live version does not fit it.
        """
        stamp, kept = self._store.stamp(), self._kept.get(control.name)
        # Whoever comes while another request loads is served by the old weights, if there are any.
        if (kept is None or kept[0] != stamp) and self._loading.acquire(blocking=kept is None):
            try:
                self._refresh(control, stamp)
            finally:
                self._loading.release()
            kept = self._kept.get(control.name)
        return kept[1:] if kept and kept[1].fits(control) else None

    def _refresh(self, control: Control, stamp: tuple[int, int]) -> None:
        number, kept = self._store.current().get(control.name), self._kept.get(control.name)
        if number is None:
            self._kept.pop(control.name, None)
        elif kept and kept[1].number == number:
            self._kept[control.name] = (stamp, *kept[1:])
        elif (version := self._store.get(number)).fits(control):
            try:
                self._kept[control.name] = (stamp, version, load(version, control))
            except LsalError:
                if kept is None:
                    raise
                log.exception("version %d cannot be loaded, version %d goes on answering", number, kept[1].number)
                self._kept[control.name] = (stamp, *kept[1:])
