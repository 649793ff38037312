"""The local copy of a project's tasks and annotations: one SQLite file, readable while it is written."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from lsal.files import json_or_text
from lsal.label_studio.mirror_file import as_it_lies, damaged, lies_alone, opened
from lsal.records import Annotation, Task
from lsal.room import nearly_full, of_the_disk

OPEN, LABELLED, SKIPPED = 0, 1, 2

_KEEP = """
INSERT INTO tasks (id, digest, place, data, updated_at, state, born) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET digest = excluded.digest, data = excluded.data, updated_at = excluded.updated_at,
    state = excluded.state, born = excluded.born,
    place = CASE WHEN excluded.born <> '' AND born IN ('', excluded.born) THEN place ELSE excluded.place END
"""
"""A task that was edited keeps its place: what people measure by is never trained on, nor the other way round."""


_TASK = "SELECT id, digest, place, data FROM tasks"


class Mirror:
    """The copy in `path`. Every method may be called from any thread or process."""

    def __init__(self, path: Path, order_key: str) -> None:
        self.path = path
        self._order_key = bytes.fromhex(order_key)
        self._local = threading.local()
        self._told: dict[tuple[Any, ...], tuple[Any, list[tuple[Any, ...]]]] = {}

    @property
    def _db(self) -> sqlite3.Connection:
        if getattr(self._local, "db", None) is None:
            if lies_alone(self.path) and nearly_full(self.path.parent):
                return as_it_lies(self.path)  # what SQLite maps beside it may find no room, and end this process
            try:
                self._local.db = opened(self.path)
            except sqlite3.OperationalError as error:
                if self.path.is_dir():
                    raise damaged(self.path, "it is a folder") from None
                if not of_the_disk(error) or not self.path.exists():
                    raise
                return as_it_lies(self.path)
        return self._local.db  # type: ignore[no-any-return]

    def keep(self, rows: Sequence[dict[str, Any]], first_id: int | None = None) -> None:
        """Store a page of the server's tasks; `first_id` notes how far a first sync has come."""
        with self._whole() as db:
            db.executemany("DELETE FROM annotations WHERE task = ?", [(row["id"],) for row in rows])
            db.executemany(_KEEP, map(self._task_row, rows))
            db.executemany("REPLACE INTO annotations VALUES (?, ?, ?, ?, ?, ?)", _annotation_rows(rows))
            _changed(db)
            if first_id is not None:
                db.execute("REPLACE INTO facts VALUES ('first_id', ?)", (orjson.dumps(first_id),))

    @contextmanager
    def _whole(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it, or nothing."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def _task_row(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        data, digest = _digest(row["data"])
        born = stamp(row.get("created_at") or "")
        answered = row["annotations"]
        state = OPEN if not answered else LABELLED if any(not a["was_cancelled"] for a in answered) else SKIPPED
        return row["id"], digest, self._place(row["id"], born or digest), data, stamp(row["updated_at"]), state, born

    def reserved(self, task: int, data: Mapping[str, Any], share: float, born: str = "") -> bool:
        """Whether a task is for measuring, by what is known here of it; `born` is its `created_at`.

        If it may be another task than the one known under its id, either of them being for
        measuring is enough: the id of a deleted task may be in use again.
        """
        return bool(self.reserved_among([(task, data, born)], share))

    def reserved_among(self, rows: Sequence[tuple[int, Mapping[str, Any], str]], share: float) -> set[int]:
        """The ids of those tasks that are for measuring; of each its id, data and `created_at`."""
        ids = orjson.dumps([row[0] for row in rows]).decode()
        query = "SELECT id, place, born, digest FROM tasks WHERE id IN (SELECT value FROM json_each(?))"
        known = {row[0]: row[1:] for row in self._db.execute(query, (ids,))}
        return {row[0] for row in rows if self._is_reserved(known.get(row[0]), *row, share)}

    def _is_reserved(
        self, row: tuple[float, str, str] | None, task: int, data: Mapping[str, Any], born: str, share: float
    ) -> bool:
        born = stamp(born)
        if row and row[1] and born:
            same, identity = row[1] == born, born
        else:
            digest = _digest(data)[1]
            same, identity = bool(row and row[2] == digest), born or digest
        if row and (same or row[0] < share):
            return row[0] < share
        return self._place(task, identity) < share

    def _place(self, task: int, identity: str) -> float:
        """A keyed hash of the task's id and birth: random to everybody, the same for ever.

        The birth tells it from a deleted task whose id it got; its data may be edited.
        """
        keyed = hashlib.blake2b(f"{task}:{identity}".encode(), key=self._order_key, digest_size=8)
        return int.from_bytes(keyed.digest()) / 2**64

    def remove(self, ids: Iterable[int]) -> None:
        """Forget tasks that the server no longer has."""
        gone = [(number,) for number in ids]
        with self._whole() as db:
            db.executemany("DELETE FROM tasks WHERE id = ?", gone)
            db.executemany("DELETE FROM annotations WHERE task = ?", gone)
            _changed(db)

    def shelve(self, ids: Iterable[int]) -> None:
        """Count those of the tasks that are open as skipped, until they are kept again."""
        query = "UPDATE tasks SET state = ? WHERE state = ? AND id IN (SELECT value FROM json_each(?))"
        asked = orjson.dumps(list(ids)).decode()
        with self._whole() as db:
            if db.execute(query, (SKIPPED, OPEN, asked)).rowcount:
                _changed(db)

    def remember(self, **facts: Any) -> None:
        """Keep some facts beside the tasks."""
        rows = [(key, orjson.dumps(value)) for key, value in facts.items()]
        self._db.executemany("REPLACE INTO facts VALUES (?, ?)", rows)

    def fact(self, key: str, default: Any = None) -> Any:
        """A fact kept by `remember`."""
        row = self._db.execute("SELECT value FROM facts WHERE key = ?", (key,)).fetchone()
        return orjson.loads(row[0]) if row else default

    def newest_stamp(self) -> str:
        """The latest `updated_at` of any task here; empty without tasks."""
        return str(self._db.execute("SELECT coalesce(max(updated_at), '') FROM tasks").fetchone()[0])

    def answers_since(self, after: str) -> dict[int, str]:
        """When each annotation was last changed, by its id: those changed after a stamp, skips left out."""
        query = "SELECT id, updated_at FROM annotations WHERE updated_at > ? AND skipped = 0"
        return dict(self._db.execute(query, (after,)).fetchall())

    @property
    def label_config(self) -> str:
        """The label config at the last sync; empty before the first."""
        return str(self.fact("label_config", ""))

    def select(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of any question to the tables."""
        return self._db.execute(query, values).fetchall()

    def select_once(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The same for a few rows that take long to count: asked anew only after a change."""
        changes, asked = self.fact("changes", 0), (query, *values)
        if self._told.get(asked, (None, []))[0] != changes:
            self._told[asked] = changes, self.select(query, *values)
        return self._told[asked][1]

    def ids(self, state: int | None = None) -> Iterator[int]:
        """All task ids, or those of one state."""
        query = "SELECT id FROM tasks WHERE ?1 IS NULL OR state = ?1 ORDER BY id"
        return (row[0] for row in self._db.execute(query, (state,)).fetchall())

    def count(self, state: int | None = None, below: float = 1.0) -> int:
        """How many tasks there are, of one state or all, with a place below `below`; counted anew after a change."""
        states = (OPEN, LABELLED, SKIPPED) if state is None else (state,)
        marks = ",".join("?" * len(states))
        query = f"SELECT count(*) FROM tasks WHERE state IN ({marks}) AND place < ?"
        return int(self.select_once(query, *states, below)[0][0])

    def tasks(self, state: int | None = None, ids: Iterable[int] | None = None, beyond: float = 0.0) -> Iterator[Task]:
        """Tasks in the fixed random order, those with a place of at least `beyond`, without annotations; streamed.

        Each question is one that an index answers: the ids asked for, or the order within a state.
        """
        if ids is None:
            asked: tuple[Any, ...] = (beyond,)
            states = (OPEN, LABELLED, SKIPPED) if state is None else (state,)
            query = " UNION ALL ".join(f"{_TASK} WHERE state = {int(one)} AND place >= ?1" for one in states)
        else:
            asked = (beyond, orjson.dumps(list(ids)).decode(), state)
            query = f"{_TASK} WHERE id IN (SELECT value FROM json_each(?2)) AND place >= ?1"
            query += " AND (?3 IS NULL OR state = ?3)"
        for row in self._db.cursor().execute(f"{query} ORDER BY place", asked):
            yield Task(row[0], row[1], row[2], orjson.loads(row[3]))

    def head(self, state: int, below: float, count: int) -> list[int]:
        """The ids of the first `count` tasks of a state in the fixed random order, with a place below `below`."""
        query = "SELECT id FROM tasks WHERE state = ? AND place < ? ORDER BY place LIMIT ?"
        return [row[0] for row in self._db.execute(query, (state, below, count))]

    def labelled(self) -> Iterator[Task]:
        """Tasks that somebody labelled, with their annotations, in the fixed random order."""
        for task in self.tasks(LABELLED):
            rows = self._db.execute(
                "SELECT id, person, skipped, updated_at, result FROM annotations WHERE task = ? ORDER BY updated_at",
                (task.id,),
            )
            answers = tuple(Annotation(r[0], r[1], bool(r[2]), r[3], orjson.loads(r[4])) for r in rows)
            yield Task(task.id, task.digest, task.place, task.data, answers)


def _digest(data: Mapping[str, Any]) -> tuple[bytes, str]:
    """A task's data as canonical JSON, and its digest: ids of deleted tasks are used again."""
    content = json_or_text(data, orjson.OPT_SORT_KEYS)
    return content, hashlib.blake2b(content, digest_size=12).hexdigest()


def _annotation_rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        for a in row["annotations"]:
            result = json_or_text(a["result"])
            yield a["id"], row["id"], _person(a), bool(a["was_cancelled"]), stamp(a["updated_at"]), result


def _person(annotation: Mapping[str, Any]) -> int | None:
    person = annotation.get("completed_by")
    return person.get("id") if isinstance(person, dict) else person


def stamp(text: str) -> str:
    """The stamp with a fraction, which the server omits when it is zero: now stamps compare as text."""
    return text if "." in text else text.replace("Z", ".000000Z")


def _changed(db: sqlite3.Connection) -> None:
    """Count the changes: what was counted before the last one is out of date."""
    more = "ON CONFLICT (key) DO UPDATE SET value = CAST(value + 1 AS TEXT)"
    db.execute(f"INSERT INTO facts VALUES ('changes', '1') {more}")
