"""What a version said of tasks, in files that only grow: nothing is asked twice, and no task is an object in memory.

scoring/CONTROL/DIGEST/     the digest of the version, the control, and how it was asked
├── facts.json      how wide the arrays are
├── rows            of each task: which it is, where its chances and its target end; written after all others
├── chances  embeddings  members     float32: unit after unit, and a vector for each task
└── targets         JSON, one after the other

A task counts once its row is there. What a killed process left behind the last one is cut off by the next writer.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np
import orjson

from lsal.files import read_json, write_json
from lsal.records import Labels, Layout, Prediction, Spans
from lsal.strategies.pools import finite
from lsal.targets import from_plain, to_plain

if TYPE_CHECKING:
    from lsal.records import Floats, Ints

ROWS, FACTS = "rows", "facts.json"
ROW = np.dtype(
    [
        ("task", "<i8"),
        ("digest", "S24"),
        ("units_end", "<i8"),
        ("target_end", "<i8"),
        ("confidence", "<f4"),
        ("disagreement", "<f4"),
        ("flags", "u1"),
    ]
)
"""`digest` is that of the task's data: the id of a deleted task may be in use again."""
ARRAYS = ("chances", "embeddings", "members")
OBJECTS, TOKENS, PROBLEM, VECTOR, MEMBERS = 1, 2, 4, 8, 16
KEEP_S = 2.0
"""So many seconds of work a killed process loses at most, beside the chunk that it worked on."""


