"""Commands for now and then: parts from elsewhere, and cleaning up."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.workbench import Workbench
from lsal.workbench.parts import as_table


def plug(bench: Workbench, a: Arguments) -> Any:
    """Plug a file in, or show all parts."""
    return as_table(bench.plug(a.file) if a.file else bench.parts())


UPKEEP = (
    Command(
        "plug",
        "add kinds, models and strategies of your own, or show all that there are",
        plug,
        (argument("file", nargs="?", default="", help="a Python file with the tables KINDS, MODELS, STRATEGIES"),),
    ),
    Command(
        "clean",
        "remove what the settings keep_... do not keep",
        lambda bench, a: bench.clean(a.dry_run),
        (argument("--dry-run", action="store_true", help="only tell what would go"),),
    ),
)
