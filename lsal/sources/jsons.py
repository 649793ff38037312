"""JSONL files and JSON lists, read element by element: neither is ever in memory as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import orjson

from lsal.errors import BadData
from lsal.sources.rows import Bad, Record

AT_ONCE = 1 << 20
"""Letters read at once."""

_SPACE = re.compile(r"\s*")
_END = object()


def lines(path: Path) -> Iterator[Record | Bad]:
    """One record for each line that holds something; lines are numbered from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _line(f"Line {number} of {path}", line)
    except OSError as error:
        raise _unreadable(path, error) from None


def elements(path: Path) -> Iterator[Record | Bad]:
    """One record for each object of a list, numbered from 1; a lone object is a list of one.

    Raises BadData where the text stops being JSON: nothing after that can be read.
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, value in enumerate(_values(file), 1):
                yield _record(f"Item {number} of {path}", value)
    except (OSError, ValueError, RecursionError) as error:  # the last of lists in lists in lists
        raise _unreadable(path, error) from None


def _line(where: str, line: bytes) -> Record | Bad:
    try:
        return _record(where, orjson.loads(line))
    except orjson.JSONDecodeError as error:
        return Bad(where, f"cannot be read as JSON ({error})", "Correct it")


def _record(where: str, value: Any) -> Record | Bad:
    if not isinstance(value, dict):
        return Bad(where, f"is {type(value).__name__}, not an object with named fields", 'Write it as {"text": ...}')
    return Record(where, value)


def _values(file: TextIO) -> Iterator[Any]:
    """The elements of the list in `file`, each decoded once all of it was read."""
    decoder, text = json.JSONDecoder(), file.read(AT_ONCE).lstrip()
    if text.startswith("{"):
        yield decoder.decode(text + file.read())
        return
    if not text.startswith("["):
        raise ValueError("it begins with neither [ nor {")
    at = 1
    while True:
        value, after, wrong = _next(decoder, text, at)
        if after:
            if value is not _END:
                yield value
                at = after
                continue
            return
        # Twice as much each time, so that a large element is not begun over and over.
        more = file.read(max(AT_ONCE, len(text) - at))
        if not more:
            raise ValueError(wrong)
        text, at = text[at:] + more, 0


def _next(decoder: json.JSONDecoder, text: str, at: int) -> tuple[Any, int, str]:
    """The element that begins at a place, and where the one after it begins; 0 if it is not all there."""
    at = _after_space(text, at)
    if text[at : at + 1] == "]":
        return _END, at + 1, ""
    try:
        value, end = decoder.raw_decode(text, at)
    except json.JSONDecodeError as error:
        return None, 0, error.msg
    end = _after_space(text, end)  # only after a sign of its end is a number known to be whole
    if end == len(text):
        return None, 0, f"the list does not end after {str(value)[:40]!r}"
    if text[end] == "]":
        return value, end, ""
    if text[end] != ",":
        raise ValueError(f"{text[end : end + 20]!r} follows an element")
    return value, end + 1, ""


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _unreadable(path: Path, error: Exception) -> BadData:
    return BadData(f"{path} cannot be read as JSON ({error})", "Give a JSONL file, or a JSON list of objects")
