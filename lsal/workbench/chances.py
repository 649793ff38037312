"""What the model says of one task: its likeliest classes, and the group of like tasks that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsal.scored import Scored

if TYPE_CHECKING:
    from lsal.records import Floats

MOST = 10
"""Classes that are told of one by one."""
TYPICAL = 3
"""Classes that a group of like tasks is described by."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely a class is, in [0, 1]; of a group of tasks the share in which it is the likeliest."""

    label: str
    chance: float


@dataclass(frozen=True, slots=True)
class Group:
    """The group of like tasks that one belongs to: `size` of `of` open tasks, with what they are guessed to be."""

    number: int
    size: int
    of: int
    classes: tuple[Chance, ...] = ()


def likeliest(classes: tuple[str, ...], chances: Floats) -> dict[str, Any]:
    """The likeliest classes, and how many others share the rest."""
    order = np.argsort(-chances, kind="stable")[:MOST]
    told = tuple(Chance(classes[k], float(chances[k])) for k in order)
    others = len(chances) - len(told)
    return {"chances": told, "others": others, "rest": max(0.0, 1 - sum(c.chance for c in told)) if others else 0.0}


def group_of(pool: Scored, number: int) -> Group:
    """A group of like tasks, by its number."""
    among = np.asarray(pool.cluster) == number
    size, guessed = int(among.sum()), np.asarray(pool.guess)[among]
    counts = np.bincount(guessed[guessed >= 0], minlength=1)
    best = [k for k in np.argsort(-counts, kind="stable")[:TYPICAL] if counts[k]]
    return Group(number, size, len(among), tuple(Chance(pool.classes[k], float(counts[k] / size)) for k in best))
