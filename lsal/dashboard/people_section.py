"""The section of people: who labels, how fast, what they give, and how far they agree."""

from __future__ import annotations

import time
from typing import Any

import ipywidgets

from lsal.dashboard.look import Look
from lsal.dashboard.people_words import page
from lsal.dashboard.sections import Live
from lsal.jobs import State

REST = 5
"""Counting a large project again waits so many times as long as it took."""


class PeopleSection:
    """How labelling goes, as of the last sync."""

    title = "People"

    def __init__(self, live: Live) -> None:
        self._live, self._seen = live, Look()
        self._read: Any = None
        self._rest_until = 0.0
        self.view = ipywidgets.HTML()
        self.view.add_class("lsal-people")

    def show(self, seen: Look, job: State | None) -> None:
        """All it shows is read by `step`, but for why there is nothing to read."""
        self._seen = seen
        if seen.status is None:
            self.view.value = ""

    async def step(self) -> bool:
        """Counts, for each look that found something; after a long one later."""
        if self._seen is self._read or self._seen.status is None or time.monotonic() < self._rest_until:
            return False
        seen, begun = self._seen, time.monotonic()
        self.view.value = await self._live.apart(lambda: page(self._live.bench.labelling()))
        self._read, self._rest_until = seen, time.monotonic() + REST * (time.monotonic() - begun)
        return True

    def close(self) -> None:
        """Close the widget."""
        self.view.close()
