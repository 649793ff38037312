"""What the home remembers of an MLflow: which versions it has, which are live there, and what went wrong last.

tracked/PLACE.json, replaced whole after each version: what was mirrored when a process was killed is
looked up in MLflow by its tag, and not written twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lsal.errors import TrackingError
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.tracking.place import Place

FIRST_S, LONGEST_S = 30.0, 3600.0
"""From a failure to the next try by itself; doubled by each that follows."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the last try came to nothing, at which time, and how many did in a row."""

    what: str
    fix: str
    at: float
    failures: int = 1

    @property
    def next_at(self) -> float:
        """When it is tried again by itself."""
        return self.at + min(LONGEST_S, FIRST_S * float(1 << min(self.failures - 1, 20)))


@dataclass(frozen=True, slots=True)
class Noted:
    """What a place has: the runs of versions by their numbers, and of each control the version that is live there."""

    runs: Mapping[int, str] = field(default_factory=dict)
    live: Mapping[str, int] = field(default_factory=dict)
    trouble: Trouble | None = None


def read(home: Home, place: Place) -> Noted:
    """As it was noted last; nothing of a place that was not written to yet."""
    kept = read_json(_path(home, place), {})
    trouble = kept.get("trouble")
    runs = {int(number): str(run) for number, run in kept.get("runs", {}).items()}
    return Noted(runs, kept.get("live", {}), Trouble(**trouble) if trouble else None)


def note_run(home: Home, place: Place, number: int, run: str) -> Noted:
    """A version is whole there."""
    kept = read(home, place)
    return _keep(home, place, replace(kept, runs={**kept.runs, number: run}, trouble=None))


def note_live(home: Home, place: Place, control: str, number: int) -> Noted:
    """A version is the live one of its control there."""
    kept = read(home, place)
    return _keep(home, place, replace(kept, live={**kept.live, control: number}, trouble=None))


def note_trouble(home: Home, place: Place, error: TrackingError | None) -> Noted:
    """The last try failed, or did not."""
    kept, trouble = read(home, place), None
    if error:
        failures = kept.trouble.failures + 1 if kept.trouble else 1
        trouble = Trouble(error.what, error.fix, time.time(), failures)
    return _keep(home, place, replace(kept, trouble=trouble))


def _keep(home: Home, place: Place, noted: Noted) -> Noted:
    write_json(_path(home, place), asdict(noted))
    return noted


def _path(home: Home, place: Place) -> Path:
    return home.path("tracked", f"{place.digest}.json")
