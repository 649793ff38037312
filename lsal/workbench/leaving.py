"""The steps by which lsal leaves a project: settings, connected backends, webhooks, predictions.

Each puts back what is lsal's doing and leaves what somebody else changed meanwhile, saying so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal.errors import LabelStudioError
from lsal.label_studio import backend_rows, predictions, queue
from lsal.label_studio.backend_rows import Whose
from lsal.label_studio.project import Project
from lsal.protocols import Report
from lsal.records import Progress
from lsal.workbench.before import Before

OURS = re.compile(r"lsal-(queue-.+-[0-9a-f]{8}|.+\.v\d+)")
"""Names under which lsal publishes, or answers."""
WATCHED = ("show_collab_predictions", "evaluate_predictions_automatically")
"""Settings that lsal never changes, and that decide what people are shown."""


@dataclass(slots=True)
class Outcome:
    """What was put back and removed so far, and what was left, with the reason."""

    restored: dict[str, Any] = field(default_factory=dict)
    removed: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)


def put_back(project: Project, facts: Mapping[str, Any], found: Before, ours: Iterable[str], outcome: Outcome) -> None:
    """Sampling and model version as they were, in one request, where they still are lsal's.

    `ours` are names that model_version holds by lsal's doing: publications, and the backend's title.
    """
    was, changes = found.project, dict[str, Any]()
    if facts["sampling"] == queue.SAMPLING and "sampling" in was:
        changes["sampling"] = was["sampling"]
    if facts["model_version"] in ours:
        changes["model_version"] = was.get("model_version") or ""
    for name in ("sampling", "model_version", *WATCHED):
        now, then = facts.get(name) or "", was.get(name) or ""
        if name not in changes and name in was and now != then:
            outcome.left.append(f"{name} stays '{now}', as somebody set it; it was '{then}' before lsal came")
    if "sampling" not in was:
        outcome.left.append(f"sampling stays '{facts['sampling']}': nothing was recorded before lsal came")
    changes = {name: value for name, value in changes.items() if value != facts[name]}
    if changes:
        _change(project, changes, outcome)


def _change(project: Project, changes: dict[str, Any], outcome: Outcome) -> None:
    try:
        project.change(**changes)
    except LabelStudioError as error:
        if error.status != 400 or not changes.get("model_version"):
            raise
        gone = changes["model_version"]
        outcome.left.append(f"model_version is empty now: '{gone}', which it was, is in Label Studio no more")
        changes["model_version"] = ""
        project.change(**changes)
    outcome.restored.update(changes)


def disconnect(project: Project, whose: Whose, outcome: Outcome) -> None:
    """Remove lsal's ML backend and its webhooks, those of earlier addresses too."""
    standing = backend_rows.look(project, whose)
    for row in standing.rows:
        backend_rows.remove_row(project, row)
    for hook in standing.hooks:
        backend_rows.remove_hook(project, hook)
    outcome.removed.update({"ML backends": len(standing.rows), "webhooks": len(standing.hooks)})


def names_to_remove(
    held: Mapping[str, int], found: Before, recorded: set[str], others: bool
) -> tuple[dict[str, int], list[str]]:
    """Names of predictions that are lsal's to remove, with their number, and those that may be another lsal's.

    What was there before is nobody's to remove. Where `others`, another lsal's backend is connected too:
    then only what this home recorded is certain to be its own.
    """
    new = [name for name in held if held[name] and name not in (found.predictions or {})]
    mine = {name: held[name] for name in new if name in recorded or (OURS.fullmatch(name) and not others)}
    return mine, sorted(name for name in new if OURS.fullmatch(name) and name not in mine)


def remove_predictions(
    project: Project, names: Mapping[str, int], spare: bool, outcome: Outcome, report: Report | None = None
) -> int:
    """Remove predictions one by one, where no annotation and no draft refers to them.

    `names` are those to remove, and how many there are of each. With `spare` those of
    unfinished tasks stay; returns how many they are.
    """
    used, unfinished, total = 0, 0, sum(names.values())
    for name in names:
        done = predictions.remove(project, name, finished=spare)
        outcome.removed["predictions"] += done.deleted
        used, unfinished = used + done.kept, unfinished + done.open
        if report:
            report(Progress(outcome.removed["predictions"] + used + unfinished, total, "removing predictions"))
    if used:
        outcome.left.append(f"{used} predictions stay: annotations were made from them, or a draft is on their task")
    return unfinished
