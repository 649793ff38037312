"""Vectors of texts, worked out once and kept: in a folder that several processes use at once, or in memory.

A folder holds two files that only grow: `vectors`, float32 rows one after the other, memory-mapped by
its readers, and `keys`, for each row the digest of its text and a checksum of the row. Rows are
written before their keys, by one process at a time. What a killed one left at the end of a file is
cut off by the next writer; a row that does not fit its checksum counts as not there, and is kept anew.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from filelock import FileLock, Timeout

if TYPE_CHECKING:
    from lsal.records import Floats

log = logging.getLogger(__name__)

FOLDER = "embeddings"
USED = "used"
KEY = np.dtype([("text", "S16"), ("check", "<u4")])
WAIT_S = 30.0
"""Nobody writes for so long; who waits in vain goes on without keeping."""
USED_EVERY_S = 3600.0
MOST_IN_MEMORY = 100_000


def keeping(model: Any, home: Path | None) -> None:
    """Tell a model where in a project's home to keep what it works out about inputs, if it is one that does."""
    if home is not None and hasattr(model, "keep_in"):
        model.keep_in(home / FOLDER)


class Vectors(Protocol):
    """Vectors by the digest of their text."""

    def look_up(self, texts: Any) -> tuple[Any, Floats]:
        """For digests (n,): whether each is there, bool (n,), and the rows of those that are, float32 (found, d)."""

    def keep(self, texts: Any, rows: Floats) -> None:
        """Keep rows (n, d) for digests (n,)."""


def digests(texts: Sequence[str]) -> Any:
    """The keys of texts, S16 (n,)."""
    hashed = (hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts)
    return np.frombuffer(b"".join(hashed), "S16")


class InFolder:
    """Vectors in a folder; every method may be called from any thread, and any process may do so at once."""

    def __init__(self, folder: Path, width: int) -> None:
        self.folder, self.width = folder, width
        self._reading = threading.RLock()
        self._read = -1
        self._rows: Any = None
        self._checks: Any = None
        self._sorted: Any = None
        self._places: Any = None
        self._used_at = 0.0

    def look_up(self, texts: Any) -> tuple[Any, Floats]:
        """See `Vectors`; a damaged row is not there."""
        with self._reading:
            self._refresh()
            self._note_use()
            found, places = self._placed(texts)
            rows = np.array(self._rows[places[found]]) if found.any() else np.zeros((0, self.width), np.float32)
            checks = self._checks[places[found]]
        whole = _checks(rows) == checks
        if not whole.all():
            log.warning("%d kept vectors in %s are damaged: worked out again", (~whole).sum(), self.folder)
            found[np.flatnonzero(found)[~whole]] = False
        return found, rows[whole]

    def keep(self, texts: Any, rows: Floats) -> None:
        """See `Vectors`. Where nothing can be written, the loop goes on without."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "lock", timeout=WAIT_S):
                self._append(texts, np.ascontiguousarray(rows, np.float32))
        except (OSError, Timeout) as error:
            log.warning("vectors are not kept in %s: %s", self.folder, error)

    def _append(self, texts: Any, rows: Floats) -> None:
        count, row_bytes = self._whole_rows(), 4 * self.width
        keys = np.empty(len(texts), KEY)
        keys["text"], keys["check"] = texts, _checks(rows)
        _write_at(self.folder / "vectors", count * row_bytes, rows.tobytes())
        _write_at(self.folder / "keys", count * KEY.itemsize, keys.tobytes())

    def _whole_rows(self) -> int:
        """How many rows have a key, and are all there."""
        return min(_size(self.folder / "keys") // KEY.itemsize, _size(self.folder / "vectors") // (4 * self.width))

    def _refresh(self) -> None:
        """Know what this and other processes have kept since."""
        count = self._whole_rows()
        if count == self._read:
            return
        keys = np.fromfile(self.folder / "keys", KEY, count) if count else np.zeros(0, KEY)
        path, shape = self.folder / "vectors", (count, self.width)
        self._rows = np.memmap(path, np.float32, "r", shape=shape) if count else np.zeros(shape, np.float32)
        self._checks, self._read = keys["check"].copy(), count
        self._places = np.argsort(keys["text"], kind="stable")
        self._sorted = keys["text"][self._places]

    def _placed(self, texts: Any) -> tuple[Any, Any]:
        """Whether each is there, and in which row: the one that was kept last."""
        if not self._read:
            return np.zeros(len(texts), bool), np.zeros(len(texts), np.int64)
        at = np.maximum(np.searchsorted(self._sorted, texts, "right") - 1, 0)
        return self._sorted[at] == texts, self._places[at]

    def _note_use(self) -> None:
        """The time of that file tells housekeeping that somebody still needs this."""
        if time.monotonic() - self._used_at > USED_EVERY_S and self.folder.is_dir():
            self._used_at = time.monotonic()
            with suppress(OSError):
                (self.folder / USED).touch()


class InMemory:
    """Vectors of this process alone, for work that belongs to no project: replays, trials."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._rows: dict[bytes, Floats] = {}

    def look_up(self, texts: Any) -> tuple[Any, Floats]:
        """See `Vectors`."""
        rows = [self._rows.get(text) for text in texts.tolist()]
        there = [row for row in rows if row is not None]
        found = np.array([row is not None for row in rows], bool)
        return found, np.stack(there) if there else np.zeros((0, self.width), np.float32)

    def keep(self, texts: Any, rows: Floats) -> None:
        """See `Vectors`; when there are too many, all earlier ones are forgotten."""
        if len(self._rows) + len(rows) > MOST_IN_MEMORY:
            self._rows = {}
        self._rows |= dict(zip(texts.tolist(), rows, strict=True))


_opened: dict[tuple[Path | None, str], Vectors] = {}
_opening = threading.Lock()


def vectors(folder: Path | None, network: str, width: int) -> Vectors:
    """Those that the network with this digest made; in `folder`, or without one in memory."""
    with _opening:
        if (folder, network) not in _opened:
            if folder is None:  # one network's at a time: they are large
                for old in [key for key in _opened if key[0] is None]:
                    del _opened[old]
            _opened[folder, network] = InFolder(folder / network, width) if folder else InMemory(width)
        return _opened[folder, network]


def _checks(rows: Any) -> Any:
    """The checksum of each row, uint32 (n,)."""
    return np.fromiter((zlib.crc32(row) for row in rows), np.uint32, len(rows))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _write_at(path: Path, offset: int, content: bytes) -> None:
    """Cut off what lies behind `offset`, and write there, to the disk."""
    with path.open("ab") as file:
        file.truncate(offset)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
