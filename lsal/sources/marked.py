"""Texts with marked spans: tables in which a column lists the entities of each text, by their characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsal.records import Span, Spans
from lsal.sources.cells import text
from lsal.sources.rows import Bad, Record, Row, Wanted
from lsal.sources.tables import own_row, text_row, unknown

COLUMN = "entities"
"""The column of spans, where none is named."""
ASIDE = ("tokens", "tags")
"""Columns that tell the answer once more, word by word."""
FIX = "Correct it: offsets count characters as Python does, the end is not part of the span"
"""What to do about offsets that do not fit: other programs count UTF-16 or bytes."""


def spans_in(records: Iterable[Record | Bad], wanted: Wanted) -> str:
    """The column that lists spans: the one asked for, else `entities` where there is no such column, else ""."""
    asked, found = False, ""
    for record in records:
        if isinstance(record, Record):
            if _lists_spans(record.fields.get(wanted.label)):
                return wanted.label
            asked = asked or wanted.label in record.fields
            found = found or (COLUMN if _lists_spans(record.fields.get(COLUMN)) else "")
    return "" if asked else found


def marked_row(record: Record, wanted: Wanted, beside: Path | None, column: str) -> Row | Bad:
    """A text with its spans; where the column is empty nobody knows them.

    A list without anything in it says: there is nothing to mark. Other columns stay beside the text, but for
    those that tell its words and tags: people who label would see them.
    """
    fields = {name: value for name, value in record.fields.items() if name not in (column, *ASIDE)}
    bare, aside = Record(record.where, fields), replace(wanted, label="")
    row = text_row(bare, aside) if wanted.fields is None else own_row(bare, aside, beside)
    given = record.fields.get(column)
    if isinstance(row, Bad) or given is None or given == "":
        return row
    shown, tag = next(iter((wanted.fields or {wanted.input: "Text"}).items()))
    if tag != "Text":
        return Bad(record.where, f"has spans of what <{tag}> shows", "Spans can only be given with texts: use <Text>")
    spans = _spans(record.where, given, text(record.fields.get(shown)), wanted, column)
    return spans if isinstance(spans, Bad) else replace(row, objects=spans)


def _spans(where: str, given: Any, shown: str, wanted: Wanted, column: str) -> Spans | Bad:
    if not isinstance(given, list):
        fix = 'Write it as [{"start": 0, "end": 4, "label": "person"}]'
        return Bad(where, f"has {type(given).__name__} in '{column}', not a list of spans", fix)
    found = []
    for place, one in enumerate(given, 1):
        span = _span(one, len(shown), f"has a span {place} in '{column}'", wanted)
        if isinstance(span, str):
            return Bad(where, span, FIX)
        if bad := unknown(where, span.label, wanted, "choose another column of spans: --label COLUMN"):
            return bad
        said = one.get("text") if isinstance(one, Mapping) else None
        if isinstance(said, str) and said != shown[span.start : span.end]:
            there = shown[span.start : span.end]
            return Bad(where, f"has a span {place} in '{column}' of {said!r:.40}; its text has {there!r:.40}", FIX)
        found.append(span)
    return Spans.of(found)


def _span(one: Any, length: int, which: str, wanted: Wanted) -> Span | str:
    """A span of a text of so many characters, or what is wrong with it."""
    parts = _parts(one)
    if parts is None:
        return f"{which} that is no start, end and label: {one!r:.60}"
    start, end, label = parts
    if not 0 <= start < end <= length:
        return f"{which} from {start} to {end}, which is not in its text of {length} characters"
    return Span(start, end, wanted.aliases.get(label, label))


def _parts(one: Any) -> tuple[int, int, str] | None:
    """Start, end and label: named, or a list of the three as spaCy and doccano write it."""
    if isinstance(one, Mapping):
        named = [one.get(name, one.get(other)) for name, other in (("start", "start_offset"), ("end", "end_offset"))]
        one = [*named, one.get("label")]
    if not isinstance(one, list | tuple) or len(one) != 3:
        return None
    start, end, label = one
    whole = all(isinstance(place, int) and not isinstance(place, bool) for place in (start, end))
    return (start, end, label) if whole and isinstance(label, str) and label else None


def _lists_spans(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_parts(one) is not None for one in value)
