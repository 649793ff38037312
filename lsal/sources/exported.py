"""Tasks as Label Studio exports them, with the annotations that people made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.errors import BadData
from lsal.sources.cells import plain, text
from lsal.sources.rows import Bad, Record, Row, Wanted
from lsal.sources.tables import SPLIT

ADDRESSES = ("/data/upload/", "/data/local-files/")
"""How an address begins that only the Label Studio which gave it out can answer."""


def is_task(fields: Mapping[str, Any]) -> bool:
    """Whether a record is a task of Label Studio. Raises BadData for what lost too much to be one."""
    if isinstance(fields.get("data"), dict):
        return True
    if {"annotation_id", "annotator", "lead_time"} <= fields.keys():
        raise BadData(
            "This is Label Studio's JSON-MIN: it no longer says who was asked what, and holds no skips",
            "Export the project again as JSON",
        )
    return False


def task_row(record: Record, wanted: Wanted) -> Row | Bad:
    """A task with its annotations, which may be called completions in an old export.

    Its predictions and drafts stay behind. Files are looked for by `wanted.find`: an address
    that nobody here can answer makes the task a bad one.
    """
    fields, where = record.fields, record.where
    if not isinstance(fields.get("data"), dict):
        return Bad(where, "has no data, as tasks of Label Studio have", "Export the project again as JSON")
    given = fields.get("annotations") or fields.get("completions") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        return Bad(where, "has annotations that are no list of objects", "Export the project again as JSON")
    answers = []
    for one in given:
        result = one.get("result") or []
        if not isinstance(result, list) or not all(isinstance(region, dict) for region in result):
            return Bad(where, f"has an annotation whose result is no list: {result!r:.60}", "Correct it")
        answers.append(_answer(one, result))
        if why := wanted.wrong(answers[-1]):
            return Bad(where, f"has an annotation that {why}", "Correct it, or give the config it was made with")
    data: dict[str, Any] = {}
    for name, value in plain(fields["data"]).items():
        data[name], lost = _with_files(value, wanted)
        if lost:
            fix = "Give the folder that holds such files: --files FOLDER"
            return Bad(where, f"refers to {lost[:80]}, a file that only its own Label Studio has", fix)
    return Row(data, split=text(data.get(SPLIT)) or "train", answers=tuple(answers), where=where)


def as_table(record: Record) -> Record | Bad:
    """A task as a line of a table: its data alone."""
    data = record.fields.get("data")
    return Record(record.where, data) if isinstance(data, dict) else Bad(record.where, "has no data", "Correct it")


def _answer(annotation: Mapping[str, Any], result: list[Any]) -> dict[str, Any]:
    skipped = annotation.get("was_cancelled") or annotation.get("skipped") or False
    return {
        "result": plain(result),
        "was_cancelled": bool(skipped),
        "ground_truth": bool(annotation.get("ground_truth")),
        "lead_time": annotation.get("lead_time"),
        "completed_by": annotation.get("completed_by"),
    }


def _with_files(value: Any, wanted: Wanted) -> tuple[Any, str]:
    """The value with the files that its addresses mean, and the address that means none here."""
    if isinstance(value, list):
        pairs = [_with_files(one, wanted) for one in value]
        return [found for found, _ in pairs], next((lost for _, lost in pairs if lost), "")
    if isinstance(value, str) and value.startswith(ADDRESSES):
        found = wanted.find(value)
        return (found, "") if found else (value, value)
    return value, ""
