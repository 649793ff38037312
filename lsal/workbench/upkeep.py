"""Upkeep: what is there beside lsal's own parts, and what is not needed any more."""

from __future__ import annotations

from pathlib import Path

from lsal import housekeeping
from lsal.housekeeping import Cleaned
from lsal.protocols import Report
from lsal.workbench import parts, tracking
from lsal.workbench.opened import Opened
from lsal.workbench.parts import Part
from lsal.workbench.told import Told

LOCK_S = 5.0


class Upkeep(Opened):
    """What a person does now and then."""

    def plug(self, file: Path | str) -> list[Part]:
        """Add the kinds, models, strategies and engines in a Python file to the root; returns them."""
        return parts.plug(self.root, Path(file).expanduser())

    def parts(self) -> list[Part]:
        """All kinds, models, strategies and engines, and where each comes from."""
        return parts.parts()

    def track(self, report: Report | None = None) -> Told:
        """Catch MLflow up with the versions, in a process beside this one; what came of it. Raises TrackingError."""
        return tracking.track(self.desk, report)

    def clean(self, dry_run: bool = False) -> Cleaned:
        """Remove what the policy in the settings does not keep, or with `dry_run` only tell. Raises Busy."""
        desk = self.desk
        with desk.home.lock(wait_s=LOCK_S):
            project = None if desk.home.detached else lambda: desk.project
            return housekeeping.clean(desk.home, desk.store, project, dry_run)
