"""What a version said of tasks, kept in files: nothing is asked twice, and no task is an object in memory."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import orjson

from lsal.predicting.answer_files import ROWS, TARGETS, AnswerFiles
from lsal.predicting.answer_rows import ROW, Known, rows_of
from lsal.records import Prediction
from lsal.strategies.pools import finite
from lsal.targets import from_plain, to_plain

if TYPE_CHECKING:
    from lsal.records import Floats, Ints


class KeptAnswers:
    """The answers in `folder`, opened by one process that adds to them; what was there before can be found."""

    def __init__(self, folder: Path) -> None:
        self._files = AnswerFiles(folder)
        self._known = Known(np.zeros(0, ROW))
        self._arrays: dict[str, Any] = {}
        self.problems: dict[int, str] = {}
        """Why a model could not read a task, by row; such rows are asked again another time."""

    def __enter__(self) -> Self:
        folder = self._files.folder
        self._files.open()
        for other in folder.parent.iterdir():  # of an older version, or asked in another way
            if other != folder:
                shutil.rmtree(other, ignore_errors=True)
        if self.count:
            self._known = Known(self._files.array(ROWS))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._files.close()
        self._known = Known(np.zeros(0, ROW))

    @property
    def count(self) -> int:
        """The rows that there are by now."""
        return self._files.count

    @property
    def classes(self) -> int:
        """The columns of the chances; 0 before the first answer that has some."""
        return self._files.width("classes")

    def find(self, tasks: Sequence[int], digests: Sequence[str]) -> Ints:
        """The row of each of n tasks that was there when this was opened, the latest; -1 of those that were not."""
        return self._known.find(tasks, digests)

    def add(self, told: Sequence[Prediction], digests: Sequence[str]) -> None:
        """Append some answers."""
        said = [b"" if one.problem else orjson.dumps(to_plain(one.target)) for one in told]
        rows = rows_of(told, digests, self._files.ends, [len(one) for one in said])
        self.problems |= {self.count + k: one.problem for k, one in enumerate(told) if one.problem}
        self._files.append(rows, b"".join(said), self._figures(told))
        self._arrays.clear()

    def commit(self) -> None:
        """Bring everything to the disk."""
        self._files.commit()

    def _figures(self, told: Sequence[Prediction]) -> dict[str, Floats]:
        """The chances, embeddings and members of some answers, as they lie in the files."""
        files, found = self._files, dict[str, Any]()
        fine = [one for one in told if not one.problem]
        vectors = [one.embedding for one in told if one.embedding is not None]
        members = [one.members for one in fine if one.members is not None]
        files.widen(
            classes=fine[0].chances.shape[1] if fine else 0,
            width=len(vectors[0]) if vectors else 0,
            members=len(members[0]) if members else 0,
        )
        if fine:
            found["chances"] = np.concatenate([one.chances for one in fine])
        if width := files.width("width"):
            block = np.zeros((len(told), width), np.float32)
            block[[one.embedding is not None for one in told]] = np.stack(vectors) if vectors else 0
            found["embeddings"] = finite(block)
        if files.width("members") and fine:
            none = np.zeros((files.width("members"), 1, self.classes), np.float32)
            each = [none.repeat(len(e.chances), axis=1) if e.members is None else e.members for e in fine]
            found["members"] = np.concatenate(each, axis=1).swapaxes(0, 1)
        return found

    def array(self, name: str) -> Any:
        """One of the arrays whole: see `AnswerFiles.array`."""
        if name not in self._arrays:
            self._arrays[name] = self._files.array(name)
        return self._arrays[name]

    def answer(self, row: int) -> Prediction:
        """The answer of one row that could be read, less its embedding."""
        rows, chances, targets = self.array(ROWS), self.array("chances"), self.array(TARGETS)
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
