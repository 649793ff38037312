"""What people see of a task, in words: the texts, dialogues and files that its label config shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lsal.desk import Desk
from lsal.errors import BadData
from lsal.kinds.choices import field_value, setting
from lsal.kinds.shown import shown_dialogue, shown_text
from lsal.records import Control


def teller(desk: Desk) -> Callable[[Mapping[str, Any]], tuple[str, ...]]:
    """Tells of a task's data what the objects of the handled controls show, in the config's order; all fields where
    there is no such thing.
    """
    controls = [control for control, _ in desk.handled.values()] if desk.mirror.label_config else []
    objects = {control.to_name: control for control in controls}
    return lambda data: tuple(_told(objects.values(), data)) or in_words(data)


def of_tasks(desk: Desk, ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The same of tasks by their ids, as far as they are still here."""
    tell = teller(desk)
    return {task.id: tell(task.data) for task in desk.mirror.tasks(ids=ids)}


def in_words(data: Mapping[str, Any]) -> tuple[str, ...]:
    """All fields of a task."""
    return tuple(_words(value) for value in data.values())


def _told(controls: Iterable[Control], data: Mapping[str, Any]) -> Iterator[str]:
    for control in controls:
        try:
            value = field_value(control, data)
        except BadData:  # this task has no such field
            continue
        if value not in (None, "", []):
            yield _seen(control, value)


def _seen(control: Control, value: Any) -> str:
    """As the object shows it; what is in a file is named, not fetched."""
    read = {"Paragraphs": shown_dialogue, "Text": shown_text, "HyperText": shown_text}.get(control.object_tag)
    if read is None or setting(control, "valueType") == "url":
        return _words(value)
    try:
        return str(read(control, value, Path))
    except (BadData, ValueError):  # not what the object is for, or not what it says it is packed in
        return _words(value)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        said = [_words(one) for one in value.values()]
        turn = {"author", "text"} <= set(value)
        return f"{value['author']}: {value['text']}" if turn else " ".join(said)
    return " ".join(_words(one) for one in value) if isinstance(value, list | tuple) else str(value)
