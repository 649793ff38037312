"""A label config as data: Label Studio's XML read into Controls.

Read here and not by the SDK's LabelInterface, which takes two seconds to import (the ML
backend has one to answer in), expands entities and drops the first of two controls with
the same name. The tests hold that both see the same controls and labels.

`Control.options` holds the control's own XML attributes and, under `Tag.attribute`, what
other tags say about it: every attribute of the object (`Text.valueType`), `Repeater.on`,
`View.visibleWhen`, `Choice.nested` if choices stand inside choices, `Choice.slash` if PATH is in a
name, and for one that can name regions, `Region.Rectangle` and the like: the name of the control that draws them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from lsal.errors import BadConfig
from lsal.label_studio.label_tags import SELF_REFERENCING, is_control, labels_of
from lsal.records import PATH, Control

DRAWING = ("Rectangle", "Polygon", "Brush", "Ellipse", "KeyPoint", "Vector", "MagicWand")
"""Tags that draw regions and leave it to another control to name them."""
CONDITIONS = ("on", "visibleWhen")
"""What a Repeater or a View around a control says about it."""
DEEPEST = 256
"""How many tags may stand inside each other: Label Studio takes no more either."""
CONTROLS, ATTRIBUTES = 1_000, 100
"""How many controls a config may have, and how many attributes a tag: far more than anybody can label with."""
NAMED = 20
"""How many names a message lists."""


@dataclass(frozen=True, slots=True)
class Config:
    """A label config that was read. `digest` ignores comments, spaces and the order of attributes."""

    xml: str
    controls: tuple[Control, ...]
    digest: str


def read_config(xml: str) -> Config:
    """Read any label config; every control tag becomes a Control, also those no kind handles.

    Raises BadConfig, and nothing else, if `xml` is not XML, has a DOCTYPE, is nested deeper than
    Label Studio takes, has no control or too many, gives two tags the same name, or has a control
    whose toName names no object. The time taken grows with the length of `xml`, whatever stands in it.
    """
    root = _tree(xml)
    found = [(tag, around) for tag, around in _walk(root) if is_control(tag)]
    objects = {tag.get("name", ""): tag for tag in root.iter() if _is_object(tag)}
    if not found:
        raise BadConfig(
            "The label config has no control, a tag with both name and toName",
            'Add one, such as <Choices name="label" toName="text">',
        )
    if len(found) > CONTROLS:
        raise BadConfig(f"The label config has {len(found):,} controls; at most {CONTROLS:,} are read", "Split it up")
    _refuse_same_names(root)
    drawing: dict[str | None, dict[str, str]] = defaultdict(dict)
    for tag, _ in found:
        if tag.tag in DRAWING:
            drawing[tag.get("toName")][f"Region.{tag.tag}"] = tag.get("name", "")
    return Config(
        xml=xml,
        controls=tuple(_control(tag, objects, around, drawing[tag.get("toName")]) for tag, around in found),
        digest=hashlib.sha256(ET.canonicalize(xml, strip_text=True).encode()).hexdigest()[:16],
    )


class _Builder(ET.TreeBuilder):
    """Refuses a DOCTYPE, without which no entity can be declared: entity bombs never expand, nothing else is read."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > DEEPEST:
            raise BadConfig(f"The label config has more than {DEEPEST} tags inside each other", "Remove some of them")
        if len(attrs) > ATTRIBUTES:
            raise BadConfig(f"<{tag:.40}> has {len(attrs):,} attributes; at most {ATTRIBUTES} are read", "Remove some")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, *_: Any) -> None:
        raise BadConfig("The label config has a DOCTYPE, which may declare entities", "Remove the <!DOCTYPE ...> part")


def _tree(xml: str) -> ET.Element:
    try:
        return ET.fromstring(xml, parser=ET.XMLParser(target=_Builder()))  # nosec B314  # no DOCTYPE, so no entities
    except (ET.ParseError, ValueError) as error:
        raise BadConfig(
            f"The label config is not XML ({error})", "Correct it in Label Studio: Settings > Labeling Interface > Code"
        ) from None


def _is_object(tag: ET.Element) -> bool:
    return bool(tag.get("name") and (not tag.get("toName") or tag.tag in SELF_REFERENCING))


def _refuse_same_names(root: ET.Element) -> None:
    """Over controls and the objects that show data; buckets and the like have names of their own."""
    shows = ("value", "valueList", "toName")
    tags = [tag for tag in root.iter() if tag.get("name") and any(tag.get(attribute) for attribute in shows)]
    for name, times in Counter(tag.get("name") for tag in tags).items():
        if times > 1:
            which = _listed((f"<{tag.tag}>" for tag in tags if tag.get("name") == name), " and ")
            raise BadConfig(f"{times} tags have name='{name}': {which}", "Give each tag a name of its own")


def _walk(root: ET.Element) -> Iterator[tuple[ET.Element, dict[str, str]]]:
    """Every tag in the order of the text, with the conditions of those around it; of two alike the outer one counts."""
    waiting: list[tuple[ET.Element, dict[str, str]]] = [(root, {})]
    while waiting:
        tag, around = waiting.pop()
        yield tag, around
        own = {f"{tag.tag}.{name}": tag.attrib[name] for name in CONDITIONS if tag.get(name)}
        waiting.extend((child, own | around if own else around) for child in reversed(tag))


def _control(
    tag: ET.Element,
    objects: Mapping[str, ET.Element],
    around: Mapping[str, str],
    drawing: Mapping[str, str],
) -> Control:
    """One control; `around` says what stands around it, `drawing` which controls draw on the same object."""
    name = tag.get("name", "")
    to_name = tag.get("toName") or name
    for wanted in to_name.split(","):
        if wanted not in objects:
            raise BadConfig(
                f"<{tag.tag} name='{name}'> has toName='{wanted}', which names no object tag",
                f"Set toName to one of: {_listed(objects) or '(add an object, such as <Text>, first)'}",
            )
    shown = objects[to_name.split(",")[0]]
    labels, aliases = labels_of(tag)
    return Control(
        name=name,
        to_name=to_name,
        tag=tag.tag,
        object_tag=shown.tag,
        data_key=_data_key(shown.get("valueList") or shown.get("value") or ""),
        labels=labels,
        aliases=aliases,
        options={**tag.attrib, **_told_by_others(tag, shown, around, drawing)},
    )


def _data_key(value: str) -> str:
    """The field of `$field`, or the first one in a longer text such as `https://host/$file`."""
    whole = re.fullmatch(r"\$([^\s,$/]+)", value) or re.search(r"\$(\w+(?:\.\w+|\[[\w{}]+\])*)", value)
    return whole[1] if whole else ""


def _told_by_others(
    tag: ET.Element, shown: ET.Element, around: Mapping[str, str], drawing: Mapping[str, str]
) -> dict[str, str]:
    told = {f"{shown.tag}.{name}": value for name, value in shown.attrib.items()} | {**around}
    if tag.tag in ("Choices", "Labels"):
        told |= drawing
    if any(child.tag == "Choice" for choice in tag.iter("Choice") for child in choice):
        told["Choice.nested"] = "true"
    if any(PATH in (choice.get("alias") or choice.get("value") or "") for choice in tag.iter("Choice")):
        told["Choice.slash"] = "true"
    return told


def _listed(names: Iterable[str], between: str = ", ") -> str:
    """The first few names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return between.join(known[:NAMED]) + more
