"""Chances turned into predictions, and labelled examples into arrays to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lsal.errors import BadData
from lsal.records import Control, Example, Labels, Prediction

if TYPE_CHECKING:
    from lsal.records import Floats, Ints


NAMED = 3
"""So many of the images that were left out are named in the last line of progress; the log names all."""


def units_and_classes(control: Control) -> tuple[int, int]:
    """The shape of one task's chances: (1, classes), or (classes, 2) with several labels."""
    return (len(control.labels), 2) if control.several else (1, len(control.labels))


def learnable(control: Control, examples: Sequence[Example]) -> list[Example]:
    """Those that can be read and say something; a single choice without a choice says nothing.

    Raises BadData, with the first reason, if none is left.
    """
    usable = [example for example in examples if teaches(control, example)]
    if not usable:
        raise nothing_to_learn(control, examples)
    return usable


def teaches(control: Control, example: Example) -> bool:
    """Whether one can be read and says something."""
    return example.input is not None and bool(example.target and (control.several or example.target.names))


def nothing_to_learn(control: Control, examples: Sequence[Example], reason: str = "") -> BadData:
    """The error for a training without one usable example."""
    reason = reason or next((example.problem for example in examples if example.problem), "")
    what = f"None of the {len(examples)} labelled examples of control '{control.name}' can be learned from"
    what += f": {reason}" if reason else ""
    return BadData(what, "Label at least one task that can be read, then: lsal train")


def trained_on(count: int, problems: Mapping[int, str], things: str = "images") -> str:
    """The last line of progress: from how many images was learned, and which were left out."""
    told = f"trained on {count} {things}"
    if not problems:
        return told
    named = [f"task {task}: {reason}" for task, reason in problems.items()]
    more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
    return f"{told}, left out {len(named)}: {'; '.join(named[:NAMED])}{more}"


def class_indices(control: Control, examples: Sequence[Example]) -> Ints:
    """What to learn, int64 (n, units): the index of the class, or with several labels 0 or 1 for each.

    Raises BadData for a label that the control does not have.
    """
    column = {label: i for i, label in enumerate(control.labels)}
    targets = np.zeros((len(examples), units_and_classes(control)[0]), np.int64)
    for row, example in enumerate(examples):
        for name in example.target.names if example.target else ():
            if name not in column:
                raise unknown_label(control, name)
            if control.several:
                targets[row, column[name]] = 1
            else:
                targets[row, 0] = column[name]
    return targets


def prior_of(control: Control, targets: Ints) -> Floats:
    """How often each class was given, float32 (units, classes), by the indices of `class_indices`."""
    classes = units_and_classes(control)[1]
    counts = np.stack([np.bincount(column, minlength=classes) for column in targets.T]).astype(np.float32)
    counts /= len(targets)
    return counts


def answer(
    control: Control,
    examples: Sequence[Example],
    chances: Floats,
    embeddings: Floats | None = None,
    members: Floats | None = None,
) -> list[Prediction]:
    """One prediction per example, in order.

    `chances` is (n, units, classes), `embeddings` (n, d), `members` (n, k, units, classes). A single
    choice is the most likely class; of several labels those count that are more likely present than absent.
    """
    if control.several:
        targets = [
            Labels(tuple(name for name, on in zip(control.labels, row, strict=True) if on))
            for row in (chances[:, :, 1] > 0.5).tolist()
        ]
    else:
        singles = [Labels((name,)) for name in control.labels]
        targets = [singles[best] for best in chances[:, 0].argmax(axis=1).tolist()]
    vectors = [None] * len(examples) if embeddings is None else embeddings
    each = [None] * len(examples) if members is None else members
    return [
        Prediction(example.task_id, target, rows, vector, members=told)
        for example, target, rows, vector, told in zip(examples, targets, chances, vectors, each, strict=True)
    ]


def unknown_label(control: Control, name: str) -> BadData:
    """The error for a label that the control does not have."""
    known = ", ".join(control.labels)
    return BadData(f"Control '{control.name}' has no label '{name}', only: {known}", "Add it to the label config")
