"""The end of a log as a person may read it: a few lines of text, whatever a library printed there."""

from __future__ import annotations

import os
import re
from pathlib import Path

LINES, LONGEST = 20, 240
READ = 64 * 1024
"""Bytes from the end that are looked at: a longer line is told by its end."""
_STEERING = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b.?")
"""Sequences that colour a terminal, or move its cursor."""


def log_tail(log: Path, lines: int = LINES) -> tuple[str, ...]:
    """The last lines that say something, oldest first, each at most LONGEST characters; () without a log."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - READ))
            text = file.read(READ).decode(errors="replace")
    except OSError:
        return ()
    told = [_told(line) for line in text.split("\n")]
    if size > READ and len(told) > 1:
        told = told[1:]  # it begins somewhere within a line
    return tuple(line for line in told if line)[-lines:]


def _told(line: str) -> str:
    """One line as a terminal would leave it: a progress bar by its last state, without steering, cut."""
    last = [part for part in line[-READ:].split("\r") if part.strip()][-1:]
    kept = "".join(c if c.isprintable() else " " for c in _STEERING.sub("", "".join(last)))
    kept = kept.rstrip()
    return kept if len(kept) <= LONGEST else kept[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
