"""What a project was like before lsal changed anything in it, so that `detach` can put it back."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lsal.files import read_json, write_json
from lsal.home import Home
from lsal.label_studio import backend_rows, predictions
from lsal.label_studio.project import Project

FORMAT = 1
MADE = {"sampling": "Sequential sampling", "model_version": ""}
"""The settings with which Label Studio makes a project."""
NOT_KEPT = ("parsed_label_config", "created_by", "task_data_login", "task_data_password")
ANSWERED = re.compile(r"lsal-(?!queue-).+\.v(\d+)")
"""Names under which versions answer, with the number of the last one."""
CHANGED = ("publication.json", "intent.json", "served.json", "rankings", "source.json")
"""What is in a home once lsal may have changed something in its project."""


@dataclass(frozen=True, slots=True)
class Before:
    """A project as it was found: settings, connected backends, webhooks, names of predictions and how many."""

    recorded_at: float
    project: Mapping[str, Any]
    backends: tuple[Mapping[str, Any], ...] = ()
    webhooks: tuple[Mapping[str, Any], ...] = ()
    predictions: Mapping[str, int] | None = None


def record(home: Home, project: Project, facts: Mapping[str, Any]) -> bool:
    """Write down how the project is, unless that was done before, or lsal may have changed it since."""
    if home.path("before.json").exists() or any(home.path(name).exists() for name in CHANGED):
        return False
    _write(home, project, facts)
    return True


def read(home: Home) -> Before:
    """What was recorded; for a project that lsal made, what Label Studio gives a new one."""
    kept = read_json(home.path("before.json"))
    if kept is None:
        return Before(0.0, MADE if home.path("source.json").exists() else {})
    rows = tuple(kept["backends"]), tuple(kept["webhooks"])
    return Before(kept["recorded_at"], kept["project"], *rows, kept["predictions"])


def revive(home: Home, project: Project, facts: Mapping[str, Any]) -> None:
    """Make a detached home work again. After a whole detach the project is recorded as it is now."""
    marked = read_json(home.path("detached.json"))
    if marked is None:
        return
    if marked.get("done"):
        _write(home, project, facts, read(home))
    home.path("detached.json").unlink()


def published(home: Home) -> set[str]:
    """The names that the home published under, or tried to."""
    return {path.stem for folder in ("rankings", "publications") for path in home.path(folder).glob("*.json")}


def _ours(home: Home, name: str) -> bool:
    """Whether the home published under the name, or its versions answered under it."""
    answered = ANSWERED.fullmatch(name)
    return name in published(home) or bool(answered and (home.path("versions") / f"{int(answered[1]):04d}").exists())


def _write(home: Home, project: Project, facts: Mapping[str, Any], earlier: Before | None = None) -> None:
    """Of predictions, what a detach left of this home's own stays its own: an `earlier` record tells which."""
    held = predictions.counts(project)
    if earlier is not None:
        held = {
            name: count for name, count in held.items() if name in (earlier.predictions or {}) or not _ours(home, name)
        }
    found = Before(
        recorded_at=time.time(),
        project={name: value for name, value in facts.items() if name not in NOT_KEPT},
        backends=tuple(project.backends()),
        webhooks=tuple(backend_rows.hooks_of(project)),
        predictions=held,
    )
    # webhooks of another lsal hold its secret
    write_json(home.path("before.json"), {"format": FORMAT, **asdict(found)}, mode=0o600)
