"""The order of Label Studio's own queue: a ranking written as predictions, then switched on.

With "Uncertainty sampling" Label Studio serves, lowest score first, the tasks that carry a
prediction of `project.model_version`. So a batch goes in under a name that was never used
before, with score = rank / size; what the server holds is read back; and then one PATCH of
`model_version` changes the whole queue at once. A half-written import is never current.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from lsal.errors import LabelStudioError
from lsal.label_studio import importing
from lsal.label_studio.listing import holding, where
from lsal.label_studio.project import CONFLICT, Project
from lsal.phrases import counted
from lsal.records import Entry, Publication

SAMPLING = "Uncertainty sampling"
IDS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Verification:
    """What Label Studio holds, compared with what was published.

    `open` are the published tasks that nobody labelled or skipped yet, in the server's order;
    `in_order` counts those that stand where they should; `faults` says what is wrong.
    `compared` is the order, or, where several people label each task, only the membership:
    Label Studio then serves tasks first that somebody has begun. The order is that in which
    people get new tasks: one that somebody left open comes first for them, whatever its rank.
    """

    name: str
    published: int
    open: tuple[int, ...]
    in_order: int
    faults: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    compared: str = "order"

    @property
    def exact(self) -> bool:
        """Whether the real queue is the published one."""
        return not self.faults and self.in_order == len(self.open)


def new_name(versions: Mapping[str, int]) -> str:
    """A name for one attempt to publish; never used before, so never mixed up.

    Plain characters only: Label Studio's filters decode others, and it is a file's name too.
    """
    made_by = "+".join(f"{_plain(control)}.{number}" for control, number in sorted(versions.items())) or "start"
    return f"lsal-queue-{made_by}-{secrets.token_hex(4)}"


def _plain(control: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", control)[:40]


def write(project: Project, name: str, entries: Sequence[Entry], notes: Path | None = None) -> None:
    """Import a batch under `name` and check that the server holds exactly it. Changes no order yet.

    How long that took is kept in `notes`.
    """
    scores = {entry.task_id: rank / len(entries) for rank, entry in enumerate(entries)}
    regions = {entry.task_id: [region for part in entry.result.values() for region in part] for entry in entries}
    rows = [{"task": t, "model_version": name, "score": scores[t], "result": regions[t]} for t in scores]
    lost = importing.add(project, rows, notes)
    _compare(name, {t: (scores[t], len(regions[t])) for t in scores}, _held(project, name), lost)


def switch(project: Project, name: str) -> None:
    """Make the batch called `name` the queue: one PATCH, the commit point."""
    project.change(model_version=name, sampling=SAMPLING)


def live_name(project: Project) -> str:
    """The name of the batch that Label Studio serves now."""
    return project.read("model_version")["model_version"] or ""


def read_order(project: Project, name: str) -> list[int]:
    """The open tasks of the live batch `name`, in the order in which people get them."""
    filters = [holding(name), where("total_annotations", "equal", 0, "Number")]
    # Asking for the next task would lock it and hide it from people: read the order instead.
    pages = project.tasks(filters, "id,cancelled_annotations", ordering="tasks:predictions_score")
    return [row["id"] for rows in pages for row in rows if not row.get("cancelled_annotations")]


def untouched(project: Project, tasks: Sequence[int]) -> set[int]:
    """Those of the tasks that the server has, and that nobody labelled or skipped."""
    nobody = [where(f"{what}_annotations", "equal", 0, "Number") for what in ("total", "cancelled")]
    parts = [list(tasks[start : start + IDS_AT_ONCE]) for start in range(0, len(tasks), IDS_AT_ONCE)]
    pages = (page for ids in parts for page in project.tasks([where("id", "in_list", ids, "Number"), *nobody], "id"))
    return {row["id"] for rows in pages for row in rows}


def verify(project: Project, publication: Publication) -> Verification:
    """Compare the server's queue with a publication, by reading only."""
    facts = project.read("sampling", "model_version", "maximum_annotations")
    faults = _settings_at_fault(facts, publication)
    there = list(dict.fromkeys(read_order(project, publication.name)))  # a page may shift while it is read
    still_open, published = set(there), set(publication.task_ids)
    if lost := len(untouched(project, [task for task in publication.task_ids if task not in still_open])):
        one = "open task was published but its prediction is gone, so that nobody gets it next"
        several = "open tasks were published but their predictions are gone, so that nobody gets them next"
        faults.append(counted(lost, one, several))
    wanted = [task for task in publication.task_ids if task in still_open]
    overlap = facts.get("maximum_annotations", 1) > 1
    right = [task in published if overlap else task == want for task, want in zip_longest(there, wanted)]
    in_order = 0 if faults else sum(right)
    if not faults and not all(right):
        stand = counted(len(there), "open task stands", "open tasks stand")
        faults.append(f"{len(right) - in_order} of {stand} elsewhere than published")
    return Verification(
        publication.name,
        len(publication.task_ids),
        tuple(there),
        in_order,
        tuple(faults),
        ("lsal rank",) if faults else (),
        "membership" if overlap else "order",
    )


def differing(facts: Mapping[str, Any], name: str) -> dict[str, str]:
    """What the project should hold for the batch called `name` to be the queue, and does not."""
    wanted = {"sampling": SAMPLING, "model_version": name}
    return {field: value for field, value in wanted.items() if (facts.get(field) or "") != value}


def not_served(facts: Mapping[str, Any], name: str) -> str:
    """Why people are not served the batch called `name`, in a sentence; "" if they are."""
    held = [f"{field} is '{facts.get(field) or ''}', not '{value}'" for field, value in differing(facts, name).items()]
    return f"People are not served the queue: {' and '.join(held)}" if held else ""


def _settings_at_fault(facts: Mapping[str, Any], publication: Publication) -> list[str]:
    """What of the project keeps the publication from being the queue."""
    faults = []
    if facts["sampling"] != SAMPLING:
        faults.append(f"Label Studio's task sampling is '{facts['sampling']}', so scores do not order the queue")
    if facts["model_version"] != publication.name:
        faults.append(f"Label Studio serves '{facts['model_version']}', not '{publication.name}'")
    return faults


def _held(project: Project, name: str) -> dict[int, tuple[float, int]]:
    """Score and number of regions of each task's prediction called `name`."""
    held: dict[int, tuple[float, int]] = {}
    for rows in project.tasks([holding(name)], "id,predictions,score,model_version,result"):
        for row in rows:
            mine = [p for p in row["predictions"] if p["model_version"] == name]
            held[row["id"]] = (mine[0]["score"], len(mine[0]["result"])) if len(mine) == 1 else (-1.0, len(mine))
    return held


def _compare(
    name: str,
    wanted: Mapping[int, tuple[float, int]],
    held: Mapping[int, tuple[float, int]],
    lost: LabelStudioError | None,
) -> None:
    """Raise a CONFLICT where the server holds anything else; `lost` is what came in place of its answer."""
    wrong = [task for task, row in wanted.items() if not _same(row, held.get(task))]
    if wrong or len(held) != len(wanted):
        raise LabelStudioError(
            f"Label Studio holds {len(held)} of {len(wanted)} predictions of '{name}', {len(wrong)} not as sent"
            + (f" (first: task {wrong[0]})" if wrong else "")
            + (f"; the import ended with: {lost.what}" if lost else ""),
            "The queue was not switched. Try again: lsal rank",
            status=CONFLICT,
        )


def _same(sent: tuple[float, int], held: tuple[float, int] | None) -> bool:
    return held is not None and abs(sent[0] - held[0]) < 1e-9 and sent[1] == held[1]
