"""Versions of models on disk, and which of them are live.

A version is a folder that is written beside and renamed, so it is whole or absent. What is
live is one small file: replacing it is the whole of a promotion or a rollback on disk.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from lsal.errors import BadData, NoVersion
from lsal.files import read_json, whole_folder, write_json
from lsal.home import Home
from lsal.records import Version

OnAdd = Callable[[Version], None]


class Store:
    """The versions of one project. `on_add` hears of each new version (tracking, say)."""

    def __init__(self, home: Home, on_add: OnAdd | None = None) -> None:
        self.folder = home.path("versions")
        self._current = home.path("current.json")
        self._on_add = on_add

    def add(self, save: Callable[[Path], None], **facts: Any) -> Version:
        """Write a new version: `save` fills the folder of the weights, `facts` describe it."""
        number = max(self.numbers(), default=0) + 1
        final = self.folder / f"{number:04d}"
        version = Version(number=number, folder=final, made_at=time.time(), files={}, **facts)
        with whole_folder(final) as beside:
            weights = beside / "weights"
            weights.mkdir()
            save(weights)
            write_json(beside / "version.json", asdict(version) | {"files": _digests(weights), "folder": None})
        version = self.get(number)
        if self._on_add:
            self._on_add(version)
        return version

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
        return Version(
            **{k: v for k, v in kept.items() if k in known} | {"folder": folder, "labels": tuple(kept["labels"])}
        )

    def all(self) -> list[Version]:
        """All versions, oldest first."""
        return [self.get(number) for number in self.numbers()]

    def current(self) -> dict[str, int]:
        """Which version of each control is live."""
        return {str(control): int(number) for control, number in read_json(self._current, {}).items()}

    def current_version(self, control: str) -> Version:
        """The live version of a control."""
        number = self.current().get(control)
        if number is None:
            raise NoVersion(f"No trained version for control '{control}'", "Train one: lsal train")
        return self.get(number)

    def make_current(self, versions: Mapping[str, int]) -> None:
        """Make these the live versions, all at once."""
        for number in versions.values():
            self.get(number)
        write_json(self._current, dict(versions))

    def stamp(self) -> tuple[int, int]:
        """Something that differs whenever `current` was replaced; costs one look at the file."""
        try:
            found = self._current.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_ino


def check_files(version: Version) -> None:
    """Refuse a version whose files are not those that were written."""
    found = _digests(version.folder / "weights")
    wrong = sorted(name for name in {**found, **version.files} if found.get(name) != version.files.get(name))
    if wrong:
        raise BadData(
            f"Version {version.number} is damaged: {wrong[0]} is not what was written",
            f"Train it again from its job: lsal train --again {version.job}",
        )


def _digests(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                found[str(path.relative_to(folder))] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
