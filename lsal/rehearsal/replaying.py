"""One strategy replayed with one seed against labels that are there already."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.measuring import CLASSES, Ruler, answers, truths
from lsal.models import MODELS
from lsal.models.scratch import scratch
from lsal.predicting import asked as told_by
from lsal.predicting import thoroughly
from lsal.protocols import Model, Report, Strategy
from lsal.records import Control, Example, Pool, Prediction, Progress
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.kept import keep, resumed
from lsal.rehearsal.rare import recall_of
from lsal.strategies.pools import make_pool, start_pool

if TYPE_CHECKING:
    from lsal.records import Ints


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
    kept: Path | None = None,
    rare: Sequence[str] = (),
) -> Curve:
    """One run of {pick, look the labels up, train, measure on `test`} until `budget` labels are spent.

    The first batch is the strategy's own: one that asks for uncertainty finds all chances even
    and so draws the same random start as the baseline of that seed. Training gets no targets
    but the picked ones, and begins with the weights of the training before where the family can, as in a
    round; `report` hears the labels so far out of the budget. What nobody knows the answer to counts
    as nothing, as does a version that finds nothing. With a folder `kept` it goes on from what lies there.
    Of the classes in `rare` the recall is noted too.
    """
    hidden, asked = ([replace(example, target=None) for example in part] for part in (pool, test))
    budget, truth = min(budget, len(pool)), truths(by, test)
    curve, model = resumed(kept, control, family)

    def trained(before: Model | None) -> Model:
        made = _going_on(MODELS[family](control, options, seed), before)
        labelled = [pool[i] for i in curve.taken.tolist()]
        made.fit(labelled, hidden, [], report_of(report, len(labelled), budget))
        return made

    if model is None and 0 < len(curve.taken) < budget:
        model = trained(None)
    while len(curve.taken) < budget:
        ask: Pool
        open_: Ints
        if model is None:
            ask, open_ = _first_pool(hidden, control, family, options, seed), np.arange(len(pool))
        else:
            ask, open_ = _next_pool(told_by(model, hidden, strategy), pool, control, curve.taken, seed)
        _pick(curve, strategy, ask, open_, min(batch if len(curve.taken) else start, budget - len(curve.taken)))
        model = trained(model)
        said = answers(by, thoroughly(model, asked), test)
        curve.metric.append(by.value(said, truth, control.labels) or 0.0)
        curve.rare.append(recall_of(by, said, truth, control.labels, rare))
        if kept:
            keep(kept, curve, model, last=len(curve.taken) >= budget)
    return curve


def _pick(curve: Curve, strategy: Strategy, ask: Pool, open_: Ints, n: int) -> None:
    """Have the strategy pick n of the open places, and note which, why, and how long it took."""
    begin = time.perf_counter()
    picks = strategy(ask, n)
    curve.query_seconds.append(time.perf_counter() - begin)
    curve.picked.append(open_[picks.positions].tolist())
    curve.labels.append(len(curve.taken))
    curve.why.append(picks.why)


def _going_on(model: Model, before: Model | None) -> Model:
    """The new model, to begin with what the one before learned, where its family can."""
    if before is not None and hasattr(model, "begin_from"):
        with scratch() as folder:
            before.save(folder)
            model.begin_from(folder)
    return model


def _first_pool(
    hidden: Sequence[Example], control: Control, family: str, options: Mapping[str, Any] | None, seed: int
) -> Pool:
    embeddings = MODELS[family](control, options, seed).embed(hidden)
    return start_pool([example.task_id for example in hidden], control, embeddings, seed)


def _next_pool(
    predictions: Sequence[Prediction], pool: Sequence[Example], control: Control, taken: Ints, seed: int
) -> tuple[Pool, Ints]:
    """What the strategy sees, and which places of the pool it is about."""
    open_ = np.setdiff1d(np.arange(len(pool)), taken)
    targets = [target for i in taken.tolist() if (target := pool[i].target) is not None]
    known = [predictions[i] for i in taken]
    return make_pool([predictions[i] for i in open_], control, targets, known, seed + 10_007 * len(taken)), open_


def report_of(report: Report | None, done: int, total: int, message: str = "") -> Report:
    """Passes the progress of one part on as a part of the whole; without a report to nobody."""

    def told(progress: Progress) -> None:
        share = min(1.0, progress.done / progress.total) if progress.total else 0.0
        if report is not None:
            report(Progress(done + share, total, message or progress.message))

    return told
