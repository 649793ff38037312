"""The labels of one control tag of a label config, and what else they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from lsal.records import PATH

LABELS = ("Choice", "Label", "Relation")
SELF_REFERENCING = ("Chat", "ReactCode")
"""Tags that are object and control at once."""


def is_control(tag: ET.Element) -> bool:
    """Whether a tag asks people something."""
    named, pointing = tag.get("name"), tag.get("toName") or tag.tag in SELF_REFERENCING
    return bool(named and pointing and tag.tag != "Filter")


def labels_of(control: ET.Element) -> tuple[tuple[str, ...], dict[str, str]]:
    """The labels, and what else they are called.

    An alias takes the place of the value in annotations; the value and the names in
    `predicted_values` then lead to it. A name that could mean two labels leads nowhere.
    """
    labels: dict[str, None] = {}
    meanings: dict[str, set[str]] = defaultdict(set)
    for tag, label, value in _paths(control) if control.tag == "Taxonomy" else _values(control):
        labels[label] = None
        predicted = [name.strip() for name in tag.get("predicted_values", "").split(",")]
        for name in (value, *predicted):
            if name:
                meanings[name].add(label)
    aliases = {name: min(told) for name, told in meanings.items() if len(told) == 1 and name not in labels}
    return tuple(labels), aliases


def _values(control: ET.Element) -> Iterator[tuple[ET.Element, str, str]]:
    """Each tag that is a label, with that and its value."""
    for tag in _within(control):
        label = tag.get("alias") or tag.get("value")
        if tag.tag in LABELS and label:
            yield tag, label, tag.get("value", "")


def _paths(control: ET.Element) -> Iterator[tuple[ET.Element, str, str]]:
    """Each choice of a taxonomy that can be chosen, with its path in aliases and in values."""
    leaves = (control.get("leafsOnly") or control.get("leafsonly")) == "true"
    waiting: list[tuple[ET.Element, tuple[str, ...], tuple[str, ...]]] = [(control, (), ())]
    while waiting:
        tag, label, value = waiting.pop()
        below = [each for each in tag if each.tag == "Choice" and each.get("value")]
        if label and not (leaves and below):
            yield tag, PATH.join(label), PATH.join(value)
        for each in reversed(below):
            named = each.get("value", "")
            waiting.append((each, (*label, each.get("alias") or named), (*value, named)))


def _within(control: ET.Element) -> Iterator[ET.Element]:
    """Every tag inside, save what belongs to a control that stands inside."""
    waiting = [*reversed(control)]
    while waiting:
        tag = waiting.pop()
        if not is_control(tag):
            yield tag
            waiting.extend(reversed(tag))
