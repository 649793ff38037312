"""Counts and times as a person says them, on every floor; and texts of others as a terminal may show them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

KEPT = "\n\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
"""Not printable by themselves, but part of texts: joiners make one emoji of several, and tell Persian words apart."""


def printable(text: str) -> str:
    """Without what could move the terminal's cursor, or hide or reorder a text; emoji stay whole."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in KEPT else "\N{REPLACEMENT CHARACTER}" for c in text)


class PlainFormatter(logging.Formatter):
    """Lines of a log that a terminal can show, whatever a task or a server said in them."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, each further one of it set in: none looks like a line of its own."""
        return printable(super().format(record)).replace("\n", "\n    ")


def log_plainly() -> None:
    """Log from now on as a process of lsal's own does, which writes to a file."""
    handler = logging.StreamHandler()
    handler.setFormatter(PlainFormatter("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


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
