"""Sources: what a project is made of, looked through once and then read as often as need be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lsal.errors import BadData, BadRequest
from lsal.sources import coco, digits, exported, frames, images, marked, messages, tables
from lsal.sources.configs import Inferred, choices_config, objects_config, spans_config
from lsal.sources.rows import Bad, Record, Records, Row, Rows, Wanted
from lsal.sources.survey import Survey, checked, survey

if TYPE_CHECKING:
    from pandas import DataFrame

T = TypeVar("T")

TOOLS = {"boxes": "Rectangle", "outlines": "Polygon", "masks": "Brush", "spans": "Labels"}
"""What draws the objects of a source of images, or marks the spans of one of texts, by its kind."""


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one kind, and the config they are labelled with.

    Kinds: `text`, `spans` of texts, `image`, `boxes`, `outlines` or `masks` in images, and `tasks` of a Label Studio.
    """

    title: str
    kind: str
    labels: tuple[str, ...]
    config: str
    found: Survey
    read: Rows

    def good(self) -> Iterator[Row]:
        """The rows that can be taken, streamed. Raises BadData if the source changed since it was looked through."""
        count = 0
        for row in checked(self.read):
            if isinstance(row, Row):
                count += 1
                yield row
        if count != self.found.count:
            raise BadData(f"{self.title} changed while it was read: {count} rows, not {self.found.count}", "Try again")

    @property
    def tool(self) -> str:
        """What draws the objects, or marks the spans, that it tells of, "" if it tells of none."""
        return TOOLS.get(self.kind, "")

    @property
    def rows(self) -> list[Row]:
        """All rows that can be taken, at once."""
        return list(self.good())


def read_source(
    source: str | DataFrame, folder: Path, wanted: Wanted | None = None, config: str = "", skip_bad: bool = False
) -> Source:
    """Look through a source: one of lsal's own (`digits`, `shapes`, `messages`), a table (CSV, TSV, JSONL, JSON,
    parquet, a pandas DataFrame), an export of Label Studio, objects in images as COCO writes them, or
    a folder of images.

    Images that have to be made (digits, shapes) go into `folder`; `config` is a label config of one's
    own, whose fields are those of `wanted`. Raises BadData with the first rows that cannot be
    taken, unless they are to be left out.
    """
    wanted = wanted or Wanted()
    if not isinstance(source, str):
        return _of_records(
            _Reading("the DataFrame", "table", wanted, config, skip_bad), partial(frames.records, source)
        )
    field, path = next(iter(wanted.fields or ["image"])), Path(source).expanduser()
    if source == "digits":
        reading = _Reading("digits", "digits", wanted, config, skip_bad)
        return reading.look_through("image", digits.digit_rows(folder / source, field))
    if source == "shapes":
        from lsal.sources import shapes  # it draws with Pillow

        path = shapes.draw_shapes(folder / source)
    if source == "messages":
        path = messages.write_messages(folder / source)
    if parts := coco.parts_of(path):
        return _of_coco(_Reading(str(path), path.stem, wanted, config, skip_bad), parts)
    if path.is_dir():
        reading = _Reading(str(path), path.name, wanted, config, skip_bad)
        return reading.look_through("image", images.folder_rows(path, wanted))
    if not path.exists():
        raise BadRequest(
            f"There is no '{source}'", "Give 'digits', 'shapes', 'messages', a CSV, JSONL or COCO file, or a folder"
        )
    title = path.stem if path.stem != "tasks" else path.parent.name
    reading = _Reading(str(path), title, wanted, config, skip_bad, path.parent)
    return _of_records(reading, tables.records_of(path))


