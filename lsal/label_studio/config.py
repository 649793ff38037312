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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Config:
    """A label config that was read. `digest` ignores comments, spaces and the order of attributes."""

    xml: str
    controls: tuple[Control, ...]
    digest: str


def read_config(xml: str) -> Config:
    """Read any label config; every control tag becomes a Control, also those no kind handles.

    Raises BadConfig if `xml` is not XML, has a DOCTYPE, has no control, gives two tags the
    same name, or has a control whose toName names no object.
    """
    root = _tree(xml)
    controls = [tag for tag in root.iter() if is_control(tag)]
    objects = {tag.get("name", ""): tag for tag in root.iter() if _is_object(tag)}
    if not controls:
        raise BadConfig(
            "The label config has no control, a tag with both name and toName",
            'Add one, such as <Choices name="label" toName="text">',
        )
    _refuse_same_names(root)
    parents = {child: parent for parent in root.iter() for child in parent}
    return Config(
        xml=xml,
        controls=tuple(_control(tag, objects, _ancestors(tag, parents), _beside(tag, controls)) for tag in controls),
        digest=hashlib.sha256(ET.canonicalize(xml, strip_text=True).encode()).hexdigest()[:16],
    )


class _Builder(ET.TreeBuilder):
    """Refuses a DOCTYPE, without which no entity can be declared: entity bombs never expand."""

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
            which = " and ".join(f"<{tag.tag}>" for tag in tags if tag.get("name") == name)
            raise BadConfig(f"{times} tags have name='{name}': {which}", "Give each tag a name of its own")


def _ancestors(tag: ET.Element, parents: Mapping[ET.Element, ET.Element]) -> Iterator[ET.Element]:
    while tag in parents:
        tag = parents[tag]
        yield tag


def _beside(tag: ET.Element, controls: Sequence[ET.Element]) -> list[ET.Element]:
    """The controls of the same object."""
    return [control for control in controls if control.get("toName") == tag.get("toName")]


def _control(
    tag: ET.Element,
    objects: Mapping[str, ET.Element],
    around: Iterator[ET.Element],
    siblings: Sequence[ET.Element],
) -> Control:

    name = tag.get("name", "")
    to_name = tag.get("toName") or name
    for wanted in to_name.split(","):
        if wanted not in objects:
            raise BadConfig(
                f"<{tag.tag} name='{name}'> has toName='{wanted}', which names no object tag",
                f"Set toName to one of: {', '.join(objects) or '(add an object, such as <Text>, first)'}",
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
        options={**tag.attrib, **_told_by_others(tag, shown, around, siblings)},
    )


def _data_key(value: str) -> str:
    """The field of `$field`, or the first one in a longer text such as `https://host/$file`."""
    whole = re.fullmatch(r"\$([^\s,$/]+)", value) or re.search(r"\$(\w+(?:\.\w+|\[[\w{}]+\])*)", value)
    return whole[1] if whole else ""


def _told_by_others(
    tag: ET.Element, shown: ET.Element, around: Iterator[ET.Element], siblings: Sequence[ET.Element]
) -> dict[str, str]:
    told = {f"{shown.tag}.{name}": value for name, value in shown.attrib.items()}
    for ancestor in around:
        told |= {f"{ancestor.tag}.{name}": ancestor.attrib[name] for name in CONDITIONS if ancestor.get(name)}
    if tag.tag in ("Choices", "Labels"):
        told |= {f"Region.{other.tag}": other.get("name", "") for other in siblings if other.tag in DRAWING}
    if any(child.tag == "Choice" for choice in tag.iter("Choice") for child in choice):
        told["Choice.nested"] = "true"
    if any(PATH in (choice.get("alias") or choice.get("value") or "") for choice in tag.iter("Choice")):
        told["Choice.slash"] = "true"
    return told
