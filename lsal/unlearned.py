"""What people said since the last training: annotations that are new or were changed, skips left out.

A training notes how far the mirror went when its snapshot was taken, in `learned.json` beside
the jobs. Up to the mirror's watermark every annotation was there; of the few beyond it, each is
noted with its stamp. So the count is exact, also for labels that came while the training ran.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.label_studio.mirror import Mirror

NOTE = "unlearned.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """How far annotations were known: all up to the stamp `until`, and those of `beyond`, by id."""

    until: str = ""
    beyond: Mapping[int, str] = field(default_factory=dict)
    made_at: float = 0.0


def mark(mirror: Mirror) -> Mark:
    """How far the mirror goes now."""
    until = str(mirror.fact("watermark", ""))
    return Mark(until, mirror.answers_since(until), time.time())


def count(mirror: Mirror, since: Mark) -> int:
    """How many annotations of the mirror are new, or were changed, since `since`."""
    return sum(since.beyond.get(number) != stamp for number, stamp in mirror.answers_since(since.until).items())


def note(snapshot: Path, mirror: Mirror) -> None:
    """Keep with a snapshot that is about to be taken how far the mirror goes."""
    write_json(snapshot / NOTE, asdict(mark(mirror)))


def learned(home: Home, snapshot: Path) -> None:
    """What is in the snapshot was learned. One that is older than what was learned last changes nothing."""
    noted = read(read_json(snapshot / NOTE))
    if noted.made_at > last(home).made_at:
        write_json(home.path("learned.json"), asdict(noted))


def last(home: Home) -> Mark:
    """How far the last training went; before the first one nothing is learned."""
    return read(read_json(home.path("learned.json")))


def read(kept: Mapping[str, Any] | None) -> Mark:
    """A mark as it was written."""
    if not kept:
        return Mark()
    return Mark(kept["until"], {int(number): stamp for number, stamp in kept["beyond"].items()}, kept["made_at"])
