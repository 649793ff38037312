"""Weights of old versions, and what they said of open tasks. Their facts and their answers to the measuring tasks stay,
so that the learning curve stays whole.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

from lsal.home import Home
from lsal.housekeeping.rubbish import Rubbish, rubbish
from lsal.records import Version
from lsal.store import PRUNED, Store

WAYS_BACK = 5
"""Sets of versions that rollbacks lead to, the live one included."""
HELD_S = 14 * 86400.0
"""A version that the gate held waits so long for somebody to look at it."""


def old(home: Home, store: Store, keep: int) -> list[Rubbish]:
    """Weights beyond the newest `keep` versions of each control that nobody is likely to go back to."""
    by_control: dict[str, list[Version]] = defaultdict(list)
    for version in store.all():
        by_control[version.control].append(version)
    safe = {number for live in (*store.history()[-WAYS_BACK:], store.current()) for number in live.values()}
    found = [
        rubbish("weights", f"version {one.number}", *_of(home, one), mark=one.folder / PRUNED)
        for made in by_control.values()
        for one in made[: max(0, len(made) - keep)]
        if one.number not in safe and not _waits(one)
    ]
    return [one for one in found if one.paths]


def _of(home: Home, version: Version) -> tuple[Path, Path]:
    """By the second the stability of successive versions is told, of the newest ones: see `outlook.sample`."""
    return version.folder / "weights", home.path("versions", "sample", f"{version.number:04d}.json")


def _waits(version: Version) -> bool:
    return not version.promoted and time.time() - version.made_at < HELD_S
