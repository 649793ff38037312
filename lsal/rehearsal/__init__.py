"""Strategies replayed against labels that are there already: does active learning help on this data?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsal.measuring import CLASSES, truths
from lsal.phrases import counted, on_tasks
from lsal.protocols import Report
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.exports import Find
from lsal.rehearsal.labelled import Source
from lsal.rehearsal.plan import Plan, planned, require_sense
from lsal.rehearsal.replaying import replay
from lsal.rehearsal.running import run
from lsal.rehearsal.saving import Saved, saved
from lsal.rehearsal.source import read_source
from lsal.rehearsal.verdict import BASELINE, Rehearsal, conclude
from lsal.rehearsal.weighing import chance_level

__all__ = [
    "BASELINE",
    "STRATEGIES",
    "Curve",
    "Plan",
    "Rehearsal",
    "Saved",
    "Source",
    "concluded",
    "planned",
    "rehearse",
    "replay",
    "require_sense",
    "run",
    "saved",
]

STRATEGIES = ("auto", "margin", BASELINE)
"""What is compared unless others are named."""


def rehearse(
    source: Path | Sequence[Mapping[str, Any]],
    input: str = "text",
    label: str = "label",
    strategies: Sequence[str] = STRATEGIES,
    start: int = 25,
    batch: int = 20,
    budget: int = 525,
    seeds: int = 10,
    family: str | None = None,
    options: Mapping[str, Any] | None = None,
    keep: Path | str | None = None,
    report: Report | None = None,
    workers: int = 1,
    target: float | None = None,
    config: str = "",
    find: Find | None = None,
) -> Rehearsal:
    """Replay `strategies` over a labelled source; every seed plays all of them.

    It is a CSV, TSV or JSONL file, rows, a folder of images by class, objects in images as COCO writes them,
    an export of Label Studio (`config` is its label config, `find` tells where its files lie), or a set of
    lsal's own. In a column `split`, `test` marks the rows that are measured on, and every other
    word the pool; without it each seed holds out a fifth of its own. For image families the inputs of
    a table are files beside it; `options` are the family's. Every point is written to the folder `keep`: the
    same rehearsal then goes on where it was stopped. `workers` processes replay side by side, 0 for as many as there
    are processors: a script has to guard its main part then. `target` is the figure until which labels are
    counted. Raises BadData for a source that cannot be read and BadRequest for figures or names that make no sense.
    """
    require_sense(target, workers)
    files_in = source.parent if (family or "").startswith("image") and isinstance(source, Path) else None
    given = read_source(source, input, label, files_in, family, config, find)
    limits, kept = (start, batch, budget, seeds), Path(keep) if keep else None
    plan = planned(given, strategies, *limits, family, options, kept)
    return concluded(plan, run(plan, workers, report), target)


def concluded(plan: Plan, curves: Mapping[str, Sequence[Curve]], target: float | None = None) -> Rehearsal:
    """What the curves of a plan come to, with all that a reader has to know about its source."""
    given = plan.source
    pool, test = given.pool_and_test(0)
    notes = list(given.notes)
    if plan.budget > len(pool):
        told = "at its end every strategy has the same labels, and only the way there differs"
        notes.insert(0, f"The pool holds {counted(len(pool), 'task')}, fewer than the budget of {plan.budget}: {told}")
    tasks = on_tasks([len(test)], given.tested_on)
    return conclude(curves, given.by.metric, tasks, target, _chance(plan), notes)


def _chance(plan: Plan) -> float | None:
    """What the commonest answer alone may come to by luck, None where there is no such thing."""
    given = plan.source
    if given.by is not CLASSES:
        return None
    tests = [truths(given.by, given.pool_and_test(seed)[1]) for seed in range(plan.seeds)]
    return chance_level([given.by.measure(truth, truth, given.control.labels) for truth in tests])
