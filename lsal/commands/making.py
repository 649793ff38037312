"""The command that makes a project from data."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import COLUMNS, Arguments, Command, argument
from lsal.commands.progress import shown
from lsal.workbench import Workbench

SOURCES = (
    "digits, shapes, messages, a folder of images, a table (CSV, TSV, JSONL, JSON, parquet), boxes or outlines as COCO "
    "writes them, or a JSON export of Label Studio with its annotations"
)
SAME = ("demo", "title", "several", "with_labels", "ground_truth", "config", "files", "skip_bad", "hold_out", "seed")
"""Arguments that the workbench calls the same."""


def new(bench: Workbench, a: Arguments) -> Any:
    """Make a project and sync it."""
    labels = [name.strip() for name in a.labels.split(",") if name.strip()]
    said = {name: getattr(a, name) for name in SAME}
    with shown() as report:
        bench.new(a.source, columns=(a.input, a.label), labels=labels, report=report, **said)
        bench.sync(report)
    return bench.status()


NEW = Command(
    "new",
    "make a project from data",
    new,
    (
        argument("source", help=SOURCES),
        argument("--demo", action="store_true", help="keep the labels back, for the simulated annotator"),
        argument("--title", default="", help="the project's title"),
        *COLUMNS,
        argument("--labels", default="", help="the classes, with commas, where the data do not tell them"),
        argument("--several", action="store_true", help="an item may have several labels: a list, or a|b in a cell"),
        argument("--with-labels", action="store_true", help="import the labels that the data carry as annotations"),
        argument("--ground-truth", action="store_true", help="mark imported annotations as ground truth"),
        argument("--config", default="", help="a file with a label config of one's own; columns keep their names"),
        argument("--files", default="", help="a folder with the files that an export refers to"),
        argument("--skip-bad", action="store_true", help="leave rows out that cannot be taken, instead of stopping"),
        argument("--hold-out", type=float, default=0.2, help="the share of a demo kept out of the project, to test on"),
        argument("--seed", type=int, default=0, help="for the choice of what is held out"),
    ),
)