class KeptAnswers:
    """The files in `folder`, opened by one process that adds to them; what was there before can be found."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = self._known = 0
        self._facts: dict[str, Any] = {}
        self._files: dict[str, BinaryIO] = {}
        self._fresh: list[Any] = []
        self._ends = (0, 0)
        self._kept_at = 0.0
        self._order: Any = None
        self._sorted: Any = None
        self._digests: Any = None
        self._arrays: dict[str, Any] = {}
        self.problems: dict[int, str] = {}
        """Why a model could not read a task, by row; such rows are asked again another time."""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        os.utime(self.folder)  # tells housekeeping that it is needed
        for other in self.folder.parent.iterdir():  # of an older version, or asked in another way
            if other != self.folder:
                shutil.rmtree(other, ignore_errors=True)
        self._facts = read_json(self.folder / FACTS, {})
        path = self.folder / ROWS
        self.count = self._known = path.stat().st_size // ROW.itemsize if path.exists() else 0
        if self._known:
            rows = np.memmap(path, ROW, "r", shape=(self._known,))
            self._ends = int(rows["units_end"][-1]), int(rows["target_end"][-1])
            self._order = np.argsort(rows["task"], kind="stable")
            self._sorted, self._digests = rows["task"][self._order], rows["digest"]
        for name in (*ARRAYS, "targets", ROWS):
            self._files[name] = (self.folder / name).open("ab")
            self._files[name].truncate(self._size(name))
        self._kept_at = time.monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.commit()
        for file in self._files.values():
            file.close()
        self._order = self._sorted = self._digests = None

    def find(self, tasks: Sequence[int], digests: Sequence[str]) -> Ints:
        """The row of each of n tasks that was there when this was opened, the latest; -1 of those that were not."""
        asked, said = np.array(tasks, np.int64), np.array(digests, "S24")
        if not self._known:
            return np.full(len(asked), -1)
        places = np.maximum(np.searchsorted(self._sorted, asked, "right") - 1, 0)
        rows = self._order[places]
        same = (self._sorted[places] == asked) & (self._digests[rows] == said) & (said != b"")
        return np.where(same, rows, -1)

    def add(self, told: Sequence[Prediction], digests: Sequence[str]) -> None:
        """Append some answers; on the disk for certain every KEEP_S, and at the end."""
        rows = np.zeros(len(told), ROW)
        counts = [0 if one.problem else len(one.chances) for one in told]
        said = [b"" if one.problem else orjson.dumps(to_plain(one.target)) for one in told]
        self._files["targets"].write(b"".join(said))
        rows["task"] = [one.task_id for one in told]
        rows["digest"] = [b"" if one.problem else digest.encode() for one, digest in zip(told, digests, strict=True)]
        rows["units_end"] = self._ends[0] + np.cumsum(counts)
        rows["target_end"] = self._ends[1] + np.cumsum([len(one) for one in said])
        rows["confidence"] = [0.0 if one.problem else one.confidence for one in told]
        rows["disagreement"] = [np.nan if one.disagreement is None else one.disagreement for one in told]
        rows["flags"] = [_flags(one) for one in told]
        fine = [one for one in told if not one.problem]
        self._add_arrays(fine, told)
        self.problems |= {self.count + k: one.problem for k, one in enumerate(told) if one.problem}
        self.count += len(told)
        self._ends = (int(rows["units_end"][-1]), int(rows["target_end"][-1]))
        self._fresh.append(rows)
        if time.monotonic() - self._kept_at > KEEP_S:
            self.commit()

    def _add_arrays(self, fine: Sequence[Prediction], told: Sequence[Prediction]) -> None:
        vectors = [one.embedding for one in told if one.embedding is not None]
        members = [one.members for one in fine if one.members is not None]
        self._widen(
            classes=fine[0].chances.shape[1] if fine else 0,
            width=len(vectors[0]) if vectors else 0,
            members=len(members[0]) if members else 0,
        )
        if fine:
            self._write("chances", np.concatenate([one.chances for one in fine]))
        if width := self._facts.get("width", 0):
            block = np.zeros((len(told), width), np.float32)
            block[[one.embedding is not None for one in told]] = np.stack(vectors) if vectors else 0
            self._write("embeddings", finite(block))
        if self._facts.get("members") and fine:
            none = np.zeros((self._facts["members"], 1, self.classes), np.float32)
            each = [none.repeat(len(e.chances), axis=1) if e.members is None else e.members for e in fine]
            self._write("members", np.concatenate(each, axis=1).swapaxes(0, 1))

    def _write(self, name: str, values: Floats) -> None:
        """Append figures; of earlier rows that have none zeros stand in the file."""
        file, before = self._files[name], self._size(name)
        file.flush()
        if os.fstat(file.fileno()).st_size != before:
            file.truncate(before)
        file.write(np.ascontiguousarray(values, np.float32).tobytes())

    def _widen(self, **widths: int) -> None:
        """Note how wide the arrays are that come for the first time."""
        new = {name: width for name, width in widths.items() if width and name not in self._facts}
        if new:
            self._facts |= new
            write_json(self.folder / FACTS, self._facts)

    def commit(self) -> None:
        """Bring everything to the disk, the rows last."""
        if not self._fresh:
            return
        for name in (*ARRAYS, "targets"):
            self._files[name].flush()
            os.fdatasync(self._files[name].fileno())
        self._files[ROWS].write(np.concatenate(self._fresh).tobytes())
        self._files[ROWS].flush()
        self._fresh, self._kept_at = [], time.monotonic()

    def _size(self, name: str) -> int:
        """How many bytes of a file belong to rows that are there."""
        units, classes = self._ends[0], self._facts.get("classes", 0)
        sizes: dict[str, int] = {
            ROWS: self.count * ROW.itemsize,
            "targets": self._ends[1],
            "chances": units * classes * 4,
            "embeddings": self.count * self._facts.get("width", 0) * 4,
            "members": units * classes * self._facts.get("members", 0) * 4,
        }
        return sizes[name]

    def array(self, name: str) -> Any:
        """One of the arrays whole, memory-mapped: `rows` (n,), `chances` (units, classes), `embeddings` (n, d),
        `members` (units, k, classes) or `targets`, bytes; None where no answer has it. To be asked after `commit`.
        """
        if name not in self._arrays:
            classes, width, members = (self._facts.get(each, 0) for each in ("classes", "width", "members"))
            shapes = {ROWS: (self.count,), "targets": (self._ends[1],), "embeddings": (self.count, width)}
            shapes |= {"chances": (self._ends[0], classes), "members": (self._ends[0], members, classes)}
            kind = {ROWS: ROW, "targets": np.dtype("u1")}.get(name, np.dtype("<f4"))
            shape = shapes[name]
            there = (self.folder / name).exists() and 0 not in shape
            self._arrays[name] = np.asarray(np.memmap(self.folder / name, kind, "r", shape=shape)) if there else None
        return self._arrays[name]

    def answer(self, row: int) -> Prediction:
        """The answer of one row that could be read, less its embedding."""
        rows, chances, targets = self.array(ROWS), self.array("chances"), self.array("targets")
        one, before = rows[row], rows[row - 1] if row else np.zeros((), ROW)
        units = slice(int(before["units_end"]), int(one["units_end"]))
        said = targets[int(before["target_end"]) : int(one["target_end"])].tobytes()
        target = from_plain(orjson.loads(said))
        assert target is not None
        told = np.zeros((0, self.classes), np.float32) if chances is None else np.array(chances[units])
        return Prediction(int(one["task"]), target, told)

    def key(self, row: int) -> str:
        """`Example.key` of the task of a row."""
        one = self.array(ROWS)[row]
        return f"{one['task']}:{one['digest'].decode()}"

    @property
    def classes(self) -> int:
        """The columns of the chances; 0 before the first answer that has some."""
        return int(self._facts.get("classes", 0))


def _flags(told: Prediction) -> int:
    tokens = isinstance(told.target, Spans | Layout)
    objects = not tokens and not isinstance(told.target, Labels)
    return (
        TOKENS * tokens
        | OBJECTS * objects
        | PROBLEM * bool(told.problem)
        | VECTOR * (told.embedding is not None)
        | MEMBERS * (told.members is not None)
    )
