"""Annotators against each other: who said what, how often two agree, and how likely each one is right."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from lsal.errors import BadData
from lsal.kinds.reading import agreed
from lsal.protocols import Kind
from lsal.records import Annotation, Control, Labels, Task
from lsal.suspects import confident
from lsal.suspects.finding import Doubted

if TYPE_CHECKING:
    from lsal.records import Floats

Said = Mapping[int, Mapping[int, tuple[str, ...]]]
"""The classes that each person gave, by task and person; of one who answered twice the later answer."""


@dataclass(frozen=True, slots=True)
class Person:
    """One annotator: of `shared` tasks that others answered too, so many answers were the `same`.

    An answer is compared with each of the others by itself. `quality` is the chance that a label
    of theirs is right, by the others and the models; None where nobody can tell.
    """

    person: int
    name: str
    answered: int
    same: int
    shared: int
    quality: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two annotators: of `shared` tasks that both answered, they gave the `same` label to so many."""

    first: str
    second: str
    same: int
    shared: int


def said(kind: Kind, control: Control, tasks: Iterable[Task], since: str = "") -> Said:
    """What each person said about each task; what cannot be read is no answer."""
    return {task.id: found for task in tasks if (found := _by_person(kind, control, task, since))}


def _by_person(kind: Kind, control: Control, task: Task, since: str) -> dict[int, tuple[str, ...]]:
    theirs = defaultdict[int, list[Annotation]](list)
    for annotation in task.annotations:
        if annotation.person is not None:
            theirs[annotation.person].append(annotation)
    found = {}
    for person, answers in theirs.items():
        try:
            target = agreed(kind, control, answers, since).target
        except BadData:
            continue
        if isinstance(target, Labels):
            found[person] = target.names
    return found


def pairs(told: Said, names: Mapping[int, str]) -> list[Pair]:
    """Plain agreement of every two people who answered some of the same tasks."""
    counts = defaultdict[tuple[int, int], list[int]](lambda: [0, 0])
    for answers in told.values():
        for first, second in combinations(sorted(answers), 2):
            counts[first, second][0] += answers[first] == answers[second]
            counts[first, second][1] += 1
    return [Pair(names[a], names[b], same, shared) for (a, b), (same, shared) in sorted(counts.items())]


def people(told: Said, names: Mapping[int, str], about: Doubted | None = None) -> list[Person]:
    """Every annotator, the busiest first; with qualities where several answered and models could be asked."""
    answered, same, shared = (defaultdict[int, int](int) for _ in range(3))
    for answers in told.values():
        for person in answers:
            answered[person] += 1
        for first, second in combinations(answers, 2):
            for one in (first, second):
                same[one] += answers[first] == answers[second]
                shared[one] += 1
    quality = _qualities(told, about) if about is not None and any(shared.values()) else {}
    order = sorted(answered, key=lambda one: (-answered[one], one))
    return [Person(p, names[p], answered[p], same[p], shared[p], quality.get(p)) for p in order]


def _qualities(told: Said, about: Doubted) -> dict[int, float]:
    if about.control.several or not len(about.examples):
        return {}
    everybody, answers = matrix(told, about)
    answered = (~np.isnan(answers)).sum(axis=1)
    if answered.max(initial=0) < 2:  # who shares nothing but measuring tasks, or a tie, cannot be compared here
        return {}
    found = confident.annotator_qualities(answers[answered > 0], about.chances[answered > 0])
    return {person: float(one) for person, one in zip(everybody, found, strict=True)}


def matrix(told: Said, about: Doubted) -> tuple[list[int], Floats]:
    """Who gave one of them a class, and what each said about each: (n, people), the class's column, else NaN."""
    column = {name: k for k, name in enumerate(about.control.labels)}
    theirs = [
        {person: column[names[0]] for person, names in told.get(e.task_id, {}).items() if len(names) == 1}
        for e in about.examples
    ]
    everybody = sorted({person for each in theirs for person in each})
    answers = np.full((len(theirs), len(everybody)), np.nan)
    for row, each in enumerate(theirs):
        for person, said_class in each.items():
            answers[row, everybody.index(person)] = said_class
    return everybody, answers
