"""The panel: status, buttons, training strip and errors over the sections in their tabs, in one widget."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import ipywidgets

from lsal.dashboard import parts
from lsal.dashboard.automatic import RoundAfter
from lsal.dashboard.curve_section import CurveSection
from lsal.dashboard.look import ACTS, Look, refusals, title
from lsal.dashboard.map_section import MapSection
from lsal.dashboard.people_section import PeopleSection
from lsal.dashboard.queue_section import QueueSection
from lsal.dashboard.sections import Live, Section
from lsal.dashboard.settings_row import SettingsRow
from lsal.dashboard.still import Still
from lsal.dashboard.strip import Strip
from lsal.dashboard.twins import widget_file
from lsal.dashboard.versions_section import VersionsSection
from lsal.errors import LsalError
from lsal.jobs import State

TOOLTIPS = {
    "train": "Train on everything that is labelled. The new version goes live unless it is clearly worse.",
    "rank": "Rank what is unlabelled by the live version and publish the best batch as Label Studio's queue.",
    "round": "Train, measure, rank, publish and check the queue: everything that one round needs.",
    "cancel": "Ask what is running to stop at its next step. The status then shows what is live.",
}
ICONS = {"train": "graduation-cap", "rank": "sort-amount-desc", "round": "refresh", "cancel": "stop"}


class Panel(ipywidgets.VBox):  # type: ignore[misc]
    """What is seen of a project. It looks at nothing itself; what a person wants done it asks of `live`."""

    def __init__(self, live: Live) -> None:
        self.status, self.why, self.error = (ipywidgets.HTML() for _ in range(3))
        self.buttons = {act: _button(act, live) for act in ACTS}
        self.round_after = RoundAfter(lambda labels: live.act("automatic", labels))
        self.settings = SettingsRow(lambda **changed: live.act("tune", **changed))
        self.strip, self.queue = Strip(live), QueueSection(live)
        self.curve = CurveSection(live, self.queue.confused)
        self.map = MapSection(live, self._look_at)
        self.people, self.versions = PeopleSection(live), VersionsSection(live)
        self.sections: tuple[Section, ...] = (self.queue, self.curve, self.map, self.people, self.versions)
        self.tabs = ipywidgets.Tab([section.view for section in self.sections])
        self.tabs.titles = [section.title for section in self.sections]
        self.still = Still(uuid4().hex[:12])
        style = f"<style>{widget_file('dashboard.css').read_text()}{self.still.hiding}</style>"
        self._style = ipywidgets.HTML(style, layout={"height": "0"})
        row = ipywidgets.HBox(list(self.buttons.values()))
        work = ipywidgets.VBox([row, self.why, self.round_after, self.settings, self.strip.view])
        super().__init__([self._style, self.status, work, self.error, self.tabs])
        self.add_class("lsal-dashboard")

    def show(
        self, seen: Look, job: State | None, error: LsalError | None, starting: bool, troubles: Sequence[str]
    ) -> None:
        """Show what a look found, and the newest job; while an act is `starting`, no other one can be."""
        self.status.value = parts.status_line(seen.status, troubles, seen.points)
        self._show_buttons(refusals(seen, job), starting)
        self.round_after.show(seen.status)
        self.settings.show(seen)
        self.strip.show(seen, job)
        answered_at = seen.status.as_of if seen.status else None
        parts.say(self.error, parts.trouble(job, error or seen.error, answered_at))
        for section in self.sections:
            section.show(seen, job)
        self.tabs.set_title(0, f"{self.queue.title} (some)" if self.queue.limited else self.queue.title)

    def settle(self) -> None:
        """What was typed is set, or was refused: show again what the disk says."""
        self.round_after.settle()
        self.settings.settle()

    @property
    def open_section(self) -> Section:
        """The one whose tab is open."""
        return self.sections[self.tabs.selected_index or 0]

    def _look_at(self, tasks: list[int]) -> None:
        """Show tasks in the queue's table."""
        self.queue.only(tasks, "chosen on the map")
        self.tabs.selected_index = self.sections.index(self.queue)

    def _show_buttons(self, no: dict[str, str], starting: bool) -> None:
        for act, button in self.buttons.items():
            button.disabled = starting or act in no
            button.tooltip = f"Not now. {no[act]}" if act in no else TOOLTIPS[act]
        parts.say(self.why, parts.reasons(no))

    def close(self) -> None:
        """Close it with all its parts."""
        self.strip.close()
        for section in self.sections:
            section.close()
        for part in self.children:
            part.close()
        super().close()


def _button(act: str, live: Live) -> Any:
    button = ipywidgets.Button(description=title(act), icon=ICONS[act], layout={"width": "112px"})
    button.on_click(lambda _: live.act(act))
    return button
