"""Training one control's model from a snapshot."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal.errors import BadData
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.models.tokens import tokens_of
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Labels, Progress, Target
from lsal.snapshots import Snapshot

FOLDS = 5
LIGHT_S = 2.0
"""Cross-validation is only done where one training takes less than this."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that has learned, and from what."""

    model: Model
    examples: dict[str, Any]
    seconds: float
    cross_validation: dict[str, Any] | None


def train(snapshot: Snapshot, report: Report, parent: Path | None = None, home: Path | None = None) -> Trained:
    """Fit a model of the snapshot's family. The measuring part is not looked at.

    A family that goes on from earlier weights begins with those in the folder `parent`; one that keeps
    what it works out about inputs does so in the `home`.
    """
    usable = [e for e in snapshot.train if e.target is not None and not e.problem]
    skipped = {e.task_id: e.problem for e in (*snapshot.train, *snapshot.measure) if e.problem}
    if not snapshot.train:
        raise BadData(f"Nothing is labelled yet for '{snapshot.control.name}'", "Label the first batch: lsal rank")
    if not usable:
        found = f"; {len(skipped)} cannot be read, the first: {next(iter(skipped.values()))}" if skipped else ""
        raise BadData(f"Nothing to learn from for '{snapshot.control.name}'{found}", "Label some tasks first")
    begun = time.perf_counter()
    model = _new(snapshot, home)
    if parent is not None and hasattr(model, "begin_from"):
        model.begin_from(parent)
    model.fit(usable, snapshot.pool, [], report)
    skipped |= getattr(model, "problems", {})
    seconds = time.perf_counter() - begun
    described = {
        "count": len(usable),
        "ids": [e.task_id for e in usable],
        "digest": snapshot.digest,
        "by_label": _by_label(usable, snapshot.control),
        "skipped": skipped,
        "agreement": dict(Counter(e.how.partition(",")[0].split(" of ")[0] for e in usable)),
        "measuring": sum(e.counts for e in snapshot.measure),
        "pool": len(snapshot.pool),
    }
    if notes := str(getattr(model, "notes", "")):
        described["notes"] = notes
    if snapshot.control.marks:
        described["tokens"] = _tokens([*usable, *(e for e in snapshot.measure if e.counts)])
    checked = _cross_validate(snapshot, usable, report, home) if seconds < LIGHT_S else None
    return Trained(model, described, seconds, checked)


def _cross_validate(
    snapshot: Snapshot, usable: Sequence[Example], report: Report, home: Path | None
) -> dict[str, Any] | None:
    """Accuracy on held-out folds of the training labels: biased, as a strategy chose them."""
    if len(usable) < 2 * FOLDS or not all(isinstance(e.target, Labels) for e in usable):
        return None
    right = 0
    for fold in range(FOLDS):
        report(Progress(fold, FOLDS, "cross-validating"))
        kept = [e for i, e in enumerate(usable) if i % FOLDS != fold]
        held = [e for i, e in enumerate(usable) if i % FOLDS == fold]
        model = _new(snapshot, home)
        try:
            model.fit(kept, snapshot.pool, [], _quiet)
        except BadData:  # all that can be learned from lies in one fold
            return None
        for example, told in zip(held, model.predict(held), strict=True):
            right += example.target is not None and set(told.target.names) == set(example.target.names)
    where = "biased: held-out folds of labels that a strategy chose"
    return {"accuracy": right / len(usable), "measured_on": where}


def needs_pool(family: str) -> bool:
    """Whether models of this family want to see the whole pool's inputs."""
    return bool(MODELS[family].needs_pool)


def _new(snapshot: Snapshot, home: Path | None) -> Model:
    model: Model = MODELS[snapshot.family](snapshot.control, snapshot.options, snapshot.seed)
    keeping(model, home)
    return model


def _quiet(progress: Progress) -> None:
    """Progress of an inner fit says nothing about the whole."""


def _tokens(examples: Sequence[Example]) -> int:
    """The words that people read to mark these texts: a long text costs more than a short one."""
    return sum(len(tokens_of(str(example.input))) for example in examples)


def _by_label(examples: Sequence[Example], control: Control) -> dict[str, int]:
    given = Counter(name for e in examples if e.target is not None for name in _given(e.target))
    return {label: given[label] for label in control.labels}


def _given(target: Target) -> Sequence[str]:
    """The classes that people gave: to an image's objects, and to spans, each by itself."""
    return target.names if isinstance(target, Labels) else [one.label for one in target.items]
