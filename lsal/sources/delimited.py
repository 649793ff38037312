"""CSV and TSV files, read row by row: every cell is the text that was written."""

from __future__ import annotations

import codecs
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from lsal.errors import BadData
from lsal.sources.rows import Bad, Record

FIX = "Give a CSV, TSV or JSONL file in UTF-8"


def records(path: Path) -> Iterator[Record | Bad]:
    """The rows of the table, numbered from 1 below its header; a cell that is not there is empty.

    A file that says by its first bytes that it is UTF-16 is read as that, every other as UTF-8.
    Raises BadData for a file without a header.
    """
    csv.field_size_limit(sys.maxsize)  # texts are longer than the 128 kB that the module stops at
    try:
        with path.open(encoding=_encoding(path), errors="surrogateescape", newline="") as file:
            sign = _sign(path, file.readline())
            file.seek(0)
            yield from _rows(path, csv.reader(file, delimiter=sign, strict=True))
    except (OSError, UnicodeError, csv.Error) as error:
        raise BadData(f"{path} cannot be read as a table ({error})", FIX) from None


def _rows(path: Path, reader: Iterator[list[str]]) -> Iterator[Record | Bad]:
    header = _header(path, next(reader, []))
    number = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            number += 1
            where = f"Row {number} of {path}"
            if "end of data" in str(error):  # what follows is inside it: nothing more can be read
                raise BadData(f"{where} opens a quotation that never ends", 'Close its quotation mark (")') from None
            yield Bad(where, f"is not written as CSV is ({error})", "Correct it")
            continue
        if cells:
            number += 1
            yield _record(f"Row {number} of {path}", header, cells)


def _record(where: str, header: list[str], cells: list[str]) -> Record | Bad:
    if any(cells[len(header) :]):
        return Bad(where, f"has {len(cells)} cells, {len(header)} were expected", "Put texts with commas in quotes")
    if any("\udc80" <= sign <= "\udcff" for cell in cells if not cell.isascii() for sign in cell):
        return Bad(where, "is not in UTF-8", "Save the table in UTF-8")
    return Record(where, dict(zip_longest(header, cells[: len(header)], fillvalue="")))


def _header(path: Path, names: list[str]) -> list[str]:
    if not any(names) or any("\udc80" <= sign <= "\udcff" or sign == "\0" for name in names for sign in name):
        raise BadData(f"{path} cannot be read as a table (it has no header)", FIX)
    names = [name or f"column {place}" for place, name in enumerate(names, 1)]
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise BadData(f"{path} has {names.count(twice[0])} columns named '{twice[0]}'", "Give each a name of its own")
    return names


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        begins = file.read(2)
    return "utf-16" if begins in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _sign(path: Path, header: str) -> str:
    """What stands between cells: a tab in a TSV; spreadsheets of some countries write semicolons."""
    if path.suffix.lower() == ".tsv":
        return "\t"
    return ";" if ";" in header and "," not in header else ","
