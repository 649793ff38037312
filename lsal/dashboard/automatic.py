"""The dashboard's control of automatic rounds: after how many new labels the backend starts one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ipywidgets

from lsal.workbench.status import Status

TOOLTIP = "The backend starts a round by itself after so many new labels, also with no notebook open. 0 is never."
MOST = 1_000_000


class RoundAfter(ipywidgets.HBox):  # type: ignore[misc]
    """A number to type; `choose` is called with one that a person typed, never with one that was shown."""

    def __init__(self, choose: Callable[[int], None]) -> None:
        self._choose, self._known, self._pending = choose, 0, False
        # The description is the field's label for those who hear it; a text beside it would be none.
        look = {"description": "Round after", "style": {"description_width": "initial"}, "layout": {"width": "176px"}}
        self.labels = ipywidgets.BoundedIntText(0, min=0, max=MOST, disabled=True, tooltip=TOOLTIP, **look)
        self.labels.observe(self._changed, "value")
        super().__init__([self.labels, ipywidgets.Label("new labels (0: never)", tooltip=TOOLTIP)])

    def show(self, status: Status | None) -> None:
        """Show what is set, unless what a person typed is just being set."""
        self.labels.disabled = status is None
        if status is not None and not self._pending:
            self._known = status.automatic.labels
            self.labels.value = self._known

    def settle(self) -> None:
        """What was typed is set, or was refused: show again what the disk says."""
        self._pending = False

    def _changed(self, change: dict[str, Any]) -> None:
        if change["new"] != self._known:
            self._known, self._pending = change["new"], True
            self._choose(change["new"])
