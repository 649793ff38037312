"""The honest meter: how good a version is on tasks that were drawn at random and never trained on.

Every task has a place in one fixed random order (see the mirror). Those with a place below
the measuring share are reserved before any strategy looks; a share of every batch comes from
their head. So they are a random sample of the project, whatever the strategy prefers.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lsal.records import Control, Example, Labels, Prediction

Said = Mapping[str, tuple[str, ...]]
"""Labels by the key of an example."""

CLEARLY = 0.05
"""A difference is clear when chance alone makes one as large in fewer than 1 of 20 cases."""

MEASURED_ON = "tasks of the fixed random order, never trained on"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions on the same tasks: `gained` and `lost` count the answers that became
    right and wrong; `p` is the exact two-sided sign test's.
    """

    tasks: int
    gained: int
    lost: int
    p: float

    @property
    def verdict(self) -> str:
        """Better, worse, or that it cannot be told yet."""
        if self.p >= CLEARLY:
            return "cannot tell yet"
        return "better" if self.gained > self.lost else "worse"

    def __str__(self) -> str:
        return f"{self.verdict}: {self.gained} gained, {self.lost} lost on {self.tasks} tasks (p = {self.p:.2g})"


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class of one version. `tasks` is how many people gave it to; None is no share of nothing."""

    precision: float | None
    recall: float | None
    f1: float
    tasks: int


def measure(predictions: Sequence[Prediction], examples: Sequence[Example], control: Control) -> dict[str, Any]:
    """Accuracy with its interval, macro-F1, and on what they were measured.

    Accuracy counts an answer as right when all of its labels are (subset accuracy).
    """
    pairs = _pairs(predictions, examples)
    right = sum(said == true for said, true in pairs)
    low, high = interval(right, len(pairs))
    return {
        "accuracy": right / len(pairs) if pairs else None,
        "interval": [low, high],
        "macro_f1": _macro_f1(pairs, control.labels) if pairs else None,
        "tasks": len(pairs),
        "measured_on": f"{len(pairs)} {MEASURED_ON}",
    }


def interval(right: int, tasks: int) -> tuple[float, float]:
    """The Wilson score interval of a proportion (Wilson 1927, JASA 22); (0, 1) without tasks."""
    if not tasks:
        return 0.0, 1.0
    z = 1.959963984540054
    centre = (right + z * z / 2) / (tasks + z * z)
    half = z / (tasks + z * z) * math.sqrt(right * (tasks - right) / tasks + z * z / 4)
    return max(0.0, centre - half), min(1.0, centre + half)


def answers(predictions: Sequence[Prediction], examples: Sequence[Example]) -> Said:
    """What a version says about each task, to compare versions by."""
    told = zip(predictions, examples, strict=True)
    return {example.key: tuple(sorted(prediction.target.names)) for prediction, example in told}


def truths(examples: Sequence[Example]) -> Said:
    """What people said about each task that has an answer."""
    return {e.key: tuple(sorted(e.target.names)) for e in examples if e.target is not None and not e.problem}


def by_class(said: Said, truth: Said, labels: Sequence[str]) -> dict[str, ClassFigures]:
    """Each class that people gave or the version answered, over the tasks that both answered.

    The mean of their F1 is the macro-F1 of `measure`.
    """
    both = [task for task in truth if task in said]
    found = {}
    for label in labels:
        hits = sum(label in said[t] and label in truth[t] for t in both)
        answered, given = (sum(label in told[t] for t in both) for told in (said, truth))
        if answered or given:
            precision = hits / answered if answered else None
            recall = hits / given if given else None
            found[label] = ClassFigures(precision, recall, 2 * hits / (answered + given), given)
    return found


def blind_spots(truth: Said, labels: Sequence[str]) -> tuple[float | None, tuple[str, ...]]:
    """The share of the commonest answer, which who always gives it gets right; and the labels that nobody gave.

    Nothing is known about how well those are recognised. (None, ()) without tasks.
    """
    if not truth:
        return None, ()
    given = Counter(truth.values())
    seen = {label for answer in given for label in answer}
    return max(given.values()) / len(truth), tuple(label for label in labels if label not in seen)


def compare(old: Said, new: Said, truth: Said) -> Comparison:
    """The paired comparison of two versions on the tasks that both answered.

    Only tasks on which exactly one of them is right tell anything; under no difference each
    is a fair coin (McNemar 1947; the exact form).
    """
    both = [task for task in truth if task in old and task in new]
    gained = sum(new[t] == truth[t] != old[t] for t in both)
    lost = sum(old[t] == truth[t] != new[t] for t in both)
    return Comparison(len(both), gained, lost, _sign_test(gained, lost))


def gate(comparison: Comparison | None, why_none: str = "the first version of this control") -> tuple[bool, str]:
    """Whether a new version goes live: yes unless it is clearly worse than the live one."""
    if comparison is None:
        return True, why_none
    return comparison.verdict != "worse", str(comparison)


def _sign_test(gained: int, lost: int) -> float:
    n = gained + lost
    tail = float(sum(math.comb(n, k) for k in range(min(gained, lost) + 1)) / 2**n)
    return min(1.0, 2 * tail)


def _pairs(predictions: Sequence[Prediction], examples: Sequence[Example]) -> list[tuple[Labels, Labels]]:
    told = zip(predictions, examples, strict=True)
    return [
        (Labels(tuple(sorted(p.target.names))), Labels(tuple(sorted(e.target.names))))
        for p, e in told
        if e.target is not None and not e.problem
    ]


def _macro_f1(pairs: Sequence[tuple[Labels, Labels]], labels: Sequence[str]) -> float:
    """The mean F1 over the classes that occur among answers or predictions."""
    scores = []
    for label in labels:
        hits = sum(label in said.names and label in true.names for said, true in pairs)
        named = sum((label in said.names) + (label in true.names) for said, true in pairs)
        if named:
            scores.append(2 * hits / named)
    return sum(scores) / len(scores) if scores else 0.0
