"""Setting up: Label Studio, the project, the backend, the settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from lsal import publishing
from lsal.home import Home, by_name, find_home, homes
from lsal.label_studio import server
from lsal.label_studio.server import Server
from lsal.label_studio.sync import Synced, sync
from lsal.project_settings import check_settings
from lsal.protocols import Report
from lsal.workbench import attaching, serving, starting, tracking
from lsal.workbench.choices import check_controls, check_models, check_names, check_weights, located
from lsal.workbench.detaching import Detached, detach
from lsal.workbench.opened import Opened
from lsal.workbench.tuning import tuned

if TYPE_CHECKING:
    from pandas import DataFrame


class SettingUp(Opened):
    """What a person does before the first round, and when something around the loop changes."""

    # Label Studio ------------------------------------------------------------------

    def up(self, port: int | None = None, report: Callable[[str], None] | None = None) -> Server:
        """Install lsal's own Label Studio if need be, and start it if it does not run."""
        return server.up(self.root, port, report)

    def down(self) -> bool:
        """End lsal's own Label Studio and the backend; the data stay."""
        self.stop()
        return server.down(self.root)

    def login(self) -> tuple[str, str]:
        """Email and password for lsal's own Label Studio in a browser."""
        return server.login(self.root)

    # The project -------------------------------------------------------------------

    def new(self, source: str | DataFrame, **options: Any) -> Self:
        """Make a project from a table, a DataFrame, an export, images, `digits` or `shapes`; see `starting.new`."""
        return self._take(starting.new(self.root, self.up, source, **options))

    def attach(self, url: str, project: int, key: str = "", ca: Path | None = None) -> Self:
        """Attach to a project that is already on a Label Studio server; see `attaching.attach`."""
        return self._take(attaching.attach(self.root, url, project, key, ca))

    def detach(self, now: bool = False, report: Report | None = None) -> Detached:
        """Put back in Label Studio what lsal changed there, and leave the project; see `detaching.detach`."""
        return detach(self.desk, now, report)

    def use(self, project: str) -> Self:
        """Make another project of the root the active one."""
        return self._take(find_home(self.root, project))

    def projects(self) -> list[tuple[str, Home]]:
        """The projects of the root, each with what `use` takes for it."""
        return by_name(homes(self.root))

    def configure(self, **changes: Any) -> Mapping[str, Any]:
        """Change the project's settings; returns them all. Raises BadRequest for what cannot be."""
        check_names(changes)
        if "options" in changes:
            check_settings(changes)
            changes["options"] = located(changes["options"])
        if changes.keys() & {"options", "family"} and self.desk.mirror.label_config:
            check_settings(changes)
            check_controls(self.desk, changes, self.home.settings())
            check_models(self.desk, replace(self.home.settings(), **changes))
        if changes.get("rank_by") and self.desk.mirror.label_config:
            check_settings(changes)
            check_weights(self.desk, replace(self.home.settings(), **changes))
        changed = self.home.change_settings(**changes)
        if "tracking" in changes:
            tracking.switched(self.home)
        return {name: getattr(changed, name) for name in changed.__slots__}

    def tune(self, **changes: Any) -> Mapping[str, Any]:
        """`configure` by what people turn: also `explore`, a share, and `thresholds`, by control; see `tuning`."""
        return self.configure(**tuned(self.desk, changes))

    def sync(self, report: Report | None = None, whole: bool = False) -> Synced:
        """Pull what changed in Label Studio; first finishes or drops an interrupted switch."""
        publishing.recover(self.home, self.desk.project, self.desk.store)
        return sync(self.desk.mirror, self.desk.project, report, whole)

    # The backend -------------------------------------------------------------------

    def serve(
        self, port: int = 0, host: str = "", address: str = "", workers: int = 0, engine: str = ""
    ) -> Mapping[str, Any]:
        """Start the ML backend beside the notebook and connect it to the project; see `serving.serve`.

        `engine` is set for the project: the rounds and refills that the backend starts run there.
        """
        self.home.need_attached()
        if engine:
            self.configure(engine=engine)
        return serving.serve(self.desk, port, host, address, workers)

    def stop(self) -> bool:
        """End the backend."""
        return serving.stop(self.root)
