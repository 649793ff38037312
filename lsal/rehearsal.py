"""Strategies replayed against labels that are there already: does active learning help on this data?"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.errors import BadData, BadRequest
from lsal.files import to_json
from lsal.models import MODELS
from lsal.protocols import Report, Strategy
from lsal.records import Control, Example, Labels, Pool, Prediction, Progress
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool, start_pool

if TYPE_CHECKING:
    from pandas import DataFrame

    from lsal.records import Ints

BASELINE = "random"
HELD_OUT = 0.2
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rehearsal:
    """Learning curves by strategy and seed, what they come to, and a verdict in a sentence or two."""

    results: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    verdict: str

    def to_json(self) -> bytes:
        """JSON with the keys results, summary and verdict."""
        return to_json({"results": self.results, "summary": self.summary, "verdict": self.verdict}, indent=True)


@dataclass(frozen=True)
class Curve:
    """One strategy with one seed: after `labels[i]` labels the accuracy was `metric[i]`."""

    labels: list[int] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    query_seconds: list[float] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    @property
    def area(self) -> float:
        """The mean accuracy between the first and the last number of labels."""
        width = self.labels[-1] - self.labels[0]
        return float(np.trapezoid(self.metric, self.labels)) / width if width else self.metric[-1]


def _nobody(progress: Progress) -> None:
    """The report that nobody reads."""


def rehearse(
    source: Path | Sequence[Mapping[str, Any]],
    input: str = "text",
    label: str = "label",
    strategies: Sequence[str] = ("auto", BASELINE),
    start: int = 25,
    batch: int = 20,
    budget: int = 225,
    seeds: int = 5,
    family: str | None = None,
    report: Report | None = None,
) -> Rehearsal:
    """Replay `strategies` over a labelled .jsonl or .csv file, or over rows; every seed plays all of them.

    A column `split` says which rows are the pool (train) and which are measured on (test);
    without it each seed holds out a fifth of its own. Raises BadData for a source that cannot
    be read and BadRequest for figures or names that make no sense.
    """
    if min(start, batch, seeds) < 1 or budget < start or not strategies:
        raise BadRequest("start, batch and seeds must be at least 1, budget at least start", "Change the figures")
    chosen = {name: STRATEGIES[name] for name in strategies}
    rows, control = _read(source, input, label)
    curves: dict[str, list[Curve]] = {name: [] for name in chosen}
    for seed in range(seeds):
        pool, test = _split(rows, seed)
        for place, (name, strategy) in enumerate(chosen.items()):
            done = seed * len(chosen) + place
            told = _scaled(report or _nobody, done, seeds * len(chosen), f"{name}, seed {seed}")
            curve = replay(pool, test, control, family or "sklearn_text", strategy, start, batch, budget, seed, told)
            curves[name].append(curve)
    return _conclude(curves, f"accuracy on {len(test)} tasks that were never in the pool")


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
) -> Curve:
    """One run of {pick, look the labels up, train, measure on `test`} until `budget` labels are spent.

    The first batch is the strategy's own: one that asks for uncertainty finds all chances even
    and so draws the same random start as the baseline of that seed. Training gets no targets
    but the picked ones; `report` hears the labels so far out of the budget.
    """
    hidden = [replace(example, target=None) for example in pool]
    everything = [*hidden, *test]
    labelled, open_ = np.zeros(0, np.int64), np.arange(len(pool))
    ask = _first_pool(hidden, control, family, options, seed)
    budget, curve = min(budget, len(pool)), Curve()
    while len(labelled) < budget:
        wanted = min(batch if len(labelled) else start, budget - len(labelled))
        begin = time.perf_counter()
        picks = strategy(ask, wanted)
        curve.query_seconds.append(time.perf_counter() - begin)
        labelled, open_ = np.concatenate([labelled, open_[picks.positions]]), np.delete(open_, picks.positions)
        model = MODELS[family](control, options, seed)
        told = _scaled(report or _nobody, len(labelled), budget, "")
        model.fit([pool[i] for i in labelled], hidden, [], told)
        predictions = model.predict(everything)
        curve.labels.append(len(labelled))
        curve.metric.append(_accuracy(predictions[len(pool) :], test))
        curve.why.append(picks.why)
        ask = _next_pool(predictions, pool, control, labelled, open_, seed)
    return curve


def _first_pool(
    hidden: Sequence[Example], control: Control, family: str, options: Mapping[str, Any] | None, seed: int
) -> Pool:
    embed = getattr(MODELS[family](control, options, seed), "embed", None)
    return start_pool([example.task_id for example in hidden], control, embed(hidden) if embed else None, seed)


def _next_pool(
    predictions: list[Prediction], pool: Sequence[Example], control: Control, labelled: Ints, open_: Ints, seed: int
) -> Pool:
    targets = [target for i in labelled if (target := pool[i].target) is not None]
    known = [predictions[i] for i in labelled]
    return make_pool([predictions[i] for i in open_], control, targets, known, seed + 10_007 * len(labelled))


def _accuracy(predictions: Sequence[Prediction], examples: Sequence[Example]) -> float:
    pairs = zip(predictions, examples, strict=True)
    return float(np.mean([e.target is not None and set(p.target.names) == set(e.target.names) for p, e in pairs]))


def _scaled(report: Report, done: int, total: int, message: str) -> Report:
    """Passes one run's progress on as a part of the whole."""

    def told(progress: Progress) -> None:
        share = min(1.0, progress.done / progress.total) if progress.total else 0.0
        report(Progress(done + share, total, message or progress.message))

    return told


def _read(source: Path | Sequence[Mapping[str, Any]], input: str, label: str) -> tuple[DataFrame, Control]:
    """Rows with the columns example and split, and the control that their labels make up."""
    rows = _table(source)
    for column in (input, label):
        if column not in rows:
            known = ", ".join(map(str, rows.columns))
            raise BadData(f"There is no column '{column}', only: {known}", "Name it: --input COLUMN --label COLUMN")
    rows = rows[rows[label].notna() & (rows[label].astype(str) != "")]
    labels = rows[label].astype(str)
    if labels.nunique() < 2:
        raise BadData(f"Column '{label}' holds {labels.nunique()} classes", "Rehearse on labels of two classes or more")
    examples = [
        Example(i, str(text), Labels((name,))) for i, (text, name) in enumerate(zip(rows[input], labels, strict=True))
    ]
    control = Control("label", "text", "Choices", "Text", input, tuple(sorted(labels.unique())))
    split = rows["split"] if "split" in rows else ["train"] * len(rows)
    return _frame(examples, split), control


def _table(source: Path | Sequence[Mapping[str, Any]]) -> DataFrame:
    import pandas as pd

    if not isinstance(source, Path):
        return pd.DataFrame(list(source))
    try:
        if source.suffix == ".jsonl":
            return pd.read_json(source, lines=True, dtype=False, convert_dates=False)
        return pd.read_csv(source, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise BadData(f"{source} cannot be read ({error})", "Give a .jsonl or .csv file with a row per task") from None
