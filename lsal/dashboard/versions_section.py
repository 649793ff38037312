"""The section of versions: which there are, which is live, what a switch would change, and two side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lsal.dashboard.look import Look
from lsal.dashboard.sections import Live
from lsal.dashboard.twins import VersionsTable
from lsal.dashboard.version_words import busy, compared_of, empty, preview_of, rows_of, side_by_side
from lsal.errors import LsalError
from lsal.jobs import State
from lsal.workbench.switches import Switch, Switchable

MEANWHILE = "Meanwhile something else went live: this is what it would change now."


class VersionsSection:
    """What went live, and could. Nothing is switched before its preview was seen and confirmed."""

    title = "Versions"

    def __init__(self, live: Live) -> None:
        self._live, self._seen = live, Look()
        self._can = Switchable()
        self._read: Any = None
        self._previewed: Switch | None = None
        self.view = self.table = VersionsTable()
        self.table.observe(self._asked, "asked")

    def show(self, seen: Look, job: State | None) -> None:
        """The versions as a look found them; what can be switched is read by `step`."""
        self.table.busy = busy(seen, job)
        if seen is self._seen:
            return
        self._seen = seen
        self.table.empty = empty(seen)
        self._show_rows()

    async def step(self) -> bool:
        """Which versions can go live: read anew with each look."""
        now = (self._seen.points, self._seen.status and self._seen.status.controls)
        if self._seen.status is None or now == self._read:
            return False
        self._can = await self._live.apart(self._live.bench.switchable)
        self._read = now
        self._show_rows()
        if self._previewed is not None and self._previewed.was != self._seen.status.live:
            await self._preview(self._previewed.act, self._previewed.number, MEANWHILE)
        return True

    def close(self) -> None:
        """Close the table."""
        self.table.close()

    def _show_rows(self) -> None:
        self.table.rows, self.table.back = rows_of(self._seen.points, self._can.versions), self._can.back

    def _asked(self, change: Mapping[str, Any]) -> None:
        """What a person pressed in the browser."""
        asked = change["new"]
        act, number = str(asked.get("act", "")), int(asked.get("number") or 0)
        if act == "preview":
            self._live.spawn(self._preview(str(asked["what"]), number))
        elif act == "confirm" and self._previewed is not None:
            self._confirm(self._previewed)
        elif act == "keep":
            self._close_preview()
        elif act == "compare":
            self._live.spawn(self._compare(number, int(asked["other"])))

    async def _preview(self, act: str, number: int, note: str = "") -> None:
        """What would change at once, then how the figures compare: a version may have to be asked first."""
        try:
            found = await self._live.apart(self._live.bench.switch, act, number)
        except LsalError as error:
            self._close_preview()
            self.table.trouble = str(error)
            return
        self._previewed, self.table.trouble = found, ""
        told = preview_of(found, self._held(found)) | {"note": note}
        pairs = [(was, now) for was, now in found.changed.values() if was is not None]
        self.table.preview = told | {"waits": bool(pairs)}
        compared = await self._live.apart(self._compared, pairs)
        if self._previewed is found:  # nobody pressed anything else meanwhile
            self.table.preview = told | {"compared": compared}

    def _compared(self, pairs: list[tuple[int, int]]) -> list[list[str]]:
        """How each pair compares, in a thread; why not, where it cannot be said."""
        found = list[list[str]]()
        for was, now in pairs:
            try:
                found += side_by_side(self._live.bench.compare(was, now))
            except LsalError as error:
                found += [[f"{now} against {was}", f"Cannot be compared: {error}"]]
        return found

    def _confirm(self, previewed: Switch) -> None:
        """Act on what was seen; if it is out of date by now, nothing is changed."""
        self._close_preview()
        self._live.act("carry_out", previewed)

    def _close_preview(self) -> None:
        self._previewed, self.table.preview = None, {}

    def _held(self, found: Switch) -> str:
        """What the gate said of the version that is promoted, if it held it."""
        one = next((point for point in self._seen.points if point.version == found.number), None)
        return one.reason if one and not one.promoted else ""

    async def _compare(self, first: int, second: int) -> None:
        self.table.compared = {"waits": f"Comparing versions {first} and {second} ..."}
        try:
            told = compared_of(await self._live.apart(self._live.bench.compare, first, second))
        except LsalError as error:
            told = {"problem": str(error)}
        self.table.compared = told
