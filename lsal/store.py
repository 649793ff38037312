"""Versions of models on disk, and which of them are live.

A version is a folder that is written beside and renamed, so it is whole or absent. What is
live, and what was live before it, is one small file, `current.json`: replacing it is the whole
of a promotion or a rollback on disk.

{"versions": {CONTROL: NUMBER}, "before": [{CONTROL: NUMBER}, ...]}    oldest first

The file may also be {CONTROL: NUMBER} alone: homes from before there was a way back.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson
from filelock import FileLock

from lsal import standby
from lsal.errors import BadData, NoVersion
from lsal.files import as_written, read_json, share, whole_folder, write_json
from lsal.home import Home
from lsal.records import Version

PRUNED = "pruned.json"
"""Stands in the folder of a version whose weights were cleaned away."""

SHARED = 16_384
"""Bytes from which on a file is worth looking whether there is one like it."""
REMEMBERED = 100
"""Sets of versions that were live before and can be gone back to."""


class Store:
    """The versions of one project."""

    def __init__(self, home: Home) -> None:
        self.home, self.folder = home, home.path("versions")
        self._current = home.path("current.json")
        self._lock = home.path("versions.lock")

    def add(self, save: Callable[[Path], None], **facts: Any) -> Version:
        """Write a new version: `save` fills the folder of the weights, `facts` describe it."""
        self._lock.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self._lock):  # two at once would write into one folder
            number = max(self.numbers(), default=0) + 1
            self._write(number, save, facts)
        return self.get(number)

    def _write(self, number: int, save: Callable[[Path], None], facts: Mapping[str, Any]) -> None:
        final = self.folder / f"{number:04d}"
        version = Version(number=number, folder=final, made_at=time.time(), files={}, **facts)
        with whole_folder(final) as beside:
            weights = beside / "weights"
            weights.mkdir()
            save(weights)
            found = _digests(weights)
            self._share(weights, found, version.control)
            write_json(beside / "version.json", asdict(version) | {"files": found, "folder": None})

    def _share(self, weights: Path, found: Mapping[str, str], control: str) -> None:
        """Files that the control's version before has too are kept once on disk, such as the vocabulary of one pool."""
        before = next((one for one in reversed(self.all()) if one.control == control), None)
        for name, digest in found.items():
            if before and before.files.get(name) == digest and (weights / name).stat().st_size >= SHARED:
                share(weights / name, before.folder / "weights" / name)

    def numbers(self) -> list[int]:
        """The numbers of all whole versions, ascending."""
        return sorted(int(path.name) for path in self.folder.glob("[0-9]*") if path.name.isdigit())

    def get(self, number: int) -> Version:
        """The version with this number."""
        folder = self.folder / f"{number:04d}"
        kept = read_json(folder / "version.json")
        if kept is None:
            listed = ", ".join(map(str, self.numbers())) or "none yet"
            raise NoVersion(f"There is no version {number}", f"There are: {listed}")
        known = {field.name for field in fields(Version)}
        with as_written(folder / "version.json"):
            told = {k: v for k, v in kept.items() if k in known} | {"folder": folder, "labels": tuple(kept["labels"])}
            _check(told)
            return Version(**told)

    def all(self) -> list[Version]:
        """All versions, oldest first."""
        return [self.get(number) for number in self.numbers()]

    def current(self) -> dict[str, int]:
        """Which version of each control is live."""
        return self._read()[0]

    def history(self) -> list[dict[str, int]]:
        """The sets of versions that were live, oldest first; the last one is live now."""
        current, before = self._read()
        return [*before, current] if current else before

    def current_version(self, control: str) -> Version:
        """The live version of a control."""
        number = self.current().get(control)
        if number is None:
            raise NoVersion(f"No trained version for control '{control}'", "Train one: lsal train")
        return self.get(number)

    def make_current(self, versions: Mapping[str, int], before: Sequence[Mapping[str, int]] | None = None) -> None:
        """Make these the live versions, all at once, when all who answer hold them: see `standby`.

        What was live until now can then be gone back to; with `before`, those sets can instead.
        """
        for number in versions.values():
            self.get(number)
        with standby.ready(self.home, versions.values()):  # nobody else switches meanwhile
            if before is None:
                before = self.history()
            earlier = before[:-1] if before and before[-1] == versions else before
            write_json(self._current, {"versions": versions, "before": earlier[-REMEMBERED:]})

    def current_at(self, stamp: bytes) -> dict[str, int]:
        """Which version of each control was live when `stamp` was taken."""
        with as_written(self._current):
            return _parts(orjson.loads(stamp) if stamp else {})[0]

    def _read(self) -> tuple[dict[str, int], list[dict[str, int]]]:
        """What is live, and what was before."""
        with as_written(self._current):
            return _parts(read_json(self._current, {}))

    def stamp(self) -> bytes:
        """Something that differs whenever `current` does; costs one look at the file.

        Not its time and inode: of two replacements in one tick the later may have those of the file before both.
        """
        try:
            return self._current.read_bytes()
        except FileNotFoundError:
            return b""
        except IsADirectoryError:
            return b"a folder"  # no JSON, and so told as damaged by who reads it


def check_files(version: Version) -> None:
    """Refuse a version whose files are not those that were written, or whose weights were cleaned away."""
    if (version.folder / PRUNED).exists():
        raise _pruned(version)
    found = _digests(version.folder / "weights")
    wrong = sorted(name for name in {**found, **version.files} if found.get(name) != version.files.get(name))
    if wrong:
        raise BadData(
            f"Version {version.number} is damaged: {wrong[0]} is not what was written",
            f"Train it again from its job: lsal train --again {version.job}",
        )


def _pruned(version: Version) -> BadData:
    what = f"The weights of version {version.number} were cleaned away, only its figures are kept"
    whole = version.folder.parent.parent / "jobs" / version.job / "snapshot" / "whole"
    if version.job and whole.exists():
        return BadData(what, f"Train it again from its job: lsal train --again {version.job}")
    return BadData(what, "Choose another one: lsal versions")


def _check(told: Mapping[str, Any]) -> None:
    """Raise TypeError for a field of a version that is not of its type."""
    for kind, names in _TYPES.items():
        for name in names:
            if name in told and (not isinstance(told[name], kind) or isinstance(told[name], bool)):
                raise TypeError(f"{name} is {told[name]!r:.40}")
    if not all(isinstance(label, str) for label in told["labels"]):
        raise TypeError("labels are no texts")


_TYPES: Mapping[Any, tuple[str, ...]] = {
    int: ("number",),
    int | None: ("parent",),
    int | float: ("made_at",),
    str: ("family", "control", "job", "shape", "reason"),
    Mapping: ("metrics", "examples", "seconds", "files", "calibration"),
}


def _parts(kept: Mapping[str, Any]) -> tuple[dict[str, int], list[dict[str, int]]]:
    """What is live, and what was before."""
    if not isinstance(kept.get("versions"), dict):  # {CONTROL: NUMBER}, a control may have that name
        return _numbers(kept), []
    return _numbers(kept["versions"]), [_numbers(one) for one in kept["before"]]


def _numbers(kept: Mapping[str, Any]) -> dict[str, int]:
    return {str(control): int(number) for control, number in kept.items()}


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
