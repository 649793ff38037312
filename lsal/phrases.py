"""Counts and times as a person says them, on every floor."""

from __future__ import annotations

import time


def counted(count: int, one: str, several: str = "") -> str:
    """`1 task`, `2 tasks`: a count and what agrees with it; `several` where an s is not enough."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def moment(at: float) -> str:
    """The time of day on this machine, with the date if it is not today's."""
    there = time.localtime(at)
    return time.strftime("%H:%M" if there[:3] == time.localtime()[:3] else "%Y-%m-%d %H:%M", there)
