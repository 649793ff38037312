"""Training in a worker of Ray: the snapshot goes there, the weights come back, the code is the same."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lsal import engine, training
from lsal.engine import Ray
from lsal.home import Home
from lsal.jobs import Job
from lsal.models import MODELS, hub
from lsal.models.kept_vectors import keeping
from lsal.protocols import Report
from lsal.records import Progress
from lsal.snapshots import Snapshot, read_snapshot
from lsal.training import Trained

MADE = "made"
"""Before the name of a folder of weights in a depot, on their way back."""


def train(
    by: str, home: Home, job: Job, folder: Path, snapshot: Snapshot, report: Report, parent: Path | None
) -> Trained:
    """What `training.train` gives, by the engine `by` where that is Ray; elsewhere here.

    On Ray it is one worker, with the GPUs that the settings name; one that dies is replaced once. Raises
    what the training raises, JobFailed if the second worker dies too.
    """
    if not engine.is_ray(by):
        return training.train(snapshot, report, parent, home.folder)

    def waiting() -> None:
        report(Progress(0, 0, "waiting for a worker of Ray"))

    with engine.opened(by, 1, home.settings().gpus, waiting) as ray:
        assert isinstance(ray, Ray)
        at = (None, None) if ray.carries else (str(home.folder), str(job.folder))
        places = hub.places(snapshot.options) if ray.carries else {}
        taught, weights = ray.follow(teach, report, folder, parent, *at, places)
        weights = _kept(weights, job.folder)
    model = MODELS[snapshot.family].load(weights, snapshot.control)
    keeping(model, home.folder)
    usable = [e for e in snapshot.train if e.target is not None and not e.problem]
    trained: Trained = replace(taught, model=model, usable=usable, weights=weights)
    return trained


def teach(
    folder: Path,
    parent: Path | None,
    home: str | None,
    job: str | None,
    places: Mapping[str, Path],
    report: Report,
) -> tuple[Trained, Path]:
    """Train from the snapshot in `folder`, in a worker: all but the model and its examples, and where its weights lie.

    Without a `home` and a `job`, as on another machine, the depot that the snapshot came to is used for both.
    """
    hub.know(places)
    depot = folder.parents[1]
    trained = training.train(read_snapshot(folder), report, parent, Path(home) if home else depot)
    weights = Path(job or depot) / f"{MADE}-{secrets.token_hex(8)}" / "weights"
    weights.mkdir(parents=True)
    trained.model.save(weights)
    nothing: Any = None
    return replace(trained, model=nothing, usable=()), weights


def _kept(weights: Path, folder: Path) -> Path:
    """The weights in the folder of the job: what lies in a depot is shared, and goes some day."""
    if weights.is_relative_to(folder):
        return weights
    kept = folder / f"{MADE}-{secrets.token_hex(8)}" / "weights"
    shutil.copytree(weights, kept, copy_function=shutil.copyfile)
    return kept
