"""The command that looks for label errors."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.commands.progress import shown
from lsal.errors import BadRequest
from lsal.workbench import Workbench


def suspects(bench: Workbench, a: Arguments) -> Any:
    """Look for label errors in a job, wait for it, and show them; or show those that were found last."""
    if a.top < 1:
        raise BadRequest(f"The first {a.top} cannot be shown", "Give 1 or more: --top 50")
    if not a.last:
        job = bench.suspects()
        with shown() as report:
            for state in job.follow():
                if report:
                    report(state.progress)
        job.wait()
    return bench.suspected(a.top)


SUSPECTS = Command(
    "suspects",
    "labels that may be wrong, by models that did not see them, and how far annotators agree",
    suspects,
    (
        argument("--top", type=int, default=50, help="how many of each control"),
        argument("--last", action="store_true", help="as they were found last, without looking afresh"),
    ),
)
