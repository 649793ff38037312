"""Choices and paths of a taxonomy about a whole task: what the kinds for text and for images share.

Names stand in a target in the order of the config, as Label Studio's own interface
writes them: two people who clicked the same boxes in another order agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from lsal.errors import BadData, LsalError
from lsal.kinds.paths import paths_of, written_paths
from lsal.protocols import Fetch
from lsal.records import Control, Example, Input, Labels, Prediction

NAMELESS = "$undefined$"
"""Where Label Studio keeps the value of a task that was imported without a field's name."""


TAGS = ("Choices", "Taxonomy")


class Choices:
    """Label Studio's choices <-> Labels; a subclass says on which objects, and reads their input."""

    objects: ClassVar[tuple[str, ...]]

    def refusal(self, control: Control) -> str | None:
        """None if the control asks for classes of a whole task, out of a list known beforehand."""
        if control.tag not in TAGS or control.object_tag not in self.objects:
            return ""
        return next((why for why, applies in _obstacles(control) if applies), None)

    def example(self, control: Control, task_id: int, data: Mapping[str, Any], fetch: Fetch) -> Example:
        """The task's input; an unreadable task has a `problem` that names the field."""
        return example_of(control, task_id, data, lambda value: self.read(control, value, fetch))

    def read(self, control: Control, value: Any, fetch: Fetch) -> str | Path:
        """The input of a model, from the value in the task; raises BadData."""
        raise NotImplementedError

    def target(
        self, control: Control, result: Sequence[Mapping[str, Any]], example: Example | None = None
    ) -> Labels | None:
        """The classes that one annotation names.

        An annotation without a word about the control means "none of them" if several may
        be chosen and the control was shown and not required; otherwise it is no answer.
        Call it for submitted annotations only: a skipped one looks just as empty.
        """
        own = [item for item in result if (item.get("from_name"), item.get("type")) == (control.name, _type(control))]
        names = {known_label(control, name) for item in own for name in _written(control, item)}
        if not names:
            return Labels() if _may_be_none(control) else None
        if len(names) > 1 and not control.several:
            raise BadData(
                f"An annotation has {len(names)} choices for '{control.name}', which takes one: {_list(names)}",
                'Correct it in Label Studio, or give the control choice="multiple"',
            )
        return Labels(tuple(label for label in control.labels if label in names))

    def result(self, control: Control, prediction: Prediction, example: Example | None = None) -> list[dict[str, Any]]:
        """One region with the predicted choices and the chance of the least certain; none for none."""
        names = [known_label(control, name) for name in prediction.target.names]
        if not names:
            return []
        places = [control.labels.index(name) for name in names]
        score = min(
            float(prediction.chances[place, 1] if control.several else prediction.chances[0, place]) for place in places
        )
        region = {"from_name": control.name, "to_name": control.to_name, "type": _type(control)}
        value = {_type(control): names if control.tag == "Choices" else paths_of(names)}
        return [{**region, "value": value, "score": score}]


def example_of(control: Control, task_id: int, data: Mapping[str, Any], read: Callable[[Any], Input]) -> Example:
    """A task as a model sees it; `read` turns the field's value into a model's input, or raises."""
    try:
        return Example(task_id, read(field_value(control, data)))
    except LsalError as error:
        problem = str(error)
    except Exception as error:  # whatever a task holds, one of them must not stop a pool
        problem = f"{type(error).__name__}: {error}"
    return Example(task_id, None, problem=f"task {task_id}: field '{control.data_key}': {problem}")


def field_value(control: Control, data: Mapping[str, Any]) -> Any:
    """What the object shows of a task: `$field` as it is, a longer text with its fields filled in."""
    if control.data_key not in data and NAMELESS in data:
        return data[NAMELESS]
    template = setting(control, "value") or setting(control, "valueList")
    if template in ("", f"${control.data_key}"):
        return _at(data, control.data_key)
    return re.sub(r"\$(\w+(?:\.\w+|\[\w+\])*)", lambda found: str(_at(data, found[1])), template)


def setting(control: Control, name: str) -> str:
    """An attribute of the control's object, "" without it; older configs write it in lower case."""
    tag = control.object_tag
    return control.options.get(f"{tag}.{name}") or control.options.get(f"{tag}.{name.lower()}") or ""


def _obstacles(control: Control) -> tuple[tuple[str, bool], ...]:
    on = {name for name in ("perRegion", "perItem", "allowNested") if control.options.get(name) == "true"}
    paths, nested = control.tag == "Taxonomy", "Choice.nested" in control.options
    loaded = "apiUrl" in control.options or control.options.get("value", "").startswith("$")
    dynamic = loaded or any(name.startswith("$") for name in control.labels)
    return (
        ("choices for each region (perRegion) are not handled yet", "perRegion" in on),
        ("choices for each item (perItem) are not handled yet", "perItem" in on),
        ("choices inside choices are not handled yet", "allowNested" in on or (not paths and nested)),
        ("its names hold ' / ', which stands between the steps of a path", paths and "Choice.slash" in control.options),
        ("its choices come from each task, or from elsewhere, so there is no list of classes to learn", dynamic),
        ("it has no choices to learn", not control.labels),
        ("controls in a Repeater are not handled yet", "Repeater.on" in control.options),
        ("it speaks about several objects at once", "," in control.to_name),
        ("several values for one object (valueList) are not handled yet", bool(setting(control, "valueList"))),
        ("its object shows the same in every task; give it a value such as $text", not control.data_key),
    )


def _may_be_none(control: Control) -> bool:
    hidden = "visibleWhen" in control.options or "View.visibleWhen" in control.options
    return control.several and control.options.get("required") != "true" and not hidden


def _type(control: Control) -> str:
    """Of the items that Label Studio writes for it; their value has the names under it too."""
    return control.tag.lower()


def _written(control: Control, item: Mapping[str, Any]) -> list[Any]:
    value = item.get("value")
    names = value.get(_type(control)) if isinstance(value, Mapping) else None
    if control.tag == "Taxonomy":
        return [*written_paths(control, names)]
    if isinstance(names, str):  # as exports before 2020 write a single one
        return [names]
    if not isinstance(names, list):
        raise BadData(
            f"An annotation for '{control.name}' has no list of choices: {value!r:.80}", "Label the task again"
        )
    return names


def known_label(control: Control, name: Any) -> str:
    """The label that a name stands for; raises BadData that lists those there are."""
    label = control.aliases.get(name, name) if isinstance(name, str) else None
    if label not in control.labels:
        raise BadData(
            f"Label {name!r:.80} is not one of those of '{control.name}': {_list(control.labels)}",
            "Add it to the label config (or as predicted_values of one of these), or correct the annotation",
        )
    return str(label)


def _list(names: Any, most: int = 20) -> str:
    names = sorted(names) if isinstance(names, set) else list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _at(data: Mapping[str, Any], key: str) -> Any:
    """`data[key]`, also along a path such as `pages[0].url`."""
    value: Any = data
    for step in [key] if key in data else re.findall(r"[^.\[\]]+", key):
        known = step in value if isinstance(value, Mapping) else False
        if isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        elif known:
            value = value[step]
        else:
            raise BadData(f"The task has no '{key}'", f"Import tasks with it; this one has: {_list(data)}")
    return value
