"""What people wished of single tasks, as sheets."""

from __future__ import annotations

from collections.abc import Mapping

from lsal.dashboard.tables import Sheet
from lsal.dashboard.wording import cut
from lsal.phrases import counted
from lsal.records import Wishes
from lsal.workbench.wishing import ACTS, Wished

LETTERS = 100
"""Of the ids of tasks in one line."""
MEANS = {
    "pinned": "the next ranking puts them first",
    "pushed last": "picked when nothing else is left",
    "excluded": "out of the pool, until: lsal give-back",
    "given back": "they are tasks like all others again",
}


def wished_sheet(shown: Wished) -> Sheet:
    """What an act came to, and all that is wished now."""
    done = f"{counted(len(shown.tasks), 'task')} {shown.act}" + (f": {MEANS[shown.act]}" if shown.tasks else "")
    answered = len(shown.answered)
    left = f"{counted(answered, 'task is', 'tasks are')} answered or skipped already, and left as it is"
    notes = [left.replace("as it is", "as they are") if answered > 1 else left] if answered else []
    after = ["The queue is as it was. Rank again: lsal rank"] if shown.tasks else []
    return Sheet(done, _lines(shown.now), notes=(*notes, *after))


def wishes_sheet(shown: Wishes) -> Sheet:
    """All that is wished of open tasks."""
    lines = _lines(shown)
    return Sheet("Wishes about single tasks" if lines else "Nothing is wished of any task", lines)


def counts_line(counts: Mapping[str, int]) -> str:
    """`2 pinned, 5 excluded`."""
    return ", ".join(f"{count:,} {name}" for name, count in counts.items())


def _lines(now: Wishes) -> tuple[tuple[str, str], ...]:
    each = ((name, getattr(now, kind)) for kind, name in ACTS.items())
    return tuple((f"{len(ids):,} {name}", cut(", ".join(map(str, ids)), LETTERS)) for name, ids in each if ids)
