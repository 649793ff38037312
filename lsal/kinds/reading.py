"""From mirrored tasks to examples: one control's input, and what people agreed on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lsal.errors import BadData
from lsal.protocols import Kind
from lsal.records import Annotation, Control, Example, Target, Task

FetchFor = Callable[[str, int], Path]
"""Turns a URL of a task, and the task's id, into a local file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What people said about one control of a task; `how` they came to it is in words."""

    target: Target | None
    how: str


def read_example(kind: Kind, control: Control, task: Task, fetch: FetchFor) -> Example:
    """The task as a model sees it, without a target."""
    example = kind.example(control, task.id, task.data, lambda url: fetch(url, task.id))
    return replace(example, digest=task.digest)


def read_without_files(kind: Kind, control: Control, task_id: int, data: Mapping[str, Any]) -> Example:
    """The task as far as its data tell: to read or write places in its text, for which no file is fetched."""
    return kind.example(control, task_id, data, _no_file)


def read_labelled(
    kind: Kind, control: Control, tasks: Iterable[Task], fetch: FetchFor, since: str = ""
) -> Iterator[Example]:
    """Examples with targets. One without an answer for this control has none; one whose
    annotation cannot be read has a `problem` that names the task.

    `since` is when the control came into the label config: see `agreed`.
    """
    for task in tasks:
        example = read_example(kind, control, task, fetch)
        try:
            answer = agreed(kind, control, task.annotations, since, example)
        except BadData as error:
            yield replace(example, problem=f"task {task.id}: {error}")
            continue
        yield replace(example, target=answer.target, how=answer.how)


def agreed(
    kind: Kind, control: Control, annotations: Sequence[Annotation], since: str = "", example: Example | None = None
) -> Answer:
    """The majority of the people's answers; without one, the latest. Skips do not count.

    `annotations` come oldest first. A person who answered twice counts once, by the later one.
    Raises BadData only if no answer is left beside the unreadable ones: a label that was
    removed since does not outweigh its correction. An annotation from before `since` that does
    not speak of the control is no answer: nobody could have said "none of these" then.
    """
    by_person: dict[object, Target | BadData] = {}
    for annotation in annotations:
        target = _read(kind, control, annotation, since, example)
        if target is not None:
            person = ("annotation", annotation.id) if annotation.person is None else ("person", annotation.person)
            by_person.pop(person, None)  # so that the latest answer also stands last
            by_person[person] = target
    answers = [said for said in by_person.values() if not isinstance(said, BadData)]
    if not answers:
        for said in by_person.values():
            if isinstance(said, BadData):
                raise said
        return Answer(None, "nobody answered")
    best, votes = Counter(answers).most_common(1)[0]
    if len(answers) == 1:
        return Answer(best, "one answer")
    if votes * 2 > len(answers):
        return Answer(best, f"majority, {votes} of {len(answers)}")
    return Answer(answers[-1], f"latest of {len(answers)}, no majority")


def read_target(kind: Kind, control: Control, result: Any, example: Example | None = None) -> Target | None:
    """What the `result` of an annotation says about a control; raises BadData, whatever is wrong with it."""
    items = checked_result(result)
    try:
        return kind.target(control, items, example)
    except BadData:
        raise
    except Exception as error:  # one annotation, or a kind from elsewhere, must not take the others along
        why = f"An annotation for '{control.name}' cannot be read ({type(error).__name__}: {error!s:.80})"
        raise BadData(why, "Label the task again") from error


def checked_result(result: Any) -> list[Mapping[str, Any]]:
    """The `result` of an annotation, a list of objects whose ids can be compared; raises BadData if it is none.

    Whoever imports annotations can give Label Studio others, which it keeps.
    """
    if not isinstance(result, list):
        raise BadData(f"The result of an annotation is no list of regions: {result!r:.80}", "Label the task again")
    for place, item in enumerate(result):
        if not isinstance(item, Mapping):
            raise BadData(f"Region {place} of an annotation is no object: {item!r:.80}", "Label the task again")
        if not isinstance(item.get("id"), str | int | float | None):
            raise BadData(f"The id of region {place} is no text: {item['id']!r:.80}", "Label the task again")
    return result


def _no_file(url: str) -> Path:
    raise BadData(f"'{url}' is not read for this", "Give the text itself")


def _read(
    kind: Kind, control: Control, annotation: Annotation, since: str, example: Example | None
) -> Target | BadData | None:
    if annotation.skipped:
        return None
    try:
        result = checked_result(annotation.result)
        if annotation.updated_at <= since and all(item.get("from_name") != control.name for item in result):
            return None
        return read_target(kind, control, result, example)
    except BadData as error:
        return error
