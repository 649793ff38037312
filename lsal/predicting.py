"""Asking models: the live one for Label Studio's requests, any version for a whole pool."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from lsal.errors import LsalError
from lsal.models import MODELS
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Labels, Prediction, Progress, Regions, Version
from lsal.store import Store, check_files

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

CHUNK = 512


class Predictor(Protocol):
    """The part of a model that answers."""

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """One prediction per example, in order."""


def load(version: Version, control: Control) -> Predictor:
    """What a version says about a control, its files checked against what was written.

    If the label config got labels since the version was trained, they have no chance yet.
    """
    return _for_control(_load(version, control), version, control)


def _load(version: Version, control: Control) -> Model:
    check_files(version)
    trained_for = replace(control, labels=version.labels) if version.can_answer(control) else control
    model: Model = MODELS[version.family].load(version.folder / "weights", trained_for)
    return model


def _for_control(model: Model, version: Version, control: Control) -> Predictor:
    """The model itself if it knows just the control's labels, else in their words."""
    if version.labels == control.labels or not version.can_answer(control):
        return model
    return _Aligned(model, version.labels, control)


class _Aligned:
    """A model that knows some of a control's labels: the others, and only they, get no chance."""

    def __init__(self, model: Model, known: Sequence[str], control: Control) -> None:
        self.inner, self._control = model, control
        self._places = [control.labels.index(label) for label in known]

    def predict(self, examples: Sequence[Example]) -> list[Prediction]:
        """The model's predictions, with chances in the order of the control's labels."""
        return [self._aligned(one) for one in self.inner.predict(examples)]

    def predict_all(self, examples: Sequence[Example]) -> list[Prediction]:
        """The same, with what is too doubtful to be shown."""
        return [self._aligned(one) for one in thoroughly(self.inner, examples)]

    def _aligned(self, told: Prediction) -> Prediction:
        if isinstance(told.target, Regions):  # each has its label by name; the last column stays the last
            chances = told.chances[:, -1:].repeat(len(self._control.labels) + 1, axis=1)
            chances[:, :-1] = 0
            chances[:, self._places] = told.chances[:, :-1]
            return replace(told, chances=chances)
        names = tuple(label for label in self._control.labels if label in told.target.names)
        return replace(told, target=Labels(names), chances=self._chances(told.chances))

    def _chances(self, known: Floats) -> Floats:
        labels = len(self._control.labels)
        if self._control.several:  # a row for each label: absent for certain
            chances = known[:1].repeat(labels, axis=0)
            chances[:] = (1, 0)
            chances[self._places] = known
        else:
            chances = known[:, :1].repeat(labels, axis=1)
            chances[:] = 0
            chances[:, self._places] = known
        return chances


def showing(model: Predictor, options: Mapping[str, Any]) -> Predictor:
    """The model, showing regions from the confidence that the settings name now, whatever it was trained with."""
    inner = model.inner if isinstance(model, _Aligned) else model
    if "threshold" in options and hasattr(inner, "threshold"):
        inner.threshold = float(options["threshold"])
    return model


def thoroughly(model: Predictor, examples: Sequence[Example]) -> list[Prediction]:
    """What a model says when it is measured: also what is too doubtful to be shown, if it tells."""
    ask = getattr(model, "predict_all", model.predict)
    told: list[Prediction] = ask(examples)
    return told


def score(
    version: Version,
    control: Control,
    examples: Sequence[Example],
    executor: Executor,
    report: Report,
    options: Mapping[str, Any] | None = None,
) -> list[Prediction]:
    """Predictions for many examples, in order, chunk by chunk through an engine; `options` as for `showing`."""
    chunks = [examples[start : start + CHUNK] for start in range(0, len(examples), CHUNK)]
    found: list[Prediction] = []
    for told in executor.map(partial(_score_chunk, version, control, dict(options or {})), chunks):
        found += told
        report(Progress(len(found), len(examples), "scoring"))
    return found


_loaded: dict[Path, Model] = {}
"""The version that this process scored with last, so that a worker loads it once."""


def _score_chunk(
    version: Version, control: Control, options: Mapping[str, Any], examples: Sequence[Example]
) -> list[Prediction]:
    if version.folder not in _loaded:
        _loaded.clear()
        _loaded[version.folder] = _load(version, control)
    return showing(_for_control(_loaded[version.folder], version, control), options).predict(examples)


class Live:
    """The live models of a project, loaded once for each version and kept in memory.

    A new `current` on disk is noticed by one look at a file; while its weights load, the old
    ones go on answering.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[str, tuple[tuple[int, int], Version, Model]] = {}
        self._loading = threading.Lock()

    def model(self, control: Control) -> tuple[Version, Predictor] | None:
        """The live version of a control and what answers for it; None before the first.

        None too if the label config changed so that the live version can not answer for it.
        """
        stamp, kept = self._store.stamp(), self._kept.get(control.name)
        # Whoever comes while another request loads is served by the old weights, if there are any.
        if (kept is None or kept[0] != stamp) and self._loading.acquire(blocking=kept is None):
            try:
                self._refresh(control, stamp)
            finally:
                self._loading.release()
            kept = self._kept.get(control.name)
        if kept is None or not kept[1].can_answer(control):
            return None
        return kept[1], _for_control(kept[2], kept[1], control)

    def _refresh(self, control: Control, stamp: tuple[int, int]) -> None:
        number, kept = self._store.current().get(control.name), self._kept.get(control.name)
        if number is None:
            self._kept.pop(control.name, None)
        elif kept and kept[1].number == number:
            self._kept[control.name] = (stamp, *kept[1:])
        elif (version := self._store.get(number)).can_answer(control):
            try:
                self._kept[control.name] = (stamp, version, _load(version, control))
            except LsalError:
                if kept is None:
                    raise
                log.exception("version %d cannot be loaded, version %d goes on answering", number, kept[1].number)
                self._kept[control.name] = (stamp, *kept[1:])
