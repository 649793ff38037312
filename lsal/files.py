"""Files that are whole or absent: written beside, flushed, then renamed."""

from __future__ import annotations

import filecmp
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from lsal.errors import BadData


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace `path` by `content`, so that a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
    _flush_folder(path.parent)


def write_json(path: Path, value: Any, mode: int = 0o666) -> None:
    """Replace `path` by `value` as JSON; dataclasses, numpy values and paths included."""
    write_whole(path, to_json(value, indent=True), mode)


def to_json(value: Any, indent: bool = False) -> bytes:
    """JSON bytes of `value`; dataclasses, numpy values and paths included."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(value, default=_plain, option=options)


def read_json(path: Path, default: Any = None) -> Any:
    """The JSON value in `path`, or `default` if there is no such file."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except orjson.JSONDecodeError as error:
        raise BadData(f"{path} is not JSON ({error})", f"Restore it from a backup, or remove it: rm '{path}'") from None


@contextmanager
def whole_folder(final: Path) -> Iterator[Path]:
    """A folder to fill that becomes `final` in one rename when the block ends well."""
    beside = final.with_name(final.name + ".tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    for path in beside.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    os.rename(beside, final)
    _flush_folder(final.parent)


def share(path: Path, other: Path) -> bool:
    """Let `path` be another name of the file `other`, where both hold the same bytes and the disk can do that.

    For files that are replaced whole and never written to again: what is changed in one is changed in both.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        if not filecmp.cmp(path, other, shallow=False):
            return False
        os.link(other, beside)
        os.replace(beside, path)
    except OSError:  # another disk, one without links, or too many of them
        return False
    finally:
        beside.unlink(missing_ok=True)
    return True


def file_name(text: str) -> str:
    """A name for a file after something that people named: no separator, no dot, reversible."""
    return quote(text, safe="").replace(".", "%2E")


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} does not go into JSON")


def keep_from_git(root: Path) -> None:
    """Let no `git add .` take the root along: it holds keys, and copies of data."""
    root.mkdir(parents=True, exist_ok=True)
    if not (root / ".gitignore").exists():
        write_whole(root / ".gitignore", b"*\n")
