"""Who answers for a project, and holds the next weights before they go live: a switch makes nobody wait.

standby/                in the home
├── wanted.json         the versions that are about to go live
└── PID-N.json          a process that answers: the versions it holds in memory, those it cannot load

A switch writes down what it wants, waits until everyone who answers holds it, and only then replaces
`current`: from that moment no answer comes from the old weights, whichever process gives it. Whoever has
taken notice of a wish keeps what it names until there is another one. One switch goes on at a time, and
nobody begins to answer between its last look around and the new `current`.
"""

from __future__ import annotations

import itertools
import logging
import os
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
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
        self._home = home
        self._said = home.path("standby", f"{os.getpid()}-{next(_serial)}.json")
        self._who = processes.mark()

    def join(self) -> None:
        """Begin to answer: what is read of `current` after this is what the next switch waits to replace."""
        with _joining(self._home):
            self.say("", ())

    def wanted(self) -> Wanted | None:
        """What is about to go live, or did last."""
        return _wanted(self._home)

    def say(self, heeds: str, holds: Collection[int], unable: Collection[int] = ()) -> None:
        """Tell which versions are in memory, and cannot be; `heeds` is the wish that was noticed last."""
        told = {"heeds": heeds, "holds": sorted(holds), "unable": sorted(unable)}
        write_json(self._said, self._who | told)

    def leave(self) -> None:
        """Answer no more."""
        self._said.unlink(missing_ok=True)


def prepare(home: Home, versions: Collection[int]) -> None:
    """Wait until everyone who answers holds these versions, so that the switch to them will be a moment's."""
    with ready(home, versions):
        pass


@contextmanager
def ready(home: Home, versions: Collection[int]) -> Iterator[list[str]]:
    """Wait until everyone who answers for the project holds these versions; the block makes them live.

    Gives those who do not hold them in time, by pid. One that cannot load a version has said so, and is not
    waited for.
    """
    numbers = frozenset(versions)
    with FileLock(_file(home, "switch.lock")):
        wish, mine, begun = _wanted(home), False, time.monotonic()
        while True:
            with _joining(home):
                late = [said for said in _holders(home) if not _is_ready(said, numbers, wish, mine)]
                if not late or (mine and not any(_is_patient(said, wish, time.monotonic() - begun) for said in late)):
                    yield _named(late)
                    return
            if mine:
                _pause()
            else:
                wish, mine = _new_wish(home, numbers), True


def _new_wish(home: Home, versions: frozenset[int]) -> Wanted:
    wish = Wanted(secrets.token_hex(8), versions)
    write_json(_file(home, "wanted.json"), {"id": wish.id, "versions": sorted(versions)})
    return wish


def _is_ready(said: Mapping[str, Any], versions: frozenset[int], wish: Wanted | None, mine: bool) -> bool:
    """Whether one holds the versions by this wish, and so will keep them; or, if it is `mine`, could not load them.

    What could not be loaded for an earlier wish is tried again.
    """
    if wish is None or said["heeds"] != wish.id or not versions <= wish.versions:
        return False
    return versions <= {*said["holds"], *(said["unable"] if mine else ())}


def _is_patient(said: Mapping[str, Any], wish: Wanted | None, waited_s: float) -> bool:
    """Whether to wait on for one that is not ready."""
    return waited_s < (LOAD_S if wish and said["heeds"] == wish.id else HEED_S)


def _named(late: Collection[Mapping[str, Any]]) -> list[str]:
    pids = [str(said["pid"]) for said in late]
    if pids:
        log.warning("switching without waiting any longer for processes %s", ", ".join(pids))
    return pids


def _pause() -> None:
    time.sleep(LOOK_S)


def _joining(home: Home) -> FileLock:
    return FileLock(_file(home, "join.lock"))


def _wanted(home: Home) -> Wanted | None:
    kept = read_json(_file(home, "wanted.json"))
    return Wanted(kept["id"], frozenset(kept["versions"])) if kept else None


def _holders(home: Home) -> Iterator[dict[str, Any]]:
    """Everyone who answers, with what was said last; what the dead have said is removed."""
    for path in sorted(home.path("standby").glob("*-*.json")):
        said = read_json(path, {})
        if processes.alive(said):
            yield said
        else:
            path.unlink(missing_ok=True)


def _file(home: Home, name: str) -> Path:
    path = home.path("standby", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
