"""Label Studio's own converter, out of the SDK: from its JSON to the other formats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lsal.errors import BadData, BadRequest
from lsal.records import Control

FORMATS: Mapping[str, str] = {"json_min": "JSON_MIN", "csv": "CSV", "tsv": "TSV", "conll": "CONLL2003"}
"""What lsal calls a format, and what the converter does."""

OWN = ("id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "agreement", "history")
"""Columns of the converter's tables. It lets a field of the data replace one, or be replaced by it."""


def without_clashes(task: Mapping[str, Any], format: str) -> Mapping[str, Any]:
    """The task, its fields that would clash with a column renamed as the converter renames others."""
    if format == "conll" or not task["data"].keys() & set(OWN):
        return task
    return {**task, "data": {f"_data_{name}" if name in OWN else name: one for name, one in task["data"].items()}}


def convert(config: str, controls: Sequence[Control], tasks: Path, format: str, folder: Path) -> Path:
    """The file that the converter makes in `folder` of a JSON export.

    Raises BadRequest for a format that the label config does not go with, BadData where the
    converter cannot take an annotation.
    """
    from label_studio_sdk.converter import Converter

    converter = Converter(config, str(folder), download_resources=False)
    if FORMATS[format] not in converter.supported_formats:
        have = ", ".join(f"{one.tag} '{one.name}' on {one.object_tag}" for one in controls) or "no control"
        wants = "Labels on a Text" if format == "conll" else "another label config"
        raise BadRequest(f"The format {format} wants {wants}; this project has {have}", "Choose --format json or csv")
    try:
        converter.convert(str(tasks), str(folder), FORMATS[format], is_dir=False)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        what = f"Label Studio's converter could not write {format} ({type(error).__name__}: {error})"
        raise BadData(what, "Export as --format json, which is never converted") from None
    (made,) = (path for path in folder.iterdir() if path.name.startswith("result."))
    return made
