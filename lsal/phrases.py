"""Counts and times as a person says them, on every floor."""

from __future__ import annotations

import time
from collections.abc import Iterable


def counted(count: int, one: str, several: str = "") -> str:
    """`1 task`, `2 tasks`: a count and what agrees with it; `several` where an s is not enough."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def spanned(counts: Iterable[int]) -> str:
    """A count, or from which to which where they differ."""
    known = sorted(counts) or [0]
    return f"{known[0]}" if known[0] == known[-1] else f"{known[0]} to {known[-1]}"


def on_tasks(counts: Iterable[int], tasks: str) -> str:
    """`1 task of ...`, `28 to 30 tasks of ...`: how many they are of what begins with the word "tasks"."""
    told = spanned(counts)
    return f"{told} {tasks.replace('tasks', 'task', 1) if told == '1' else tasks}"


def moment(at: float) -> str:
    """The time of day on this machine, with the date if it is not today's."""
    there = time.localtime(at)
    return time.strftime("%H:%M" if there[:3] == time.localtime()[:3] else "%Y-%m-%d %H:%M", there)
