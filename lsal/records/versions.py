"""What is kept of a round: weights, the order of the queue, and what was put into Label Studio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsal.records.tasks import Control


@dataclass(frozen=True, slots=True)
class Version:
    """Weights of one control, and how they came about.

    `examples` records what was trained on: counts, task ids and their digest. `metrics`
    always say on what they were measured. `promoted` and `reason` are the gate's verdict
    when the version was made; which version is live now is the store's `current`. `calibration`
    sets its chances right, or says why not: see `lsal.calibration`; empty for one from before there was that.
    """

    number: int
    family: str
    control: str
    metrics: Mapping[str, Any]
    examples: Mapping[str, Any]
    made_at: float
    folder: Path
    parent: int | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    job: str = ""
    labels: tuple[str, ...] = ()
    shape: str = ""
    promoted: bool = True
    reason: str = ""
    calibration: Mapping[str, Any] = field(default_factory=dict)

    def fits(self, control: Control) -> bool:
        """Whether the weights still are for this control: the label config may have changed."""
        return (self.labels, self.shape) == (control.labels, control.shape)

    def can_answer(self, control: Control) -> bool:
        """Whether all that it can say is still valid: the control is as it was, or got more labels."""
        return self.shape == control.shape and bool(self.labels) and set(self.labels) <= set(control.labels)


@dataclass(frozen=True, slots=True)
class Entry:
    """One task of a ranking. A `measuring` task is shown without a pre-annotation; so is one that has
    a label already and is sent back for another answer: `relabel` says why.

    `probability` is the chance that the task had to be picked, where chance decided. A `pinned` one was
    chosen by a person: it says nothing about what a strategy picks.
    """

    task_id: int
    score: float
    measuring: bool = False
    parts: Mapping[str, float] = field(default_factory=dict)
    result: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    guess: str = ""
    runner_up: str = ""
    chance: float | None = None
    margin: float | None = None
    relabel: str = ""
    probability: float | None = None
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """A batch in the order in which people should see it, best first."""

    entries: tuple[Entry, ...]
    strategy: str
    versions: Mapping[str, int]
    made_at: float
    why: str = ""
    pool: int = 0
    problems: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Publication:
    """What was put into Label Studio. `name` is unique for each attempt and is what
    `project.model_version` holds while the publication is live.
    """

    name: str
    versions: Mapping[str, int]
    task_ids: tuple[int, ...]
    measuring: tuple[int, ...] = ()
    strategy: str = ""
    why: str = ""
    made_at: float = 0.0
    relabel: tuple[int, ...] = ()
