"""What a person wishes of single tasks: pinned, pushed last, excluded, given back."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from lsal import wishes
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.records import Wishes
from lsal.workbench.opened import Opened

ACTS = {"pinned": "pinned", "last": "pushed last", "excluded": "excluded"}
NAMED = 5
"""Ids that a sentence names at most."""


@dataclass(frozen=True, slots=True)
class Wished:
    """What an act came to: of `tasks` it holds from the next ranking on; `answered` are no longer open, and left as
    they are. `now` is all that is wished of open tasks.
    """

    act: str
    tasks: tuple[int, ...]
    answered: tuple[int, ...]
    now: Wishes


class Wishing(Opened):
    """Nothing here changes the queue that is live: the next ranking honours it."""

    def pin(self, ids: Iterable[int]) -> Wished:
        """The next batches begin with these tasks, in this order, until they are labelled.

        Raises BadRequest for ids that are not there, and for measuring tasks; then nothing is changed.
        """
        return _wish(self.desk, "pinned", ids)

    def push_last(self, ids: Iterable[int]) -> Wished:
        """These tasks are picked only when nothing else is left. Raises as `pin`."""
        return _wish(self.desk, "last", ids)

    def exclude(self, ids: Iterable[int]) -> Wished:
        """No ranking picks these tasks until they are given back. Raises as `pin`."""
        return _wish(self.desk, "excluded", ids)

    def give_back(self, ids: Iterable[int] | None = None) -> Wished:
        """Wish nothing of these tasks any more, or of any without `ids`. Raises BadRequest for unknown ones."""
        desk = self.desk
        had = wishes.everything(desk.home)
        asked = list(had) if ids is None else _asked(ids)
        _check_there(desk, asked, wishes.known(desk.mirror, asked).keys() | set(had))
        given = wishes.take_back(desk.home, asked)
        return Wished("given back", tuple(task for task in asked if task in given), (), wished(desk))

    def wishes(self) -> Wishes:
        """The open tasks that something is wished of."""
        return wished(self.desk)


def wished(desk: Desk) -> Wishes:
    """What is wished of tasks that are still open."""
    return wishes.still(desk.home, desk.mirror, desk.home.settings().measuring_share)


def counts(now: Wishes) -> dict[str, int]:
    """How many tasks each thing is wished of, by its name for people; only what is wished of some."""
    return {name: len(getattr(now, kind)) for kind, name in ACTS.items() if getattr(now, kind)}


def _wish(desk: Desk, kind: str, ids: Iterable[int]) -> Wished:
    desk.home.need_attached()
    asked = _asked(ids)
    there = wishes.known(desk.mirror, asked)
    _check_there(desk, asked, there)
    share = desk.home.settings().measuring_share
    if measuring := [task for task in asked if there[task].open and there[task].place < share]:
        what = f"{_named(measuring).capitalize()} {_is(measuring)} for measuring: versions are compared on tasks that "
        what += "chance chose, and one that a person chose would make the figure say something else"
        raise BadRequest(what, "Leave it out, and name the others again: people get it in its turn")
    taken = {task: there[task].born for task in asked if there[task].open}
    wishes.wish(desk.home, kind, taken)
    return Wished(ACTS[kind], tuple(taken), tuple(t for t in asked if t not in taken), wished(desk))


def _asked(ids: Iterable[int]) -> list[int]:
    """The ids, each once."""
    asked = list(dict.fromkeys(int(one) for one in ids))
    if not asked:
        raise BadRequest("No task was named", "Name some by their ids, as the queue shows them: lsal pin 12 17")
    return asked


def _check_there(desk: Desk, asked: Sequence[int], there: Container[int]) -> None:
    if gone := [task for task in asked if task not in there]:
        what = f"Project {desk.home.project} has no {_named(gone)}"
        raise BadRequest(what, "See which there are: lsal queue. Is one new in Label Studio? Read it: lsal status")


def _named(tasks: Sequence[int]) -> str:
    """`task 7`, `tasks 7, 8 and 20 more`."""
    head, more = ", ".join(map(str, tasks[:NAMED])), len(tasks) - NAMED
    return f"task{'s' * (len(tasks) > 1)} {head}" + (f" and {more} more" if more > 0 else "")


def _is(tasks: Sequence[int]) -> str:
    return "is" if len(tasks) == 1 else "are"
