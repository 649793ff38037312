"""What an MLflow holds of a project, and a nursery of processes that kill themselves while they mirror into it."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lsal.files import file_name
from lsal.home import Home
from lsal.store import Store
from lsal.tracking import place_of
from lsal.tracking.place import name_of


@dataclass
class Mirrored:
    """Runs and registered versions by the version's number; `live` by its control; `count` of all runs."""

    runs: Mapping[int, Any]
    registered: Mapping[int, Any]
    live: Mapping[str, int]
    count: int

    def files(self, number: int) -> dict[str, bytes]:
        """The artifacts of a version's run."""
        folder = Path(urlsplit(self.runs[number].info.artifact_uri).path)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def mirrored(home: Home) -> Mirrored:
    """As MLflow itself tells it."""
    from mlflow import MlflowClient
    from mlflow.entities import ViewType

    place = place_of(home)
    assert place
    client, project = MlflowClient(place.uri), name_of(home)
    experiment = client.get_experiment_by_name(project)
    assert experiment
    runs = client.search_runs([experiment.experiment_id], run_view_type=ViewType.ALL)
    registered, live = {}, {}
    for control in {version.control for version in Store(home).all()}:
        name = f"{project}-{file_name(control)}"
        for one in client.search_model_versions(f"name='{name}'"):
            assert int(one.tags["lsal.version"]) not in registered
            registered[int(one.tags["lsal.version"])] = one
        alias = client.get_model_version_by_alias(name, "current")
        live[control] = int(alias.tags["lsal.version"])
    return Mirrored({int(run.data.tags["lsal.version"]): run for run in runs}, registered, live, len(runs))


def kill_after_each(home: Home, points: Sequence[str]) -> list[int]:
    """Mirror in forks of one process, each of them killed right after its point, and the last one not.

    How each of them ended.
    """
    command = [sys.executable, __file__, str(home.folder), *points]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: list[int] = json.loads(done.stdout.splitlines()[-1])
    return told


def _forked(folder: Path, point: str) -> int:
    """How a process ended that mirrored, and was killed right after `point` if there is one."""
    child = os.fork()
    if not child:
        from lsal.home import open_home
        from lsal.worker.tracking import mirror

        if point:
            _arm(point)
        mirror(open_home(folder))
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _arm(point: str) -> None:
    from mlflow import MlflowClient

    from lsal.tracking import mirroring, noted

    owner: Any = {"note_run": noted, "begin": mirroring.Book}.get(point, MlflowClient)
    name = "__init__" if point == "begin" else point
    real = getattr(owner, name)

    def last(*given: Any, **named: Any) -> None:
        real(*given, **named)
        os.kill(os.getpid(), 9)

    setattr(owner, name, last)


if __name__ == "__main__":
    import mlflow.store.model_registry.sqlalchemy_store
    import mlflow.store.tracking.sqlalchemy_store  # noqa: F401, once for all forks

    ended = [_forked(Path(sys.argv[1]), point) for point in (*sys.argv[2:], "")]
    print(json.dumps(ended))
