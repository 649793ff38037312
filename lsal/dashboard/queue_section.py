"""The section of the queue: all open tasks in a table, the batch first, to sift, to look at and to steer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import ipywidgets
import numpy as np

from lsal.dashboard.in_sight import InSight
from lsal.dashboard.look import Look, empty_queue
from lsal.dashboard.on_demand import OnDemand
from lsal.dashboard.previews import row_height
from lsal.dashboard.sections import Live
from lsal.dashboard.sifting import Wish, sift
from lsal.dashboard.twins import QueueTable
from lsal.dashboard.why import Reasons
from lsal.dashboard.wishes import counts_line
from lsal.jobs import State
from lsal.records.arrays import Ints
from lsal.workbench.open_pool import MEASURING, nothing_open, stamp, unranked

STEERING = ("pin", "push_last", "exclude", "give_back")
"""Methods of the workbench that take tasks."""


class QueueSection:
    """What people get next, and what else there is.

    The columns stay here: a page gets the rows that it shows. These are answered in the thread in which they are
    asked for, from a state that is replaced and never changed: the table can be scrolled while a cell runs.
    """

    title = "Queue"

    def __init__(self, live: Live) -> None:
        self._live, self.table = live, QueueTable()
        self.why = Reasons(live)
        self.view = ipywidgets.VBox([self.table, self.why.view])
        self._previews = OnDemand(live, self.table.send)
        self._pool, self._tall = nothing_open(), 0
        self.sight = InSight(0, self._pool, np.zeros(0, np.int64))
        self._only: tuple[str, Ints] | None = None
        self._ticked = frozenset[int]()
        self._seen, self._sifted = Look(), 0
        self._read_at: tuple[object, ...] = ()
        self.table.observe(lambda _: live.spawn(self._sift()), "wish")
        self.table.observe(lambda _: live.spawn(self.why.tell(self.table.current)), "current")
        self.table.on_msg(lambda _, content, __: self._heard(content))

    def show(self, seen: Look, job: State | None) -> None:
        """How to get a queue, and why nothing can be done with it."""
        self._seen = seen
        self.table.empty = empty_queue(seen)
        self.table.no = seen.parted

    async def step(self) -> bool:
        """Read the open tasks, if they may have changed."""
        if self._seen.status is None:
            return False
        now = await self._live.apart(lambda: stamp(self._live.bench.desk))
        if now != self._read_at:
            self._pool = await self._live.apart(self._live.bench.open_pool)
            self._tall = await self._live.apart(lambda: row_height(self._live.bench.desk))
            self.table.pending = _pending(await self._live.apart(lambda: unranked(self._live.bench.desk)))
            self._read_at = now
            await self._sift()
        return True

    def only(self, tasks: Sequence[int] | Ints | None, why: str = "selection") -> None:
        """Show these tasks alone, and say `why`; with None all of them again."""
        self._only = None if tasks is None else (why, np.unique(np.asarray(tasks, np.int64)))
        self._live.spawn(self._sift())

    def confused(self, truth: str, guess: str) -> None:
        """Show what is guessed to be `guess` and might well be `truth`; with two empty texts all of them again."""
        pool, names = self._pool, {name: place for place, name in enumerate(self._pool.classes)}
        if truth not in names or guess not in names:
            self.only(None)
            return
        like = pool.guess == names[guess]
        if truth != guess:
            like &= pool.runner_up == names[truth]
        self.only(pool.task_ids[like], f"guess {guess}" + (f", runner-up {truth}" if truth != guess else ""))

    @property
    def limited(self) -> bool:
        """Whether only some tasks are shown, chosen elsewhere than in the table."""
        return self._only is not None

    def close(self) -> None:
        """Close the widgets."""
        for part in (self.why, self.table, self.view):
            part.close()

    async def _sift(self) -> None:
        """Find what is to be shown, and tell the pages; a later call makes this one void."""
        self._sifted += 1
        mine, pool, wish, live = self._sifted, self._pool, Wish.read(self.table.wish), self._live
        why, tasks = self._only or ("", None)
        text = wish.text.strip()
        self.table.busy = bool(text)
        try:
            found = await live.apart(live.bench.holding, text) if text else None
            places = await live.apart(sift, pool, wish, tasks, found)
        finally:
            if mine == self._sifted:
                self.table.busy = False
        if mine == self._sifted:
            self.sight = self.sight.next(pool, places)
            self.table.told = self.sight.told(self._tall, None if tasks is None else (why, len(tasks)))
            self._count(self._ticked)

    # What pages say --------------------------------------------------------------------

    def _heard(self, content: Mapping[str, Any]) -> None:
        match content:
            case {"ask": "rows", "first": int(first), "count": int(count)}:
                sight, turn = self.sight, self.table.ticked["turn"]
                told = {"epoch": sight.epoch, "first": max(0, first), "turn": turn}
                self.table.send(told | {"rows": sight.rows(first, count, self._ticked)})
            case {"ask": "previews", "view": str(page), "tasks": [*tasks]}:
                self._previews.want(page, [task for task in tasks if isinstance(task, int)])
            case {"do": "tick", "first": int(first), "last": int(last), "on": bool(on), "epoch": self.sight.epoch}:
                self._live.spawn(self._tick(self.sight.tasks(first, last), on))
            case {"do": "tick_all"}:
                self._live.spawn(self._tick(self.sight.tasks(0, len(self.sight.places)), True))
            case {"do": "untick"}:
                self._live.spawn(self._tick(self._ticked, False))
            case {"do": "all"}:
                self.only(None)
            case {"do": "rank"}:
                self._live.act("rank")
            case {"do": str(act)} if act in STEERING and (tasks := self._chosen()):
                self._live.act(act, tasks)

    async def _tick(self, tasks: Iterable[int], on: bool) -> None:
        self._count(self._ticked | set(tasks) if on else self._ticked - set(tasks))

    def _count(self, ticked: frozenset[int]) -> None:
        """The ticked tasks are these now, as far as they are open; whoever shows rows asks for them again."""
        ticked = self._pool.among(ticked)
        counts = {"count": len(ticked), "hidden": self.sight.hidden(ticked), "kept": len(ticked - self._free(ticked))}
        turn = int(self.table.ticked["turn"]) + (ticked != self._ticked)
        self._ticked = ticked
        self.table.ticked = counts | {"turn": turn}

    def _chosen(self) -> list[int]:
        """The ticked tasks; without one, the one that is looked at. Nothing can be wished of measuring tasks."""
        tasks = self._ticked or self._pool.among([self.table.current])
        return sorted(self._free(tasks) or tasks)  # with measuring ones alone, the workbench says why not

    def _free(self, tasks: frozenset[int]) -> frozenset[int]:
        places = self._pool.places(list(tasks))
        return frozenset(self._pool.task_ids[places[self._pool.marks[places] & MEASURING == 0]].tolist())


def _pending(wished: Mapping[str, int] | None) -> str:
    if wished is None:
        return ""
    return f"Waits for the next Re-rank: {counts_line(wished) or 'all tasks are given back'}."
