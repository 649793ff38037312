"""The book that MLflow keeps of one project: an experiment, and a registered model for each control.

The only file that imports mlflow. Whatever is written here can be written again: a run and a model version are
looked up by the version's tag first, figures carry the version's own time, files are replaced.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from lsal.errors import TrackingError
from lsal.files import file_name, to_json, write_whole
from lsal.records import Version
from lsal.settings import SQLITE, hurry_mlflow
from lsal.tracking.facts import IDENTITY, Facts, facts_of
from lsal.tracking.place import MADE, Place

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

CURRENT = "current"
"""The alias of the version of a control that is live."""
TITLE = "mlflow.note.content"
WEIGHTS = "weights"
THERE = "RESOURCE_ALREADY_EXISTS"
READY_S = 30
"""Seconds that a registry may take until a version can be named."""


class Book:
    """An MLflow opened for one project, called `project` there. Every method raises what mlflow raises."""

    def __init__(self, place: Place, project: str, title: str = "") -> None:
        self._place, self._project = place, project
        self._client = _client(place.uri)
        self._experiment = self._opened(title)

    def write(self, version: Version, strategy: str = "") -> str:
        """Mirror a version: its run, whole, and a version of its control's registered model. The run's id."""
        facts = facts_of(version, self._project, strategy)
        run = self._run(version, facts)
        if run.info.status != "FINISHED":
            self._fill(run, version, facts)
        return str(run.info.run_id)

    def point(self, version: Version, run: str) -> None:
        """Let the alias of the version's control name it."""
        found = self._registered(version, self._client.get_run(run), facts_of(version, self._project))
        self._client.set_registered_model_alias(self.model(version.control), CURRENT, found)

    def model(self, control: str) -> str:
        """The name of a control's registered model, which must not hold every character."""
        return f"{self._project}-{file_name(control)}"

    def _opened(self, title: str) -> str:
        found = self._client.get_experiment_by_name(self._project)
        if found is None:
            here = self._place.artifacts.as_uri() if self._place.is_database else None
            tags = {TITLE: f"Mirrored by lsal: {title}"}
            return str(self._client.create_experiment(self._project, artifact_location=here, tags=tags))
        if found.lifecycle_stage != "active":
            there = f"MLFLOW_TRACKING_URI={self._place.shown}"
            fix = f"Restore it: {there} mlflow experiments restore -x {found.experiment_id}, then lsal track"
            raise TrackingError(f"The experiment '{self._project}' was deleted in MLflow", fix)
        if self._place.own and found.artifact_location != self._place.artifacts.as_uri():
            folder = self._place.database.parent
            fix = f"It can be made anew from the versions: rm -r '{folder}', then lsal track"
            raise TrackingError(f"{folder} was moved, and MLflow seeks its files in the old place", fix)
        return str(found.experiment_id)

    def _run(self, version: Version, facts: Facts) -> Run:
        """The version's run, found by its tag or begun. One that came of an answer that was lost is taken away."""
        asked = f"tags.`{IDENTITY}` = '{facts.tags[IDENTITY]}'"
        found = sorted(self._client.search_runs([self._experiment], asked), key=_order)
        for double in found[1:]:
            self._client.delete_run(double.info.run_id)
        if found:
            return found[0]
        begun = round(1000 * (version.made_at - sum(version.seconds.values())))
        return self._client.create_run(self._experiment, begun, dict(facts.tags), facts.name)

    def _fill(self, run: Run, version: Version, facts: Facts) -> None:
        """All that belongs to a run. That it is finished is said last of all."""
        from mlflow.entities import Metric, Param, RunTag

        made, number = round(1000 * version.made_at), run.info.run_id
        metrics = [Metric(name, value, made, version.number) for name, value in facts.metrics.items()]
        params = [Param(name, value) for name, value in facts.params.items() if name not in run.data.params]
        tags = [RunTag(name, value) for name, value in facts.tags.items()]
        self._client.log_batch(number, metrics, params, tags)
        self._client.log_dict(number, _plain(facts.whole), "version.json")
        weights = version.folder / WEIGHTS
        if weights.is_dir():  # those of old versions are cleaned away
            self._client.log_artifacts(number, str(weights), WEIGHTS)
            if not all((weights / name).exists() for name in version.files):
                raise TrackingError(
                    f"The weights of version {version.number} went while they were copied", "lsal track"
                )
            self._registered(version, run, facts)
        self._client.set_terminated(number, "FINISHED", made)

    def _registered(self, version: Version, run: Run, facts: Facts) -> str:
        """The number in the registry of the version's weights; registers them if they are not there."""
        name, mark = self.model(version.control), facts.tags[IDENTITY]
        for found in self._client.search_model_versions(f"name='{name}' and tags.`{IDENTITY}`='{mark}'"):
            return str(found.version)
        _unless(THERE, lambda: self._client.create_registered_model(name))
        source = f"{run.info.artifact_uri}/{WEIGHTS}"
        tags, run_id = dict(facts.tags), run.info.run_id
        made = self._client.create_model_version(name, source, run_id, tags=tags, await_creation_for=READY_S)
        return str(made.version)


def _client(uri: str) -> MlflowClient:
    hurry_mlflow()
    from mlflow import MlflowClient

    return MlflowClient(uri)


def make_database(final: Path) -> None:
    """A database that is whole or absent: half of one, from a process that was killed, could not be mended."""
    final.parent.mkdir(parents=True, exist_ok=True)
    beside = final.with_name(f".{final.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    _client(f"{SQLITE}{beside}").search_experiments(max_results=1)
    write_whole(final.with_name(MADE), secrets.token_hex(8).encode())
    os.replace(beside, final)


def _unless(code: str, act: Callable[[], Any]) -> None:
    """Do something, unless that is what MLflow says with `code`."""
    from mlflow.exceptions import MlflowException

    try:
        act()
    except MlflowException as error:
        if error.error_code != code:
            raise


def _order(run: Run) -> tuple[bool, str]:
    """Finished runs first."""
    return run.info.status != "FINISHED", str(run.info.run_id)


def _plain(whole: Any) -> Any:
    """Values as JSON has them."""
    return orjson.loads(to_json(whole))
