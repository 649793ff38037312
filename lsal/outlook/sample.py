"""What each version answered to one fixed sample of unlabelled tasks, kept when a round scores the pool.

versions/sample/0007.json    {"answers": [[LABEL, ...], ...], "said": {TASK: PLACE IN answers}}

The sample is the head of the project's fixed random order, less the measuring tasks and what is labelled: the tasks
that two versions were both asked about are a random sample of what is open, whatever a strategy prefers. Nothing is
predicted for it: a round predicts the whole pool anyway.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsal.files import as_written, read_json, write_json
from lsal.home import Home
from lsal.records import Labels, Target

KEPT = 2000
"""Tasks asked at most; as labels come, two successive versions share a little fewer."""
WANTED = 1000
"""Fewer than these make a small sample, and lsal says so."""

Names = tuple[str, ...]


def keep(home: Home, version: int, told: Iterable[tuple[str, Target]]) -> None:
    """Keep the answers of a version: pairs of a task's key and what was said, in the fixed random order.

    Only classes are kept: whether two versions find the same objects or spans has no such simple measure.
    """
    said = answers(home, version)
    before = len(said)
    for key, target in told:
        if not isinstance(target, Labels):
            return
        if len(said) >= KEPT:
            break
        said.setdefault(key, tuple(sorted(target.names)))
    if len(said) > before:
        different = list(dict.fromkeys(said.values()))
        places = {answer: place for place, answer in enumerate(different)}
        kept = {"answers": different, "said": {key: places[answer] for key, answer in said.items()}}
        write_json(_path(home, version), kept)


def answers(home: Home, version: int) -> dict[str, Names]:
    """What a version said, by the key of the task; nothing where it never scored the pool."""
    path = _path(home, version)
    kept = read_json(path, {"answers": [], "said": {}})
    with as_written(path):
        different = [tuple(map(str.__str__, one)) for one in kept["answers"]]
        return {key: different[place] for key, place in kept["said"].items()}


def asked(home: Home) -> list[int]:
    """The versions whose answers are kept, ascending."""
    return sorted(int(path.stem) for path in home.path("versions", "sample").glob("[0-9]*.json"))


def _path(home: Home, version: int) -> Path:
    return home.path("versions", "sample", f"{version:04d}.json")
