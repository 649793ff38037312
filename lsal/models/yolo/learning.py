"""From labelled images to a network that learned them: what can be read is learned, the rest is told."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.models.answers import learnable, nothing_to_learn, trained_on
from lsal.models.scratch import scratch
from lsal.models.yolo.folder import Written, write_folder
from lsal.models.yolo.lesson import Lesson, teach
from lsal.models.yolo.nets import Net, architecture, read_weights
from lsal.models.yolo.wishes import CLASSIFY, Wishes, task_of
from lsal.protocols import Report
from lsal.records import Control, Example

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learned:
    """A network, how often its classes were seen, and why images were left out, by task."""

    net: Net
    prior: Floats
    problems: dict[int, str]
    told: str


def learn(
    control: Control,
    wishes: Wishes,
    start: Net | None,
    labelled: Sequence[Example],
    check: Sequence[Example],
    seed: int,
    report: Report,
) -> Learned:
    """Train on `labelled`, with `start` or the wanted weights to begin with; raises BadData if nothing is usable."""
    task = task_of(control)
    usable = learnable(control, labelled) if task == CLASSIFY else _answered(control, labelled)
    start, yaml = _beginning(task, wishes, start)
    with scratch() as folder:
        written = write_folder(Written(folder, task, control.labels, wishes.size), usable, check, seed, report)
        _mind(written, control, labelled)
        lesson = Lesson(
            written, control.labels, wishes, seed, folder / "run", report, start=start, meaning=control.aliases
        )
        net = teach(lesson, yaml)
    prior = frequencies(control, [example for example in usable if example.task_id not in written.problems])
    return Learned(net, prior, written.problems, trained_on(written.train, written.problems))


def frequencies(control: Control, examples: Sequence[Example]) -> Floats:
    """How often each class was named; even where none was."""
    given = [name for example in examples if example.target for name in example.target.names]
    counts = np.array([given.count(label) for label in control.labels], np.float32)
    shares = counts / counts.sum() if counts.any() else np.full(len(counts), 1 / len(counts))
    return shares.astype(np.float32)


def _answered(control: Control, examples: Sequence[Example]) -> list[Example]:
    usable = [example for example in examples if example.input is not None and example.target is not None]
    if not usable:
        raise nothing_to_learn(control, examples)
    return usable


def _beginning(task: str, wishes: Wishes, start: Net | None) -> tuple[Net | None, Mapping[str, Any]]:
    """The weights to begin with, and the architecture: an earlier version's, a file's, or random ones."""
    if start is None and wishes.weights:
        start = read_weights(wishes.model, task)
    if start is not None and (wishes.weights or not wishes.chosen):
        return start, start.module.yaml
    if start is None:
        log.info("%s: random weights, as no file of weights is given", wishes.model)
    return start, architecture(wishes.model, task)


def _mind(written: Written, control: Control, labelled: Sequence[Example]) -> None:
    """Log what was left out; raises BadData if nothing is left."""
    for task, reason in written.problems.items():
        log.warning("Task %s: %s", task, reason)
    if written.nameless:
        log.warning("%d regions without a class are left out of the training", written.nameless)
    if not written.train or (written.task != CLASSIFY and not written.regions):
        raise nothing_to_learn(control, labelled, next(iter(written.problems.values()), ""))
