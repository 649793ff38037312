"""Files that are whole or absent: written beside, flushed, then renamed."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from lsal.errors import BadData


def write_whole(path: Path, content: bytes, mode: int = 0o666) -> None:
    """Replace `path` by `content`, so that a reader sees the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with os.fdopen(create_anew(beside, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except OSError:  # on a full disk the half of it would keep the next file from being written
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    _flush_folder(path.parent)


def create_anew(path: Path, mode: int = 0o666) -> int:
    """The descriptor of a new file, in place of what is there: never one that somebody laid out, nor behind a link."""
    path.unlink(missing_ok=True)
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)


def write_json(path: Path, value: Any, mode: int = 0o666) -> None:
    """Replace `path` by `value` as JSON; dataclasses, numpy values and paths included."""
    write_whole(path, to_json(value, indent=True), mode)


def to_json(value: Any, indent: bool = False) -> bytes:
    """JSON bytes of `value`; dataclasses, numpy values and paths included."""
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS | (orjson.OPT_INDENT_2 if indent else 0)
    return orjson.dumps(value, default=_plain, option=options)


def json_or_text(value: Any, option: int = 0) -> bytes:
    """JSON bytes of what another JSON held: what orjson cannot write becomes its text, field by field of an object.

    Such are whole numbers of more than 64 bits, lists in lists beyond 250, and halves of letters.
    """
    try:
        return orjson.dumps(value, option=option)
    except TypeError:
        if isinstance(value, dict):
            fields = {_letters(str(name)): orjson.Fragment(json_or_text(_flat(one))) for name, one in value.items()}
            return orjson.dumps(fields, option=option)
        return orjson.dumps(_letters(value if isinstance(value, str) else json.dumps(value)))


def _flat(value: Any) -> Any:
    """The value, or its text if it is an object that cannot be written."""
    if isinstance(value, dict):
        try:
            orjson.dumps(value)
        except TypeError:
            return json.dumps(value)
    return value


def _letters(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def read_json(path: Path, default: Any = None) -> Any:
    """The JSON value in `path`, or `default` if there is no such file.

    Raises BadData for what is no JSON, and where an object or a list was to be there for something else.
    """
    try:
        found = orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except IsADirectoryError:
        raise BadData(f"{path} is a folder", f"Restore it from a backup, or move it away: mv '{path}' /tmp") from None
    except orjson.JSONDecodeError as error:
        raise _damaged(path, f"is not JSON ({error})") from None
    if isinstance(default, dict | list) and not isinstance(found, type(default)):
        raise _damaged(path, f"holds {found!r:.40}, not {'an object' if isinstance(default, dict) else 'a list'}")
    return found


@contextmanager
def as_written(path: Path) -> Iterator[None]:
    """Around what takes apart what is in a file: raises BadData that names the file if a field is not as written."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _damaged(path, f"is not as lsal wrote it ({type(error).__name__}: {error!s:.80})") from error


def _damaged(path: Path, what: str) -> BadData:
    return BadData(f"{path} {what}", f"Restore it from a backup, or remove it: rm '{path}'")


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


def keep_private(root: Path) -> None:
    """Make the root, which holds keys and copies of data: for its owner alone, and for no `git add .`."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (root / ".gitignore").exists():
        write_whole(root / ".gitignore", b"*\n")
