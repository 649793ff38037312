"""Tables for spreadsheets: written whole, and with no cell that one would run as a formula."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from lsal.files import to_json

BEGINNINGS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet may take for a formula."""
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def neutral(cell: str) -> str:
    """The cell, with an apostrophe before it if a spreadsheet could run it; numbers are left alone."""
    return f"'{cell}" if cell.startswith(BEGINNINGS) and not NUMBER.fullmatch(cell) else cell


def as_cell(value: Any) -> str:
    """Any value of a task as the text of a cell; lists and objects as JSON."""
    if value is None or value != value:  # NaN is missing too
        return ""
    if isinstance(value, list | tuple | dict):
        return to_json(value).decode()
    return str(value)


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]], sign: str = ",") -> int:
    """Write a table with a header; returns how many rows it has."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter=sign)
        table.writerow([neutral(name) for name in columns])
        for row in rows:
            table.writerow([neutral(as_cell(value)) for value in row])
            count += 1
    return count


def rewrite_table(source: Path, path: Path, sign: str = ",") -> int:
    """Write a table anew with harmless cells; returns how many rows it has."""
    csv.field_size_limit(sys.maxsize)
    with source.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter=sign)
        return write_table(path, next(rows, []), rows, sign)
