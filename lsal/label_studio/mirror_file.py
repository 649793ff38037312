"""The SQLite file of a mirror: its tables, and how it is opened, also where nothing can be written."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack
from pathlib import Path

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


def opened(path: Path) -> sqlite3.Connection:
    """The file, to be read and written by several processes; made if it is not there."""
    with ExitStack() as failed:
        db = sqlite3.connect(path, timeout=60, isolation_level=None)
        failed.callback(db.close)
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(_SCHEMA)
        _add_born(db)
        failed.pop_all()
    return db


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
