"""Commands for now and then: parts from elsewhere, and cleaning up."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.commands.progress import shown
from lsal.workbench import Workbench
from lsal.workbench.parts import as_table


def plug(bench: Workbench, a: Arguments) -> Any:
    """Plug a file in, or show all parts."""
    return as_table(bench.plug(a.file) if a.file else bench.parts())


def track(bench: Workbench, a: Arguments) -> Any:
    """Catch MLflow up, and tell what was done."""
    with shown() as report:
        return bench.track(report)


UPKEEP = (
    Command(
        "plug",
        "add kinds, models and strategies of your own, or show all that there are",
        plug,
        (argument("file", nargs="?", default="", help="a Python file with the tables KINDS, MODELS, STRATEGIES"),),
    ),
    Command("track", "mirror versions into MLflow that it does not have yet; on by: set tracking=mlflow", track),
    Command(
        "clean",
        "remove what the settings keep_... do not keep",
        lambda bench, a: bench.clean(a.dry_run),
        (argument("--dry-run", action="store_true", help="only tell what would go"),),
    ),
)
