"""The command that takes annotations, predictions and training sets out of a project."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.commands.progress import shown
from lsal.datasets import Dataset
from lsal.workbench import Workbench
from lsal.workbench.exporting import ANNOTATIONS


def export(bench: Workbench, a: Arguments) -> Any:
    """Write a file or a folder; where it is and what it holds."""
    with shown() as report:
        made = bench.export(a.what, a.format, a.out, a.force, report, a.control)
    if isinstance(made, Dataset):
        return made
    told = {"written": made.file, "what": made.what, "format": made.format, "rows": made.count, "bytes": made.bytes}
    return told | ({"tasks that Label Studio cannot show": list(made.left_out)} if made.left_out else {})


EXPORT = Command(
    "export",
    "write annotations or predictions into a file, or the training set into a folder",
    export,
    (
        argument("what", nargs="?", default=ANNOTATIONS, help="annotations, predictions, yolo or coco"),
        argument("--format", default="", help="json, json_min, csv, tsv or conll; else what the file's ending says"),
        argument("--out", default="", help="the file, or the folder of a training set"),
        argument("--control", default="", help="of which control, for yolo and coco where there are several"),
        argument("--force", action="store_true", help="replace the file, or the earlier training set"),
    ),
)
