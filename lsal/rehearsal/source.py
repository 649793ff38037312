"""Reading a labelled source, whatever its form, as examples with the control that their labels answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lsal import settings, sources
from lsal.errors import BadData
from lsal.kinds.writing import taking
from lsal.label_studio.config import read_config
from lsal.measuring import ruler
from lsal.records import Control, Example, Labels
from lsal.rehearsal.exports import Find, is_export, read_export
from lsal.rehearsal.labelled import Source
from lsal.sources import Bad, Record, Wanted, is_coco, read_table, records_of, spans_in, texts_of

__all__ = ["Source", "read_source"]

NAMED = ("digits", "shapes", "messages")
"""Sets that lsal makes itself."""


def read_source(
    source: Path | Sequence[Mapping[str, Any]],
    input: str,
    label: str,
    files_in: Path | None = None,
    family: str | None = None,
    config: str = "",
    find: Find | None = None,
) -> Source:
    """Read a CSV, TSV or JSONL file, rows, a folder of images, a COCO file, an export of Label Studio, or one of
    lsal's own sets; rows without a label are left out.

    Where `label`, or `entities`, lists spans, those are what is learned. `config` and `find` are for exports.

    With `files_in` the inputs are files in that folder, named by a table. Raises BadData for a source that
    cannot be read, a column that is not there, and labels of fewer than two classes.
    """
    if isinstance(source, Path) and str(source) in NAMED and not source.exists():
        return _of_project(sources.read_source(str(source), settings.cache_folder() / "sources"), family)
    if isinstance(source, Path) and not source.exists():
        fix = f"Give a labelled table, a folder of images, a COCO file, an export, or one of {', '.join(NAMED)}"
        raise BadData(f"There is no '{source}'", fix)
    if isinstance(source, Path) and (source.is_dir() or is_coco(source)):
        return _of_project(sources.read_source(str(source), source), family)
    if isinstance(source, Path) and is_export(source):
        return read_export(source, family, config, find)
    import pandas

    wanted = Wanted(input, label)
    if not files_in and spans_in(_records(source), wanted):
        given = str(source) if isinstance(source, Path) else pandas.DataFrame(list(source))
        return _of_project(sources.read_source(given, Path(), wanted))
    rows = read_table(source) if isinstance(source, Path) else texts_of(source)
    for column in (input, label):
        if column not in rows:
            known = ", ".join(map(str, rows.columns))
            raise BadData(f"There is no column '{column}', only: {known}", "Name it: --input COLUMN --label COLUMN")
    rows = rows[rows[label] != ""]
    labels = rows[label].tolist()
    classes = tuple(sorted(set(labels)))
    if len(classes) < 2:
        raise BadData(f"Column '{label}' holds {len(classes)} classes", "Rehearse on labels of two classes or more")
    inputs = [files_in / text if files_in else text for text in rows[input]]
    examples = [Example(i, *pair) for i, pair in enumerate(zip(inputs, [Labels((c,)) for c in labels], strict=True))]
    splits = rows["split"].tolist() if "split" in rows else [""] * len(rows)
    control = Control(label, input, "Choices", "Image" if files_in else "Text", input, classes)
    return Source(examples, splits, control, "image_features" if files_in else "sklearn_text")


def _records(source: Path | Sequence[Mapping[str, Any]]) -> Iterable[Record | Bad]:
    if isinstance(source, Path):
        return records_of(source)()
    return (Record(f"Row {number}", row) for number, row in enumerate(source, 1))


def _of_project(found: sources.Source, family: str | None = None) -> Source:
    """Images or texts as projects are made of them, for the family that is to learn them."""
    asked = taking(read_config(found.config).controls, found.tool, family)
    known = [row for row in found.good() if row.target is not None]
    if asked is None or not known:
        raise BadData(f"{found.title} has no labels", "Rehearse on labels that are there")
    control, kind = asked
    examples = [Example(n, row.shown, row.target) for n, row in enumerate(known)]
    return Source(examples, [row.split for row in known], control, kind.families[0], ruler(kind))
