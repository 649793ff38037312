"""How labelling goes: what was given, how fast, by whom, and how far they agree; from the mirror alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from lsal import scored
from lsal.desk import Desk
from lsal.errors import BadData
from lsal.files import read_json
from lsal.label_studio import annotators, tally
from lsal.label_studio.mirror import Mirror
from lsal.suspects import sending_back
from lsal.workbench.suspecting import KEPT

if TYPE_CHECKING:
    from collections.abc import Sequence

DAYS, HOUR_S = 3, 3600
FEWEST = 5
"""Gaps between answers below which no speed is told."""


@dataclass(frozen=True, slots=True)
class Annotator:
    """One person: tasks answered, skipped, and of the answered ones those for measuring.

    `per_hour` is while at work, pauses of over ten minutes left out; None while too little is known, and for answers
    faster than people are. `last` is when (seconds since 1970). Of `shared` comparisons with another's answer to
    the same task, so many were the `same`.
    """

    name: str
    answered: int
    skipped: int
    measuring: int
    per_hour: float | None
    last: float | None
    same: int
    shared: int


@dataclass(frozen=True, slots=True)
class Given:
    """What people gave as labels of one control: `top` classes, the most first, and how many of how many are not shown.

    `guessed` is what the live version takes the open tasks for, by class, of `guesses` tasks; {} where no ranking kept
    that. `unused` classes of the label config were never given.
    """

    control: str
    top: Mapping[str, int]
    total: int
    others: int = 0
    others_total: int = 0
    unused: int = 0
    guessed: Mapping[str, int] = field(default_factory=dict)
    guesses: int = 0
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Labelling:
    """All of it. `hours` has the answers of each hour from `begin` on (seconds since 1970); `last` is the last one's.

    `suspects` are labels that the last look held for errors, None before any look; `waiting` are sent back now.
    """

    people: tuple[Annotator, ...] = ()
    others: int = 0
    given: tuple[Given, ...] = ()
    begin: float = 0.0
    hours: tuple[int, ...] = ()
    last: float | None = None
    suspects: int | None = None
    waiting: int = 0


def labelling(desk: Desk, top: int = 20) -> Labelling:
    """How it goes as of the last sync: of people and of classes the `top` ones. Counted again only after a change."""
    mirror, share = desk.mirror, desk.home.settings().measuring_share
    if not mirror.label_config:
        return Labelling()
    begin = (time.time() // HOUR_S + 1) * HOUR_S - DAYS * 24 * HOUR_S
    known = (mirror, tuple(desk.handled), share, mirror.fact("changes", 0), str(mirror.fact("people")))
    people, labels, hours = _counted(*known, _hour(begin))
    suspects, sent = _suspects(desk)
    return Labelling(
        people=people[:top],
        others=max(0, len(people) - top),
        given=tuple(_given(desk, name, labels.get(name, {}), top) for name in desk.handled),
        begin=begin,
        hours=tuple(hours.get(_hour(begin + n * HOUR_S), 0) for n in range(DAYS * 24)),
        last=max((one.last for one in people if one.last), default=None),
        suspects=suspects,
        waiting=sent,
    )


@lru_cache(maxsize=8)
def _counted(
    mirror: Mirror, controls: Sequence[str], share: float, changes: int, names: str, since: str
) -> tuple[tuple[Annotator, ...], Mapping[str, Mapping[str, int]], Mapping[str, int]]:
    """What takes long in a large project: people, labels by control, and answers by hour."""
    called, speed = mirror.fact("people", {}), annotators.seconds_of_work(mirror)
    agreed = annotators.agreement(mirror, controls)
    people = []
    for person, one in annotators.counts(mirror, share).items():
        seconds, gaps = speed.get(person, (0.0, 0))
        # Most answers must come one by one: of imported ones a few slow ones say nothing.
        known = gaps >= max(FEWEST, (one.answers - 1) // 4)
        name, (same, shared) = called.get(str(person), f"person {person}"), agreed.get(person, (0, 0))
        pace = HOUR_S * gaps / seconds if known else None
        people.append(Annotator(name, *one[:3], pace, _seconds(one.last), same, shared))
    return tuple(people), tally.by_label(mirror), annotators.by_hour(mirror, since)


def _given(desk: Desk, control: str, labels: Mapping[str, int], top: int) -> Given:
    named = desk.handled[control][0].labels
    order = sorted(labels, key=lambda label: (-labels[label], label))
    rest = order[top:]
    guessed, guesses, version = _guessed(desk, control)
    return Given(
        control=control,
        top={label: labels[label] for label in order[:top]},
        total=sum(labels.values()),
        others=len(rest),
        others_total=sum(labels[label] for label in rest),
        unused=len(set(named) - labels.keys()),
        guessed={label: guessed.get(label, 0) for label in order[:top]} if guesses else {},
        guesses=guesses,
        version=version,
    )


def _guessed(desk: Desk, control: str) -> tuple[dict[str, int], int, int | None]:
    """What the ranking behind the queue took the open tasks for, as far as it kept one class of each."""
    try:
        found = scored.read(desk.home)
    except BadData:
        return {}, 0, None
    if found is None or found.control != control or found.version is None:
        return {}, 0, None
    import numpy as np

    guess = found.guess[found.guess >= 0]
    counts = np.bincount(guess, minlength=len(found.classes))
    return {label: int(counts[n]) for n, label in enumerate(found.classes)}, len(guess), found.version


def _suspects(desk: Desk) -> tuple[int | None, int]:
    kept = read_json(desk.home.path(KEPT))
    flagged = None if kept is None else sum(int(one.get("flagged", 0)) for one in kept["controls"])
    return flagged, len(sending_back.waiting(desk.home, desk.mirror))


def _seconds(stamp: str) -> float | None:
    try:
        return datetime.fromisoformat(stamp).timestamp()
    except ValueError:
        return None


def _hour(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H")