@dataclass(frozen=True, slots=True)
class _Reading:
    """One reading of a source, `name` in messages; files that its cells name stand in `beside`."""

    name: str
    title: str
    wanted: Wanted
    config: str
    skip_bad: bool
    beside: Path | None = None

    def look_through(self, kind: str, rows: Rows) -> Source:
        """A source of texts or images, once all its rows were seen and nothing is wrong with them."""
        found = survey(rows)
        self.check(found)
        labels = self.wanted.labels or found.classes
        if len(labels) < 2 and not self.config:
            raise _too_few(self.name, labels)
        config = self.config or choices_config(kind, labels, self.wanted.several)
        return Source(self.title, kind, labels, config, found, rows)

    def check(self, found: Survey) -> None:
        """Raise BadData for bad rows, unless they are left out, and for a source without any other."""
        if not self.skip_bad:
            found.refuse_bad()
        if not found.count:
            bad = found.bad[0] if found.bad else None
            fix = "Give a CSV, TSV or JSONL file with rows"
            raise BadData(
                f"{self.name} holds no row that can be taken{f': {bad}' if bad else ''}", bad.fix if bad else fix
            )


def _too_few(name: str, labels: Sequence[str]) -> BadRequest:
    """What to do where there is nothing to choose between."""
    if not labels:
        return BadRequest(f"{name} tells no classes", "Name them: --labels spam,ham, or their column: --label COLUMN")
    fix = f"Name all that there are to be: --labels {labels[0]},other, or another column: --label COLUMN"
    return BadRequest(f"{name} tells one class only, '{labels[0]}', and a choice needs two", fix)


def _of_coco(reading: _Reading, parts: Sequence[coco.Part]) -> Source:
    """Images with boxes, outlines or masks; the classes are in the order of the file's categories."""
    seen, wanted = coco.glance(parts), reading.wanted
    kind = "masks" if seen.masks else "outlines" if seen.outlines else "boxes"
    if wanted.outlines is not None:
        kind = "outlines" if wanted.outlines else "boxes"
    rows = coco.coco_rows(parts, wanted, kind)
    found = survey(rows)
    reading.check(found)
    labels = wanted.labels or seen.classes
    if not labels:
        raise BadRequest(f"{reading.name} tells no classes", "Name them: --labels cat,dog")
    return Source(reading.title, kind, labels, reading.config or objects_config(TOOLS[kind], labels), found, rows)


def _of_records(reading: _Reading, records: Records) -> Source:
    """A table or an export: the first record tells which."""
    first = next((one for one in records() if isinstance(one, Record)), None)
    if first is None or not exported.is_task(first.fields):
        return _table(reading, records)
    rows, inferred = _of_each(records, exported.task_row, reading.wanted), Inferred()
    found = survey(rows, inferred.see)
    if not found.answered and not found.bad and not reading.config:
        return _table(reading, _of_each(records, exported.as_table))
    reading.check(found)
    config = reading.config or inferred.config(reading.wanted.labels)
    return Source(reading.title, "tasks", reading.wanted.labels, config, found, rows)


def _table(reading: _Reading, records: Records) -> Source:
    columns = dict.fromkeys(name for one in records() if isinstance(one, Record) for name in one.fields)
    fields = reading.wanted.fields if reading.config else None
    shown = [reading.wanted.input] if fields is None else [tables.column_of(name) for name in fields]
    missing = next((name for name in shown if name not in columns), None)
    if columns and missing is not None:
        fix = f"Choose with --input from: {', '.join(columns)}"
        if fields is not None:
            fix = f"Change the label config; the columns are: {', '.join(columns)}"
        raise BadData(f"{reading.name} has no column '{missing}'", fix)
    if reading.wanted.spans is not False and (column := marked.spans_in(records(), reading.wanted)):
        return _of_spans(reading, _of_each(records, marked.marked_row, reading.wanted, reading.beside, column))
    if fields is None:
        return reading.look_through("text", _of_each(records, tables.text_row, reading.wanted))
    return reading.look_through("text", _of_each(records, tables.own_row, reading.wanted, reading.beside))


def _of_spans(reading: _Reading, rows: Rows) -> Source:
    """Texts with spans; one label is enough: a word has it, or none."""
    found = survey(rows)
    reading.check(found)
    labels = reading.wanted.labels or found.classes
    return Source(reading.title, "spans", labels, reading.config or spans_config(labels), found, rows)


def _of_each(records: Records, turn: Callable[..., T | Bad], *more: Any) -> Callable[[], Iterator[T | Bad]]:
    """A reader that turns each record into what is wanted of it; bad ones stay bad."""

    def read() -> Iterator[T | Bad]:
        for record in records():
            yield turn(record, *more) if isinstance(record, Record) else record

    return read
