"""Commands for trying it out: the simulated annotator, the demo, replays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lsal.commands.command import COLUMNS, FAMILY_OPTIONS, Arguments, Command, argument, options_of
from lsal.commands.rehearsing import REHEARSE, SAVED
from lsal.workbench import Workbench


def label(bench: Workbench, a: Arguments) -> Any:
    """Let the simulated annotator label."""
    return bench.label(a.count)


def demo(bench: Workbench, a: Arguments) -> Any:
    """The whole loop, in this process or as a notebook."""
    if a.notebook:
        from lsal.notebook import execute

        return execute(bench.root, Path(a.notebook), Path(a.out), rounds=a.rounds)
    columns, options = (a.input, a.label), options_of(a)
    how = {"columns": columns, "options": options, "family": a.family}
    return bench.demo(a.source, rounds=a.rounds, batch=a.batch, seeds=a.seeds, **how)


TRIAL = (
    Command(
        "label",
        "let the simulated annotator label a demo",
        label,
        (argument("count", type=int, nargs="?", default=0, help="tasks; without it, what is open in the queue"),),
    ),
    REHEARSE,
    SAVED,
    Command(
        "demo",
        "the whole loop with a simulated annotator",
        demo,
        (
            argument(
                "source",
                nargs="?",
                default="digits",
                help="digits, shapes, messages, a labelled CSV, JSONL, COCO file or image folder",
            ),
            argument("--rounds", type=int, default=8, help="rounds after the first batch"),
            argument("--batch", type=int, default=25, help="labels in each round"),
            argument("--seeds", type=int, default=5, help="replays of the random baseline"),
            *COLUMNS,
            argument("--family", default=None, help="the model family"),
            FAMILY_OPTIONS,
            argument("--notebook", default="", help="execute this notebook instead"),
            argument("--out", default="demo", help="where the executed notebook and its curve go"),
        ),
    ),
)
