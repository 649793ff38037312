"""The honest meter: how good a version is on tasks that were drawn at random and never trained on.

Every task has a place in one fixed random order (see the mirror). Those with a place below
the measuring share are reserved before any strategy looks; a share of every batch comes from
their head. So they are a random sample of the project, whatever the strategy prefers.

How answers are measured depends on what they are: each kind names its ruler by the main figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lsal.measuring.classes import CLASSES
from lsal.measuring.confidence import Sure, Trust, sureness, trust
from lsal.measuring.objects import BOXES, MASKS
from lsal.measuring.paired import CLEARLY, Comparison, gate, wilson
from lsal.measuring.ruler import MEASURED_ON, ClassFigures, Measured, Ruler, Said, main_figure
from lsal.measuring.spans import ENTITIES
from lsal.measuring.words import WORDS
from lsal.records import Control, Example, Prediction

__all__ = [
    "CLASSES",
    "CLEARLY",
    "MEASURED_ON",
    "RULERS",
    "ClassFigures",
    "Comparison",
    "Measured",
    "Ruler",
    "Said",
    "Sure",
    "Trust",
    "answers",
    "figures",
    "gate",
    "main_figure",
    "ruler",
    "sureness",
    "trust",
    "truths",
    "wilson",
]

RULERS: Mapping[str, Ruler] = {one.metric: one for one in (CLASSES, BOXES, MASKS, ENTITIES, WORDS)}


def ruler(of: object) -> Ruler:
    """The ruler of a kind, by its `metric`; classes where it names none."""
    return RULERS[str(getattr(of, "metric", CLASSES.metric))]


def figures(
    by: Ruler, control: Control, examples: Sequence[Example], told: Sequence[Prediction], temperature: float
) -> dict[str, Any]:
    """What a new version keeps: how good its answers are, and of classes how far its confidence can be trusted."""
    said, truth = answers(by, told, examples), truths(by, examples)
    metrics = by.measure(said, truth, control.labels).facts()
    if by is not CLASSES:
        return metrics
    sure = sureness(told, examples, control, control.labels, temperature)
    return metrics | trust(sure, said, truth, control.labels).facts()


def answers(by: Ruler, predictions: Sequence[Prediction], examples: Sequence[Example]) -> Said:
    """What a version says about each task, to compare versions by."""
    told = zip(predictions, examples, strict=True)
    return {example.key: by.plain(prediction.target) for prediction, example in told}


def truths(by: Ruler, examples: Sequence[Example]) -> Said:
    """What people said about each task that has an answer."""
    return {e.key: by.plain(e.target) for e in examples if e.target is not None and not e.problem}
