"""Who answers for a project, and holds the next weights before they go live: a switch makes nobody wait.

standby/                in the home
├── wanted.json         the versions that are about to go live
└── PID-N.json          a process that answers: the versions it holds in memory, those it cannot load

A switch writes down what it wants, waits until everyone who answers holds it, and only then replaces
`current`: from that moment no answer comes from the old weights, whichever process gives it.
"""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from lsal import processes
from lsal.files import read_json, write_json
from lsal.home import Home

log = logging.getLogger(__name__)

HEED_S, LOAD_S = 10.0, 120.0
"""Seconds in which a process has to take notice of what is wanted, and then to load it. A switch goes on without
one that is stuck: it has weights to answer with, and loads the new ones when it can."""
LOOK_S = 0.02

_serial = itertools.count()


@dataclass(frozen=True, slots=True)
class Wanted:
    """The numbers of versions about to go live; `id` tells one wish from the next."""

    id: str
    versions: frozenset[int]


class Holder:
    """One who answers for a project, as the others see it."""

    def __init__(self, home: Home) -> None:
        self._wanted = home.path("standby", "wanted.json")
        self._said = home.path("standby", f"{os.getpid()}-{next(_serial)}.json")
        self._who = processes.mark()

    def wanted(self) -> Wanted | None:
        """What is about to go live, or did last."""
        kept = read_json(self._wanted)
        return Wanted(kept["id"], frozenset(kept["versions"])) if kept else None

    def say(self, heeds: str, holds: Collection[int], unable: Collection[int] = ()) -> None:
        """Tell which versions are in memory, and cannot be; `heeds` is the wish that was noticed last."""
        told = {"heeds": heeds, "holds": sorted(holds), "unable": sorted(unable)}
        write_json(self._said, self._who | told)

    def leave(self) -> None:
        """Answer no more."""
        self._said.unlink(missing_ok=True)


def prepare(home: Home, versions: Collection[int]) -> list[str]:
    """Wait until everyone who answers for the project holds these versions; those who do not in time, by pid.

    One that cannot load a version has said so, and is not waited for.
    """
    if all(set(versions) <= set(said["holds"]) for _, said in _holders(home)):
        return []
    with FileLock(home.path("standby", "lock")):
        wish = secrets.token_hex(8)
        write_json(home.path("standby", "wanted.json"), {"id": wish, "versions": sorted(set(versions))})
        late = _wait(home, versions, wish)
    if late:
        log.warning("switching without waiting any longer for processes %s", ", ".join(late))
    return late


def _wait(home: Home, versions: Collection[int], wish: str) -> list[str]:
    begun = time.monotonic()
    while True:
        waited = time.monotonic() - begun
        unready = [(path, said) for path, said in _holders(home) if not _is_ready(said, versions, wish)]
        patient = [path for path, said in unready if waited < (LOAD_S if said.get("heeds") == wish else HEED_S)]
        if not patient:
            return [str(said["pid"]) for _, said in unready]
        time.sleep(LOOK_S)


def _holders(home: Home) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Everyone who answers, with what was said last; what the dead have said is removed."""
    for path in sorted(home.path("standby").glob("*-*.json")):
        said = read_json(path, {})
        if processes.alive(said):
            yield path, said
        else:
            path.unlink(missing_ok=True)


def _is_ready(said: dict[str, Any], versions: Collection[int], wish: str) -> bool:
    """Whether one holds the versions; what it could not load for an earlier wish, it tries again for this one."""
    return said["heeds"] == wish and set(versions) <= {*said["holds"], *said["unable"]}
