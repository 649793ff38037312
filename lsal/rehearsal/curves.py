"""One strategy replayed with one seed against labels that are there already."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.measuring import CLASSES, Ruler, answers, truths
from lsal.models import MODELS
from lsal.predicting import thoroughly
from lsal.protocols import Model, Report, Strategy
from lsal.records import Control, Example, Pool, Prediction, Progress
from lsal.strategies.pools import make_pool, start_pool

if TYPE_CHECKING:
    from lsal.records import Ints


@dataclass(frozen=True)
class Curve:
    """One strategy with one seed: after `labels[i]` labels the value of the main figure was `metric[i]`."""

    labels: list[int] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    query_seconds: list[float] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    @property
    def area(self) -> float:
        """The mean value between the first and the last number of labels."""
        width = self.labels[-1] - self.labels[0]
        return float(np.trapezoid(self.metric, self.labels)) / width if width else self.metric[-1]


def replay(
    pool: Sequence[Example],
    test: Sequence[Example],
    control: Control,
    family: str,
    strategy: Strategy,
    start: int,
    batch: int,
    budget: int,
    seed: int = 0,
    report: Report | None = None,
    options: Mapping[str, Any] | None = None,
    by: Ruler = CLASSES,
) -> Curve:
    """One run of {pick, look the labels up, train, measure on `test`} until `budget` labels are spent.

    The first batch is the strategy's own: one that asks for uncertainty finds all chances even
    and so draws the same random start as the baseline of that seed. Training gets no targets
    but the picked ones, and begins with the weights of the training before, as in a round; `report`
    hears the labels so far out of the budget. What nobody knows the answer to counts as nothing, as
    does a version that finds nothing.
    """
    hidden, asked = ([replace(example, target=None) for example in part] for part in (pool, test))
    labelled, open_ = np.zeros(0, np.int64), np.arange(len(pool))
    ask = _first_pool(hidden, control, family, options, seed)
    budget, curve, before = min(budget, len(pool)), Curve(), None
    while len(labelled) < budget:
        wanted = min(batch if len(labelled) else start, budget - len(labelled))
        begin = time.perf_counter()
        picks = strategy(ask, wanted)
        curve.query_seconds.append(time.perf_counter() - begin)
        labelled, open_ = np.concatenate([labelled, open_[picks.positions]]), np.delete(open_, picks.positions)
        model = _going_on(MODELS[family](control, options, seed), before)
        told = report_of(report, len(labelled), budget)
        model.fit([pool[i] for i in labelled.tolist()], hidden, [], told)
        said = answers(by, thoroughly(model, asked), test)
        curve.labels.append(len(labelled))
        curve.metric.append(by.measure(said, truths(by, test), control.labels).value or 0.0)
        curve.why.append(picks.why)
        before = model
        if len(labelled) < budget:
            ask = _next_pool(model.predict(hidden), pool, control, labelled, open_, seed)
    return curve


def _going_on(model: Model, before: Model | None) -> Model:
    """The new model, to begin with what the one before learned, where its family can."""
    if before is not None and hasattr(model, "begin_from"):
        with tempfile.TemporaryDirectory(prefix="lsal-replay-") as folder:
            before.save(Path(folder))
            model.begin_from(Path(folder))
    return model


def _first_pool(
    hidden: Sequence[Example], control: Control, family: str, options: Mapping[str, Any] | None, seed: int
) -> Pool:
    embeddings = MODELS[family](control, options, seed).embed(hidden)
    return start_pool([example.task_id for example in hidden], control, embeddings, seed)


def _next_pool(
    predictions: list[Prediction], pool: Sequence[Example], control: Control, labelled: Ints, open_: Ints, seed: int
) -> Pool:
    targets = [target for i in labelled.tolist() if (target := pool[i].target) is not None]
    known = [predictions[i] for i in labelled]
    return make_pool([predictions[i] for i in open_], control, targets, known, seed + 10_007 * len(labelled))


def report_of(report: Report | None, done: int, total: int, message: str = "") -> Report:
    """Passes the progress of one part on as a part of the whole; without a report to nobody."""

    def told(progress: Progress) -> None:
        share = min(1.0, progress.done / progress.total) if progress.total else 0.0
        if report is not None:
            report(Progress(done + share, total, message or progress.message))

    return told
