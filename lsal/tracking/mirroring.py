"""Mirroring: how far an MLflow is behind the home, and catching it up, version after version."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from filelock import FileLock, Timeout

from lsal import processes
from lsal.errors import TrackingError
from lsal.files import read_json
from lsal.home import Home
from lsal.records import Version
from lsal.tracking import noted
from lsal.tracking.book import Book, make_database
from lsal.tracking.noted import Noted, Trouble
from lsal.tracking.place import Place, name_of, place_of
from lsal.tracking.troubles import told

TURN_S = 600.0
"""Seconds to wait for another process that mirrors this project, or into this database."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the MLflow at `where` is: `missing` versions, `moved` controls whose live version is another there.

    `trouble` says why the last try came to nothing; `running` whether a process is at it.
    """

    where: str
    mirrored: int
    missing: tuple[int, ...] = ()
    moved: Mapping[str, int] = field(default_factory=dict)
    trouble: Trouble | None = None
    running: bool = False

    @property
    def behind(self) -> bool:
        """Whether there is something to do."""
        return bool(self.missing or self.moved)


def standing(home: Home, numbers: Collection[int], live: Mapping[str, int]) -> Standing | None:
    """From what is on disk, of a project with these versions; None where tracking is switched off."""
    place = place_of(home)
    if place is None:
        return None
    kept, running = noted.read(home, place), processes.alive(read_json(home.path("tracked", "process.json")))
    missing = tuple(number for number in sorted(numbers) if number not in kept.runs)
    here = {control: number for control, number in live.items() if number in numbers}
    mirrored = len(numbers) - len(missing)
    return Standing(place.shown, mirrored, missing, _moved(kept, here), kept.trouble, running)


def is_due(found: Standing | None, patient: bool = True) -> bool:
    """Whether a process should begin to catch up. Who is `patient` leaves a place alone that failed only just now."""
    if found is None or not found.behind or found.running:
        return False
    return not patient or found.trouble is None or time.time() >= found.trouble.next_at


Due = Callable[[], tuple[Sequence[Version], Mapping[str, int]]]
"""The versions that are to be mirrored, oldest first, and which are live."""


def catch_up(home: Home, due: Due, strategy: Callable[[Version], str], hurry: Callable[[], None]) -> None:
    """Mirror what is missing, and what comes meanwhile; `hurry` is called before each version.

    Where tracking is switched off, nothing. What goes wrong is noted, and raised as TrackingError.
    """
    place = place_of(home)
    if place is None:
        return
    try:
        with _turn(home, place):
            _catch_up(home, place, due, strategy, hurry)
    except Exception as error:  # mlflow raises what its parts raise, and its parts are many
        trouble = told(error, place)
        noted.note_trouble(home, place, trouble)
        raise trouble from error


def _catch_up(
    home: Home, place: Place, due: Due, strategy: Callable[[Version], str], hurry: Callable[[], None]
) -> None:
    hurry()
    if place.own and not place.database.exists():
        make_database(place.database)
    kept, book = noted.read(home, place), None
    while True:
        versions, live = due()
        missing = [version for version in versions if version.number not in kept.runs]
        known = {version.number: version for version in versions}
        moved = _moved(kept, {control: number for control, number in live.items() if number in known})
        if not missing and not moved:
            break
        book = book or Book(place, name_of(home), home.title)
        for version in missing:
            hurry()
            kept = noted.note_run(home, place, version.number, book.write(version, strategy(version)))
        for control, number in moved.items():
            book.point(known[number], kept.runs[number])
            kept = noted.note_live(home, place, control, number)
    if kept.trouble:
        noted.note_trouble(home, place, None)


def _moved(kept: Noted, live: Mapping[str, int]) -> dict[str, int]:
    return {control: number for control, number in live.items() if kept.live.get(control) != number}


@contextmanager
def _turn(home: Home, place: Place) -> Iterator[None]:
    """One process at a time for a project, and for lsal's own database: two would begin it at once."""
    locks = [home.path("tracked", "lock"), *([place.database.with_name("lock")] if place.own else [])]
    with ExitStack() as held:
        for lock in locks:
            lock.parent.mkdir(parents=True, exist_ok=True)
            try:
                held.enter_context(FileLock(lock, timeout=TURN_S))
            except Timeout:
                raise TrackingError("Another process has been mirroring for long", "See: lsal status") from None
        yield
