"""What a person wished of single tasks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wishes:
    """Ids of open tasks, in the order in which people wished it: `pinned` are next in the queue, `last` are picked
    when nothing else is left, and `excluded` are not picked at all.
    """

    pinned: tuple[int, ...] = ()
    last: tuple[int, ...] = ()
    excluded: tuple[int, ...] = ()
