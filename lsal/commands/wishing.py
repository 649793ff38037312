"""Commands about single tasks: why one is asked for; pin, push last, exclude, give back."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.workbench import Workbench

_IDS = argument("tasks", type=int, nargs="+", metavar="ID", help="ids of tasks, as the queue shows them")


def give_back(bench: Workbench, a: Arguments) -> Any:
    """Wish nothing of these tasks any more; without any, show what is wished."""
    return bench.give_back(None if a.all else a.tasks) if a.all or a.tasks else bench.wishes()


WISHING = (
    Command(
        "why",
        "why a task is asked for, or is not",
        lambda bench, a: bench.why(a.task),
        (argument("task", type=int, metavar="TASK", help="the id of a task, as the queue shows it"),),
    ),
    Command("pin", "the next batches begin with these tasks", lambda bench, a: bench.pin(a.tasks), (_IDS,)),
    Command(
        "push-last",
        "pick these tasks only when nothing else is left",
        lambda bench, a: bench.push_last(a.tasks),
        (_IDS,),
    ),
    Command("exclude", "leave these tasks out of the pool", lambda bench, a: bench.exclude(a.tasks), (_IDS,)),
    Command(
        "give-back",
        "take back what was wished of tasks; without any, show what is wished",
        give_back,
        (
            argument("tasks", type=int, nargs="*", metavar="ID", help="ids of tasks"),
            argument("--all", action="store_true", help="of all tasks"),
        ),
    ),
)
