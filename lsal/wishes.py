"""Wishes of people about single tasks: kept in the home, whoever wishes them, and dropped once a task is labelled.

home/wishes.json   {"pinned": {TASK: BORN, ...}, "last": {...}, "excluded": {...}}    in the order of the wishes

BORN is the server's stamp of the task: the id of a deleted task may be in use again. A task has one
wish at a time, the latest. The file is replaced under a short lock, so that of two writers neither loses any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

from filelock import FileLock

from lsal.files import read_json, to_json, write_json
from lsal.home import Home
from lsal.label_studio.mirror import OPEN, Mirror
from lsal.records import Wishes

FILE, LOCK = "wishes.json", "wishes.lock"
LOCK_S = 30.0
KINDS = tuple(field.name for field in fields(Wishes))

Kept = dict[str, dict[int, str]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the mirror knows of a task: its stamp, whether nobody answered it yet, and its place in the fixed order."""

    born: str
    open: bool
    place: float


def known(mirror: Mirror, tasks: Iterable[int]) -> dict[int, Known]:
    """Those of the tasks that there are."""
    asked = to_json(list(tasks)).decode()
    query = "SELECT id, born, state, place FROM tasks WHERE id IN (SELECT value FROM json_each(?))"
    return {task: Known(born, state == OPEN, place) for task, born, state, place in mirror.select(query, asked)}


def wish(home: Home, kind: str, tasks: dict[int, str]) -> None:
    """Wish it of these tasks, with their stamps, and nothing else any more. One of which it was keeps its place."""

    def add(kept: Kept) -> Kept:
        others = {name: {t: at for t, at in its.items() if t not in tasks} for name, its in kept.items()}
        return others | {kind: kept[kind] | tasks}

    _change(home, add)


def take_back(home: Home, tasks: Iterable[int]) -> set[int]:
    """Wish nothing of these tasks any more; those of them that something was wished of."""
    going, had = set(tasks), set[int]()

    def drop(kept: Kept) -> Kept:
        had.update(going & {task for its in kept.values() for task in its})
        return {name: {t: at for t, at in its.items() if t not in going} for name, its in kept.items()}

    _change(home, drop)
    return had


def everything(home: Home) -> list[int]:
    """All tasks that something is wished of, as the home has it."""
    return [task for its in _read(home).values() for task in its]


def still(home: Home, mirror: Mirror, share: float) -> Wishes:
    """What is wished of tasks that are still open, and are not for measuring: of the others it is over."""
    kept = _read(home)
    there = known(mirror, [task for its in kept.values() for task in its])
    return Wishes(
        **{name: tuple(t for t, at in its.items() if _stands(there.get(t), at, share)) for name, its in kept.items()}
    )


def tidied(home: Home, mirror: Mirror, share: float) -> Wishes:
    """The same, and the others are forgotten."""
    wishes = still(home, mirror, share)
    standing = {task for name in KINDS for task in getattr(wishes, name)}
    if over := [task for task in everything(home) if task not in standing]:
        take_back(home, over)
    return wishes


def _stands(task: Known | None, born: str, share: float) -> bool:
    return task is not None and task.open and task.place >= share and (not born or task.born == born)


def _change(home: Home, change: Callable[[Kept], Kept]) -> None:
    with FileLock(home.path(LOCK), timeout=LOCK_S):
        before = _read(home)
        after = change(before)
        if after != before:
            write_json(home.path(FILE), after)


def _read(home: Home) -> Kept:
    kept = read_json(home.path(FILE), {})
    return {name: {int(task): str(born) for task, born in kept.get(name, {}).items()} for name in KINDS}
