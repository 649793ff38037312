"""What a ruler is: it tells how good answers of one kind are, from what was said and what is true.

Both are kept as plain values, by the key of an example, so that all versions can be measured on
the same tasks for as long as the project lives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lsal.measuring.paired import Comparison
from lsal.phrases import on_tasks
from lsal.records import Target

Said = Mapping[str, Any]
"""Answers as plain values, by the key of an example."""

MEASURED_ON = "tasks of the fixed random order, never trained on"


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class of one version. `tasks` is how many people gave it to; None is no share of nothing."""

    tasks: int
    figures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measured:
    """One version on some tasks: the main figure with its 95 % interval, and what else there is to know.

    `value` is None without a task. `commonest` is what who always gives the commonest answer
    gets, None where there is no such thing; `unseen` are the labels that no task has.
    """

    metric: str
    value: float | None
    interval: tuple[float, float]
    tasks: int
    more: Mapping[str, float | None] = field(default_factory=dict)
    classes: Mapping[str, ClassFigures] = field(default_factory=dict)
    commonest: float | None = None
    unseen: tuple[str, ...] = ()

    def facts(self) -> dict[str, Any]:
        """What a version keeps: the figures by their names, and on what they were measured."""
        main = {"metric": self.metric, self.metric: self.value, "interval": list(self.interval)}
        return {**main, **self.more, "tasks": self.tasks, "measured_on": on_tasks([self.tasks], MEASURED_ON)}


class Ruler(Protocol):
    """How good answers of one kind are."""

    metric: str
    """The main figure, which the curve shows and the gate goes by; larger is better, at most 1."""

    def plain(self, target: Target) -> Any:
        """An answer as JSON can hold it."""

    def measure(self, said: Said, truth: Said, labels: Sequence[str]) -> Measured:
        """The figures over the tasks that are in both."""

    def value(self, said: Said, truth: Said, labels: Sequence[str]) -> float | None:
        """The main figure alone, without its interval; None without a task."""

    def compare(self, old: Said, new: Said, truth: Said, labels: Sequence[str]) -> Comparison:
        """The paired comparison of two versions over the tasks that are in all three."""

    def quality(self, said: Any, true: Any) -> float:
        """How good one answer is, from 0 to 1: to tell which tasks were gained and lost."""

    def named(self, told: Any) -> str:
        """An answer as people read it."""


def main_figure(metrics: Mapping[str, Any]) -> tuple[str, float | None]:
    """The name and the value of the main figure among the metrics that a version keeps."""
    name = str(metrics.get("metric", "accuracy"))
    return name, metrics.get(name)
