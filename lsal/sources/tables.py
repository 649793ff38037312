"""Tables of any format: their records, and the rows that tasks are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsal.errors import BadData
from lsal.sources import delimited, jsons, parquets
from lsal.sources.cells import plain, text
from lsal.sources.frames import texts_of
from lsal.sources.rows import Bad, Label, Record, Records, Row, Wanted

if TYPE_CHECKING:
    from pandas import DataFrame

READERS: Mapping[str, Callable[[Path], Iterator[Record | Bad]]] = {
    ".csv": delimited.records,
    ".tsv": delimited.records,
    ".txt": delimited.records,
    ".jsonl": jsons.lines,
    ".ndjson": jsons.lines,
    ".json": jsons.elements,
    ".parquet": parquets.records,
    ".pq": parquets.records,
}
"""How a file is read, by its ending; one with another ending is taken for a CSV file."""

SPLIT = "split"
"""The column that says what is kept for testing."""

SHOWN = {
    "Text": (str, int, float, list),
    "Header": (str, int, float),
    "HyperText": (str,),
    "Image": (str, list, Path),
    "Paragraphs": (list, str),
    "Chat": (list, str),
    "Table": (dict, list, str),
    "TimeSeries": (dict, list, str),
    "List": (list, str),
    "Taxonomy": (str, list, type(None)),
    "Ranker": (list, str),
}
"""What Label Studio takes for an object, by its tag; for others texts and files alone."""

FILES = ("Image", "Audio", "AudioPlus", "Video", "Pdf")
"""Objects that show a file."""


def records_of(path: Path) -> Records:
    """A reader of the file's records."""
    return partial(READERS.get(path.suffix.lower(), delimited.records), path)


def read_table(path: Path) -> DataFrame:
    """A whole table as texts, each as it was written: no number, date or NA is read into it, and
    a cell that is not there is empty. Raises BadData for the first row that cannot be read.
    """
    return texts_of(_all_good(path))


def _all_good(path: Path) -> Iterator[Mapping[str, Any]]:
    found = False
    for record in records_of(path)():
        if isinstance(record, Bad):
            raise BadData(str(record), record.fix)
        found = True
        yield record.fields
    if not found:
        raise BadData(f"{path} cannot be read as a table (it holds no row)", delimited.FIX)


def text_row(record: Record, wanted: Wanted) -> Row | Bad:
    """A text with its class; every other column is kept beside it. The class itself stays out:
    people who label would see it.
    """
    given = record.fields.get(wanted.input)
    if isinstance(given, Mapping | list | tuple):
        return Bad(record.where, f"has no text in '{wanted.input}', but {plain(given)!r:.60}", "Name another: --input")
    data: dict[str, Any] = {"text": text(given)}
    if _is_blank(data["text"]):
        return _blank(record, wanted.input)
    for name, value in record.fields.items():
        if name not in (wanted.input, wanted.label):
            data[_free(name, data)] = plain(value)
    return _labelled(record, wanted, data)


def own_row(record: Record, wanted: Wanted, beside: Path | None) -> Row | Bad:
    """All columns under their own names, for a label config of one's own.

    The class stays out unless the config shows it. A file that stands beside the table, and that
    the config shows, becomes a `Path`.
    """
    shown = wanted.fields or {}
    kept = [name for name in record.fields if name != wanted.label or name in shown]
    data: dict[str, Any] = {name: plain(record.fields[name]) for name in kept}
    for name, tag in shown.items():
        field = column_of(name)
        if field not in data:
            return Bad(record.where, f"has no '{field}', which the label config shows", "Give every row one")
        if tag in FILES and beside and isinstance(data[field], str):
            data[field] = _file(data[field], beside)
        if field == name and not isinstance(data[name], SHOWN.get(tag, (str, Path))):
            why = f"has {type(data[name]).__name__} in '{name}', which <{tag}> cannot show"
            return Bad(record.where, why.replace("NoneType", "nothing"), "Correct it")
    if shown and all(tag in ("Text", "HyperText") and _is_blank(data[column_of(name)]) for name, tag in shown.items()):
        return _blank(record, "', '".join(shown))
    return _labelled(record, wanted, data)


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _blank(record: Record, columns: str) -> Bad:
    """Nobody can say anything about a task without a text."""
    return Bad(record.where, f"has no text in '{columns}'", "Write one, or name another column: --input COLUMN")


def column_of(field: str) -> str:
    """The column that a field of a label config is in: `pages` for `pages[0].url`."""
    return field.partition("[")[0].partition(".")[0]


def _labelled(record: Record, wanted: Wanted, data: dict[str, Any]) -> Row | Bad:
    label = class_of(record.fields.get(wanted.label), wanted)
    if isinstance(label, Bad):
        return Bad(record.where, label.why, label.fix)
    bad = unknown(record.where, label, wanted, "choose another column of labels: --label COLUMN")
    return bad or Row(data, label, text(record.fields.get(SPLIT)) or "train", where=record.where)


def class_of(value: Any, wanted: Wanted) -> Label | Bad | None:
    """The class in a cell, None if it is empty; several in a list, or in a text between bars."""
    value = plain(value)
    if isinstance(value, list) and not wanted.several:
        return Bad("", f"has several labels: {value!r:.60}", "Take them all: --several")
    if wanted.several:
        names = value if isinstance(value, list) else text(value).split("|")
        found = dict.fromkeys(wanted.aliases.get(name, name) for name in (text(one).strip() for one in names) if name)
        return tuple(found) or (() if isinstance(value, list) else None)
    name = text(value)
    return wanted.aliases.get(name, name) or None


def unknown(where: str, label: Label | None, wanted: Wanted, otherwise: str) -> Bad | None:
    """What to say of a class that is not among those that were named, if any were."""
    names = (label,) if isinstance(label, str) else label or ()
    for name in names:
        if wanted.labels and name not in wanted.labels:
            why = f"has the label '{name}', which is not among {', '.join(wanted.labels)}"
            return Bad(where, why, f"Add it to --labels, or {otherwise}")
    return None


def _file(name: str, beside: Path) -> str | Path:
    """The file beside the table that a cell names; what is an address, or is not there, stays as it is."""
    if not name or "://" in name or name.startswith(("/data/", "data:")):
        return name
    path = beside / name
    return path if path.is_file() else name


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """A name that no field has: another column than the one of the texts may be called `text` too."""
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free
