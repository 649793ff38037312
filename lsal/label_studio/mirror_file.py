"""The SQLite file of a mirror: its tables, and how it is opened, also where nothing can be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from lsal.errors import BadData
from lsal.room import PRIMARY

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS tasks (
    id INTEGER PRIMARY KEY, digest TEXT NOT NULL, place REAL NOT NULL, data BLOB NOT NULL,
    updated_at TEXT NOT NULL, state INTEGER NOT NULL, born TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS tasks_by_state ON tasks (state, place);
CREATE TABLE IF NOT EXISTS annotations (
    id INTEGER PRIMARY KEY, task INTEGER NOT NULL, person INTEGER, skipped INTEGER NOT NULL,
    updated_at TEXT NOT NULL, result BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS annotations_by_task ON annotations (task);
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value BLOB NOT NULL);
"""


class Cursor(sqlite3.Cursor):
    """Says of a file that is damaged what to do, at whichever row it is found."""

    def execute(self, *asked: Any) -> Self:
        """As ever, or BadData."""
        with _named(self.connection):
            return super().execute(*asked)

    def executemany(self, *asked: Any) -> Self:
        """As ever, or BadData."""
        with _named(self.connection):
            return super().executemany(*asked)

    def executescript(self, script: str) -> Any:
        """As ever, or BadData."""
        with _named(self.connection):
            return super().executescript(script)

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Of the rows, or BadData: a generator, as a `__next__` in Python would cost each row more."""
        with _named(self.connection):
            yield from iter(super().fetchone, None)

    def fetchone(self) -> Any:
        """As ever, or BadData."""
        with _named(self.connection):
            return super().fetchone()

    def fetchall(self) -> list[Any]:
        """As ever, or BadData."""
        with _named(self.connection):
            return super().fetchall()


class Connection(sqlite3.Connection):
    """One whose cursors are those."""

    path: Path

    def cursor(self, factory: Any = Cursor) -> Any:
        """Such a one."""
        return super().cursor(factory)

    def execute(self, *asked: Any) -> Any:
        """By such a one."""
        return self.cursor().execute(*asked)

    def executemany(self, *asked: Any) -> Any:
        """By such a one."""
        return self.cursor().executemany(*asked)

    def executescript(self, script: str) -> Any:
        """By such a one."""
        return self.cursor().executescript(script)


def damaged(path: Path, why: object) -> BadData:
    """The error for a mirror that is none: nothing is lost with it."""
    what = f"lsal's copy of the project's tasks, {path}, is damaged ({why})"
    return BadData(what, f"Remove it, and read them all again: rm -r '{path}'*, then lsal sync")


def opened(path: Path) -> sqlite3.Connection:
    """The file, to be read and written by several processes; made if it is not there."""
    with ExitStack() as failed:
        db = sqlite3.connect(path, timeout=60, isolation_level=None, factory=Connection)
        failed.callback(db.close)
        db.path = path
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(_SCHEMA)
        _add_born(db)
        failed.pop_all()
    return db


def lies_alone(path: Path) -> bool:
    """Whether the file is there, and nothing beside it: nobody has it open."""
    return path.is_file() and not any(path.with_name(f"{path.name}-{kind}").exists() for kind in ("wal", "shm"))


def as_it_lies(path: Path) -> sqlite3.Connection:
    """The file alone, to be read: on a full disk there is no room for what SQLite keeps beside it.

    Not to be kept: it does not hear of any change.
    """
    return sqlite3.connect(f"{path.resolve().as_uri()}?immutable=1", uri=True, isolation_level=None)


def _add_born(db: sqlite3.Connection) -> None:
    """A mirror from before tasks had a birth: they keep their places."""
    if "born" not in {row[1] for row in db.execute("PRAGMA table_info(tasks)")}:
        try:
            db.execute("ALTER TABLE tasks ADD COLUMN born TEXT NOT NULL DEFAULT ''")
        except sqlite3.OperationalError as error:  # another process was faster
            if "duplicate column" not in str(error):
                raise


@contextmanager
def _named(db: sqlite3.Connection) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & PRIMARY in DAMAGED and isinstance(db, Connection):
            raise damaged(db.path, error) from None
        raise
