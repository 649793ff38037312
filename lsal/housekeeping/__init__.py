"""Housekeeping: what a project no longer needs is removed, by a policy that stands in its settings.

keep_jobs           trainings, and other jobs, that keep everything; of older trainings the facts stay
keep_versions       versions of each control that keep their weights; facts and answers of all stay
keep_publications   batches that stay in Label Studio as predictions
keep_replaced_minutes   for so long stays what was replaced there: somebody may have one of its tasks open
keep_media_mb       the size of the copies of tasks' files
keep_log_mb         the size of each log of a process that runs for weeks

It is done at the end of every job, a little each time, and in one go by `clean`. What needs a walk through all files
is done by jobs only from time to time: see `WALK_S`. Never removed: what is live, what the last rollbacks lead back
to, annotations, and predictions that an annotation was made from.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lsal.errors import LabelStudioError, LsalError
from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.housekeeping import caches, embeddings, jobs, leftovers, logs, media, pools, published, rubbish, versions
from lsal.housekeeping.rubbish import Rubbish
from lsal.label_studio.project import Project
from lsal.store import Store

log = logging.getLogger(__name__)

LITTLE_S, SHARE_OF_JOB = 5.0, 0.3
LITTLE, BATCHES = 100, 2
"""At the end of a job, as the next one may be waiting: seconds for the disk and for Label Studio, or so much of what
the job took, which is more where the machine is slow; and predictions, or two batches, as each round makes one old.
An old batch of 100 took a server that five people were using 5 to 7 s.
"""
MUCH_S = 60.0
MUCH = 5000
SIZE = "size.json"
WALK_S, SHARE = 600.0, 0.01
"""A job walks through all files of a home if that was not done for so many seconds, and takes no more than such a
share of the time: with 200,000 files in snapshots and media, one walk is about a second of a processor.
"""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was removed, or with `dry_run` would be. `freed` and `home_bytes` are bytes; `left` is for another time.

    `resting` are batches in Label Studio that go when they were replaced a day ago.
    """

    dry_run: bool
    removed: tuple[Rubbish, ...] = ()
    predictions: Mapping[str, int] = field(default_factory=dict)
    kept_predictions: int = 0
    left: tuple[str, ...] = ()
    home_bytes: int = 0
    resting: int = 0

    @property
    def freed(self) -> int:
        """Bytes on this machine."""
        return sum(one.bytes for one in self.removed)


def clean(home: Home, store: Store, project: Callable[[], Project] | None = None, dry_run: bool = False) -> Cleaned:
    """Remove all that the policy does not keep; for whoever holds the home's lock.

    Without a `project`, or while its server does not answer, only what is on this machine.
    """
    removed, left = _throw([*_local(home, store), *_walked(home), *caches.old()], MUCH_S, dry_run)
    told = published.Withdrawn()
    try:
        told = published.remove(home, store, project(), MUCH, MUCH_S, dry_run) if project else told
    except LabelStudioError as error:
        told.left.append(f"what is in Label Studio: {error}")
    size = _measure(home) if not dry_run else rubbish.size(home.folder)
    return Cleaned(dry_run, (*removed, *told.files), told.deleted, told.kept, (*left, *told.left), size, told.resting)


def tidy(home: Home, store: Store, project: Callable[[], Project] | None = None, took_s: float = 0.0) -> None:
    """A little of it, at the end of a job that took so long. Whatever goes wrong, the job is done all the same."""
    within_s, most = max(LITTLE_S, SHARE_OF_JOB * took_s), max(LITTLE, BATCHES * home.settings().batch)
    try:
        going = _local(home, store)
        if walks := _walk_is_due(home):
            going += _walked(home)
        _throw(going, within_s, dry_run=False)
        if walks:
            _measure(home)
        if project:
            published.remove(home, store, project(), most, within_s)
    except (LsalError, OSError) as error:
        log.warning("housekeeping: %s", error)


def home_bytes(home: Home) -> int | None:
    """The size of the home when it was last tidied; None before."""
    kept = read_json(home.path(SIZE), {}).get("bytes")
    return None if kept is None else int(kept)


def _local(home: Home, store: Store) -> list[Rubbish]:
    """What can go from this machine, and is found by a few looks."""
    settings = home.settings()
    return [
        *jobs.old(home, settings.keep_jobs),
        *versions.old(home, store, settings.keep_versions),
        *embeddings.old(home),
        *pools.old(home),
        *logs.old(home, settings.keep_log_mb),
    ]


def _walked(home: Home) -> list[Rubbish]:
    """What can go, and is found only by looking at all files."""
    return [*leftovers.old(home), *media.old(home, home.settings().keep_media_mb)]


def _walk_is_due(home: Home) -> bool:
    kept = read_json(home.path(SIZE), {})
    pause = max(WALK_S, kept.get("took", 0.0) / SHARE)
    return bool(abs(time.time() - kept.get("at", 0.0)) >= pause)  # also when the clock was set back


def _throw(going: Sequence[Rubbish], within_s: float, dry_run: bool) -> tuple[list[Rubbish], list[str]]:
    """Remove one after the other; those that went, and what is left for another time."""
    until = time.monotonic() + within_s
    for number, one in enumerate(going):
        if time.monotonic() > until:
            return list(going[:number]), [f"{len(going) - number} more things on this machine"]
        if not dry_run:
            one.remove()
    return list(going), []


def _measure(home: Home) -> int:
    """The size of the home, written down for the status."""
    begun = time.monotonic()
    now = rubbish.size(home.folder)
    write_json(home.path(SIZE), {"bytes": now, "at": time.time(), "took": time.monotonic() - begun})
    return now
