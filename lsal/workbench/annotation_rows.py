"""Annotations as rows of a table: the task's data, what each control was answered, and what people agree on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lsal.desk import Desk
from lsal.errors import BadData
from lsal.kinds.reading import agreed, read_target, read_without_files
from lsal.label_studio.annotated import annotated
from lsal.label_studio.mirror import LABELLED, SKIPPED, stamp
from lsal.label_studio.seen import since
from lsal.label_studio.unread import unread
from lsal.protocols import Report
from lsal.records import Annotation, Example, Labels, Progress, Spans, Target

FIRST = ("task", "annotation", "annotator", "skipped", "created_at", "updated_at", "lead_time", "ground_truth")
"""Columns that every annotation has; a field of the data with such a name is called data.NAME."""


def annotated_tasks(desk: Desk, report: Report | None = None) -> Iterator[dict[str, Any]]:
    """Every task that somebody annotated or skipped, as Label Studio exports it, by id.

    Without those that it cannot show, which the status names.
    """
    ids = sorted({*desk.mirror.ids(LABELLED), *desk.mirror.ids(SKIPPED)} - unread(desk.mirror).keys())
    done = 0
    for rows in annotated(desk.project, ids):
        yield from rows
        done += len(rows)
        if report:
            report(Progress(done, len(ids), "reading annotations"))


def annotation_rows(desk: Desk, tasks: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """One row for each annotation.

    CONTROL holds what it says (a text, a tuple where there may be several, the values as they are
    for a control that lsal cannot learn), CONTROL_agreed and CONTROL_how what all people of the
    task come to.
    """
    for task in tasks:
        shown = _shown(desk, task)
        together = _together(desk, task, shown)
        for one in task["annotations"]:
            row = {
                "task": task["id"],
                "annotation": one["id"],
                "annotator": _name(one["completed_by"]),
                "skipped": one["was_cancelled"],
                **{name: one.get(name) for name in FIRST[4:]},
                **_said(desk, one, shown),
                **together,
            }
            yield {**row, **beside(task["data"], row)}


def annotation_columns(desk: Desk) -> list[str]:
    """The columns of these rows, also where there is none yet."""
    controls = [control.name for control in desk.config.controls]
    together = [f"{name}_{what}" for name in desk.handled for what in ("agreed", "how")]
    own = [*FIRST, *controls, *together]
    fields = dict.fromkeys(name for task in desk.mirror.tasks() for name in task.data)
    return [*own, *beside(fields, own)]


def beside(data: Mapping[str, Any], taken: Iterable[str]) -> dict[str, Any]:
    """The fields of the data under names that no other column has."""
    names = set(taken)
    return {f"data.{name}" if name in names else name: value for name, value in data.items()}


def _shown(desk: Desk, task: Mapping[str, Any]) -> Mapping[str, Example]:
    """The task as each control that marks texts sees it: other answers are read without it."""
    marking = ((name, pair) for name, pair in desk.handled.items() if pair[0].marks)
    return {name: read_without_files(kind, control, task["id"], task["data"]) for name, (control, kind) in marking}


def _said(desk: Desk, annotation: Mapping[str, Any], shown: Mapping[str, Example]) -> dict[str, Any]:
    """What one annotation says about each control."""
    said: dict[str, Any] = {}
    given = annotation["result"] if isinstance(annotation["result"], list) else []
    known = [one for one in given if isinstance(one, Mapping)]  # whoever imports annotations can give others
    for control in desk.config.controls:
        regions = [one for one in known if one.get("from_name") == control.name]
        if control.name not in desk.handled:
            said[control.name] = [one.get("value") for one in regions] or None
            continue
        kind, example = desk.handled[control.name][1], shown.get(control.name)
        try:
            target = None if annotation["was_cancelled"] else read_target(kind, control, annotation["result"], example)
            said[control.name] = names_of(target, control.several, example)
        except BadData:  # a label that the config no longer has: shown as it was given
            said[control.name] = [one.get("value") for one in regions]
    return said


def _together(desk: Desk, task: Mapping[str, Any], shown: Mapping[str, Example]) -> dict[str, Any]:
    """What the people of a task agree on, for each control that lsal can learn, and how."""
    answers = sorted((_annotation(one) for one in task["annotations"]), key=lambda one: one.updated_at)
    told: dict[str, Any] = {}
    for name, (control, kind) in desk.handled.items():
        try:
            example = shown.get(name)
            answer = agreed(kind, control, answers, since(desk.mirror, control), example)
            label, how = names_of(answer.target, control.several, example), answer.how
        except BadData as error:
            label, how = None, error.what
        told |= {f"{name}_agreed": label, f"{name}_how": how}
    return told


def names_of(target: Target | None, several: bool, example: Example | None = None) -> Any:
    """A target as people write it: a name, several of them, or spans as sources have them, if there is a text."""
    if target is None:
        return None
    if isinstance(target, Spans) and example is not None and example.input is not None:
        text = str(example.input)
        return [
            {"start": one.start, "end": one.end, "label": one.label, "text": text[one.start : one.end]}
            for one in target.items
        ]
    if not isinstance(target, Labels):  # one for each object
        return tuple(one.label for one in target.items)
    return target.names if several else next(iter(target.names), None)


def _annotation(one: Mapping[str, Any]) -> Annotation:
    person = one["completed_by"]
    number = person.get("id") if isinstance(person, Mapping) else person
    return Annotation(one["id"], number, bool(one["was_cancelled"]), stamp(one["updated_at"]), one["result"])


def _name(person: Any) -> Any:
    return person.get("email") if isinstance(person, Mapping) else person
