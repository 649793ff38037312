"""The panel: status, buttons, progress, learning curve, classes and the head of the queue, in one widget."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import ipywidgets

from lsal.dashboard import parts
from lsal.dashboard.automatic import RoundAfter
from lsal.dashboard.by_class import by_class
from lsal.dashboard.look import ACTS, ROWS, Look, empty_curve, empty_queue, refusals, title, works
from lsal.dashboard.twins import LearningCurve, QueueTable, widget_file
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.phrases import counted
from lsal.workbench.curve import Point
from lsal.workbench.status import Waiting

TOOLTIPS = {
    "train": "Train on everything that is labelled. The new version goes live unless it is clearly worse.",
    "rank": "Rank what is unlabelled by the live version and publish the best batch as Label Studio's queue.",
    "round": "Train, measure, rank, publish and check the queue: everything that one round needs.",
    "cancel": "Ask what is running to stop at its next step. The status then shows what is live.",
}
ICONS = {"train": "graduation-cap", "rank": "sort-amount-desc", "round": "refresh", "cancel": "stop"}


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """What is seen of a project. It looks at nothing itself; `clicked` is called with an act, and what was typed."""

    def __init__(self, clicked: Callable[..., None]) -> None:
        self.status, self.why, self.note, self.error, self.classes = (ipywidgets.HTML() for _ in range(5))
        self.progress = ipywidgets.FloatProgress(min=0, max=1, layout={"width": "100%", "height": "16px"})
        self.buttons = {act: _button(act, clicked) for act in ACTS}
        self.round_after = RoundAfter(lambda labels: clicked("automatic", labels))
        self.curve, self.queue = LearningCurve(), QueueTable()
        style = ipywidgets.HTML(f"<style>{widget_file('dashboard.css').read_text()}</style>", layout={"height": "0"})
        row = ipywidgets.HBox(list(self.buttons.values()))
        work = ipywidgets.VBox([row, self.why, self.round_after, self.progress, self.note])
        super().__init__([style, self.status, work, self.error, self.curve, self.classes, self.queue])
        self.add_class("lsal-dashboard")

    def show(
        self, seen: Look, job: State | None, error: LsalError | None, starting: bool, troubles: Sequence[str]
    ) -> None:
        """Show what a look found, and the newest job; while an act is `starting`, no other one can be."""
        self.status.value = parts.status_line(seen.status, troubles)
        self._show_buttons(refusals(seen, job), starting)
        self.round_after.show(seen.status)
        self.progress.layout.display = "" if works(job) else "none"
        if works(job) and job:
            self.progress.value = job.progress.done / job.progress.total if job.progress.total else 0.0
        _say(self.note, parts.note(job))
        answered_at = seen.status.as_of if seen.status else None
        _say(self.error, parts.trouble(job, error or seen.error, answered_at))
        self.curve.empty, self.queue.empty = empty_curve(seen), empty_queue(seen)
        self.curve.points = [_point(point) for point in seen.points]
        _say(self.classes, parts.class_tables(by_class(seen.points), seen.colours))
        self.queue.caption = _caption(seen)
        self.queue.rows = [_row(row) for row in seen.queue]

    def _show_buttons(self, no: dict[str, str], starting: bool) -> None:
        for act, button in self.buttons.items():
            button.disabled = starting or act in no
            button.tooltip = f"Not now. {no[act]}" if act in no else TOOLTIPS[act]
        _say(self.why, parts.reasons(no))

    def close(self) -> None:
        """Close it with all its parts."""
        for part in self.children:
            part.close()
        super().close()


def _button(act: str, clicked: Callable[..., None]) -> Any:
    button = ipywidgets.Button(description=title(act), icon=ICONS[act], layout={"width": "112px"})
    button.on_click(lambda _: clicked(act))
    return button


def _say(part: Any, text: str) -> None:
    part.value, part.layout.display = text, "" if text else "none"


def _point(point: Point) -> dict[str, Any]:
    shown = ("version", "control", "line", "labels", "metric", "value", "tasks", "live", "promoted", "reason")
    told = {name: getattr(point, name) for name in shown}
    return told | {"interval": list(point.interval), "measured_on": point.measured_on}


def _row(row: Waiting) -> dict[str, Any]:
    told = {name: value for name, value in asdict(row).items() if name not in ("data", "parts", "shown", "task_id")}
    return told | {"task": row.task_id}


def _caption(seen: Look) -> str:
    if seen.status is None or not seen.queue:
        return ""
    shown, still_open = len(seen.queue), seen.status.queue["open"]
    return f"the first {shown} of {still_open} open tasks" if still_open > ROWS else counted(still_open, "open task")
