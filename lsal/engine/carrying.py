"""Calls and results that take their files along: every Path in them that exists is carried, by digest.

A call names files and folders by their paths: an image, the folder of a version. Where it runs on another
machine, they arrive in a depot there, checked against their digests, and the paths in the call lead there.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SLICE = 8 * 1024 * 1024
"""Bytes that travel at once."""

Place = Callable[["Thing"], Path]


@dataclass(frozen=True)
class Thing:
    """A file or folder on its way: its own name, and its files by name, each with digest and size.

    A file that is no folder has the name "" in `files`.
    """

    name: str
    files: Mapping[str, tuple[str, int]]

    @property
    def key(self) -> str:
        """What tells it from everything else: a digest of all that it is."""
        told = [self.name, *(f"{name}\0{digest}" for name, (digest, _) in sorted(self.files.items()))]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Slice:
    """A piece of a file: what it belongs to, and where it begins there."""

    digest: str
    start: int
    size: int
    content: bytes


@dataclass(frozen=True)
class Parcel:
    """A pickled value, the things in it, and where each digest can be read on the machine that packed it."""

    content: bytes
    things: Mapping[str, Thing] = field(default_factory=dict)
    sources: Mapping[str, Path] = field(default_factory=dict)

    @property
    def digests(self) -> list[str]:
        """Of all files that belong to it, each once."""
        return list(dict.fromkeys(digest for one in self.things.values() for digest, _ in one.files.values()))


class Packing:
    """Packs values; what it has read once it reads again only if the file has changed."""

    def __init__(self) -> None:
        self._known: dict[tuple[Path, int, int], str] = {}

    def pack(self, value: Any) -> Parcel:
        """A value with its files; raises what pickle raises for one that cannot travel."""
        things, sources = dict[str, Thing](), dict[str, Path]()

        def noted(path: Path) -> str:
            thing, where = self._thing(path)
            things[thing.key] = thing
            sources.update(where)
            return thing.key

        buffer = io.BytesIO()
        _Pickler(buffer, noted).dump(value)
        return Parcel(buffer.getvalue(), things, sources)

    def _thing(self, path: Path) -> tuple[Thing, dict[str, Path]]:
        """What lies at a path, and where each digest of it can be read."""
        found = {"": path} if path.is_file() else {str(p.relative_to(path)): p for p in sorted(path.rglob("*"))}
        files = {name: (self._digest(each), each) for name, each in found.items() if each.is_file()}
        kept = {name: (digest, each.stat().st_size) for name, (digest, each) in files.items()}
        return Thing(path.resolve().name, kept), dict(files.values())

    def _digest(self, path: Path) -> str:
        stat = path.stat()
        key = (path, stat.st_mtime_ns, stat.st_size)
        if key not in self._known:
            with path.open("rb") as file:
                self._known[key] = hashlib.file_digest(file, "sha256").hexdigest()
        return self._known[key]


def unpack(parcel: Parcel, place: Place) -> Any:
    """The value; `place` says where each thing lies on this machine."""
    return _Unpickler(io.BytesIO(parcel.content), lambda key: place(parcel.things[key])).load()


def slices(digests: Iterable[str], sources: Mapping[str, Path], start: int = 0) -> Iterator[list[Slice]]:
    """The files of these digests, each from `start` on, in pieces: as many at once as make up SLICE bytes."""
    gathered, size = list[Slice](), 0
    for digest in digests:
        for piece in _pieces(digest, sources[digest], start):
            if gathered and size + len(piece.content) > SLICE:
                yield gathered
                gathered, size = [], 0
            gathered.append(piece)
            size += len(piece.content)
    if gathered:
        yield gathered


def _pieces(digest: str, path: Path, start: int) -> Iterator[Slice]:
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(start)
        while content := file.read(SLICE):
            yield Slice(digest, start, size, content)
            start += len(content)
    if not size:  # an empty file is one empty piece
        yield Slice(digest, 0, 0, b"")


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, noted: Callable[[Path], str]) -> None:
        super().__init__(file, protocol=5)
        self._noted = noted

    def persistent_id(self, value: Any) -> str | None:
        return self._noted(value) if isinstance(value, Path) and value.exists() else None


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, place: Callable[[str], Path]) -> None:
        super().__init__(file)
        self._place = place

    def persistent_load(self, key: str) -> Path:
        return self._place(key)
