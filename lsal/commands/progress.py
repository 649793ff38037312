"""How far a command is that works in this process: one line on stderr, for a person who watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lsal.protocols import Report
from lsal.records import Progress

EVERY_S, SURE_S = 0.3, 1.0
WIDTH = 79


@contextmanager
def shown() -> Iterator[Report | None]:
    """A report that rewrites its line in a terminal or a notebook, and clears it at the end; None elsewhere."""
    if not _watched():
        yield None
        return
    said, began = 0.0, dict[str, tuple[float, float]]()

    def report(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY_S:
            said = time.monotonic()
            of = f" of {progress.total:,.0f}" if progress.total else ""
            at = began.setdefault(progress.message, (said, progress.done))
            line = f"{progress.message}: {progress.done:,.0f}{of}{_pace(progress, *at)}"
            print(f"\r{line}".ljust(WIDTH), end="", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        if said:
            print("\r".ljust(WIDTH + 1) + "\r", end="", file=sys.stderr, flush=True)


def _pace(progress: Progress, begun: float, first: float) -> str:
    """How many a second since the first that was heard of, and how long the rest takes by that."""
    passed, done = time.monotonic() - begun, progress.done - first
    if passed < SURE_S or done <= 0:
        return ""
    rate = done / passed
    left = f", {(progress.total - progress.done) / rate:,.0f} s left" if progress.total else ""
    return f", {rate:,.0f} a second{left}"


def _watched() -> bool:
    """A notebook's stderr is no terminal, but is read by a person."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")
