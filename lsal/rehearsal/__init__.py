"""Strategies replayed against labels that are there already: does active learning help on this data?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsal.errors import BadRequest
from lsal.kinds import family_of
from lsal.kinds.text_choices import TextChoices
from lsal.phrases import on_tasks
from lsal.protocols import Report
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.kept import place_of
from lsal.rehearsal.replaying import replay, report_of
from lsal.rehearsal.source import read_source
from lsal.rehearsal.verdict import BASELINE, Rehearsal, conclude
from lsal.strategies import STRATEGIES

__all__ = ["BASELINE", "Curve", "Rehearsal", "rehearse", "replay"]


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
    options: Mapping[str, Any] | None = None,
    keep: Path | str | None = None,
    report: Report | None = None,
) -> Rehearsal:
    """Replay `strategies` over a labelled source; every seed plays all of them.

    It is a CSV, TSV or JSONL file, rows, a folder of images by class, or objects in images as
    COCO writes them. In a column `split`, `test` marks the rows that are measured on, and every other
    word the pool; without it each seed holds out a fifth of its own. For image families the inputs of
    a table are files beside it; `options` are the family's. Every point is written to the folder `keep`: the
    same rehearsal then goes on where it was stopped. Raises BadData for a source that cannot be read
    and BadRequest for figures or names that make no sense.
    """
    if min(start, batch, seeds) < 1 or budget < start or not strategies:
        figures = f"start {start}, batch {batch}, budget {budget}, seeds {seeds}"
        raise BadRequest(f"Nothing to rehearse with {figures}", "Each is at least 1, the budget at least the start")
    chosen = {name: STRATEGIES[name] for name in strategies}
    files_in = source.parent if (family or "").startswith("image") and isinstance(source, Path) else None
    given = read_source(source, input, label, files_in, family)
    if (given.control.tag, given.control.object_tag) == ("Choices", "Text"):
        # As in a project, a model among the options means an encoder.
        family = family_of(TextChoices(), family, options)
    family = family or given.family
    curves: dict[str, list[Curve]] = {name: [] for name in chosen}
    for seed in range(seeds):
        pool, test = given.pool_and_test(seed)
        for place, (name, strategy) in enumerate(chosen.items()):
            done = seed * len(chosen) + place
            told = report_of(report, done, seeds * len(chosen), f"{name}, seed {seed}")
            limits = (start, batch, budget, seed)
            kept = None
            if keep is not None:
                how = (family, options, start, batch, budget)
                kept = place_of(Path(keep), name, seed, pool, test, given.control, *how)
            curve = replay(pool, test, given.control, family, strategy, *limits, told, options, given.by, kept)
            curves[name].append(curve)
    return conclude(curves, given.by.metric, on_tasks([len(test)], "tasks that were never in the pool"))
