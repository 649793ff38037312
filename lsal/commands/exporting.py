"""The command that takes annotations and predictions out of a project."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.commands.progress import shown
from lsal.workbench import Workbench
from lsal.workbench.exporting import ANNOTATIONS


def export(bench: Workbench, a: Arguments) -> Any:
    """Write a file; where it is and what it holds."""
    with shown() as report:
        made = bench.export(a.what, a.format, a.out, a.force, report)
    return {"written": made.file, "what": made.what, "format": made.format, "rows": made.count, "bytes": made.bytes}


EXPORT = Command(
    "export",
    "write annotations, or what the live versions predict, into a file",
    export,
    (
        argument("what", nargs="?", default=ANNOTATIONS, help="annotations, as people made them, or predictions"),
        argument("--format", default="", help="json, json_min, csv, tsv or conll; else what the file's ending says"),
        argument("--out", default="", help="the file; annotations.json or the like without it"),
        argument("--force", action="store_true", help="replace the file if it is there"),
    ),
)
