"""Two versions side by side: figures on the same measuring tasks, and the answers that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsal import measuring
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.measuring import ClassFigures, Ruler, Said
from lsal.phrases import on_tasks
from lsal.records import Example, Page, Version
from lsal.workbench.asking import Confidence, Told, ask, confidence
from lsal.workbench.shown import teller
from lsal.worker import answers


@dataclass(frozen=True, slots=True)
class Figures:
    """One of the two versions, on the tasks that both answered."""

    version: int
    live: bool
    metric: str
    value: float | None
    interval: tuple[float, float]
    more: Mapping[str, float | None]
    classes: Mapping[str, ClassFigures]
    confidence: Confidence | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One measuring task that the two answer differently. `outcome` is gained or lost by the
    second, or neither: both are wrong. Of objects, `image` is the file on this machine, and `drawn` has the
    regions by whom: people, first, second.
    """

    task_id: int
    data: Mapping[str, Any]
    truth: str
    first: str
    second: str
    outcome: str
    url: str = ""
    image: str = ""
    drawn: Mapping[str, Any] = field(default_factory=dict)
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compared:
    """Two versions of one control. `verdict` is that of the second against the first, as the
    gate would give it; `changed` begins with what was gained, then lost. `labels` are those that either knows.
    """

    control: str
    first: Figures
    second: Figures
    tasks: int
    gained: int
    lost: int
    p: float
    verdict: str
    comparison: str
    measured_on: str
    changed: tuple[Changed, ...] = ()
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


def compare(desk: Desk, first: int, second: int) -> Compared:
    """Two versions on the measuring tasks that have labels now.

    What a version said before is read from disk; it is asked about newer tasks here. Raises
    NoVersion, and BadRequest for versions that have nothing in common.
    """
    old, new = desk.store.get(first), desk.store.get(second)
    control = _one_control(old, new)
    measured, truth = _truth(desk, control)
    was, now = ask(desk, old, measured), ask(desk, new, measured)
    both = {task: truth[task] for task in truth if task in was.said and task in now.said}
    labels, live = tuple(dict.fromkeys(old.labels + new.labels)), desk.store.current().get(control)
    by = answers.ruler(desk, control, new)
    compared = by.compare(was.said, now.said, both, labels)
    return Compared(
        control=control,
        first=_figures(by, old, live == first, was, both, labels),
        second=_figures(by, new, live == second, now, both, labels),
        tasks=compared.tasks,
        gained=compared.gained,
        lost=compared.lost,
        p=compared.p,
        verdict=compared.verdict,
        comparison=str(compared),
        measured_on=on_tasks([len(both)], measuring.MEASURED_ON),
        changed=tuple(_changed(desk, by, was.said, now.said, both, _files(measured))),
        notes=tuple(note for note in (was.why_not, now.why_not, _missing(len(truth), len(both))) if note),
        labels=labels,
    )


def _one_control(first: Version, second: Version) -> str:
    if first.number == second.number:
        raise BadRequest(f"Version {first.number} is compared with itself", "Give two numbers of: lsal versions")
    if first.control != second.control:
        raise BadRequest(
            f"Version {first.number} is of control '{first.control}', version {second.number} of '{second.control}'",
            "Compare versions of one control, see: lsal versions",
        )
    return first.control


def _truth(desk: Desk, control: str) -> tuple[list[Example], Said]:
    """The measuring tasks and what people say about them now; as of the last training if that cannot be read."""
    if control not in desk.handled:
        return [], answers.kept_truth(desk, control)
    measured = [e for e in desk.labelled(control, answers.measuring_tasks(desk)) if e.counts]
    return measured, measuring.truths(answers.ruler(desk, control), measured)


def _missing(labelled: int, both: int) -> str:
    if not labelled:
        return "No measuring task is labelled yet. They are mixed into the queue: label on."
    return f"{labelled - both} more measuring tasks were not answered by both." if both < labelled else ""


def _figures(by: Ruler, version: Version, live: bool, told: Told, truth: Said, labels: Sequence[str]) -> Figures:
    found, trusted = by.measure(told.said, truth, labels), confidence(by, version, told, truth)
    main = (found.metric, found.value, found.interval)
    return Figures(version.number, live, *main, found.more, found.classes, trusted)


def _files(measured: Sequence[Example]) -> dict[str, str]:
    """The images that tasks show, by key."""
    return {e.key: str(e.file) for e in measured if isinstance(e.input, Path | Page)}


def _changed(desk: Desk, by: Ruler, first: Said, second: Said, truth: Said, files: Mapping[str, str]) -> list[Changed]:
    """Tasks whose answers read differently; of those that only moved a little, people see nothing."""
    read = {task: (by.named(first[task]), by.named(second[task])) for task in truth}
    differ = {task: int(task.partition(":")[0]) for task in truth if read[task][0] != read[task][1]}
    here = {f"{task.id}:{task.digest}": task.data for task in desk.mirror.tasks(ids=differ.values())}
    shown = teller(desk)
    page = f"{desk.address}/projects/{desk.home.project}/data?task=" if desk.address else ""
    found = [
        Changed(
            task_id=number,
            data=here.get(task, {}),
            truth=by.named(truth[task]),
            first=read[task][0],
            second=read[task][1],
            outcome=_outcome(by.quality(first[task], truth[task]), by.quality(second[task], truth[task])),
            url=f"{page}{number}" if page else "",
            shown=shown(here.get(task, {})),
            **_seen(files.get(task, ""), {"people": truth[task], "first": first[task], "second": second[task]}),
        )
        for task, number in differ.items()
    ]
    return sorted(found, key=lambda one: ("gained", "lost", "").index(one.outcome))


def _seen(image: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """The image and what everybody drew on it, where answers are regions."""
    regions = all(isinstance(one, Mapping) and "regions" in one for one in told.values())
    return {"image": image, "drawn": told} if regions else {}


def _outcome(before: float, after: float) -> str:
    return "gained" if after > before else "lost" if after < before else ""
