"""Why a task is asked for, as a widget: its score taken apart, chances as bars, and the labelled tasks most like it."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from lsal.dashboard.previews import Previews
from lsal.dashboard.reasons import figure_of, group_words, others_words, said_by
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import script, style
from lsal.dashboard.wording import file_at
from lsal.workbench.status import Waiting
from lsal.workbench.why import Why

LETTERS, NAME = 400, 120
"""Of what a task shows, and of names of classes and people: a task may hold megabytes."""


class WhyTask(anywidget.AnyWidget):  # type: ignore[misc]
    """Why one task is asked for. `why` is a `Why` as `why_of` tells it, {} while no task is looked at.

    `pictures` are previews of the task and its neighbours by id, where they are images; `empty` is said
    while there is no task.
    """

    _esm = script("why_task.js")
    _css = style("why_task.css")
    why = traitlets.Dict().tag(sync=True)
    pictures = traitlets.Dict().tag(sync=True)
    empty = traitlets.Unicode("Choose a task to see why it is asked for.").tag(sync=True)


class Reasons:
    """The widget, told of one task after the other without holding up the event loop."""

    def __init__(self, live: Live) -> None:
        self._live, self._previews, self._task = live, Previews(live.bench), 0
        self.view = WhyTask()

    async def tell(self, task_id: int) -> None:
        """Show why this task is asked for, 0 for none. A task that is told of later makes this one void."""
        self._task = task_id
        if not task_id:
            self.view.why = {}
            return
        why = await self._live.apart(self._live.bench.why, task_id)
        if self._task == task_id:
            self.view.why = why_of(why)
            pictures = await self._live.apart(self._pictures, why)
            if self._task == task_id:
                self.view.pictures = pictures

    def close(self) -> None:
        """Close the widget."""
        self.view.close()

    def _pictures(self, why: Why) -> dict[str, Any]:
        made = self._previews.of(rows_of(why))
        return {
            task: {"image": one["image"], "regions": one.get("regions", "")}
            for task, one in made.items()
            if "image" in one
        }


def why_of(why: Why) -> dict[str, Any]:
    """A `Why` as plain values for the browser half, long texts cut."""
    guess = why.chances[0].label if why.chances else ""
    return {
        "task": why.task_id,
        "text": _text(why.shown),
        "url": why.url,
        "role": why.role,
        "place": why.place,
        "says": why.says,
        "parts": [
            _part(part.name, figure_of(part), part.says, part.value if part.share else None) for part in why.parts
        ],
        "version": why.version,
        "guess": why.guess[:NAME],
        "chances": [{"label": one.label[:NAME], "chance": one.chance} for one in why.chances],
        "others": others_words(why) if why.others else "",
        "rest": why.rest,
        "group": group_words(why)[: 4 * NAME],
        "neighbours": [
            {
                "task": one.task_id,
                "text": _text(one.shown),
                "label": one.label[:NAME],
                "by": said_by(one)[: 2 * NAME],
                "similarity": one.similarity,
                "same": one.label == guess if guess else None,
                "url": one.url,
            }
            for one in why.neighbours
        ],
        "notes": list(why.notes),
    }


def rows_of(why: Why) -> list[Waiting]:
    """The task and its neighbours, as previews are made of."""
    tasks = [(why.task_id, why.data, why.shown), *((one.task_id, one.data, one.shown) for one in why.neighbours)]
    return [Waiting(0, task, data, False, shown=shown) for task, data, shown in tasks]


def _part(name: str, figure: str, says: str, share: float | None) -> dict[str, Any]:
    return {"name": name, "figure": figure, "says": says, "share": share}


def _text(shown: tuple[str, ...]) -> str:
    told = " ".join(file_at(one[: 4 * LETTERS]) for one in shown)
    return told if len(told) <= LETTERS else told[: LETTERS - 3] + "..."
