"""Labels saved in the project itself: what was labelled, in its order, against those tasks that chance picked.

Tasks that were drawn with a known chance, each weighed by its inverse (Horvitz and Thompson 1952), stand for a random
draw of the project. A model that learns from them in a random order is the baseline, one that learns from all labels
in the order in which they came is what the strategy made of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.measuring import Measured, Ruler, Said, answers, truths
from lsal.models import MODELS
from lsal.predicting import thoroughly
from lsal.protocols import Report
from lsal.records import Control, Example, Progress
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.saving import Saved, saved_by_draws

if TYPE_CHECKING:
    from lsal.records import Floats

DRAWS = 12
"""Random orders, each measured on another resample of the measuring tasks."""
POINTS = 8
"""Trainings for one curve."""
LUCK = 1.64
"""Standard errors: one in twenty comes to more by luck."""
FEWEST_DRAWN, FEWEST_MEASURED = 40, 20
"""With fewer tasks picked by chance, or fewer to measure on, nothing can be told."""


def weighed(
    labelled: Sequence[Example],
    chances: Mapping[int, float],
    test: Sequence[Example],
    control: Control,
    family: str,
    options: Mapping[str, Any] | None,
    by: Ruler,
    report: Report,
) -> Saved | str:
    """What all `labelled`, in the order in which they were, save against those that have a chance; or why that is open.

    `report` raises Cancelled.
    """
    drawn = [one for one in labelled if one.task_id in chances]
    if why := _too_few(len(drawn), len(labelled), len(test)):
        return why
    weights = np.array([1 / chances[one.task_id] for one in drawn])

    def said(some: Sequence[Example]) -> Said:
        model = MODELS[family](control, options, 0)
        model.fit(some, labelled, [], report)
        return answers(by, thoroughly(model, test), test)

    truth = truths(by, test)
    ours = [(count, said(labelled[:count])) for count in _grid(len(labelled))]
    pairs = []
    for draw in range(DRAWS):
        report(Progress(draw, DRAWS, "weighing what chance picked"))
        order = [drawn[place] for place in _random_order(weights, draw)]
        theirs = [(count, said(order[:count])) for count in _grid(len(drawn))]
        keys = np.random.default_rng(draw).choice(list(truth), len(truth)).tolist()
        pairs.append(tuple(_curve(side, truth, keys, by, control) for side in (ours, theirs)))
    runs, baseline = [one for one, _ in pairs], [other for _, other in pairs]
    level = chance_level([by.measure(truth, truth, control.labels)])
    ends = [float(np.mean([curve.metric[-1] for curve in side])) for side in (runs, baseline)]
    if level is not None and max(ends) <= level:
        return "nothing measurable: no model here is better than the commonest answer alone"
    return saved_by_draws(runs, baseline)


def chance_level(truths_alone: Sequence[Measured]) -> float | None:
    """What the commonest answer alone may come to by luck on such tasks, None where there is no such thing."""
    shares = [one.commonest for one in truths_alone if one.commonest is not None]
    if len(shares) < len(truths_alone) or not shares:
        return None
    share, count = sum(shares) / len(shares), min(one.tasks for one in truths_alone)
    return share + LUCK * math.sqrt(share * (1 - share) / count)


def _too_few(drawn: int, labelled: int, measured: int) -> str:
    if drawn < FEWEST_DRAWN:
        told = f"cannot tell: {drawn} labelled tasks were picked by chance, {FEWEST_DRAWN} wanted"
        return f"{told}: a random start, or batches by lsal rank --strategy random, give more"
    if drawn == labelled:
        return "cannot tell: all labelled tasks were picked by chance: no strategy has chosen yet"
    if measured < FEWEST_MEASURED:
        return f"cannot tell: {measured} measuring tasks are labelled, {FEWEST_MEASURED} wanted"
    return ""


def _grid(count: int) -> list[int]:
    return sorted({int(one) for one in np.linspace(min(10, count), count, POINTS)})


def _random_order(weights: Floats, seed: int) -> list[int]:
    """All places, heavier ones sooner: weighted sampling without replacement (Efraimidis and Spirakis 2006)."""
    keys = np.random.default_rng(seed).random(len(weights)) ** (1 / weights)
    return [int(place) for place in np.argsort(-keys)]


def _curve(points: Sequence[tuple[int, Said]], truth: Said, keys: Sequence[Any], by: Ruler, control: Control) -> Curve:
    """The main figure on a resample of the measuring tasks, in which one may stand several times."""
    again = {f"{n}": truth[key] for n, key in enumerate(keys)}
    curve = Curve()
    for count, said in points:
        told = {f"{n}": said[key] for n, key in enumerate(keys)}
        curve.labels.append(count)
        curve.metric.append(by.value(told, again, control.labels) or 0.0)
    return curve
