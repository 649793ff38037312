"""Files of arrays that only grow, of which no row is an object in memory: the rows, and what each of them points to.

scoring/CONTROL/DIGEST/     the digest of the version, the control, and how it was asked
├── facts.json      how wide the arrays are
├── rows            of each task: see `answer_rows`; written after all others
├── chances  embeddings  members     float32: unit after unit, and a vector for each task
└── targets         JSON, one after the other

A task counts once its row is there. What a killed process left behind the last one is cut off by the next writer.
"""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from lsal.files import read_json, write_json
from lsal.predicting.answer_rows import ROW

if TYPE_CHECKING:
    from lsal.records import Floats

ROWS, TARGETS, FACTS = "rows", "targets", "facts.json"
FIGURES = ("chances", "embeddings", "members")
KEEP_S = 2.0
"""So many seconds of work a killed process loses at most, beside the chunk that it worked on."""


class AnswerFiles:
    """The arrays in `folder`, opened by one process that appends to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = self._units = self._letters = 0
        self._widths: dict[str, int] = {}
        self._files: dict[str, BinaryIO] = {}
        self._fresh: list[Any] = []
        self._kept_at = 0.0

    def open(self) -> None:
        """Take up what is there, and cut off what lies behind the last row."""
        self.folder.mkdir(parents=True, exist_ok=True)
        os.utime(self.folder)  # tells housekeeping that it is needed
        self._widths = read_json(self.folder / FACTS, {})
        path = self.folder / ROWS
        self.count = path.stat().st_size // ROW.itemsize if path.exists() else 0
        if self.count:
            self._count_to(self.array(ROWS)[-1])
        for name in (*FIGURES, TARGETS, ROWS):
            self._files[name] = (self.folder / name).open("ab")
            self._files[name].truncate(self._size(name))
        self._kept_at = time.monotonic()

    def close(self) -> None:
        """Keep everything."""
        self.commit()
        for file in self._files.values():
            file.close()

    @property
    def ends(self) -> tuple[int, int]:
        """Where the chances and the target of the next row begin."""
        return self._units, self._letters

    def width(self, name: str) -> int:
        """How wide the arrays are: `classes`, the `width` of embeddings, `members`; 0 before there are some."""
        return self._widths.get(name, 0)

    def widen(self, **widths: int) -> None:
        """Note how wide arrays are that come for the first time."""
        new = {name: width for name, width in widths.items() if width and not self.width(name)}
        if new:
            self._widths |= new
            write_json(self.folder / FACTS, self._widths)

    def append(self, rows: Any, targets: bytes, figures: dict[str, Floats]) -> None:
        """Add rows, and what they point to; on the disk for certain every KEEP_S, and at the end."""
        self._files[TARGETS].write(targets)
        for name, values in figures.items():
            self._write(name, values)
        self._fresh.append(rows)
        self.count += len(rows)
        self._count_to(rows[-1])
        if time.monotonic() - self._kept_at > KEEP_S:
            self.commit()

    def commit(self) -> None:
        """Bring everything to the disk, the rows last."""
        if not self._fresh:
            return
        for name in (*FIGURES, TARGETS):
            self._files[name].flush()
            os.fdatasync(self._files[name].fileno())
        self._files[ROWS].write(np.concatenate(self._fresh).tobytes())
        self._files[ROWS].flush()
        self._fresh, self._kept_at = [], time.monotonic()

    def array(self, name: str) -> Any:
        """One of the arrays whole, memory-mapped: `rows` (n,), `chances` (units, classes), `embeddings` (n, d),
        `members` (units, k, classes) or `targets`, bytes; None where no answer has it. To be asked after `commit`.
        """
        shape, path = self._shape(name), self.folder / name
        return np.asarray(np.memmap(path, _kind(name), "r", shape=shape)) if 0 not in shape and path.exists() else None

    def _write(self, name: str, values: Floats) -> None:
        """Append figures; of earlier rows that have none zeros stand in the file."""
        file, before = self._files[name], self._size(name)
        file.flush()
        if os.fstat(file.fileno()).st_size != before:
            file.truncate(before)
        file.write(np.ascontiguousarray(values, np.float32).tobytes())

    def _count_to(self, last: Any) -> None:
        self._units, self._letters = int(last["units_end"]), int(last["target_end"])

    def _size(self, name: str) -> int:
        """How many bytes of a file belong to rows that are there."""
        return math.prod(self._shape(name)) * _kind(name).itemsize

    def _shape(self, name: str) -> tuple[int, ...]:
        classes, width, members = map(self.width, ("classes", "width", "members"))
        shapes: dict[str, tuple[int, ...]] = {
            ROWS: (self.count,),
            TARGETS: (self._letters,),
            "chances": (self._units, classes),
            "embeddings": (self.count, width),
            "members": (self._units, members, classes),
        }
        return shapes[name]


def _kind(name: str) -> np.dtype[Any]:
    kinds: dict[str, np.dtype[Any]] = {ROWS: ROW, TARGETS: np.dtype("u1")}
    return kinds.get(name, np.dtype("<f4"))
