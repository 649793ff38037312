"""How far a command is that works in this process: one line on stderr, for a person who watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from lsal.protocols import Report
from lsal.records import Progress

EVERY_S = 0.3


@contextmanager
def shown() -> Iterator[Report | None]:
    """A report that rewrites its line in a terminal or a notebook, and clears it at the end; None elsewhere."""
    if not _watched():
        yield None
        return
    said = 0.0

    def report(progress: Progress) -> None:
        nonlocal said
        if time.monotonic() - said >= EVERY_S:
            said = time.monotonic()
            of = f" of {progress.total:,.0f}" if progress.total else ""
            print(f"\r{progress.message}: {progress.done:,.0f}{of}".ljust(60), end="", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        if said:
            print("\r".ljust(61) + "\r", end="", file=sys.stderr, flush=True)


def _watched() -> bool:
    """A notebook's stderr is no terminal, but is read by a person."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")
