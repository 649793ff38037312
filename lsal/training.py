"""Training one control's model from a snapshot."""

from __future__ import annotations

import logging
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from lsal.calibration import fit_temperature
from lsal.cross_fitting import FOLDS, lone, out_of_fold
from lsal.errors import BadData
from lsal.models import MODELS
from lsal.models.kept_vectors import keeping
from lsal.models.tokens import tokens_of
from lsal.phrases import counted
from lsal.protocols import Model, Report
from lsal.records import Control, Example, Labels, Passage, Prediction, Progress, Target
from lsal.snapshots import Snapshot

log = logging.getLogger(__name__)

LIGHT_S = 10.0
"""Cross-validation may take so long. It is not begun where one training takes longer, and given up when it will."""
SEEN, LETTERS = 30_000, 10_000_000
"""Tasks of the pool that a family looks at when it learns, and characters of texts, at most: so that its memory is
bounded. On ag_news `sklearn_text` came out no better with 14,600 texts than with 3,500.
"""
BIASED = "biased: held-out folds of labels that a strategy chose"


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that has learned, and from what.

    `out_of_fold` are the answers of cross-validation to the `usable` examples: None where that is too dear,
    or there are too few. `calibration` is what they say about its confidence. `weights` is the folder of the
    model's files where another process wrote them.
    """

    model: Model
    examples: dict[str, Any]
    seconds: float
    cross_validation: dict[str, Any] | None
    usable: Sequence[Example] = ()
    out_of_fold: Sequence[Prediction | None] | None = None
    calibration: Mapping[str, Any] = field(default_factory=dict)
    weights: Path | None = None

    def save(self, folder: Path) -> None:
        """Write the model's files: those that were written where it was trained, if that was elsewhere."""
        if self.weights is None:
            self.model.save(folder)
        else:
            shutil.copytree(self.weights, folder, copy_function=shutil.copyfile, dirs_exist_ok=True)
            shutil.rmtree(self.weights.parent)

    @property
    def temperature(self) -> float:
        """By what the model's chances are set right: 1 leaves them as they are."""
        return float(self.calibration.get("temperature", 1.0))


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
    if parent is not None and hasattr(model, "reuse"):
        model.reuse(parent)
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
    told, why_not = _out_of_fold(snapshot, usable, report, home, seconds)
    calibration = fit_temperature(snapshot.control, usable, told, why_not)
    return Trained(model, described, seconds, cross_validation(usable, told), usable, told, calibration)


def _out_of_fold(
    snapshot: Snapshot, usable: Sequence[Example], report: Report, home: Path | None, seconds: float
) -> tuple[list[Prediction | None] | None, str]:
    """Cross-validation's answers, worked out once for all who ask; else why there are none."""
    if not all(isinstance(e.target, Labels) for e in usable):
        return None, "only classes of whole tasks are"
    if len(usable) < 2 * FOLDS:
        return None, f"{counted(len(usable), 'label')} to learn from, {2 * FOLDS} wanted"
    hurried, dear = _hurried(report), f"cross-validation takes longer than {LIGHT_S:.0f} s"
    try:
        if seconds < LIGHT_S:
            fresh = partial(_new, snapshot, home)
            return out_of_fold(fresh, usable, snapshot.pool, FOLDS, snapshot.seed, hurried), ""
    except _TooDear:
        log.info("Gave up: %s", dear)
    return None, dear


class _TooDear(Exception):
    """Cross-validation takes longer than it is worth."""


def _hurried(report: Report) -> Report:
    """The same report, as long as the time suffices. What a first training loads and reads, the others need not."""
    begun = time.monotonic()

    def heard(progress: Progress) -> None:
        report(progress)
        passed = time.monotonic() - begun
        if passed > LIGHT_S or (progress.done >= 1 and passed * progress.total > progress.done * LIGHT_S):
            raise _TooDear

    return heard


def cross_validation(usable: Sequence[Example], told: Sequence[Prediction | None] | None) -> dict[str, Any] | None:
    """How often answers out of fold are right: biased, as a strategy chose the labels.

    An example that is alone in its class counts as wrong. None where a fold taught nothing.
    """
    alone = set(lone(usable))
    if told is None or any(one is None and place not in alone for place, one in enumerate(told)):
        return None
    given = [e.target.names for e in usable if isinstance(e.target, Labels)]
    right = [one is not None and set(one.target.names) == set(names) for one, names in zip(told, given, strict=True)]
    by_class = {names: [hit for hit, g in zip(right, given, strict=True) if g == names] for names in sorted(set(given))}
    return {
        "accuracy": sum(right) / len(right),
        "commonest": max(Counter(given).values()) / len(given),
        "recall": {" + ".join(names): sum(hits) / len(hits) for names, hits in by_class.items()},
        "tasks": len(right),
        "measured_on": BIASED,
    }


def seen(pool: Iterable[Example]) -> Iterator[Example]:
    """The head of the pool that a family looks at; of a pool in the fixed random order it is a random sample."""
    letters = 0
    for example in islice(pool, SEEN):
        yield example
        letters += len(str(example.input)) if isinstance(example.input, str | Passage) else 0
        if letters >= LETTERS:
            return


def needs_pool(family: str) -> bool:
    """Whether models of this family want to see the whole pool's inputs."""
    return bool(MODELS[family].needs_pool)


def _new(snapshot: Snapshot, home: Path | None) -> Model:
    model: Model = MODELS[snapshot.family](snapshot.control, snapshot.options, snapshot.seed)
    keeping(model, home)
    return model


def _tokens(examples: Sequence[Example]) -> int:
    """The words that people read to mark these texts: a long text costs more than a short one."""
    return sum(len(tokens_of(str(example.input))) for example in examples)


def _by_label(examples: Sequence[Example], control: Control) -> dict[str, int]:
    given = Counter(name for e in examples if e.target is not None for name in _given(e.target))
    return {label: given[label] for label in control.labels}


def _given(target: Target) -> Sequence[str]:
    """The classes that people gave: to an image's objects, and to spans, each by itself."""
    return target.names if isinstance(target, Labels) else [one.label for one in target.items]
