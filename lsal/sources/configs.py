"""Label configs for sources that bring none: choices for a table or a folder, or what an export's answers name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from xml.sax.saxutils import quoteattr

from lsal.errors import BadRequest
from lsal.sources.images import IMAGES
from lsal.sources.rows import Row

ENDINGS = {
    "Image": IMAGES,
    "Audio": (".mp3", ".wav", ".flac", ".ogg", ".m4a"),
    "Video": (".mp4", ".webm", ".mov"),
}
"""What is shown by something else than a text, by how its address ends."""

FIX = "Give the label config that they were made with: --config FILE"


def choices_config(kind: str, labels: Iterable[str], several: bool = False) -> str:
    """A label config for the classes of a text or an image, in a field called as the kind is."""
    return f"<View>{_object(kind.capitalize(), kind, kind)}{_choices('label', kind, labels, several)}</View>"


def objects_config(tool: str, labels: Iterable[str]) -> str:
    """A label config for objects in an image, drawn with a tool of Label Studio: `Rectangle`, `Polygon`."""
    named = "".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    shown = _object("Image", "image", "image")
    return f'<View>{shown}<{tool}Labels name="label" toName="image">{named}</{tool}Labels></View>'


def spans_config(labels: Iterable[str]) -> str:
    """A label config for spans of a text."""
    named = "".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    return f'<View><Labels name="label" toName="text">{named}</Labels>{_object("Text", "text", "text")}</View>'


class Inferred:
    """The controls that answers name, gathered row by row."""

    def __init__(self) -> None:
        self._labels: dict[str, dict[str, None]] = {}
        self._objects: dict[str, str] = {}
        self._several: set[str] = set()
        self._others: set[str] = set()
        self._values: dict[str, Any] = {}

    def see(self, row: Row) -> None:
        """Remember what a row's answers name, and one value of each field of its data."""
        self._values = {**row.data, **self._values}
        for region in (region for answer in row.answers for region in answer["result"]):
            names = (region.get("value") or {}).get("choices")
            if region.get("type") != "choices" or not isinstance(names, list) or not region.get("from_name"):
                self._others.add(str(region.get("type")))
                continue
            control = str(region["from_name"])
            self._labels.setdefault(control, {}).update(dict.fromkeys(map(str, names)))
            self._objects[control] = str(region.get("to_name"))
            if len(names) > 1:
                self._several.add(control)

    def config(self, labels: Sequence[str] = ()) -> str:
        """A label config with these controls; `labels` are the classes if there is one control.

        Raises BadRequest where answers are more than choices, or do not say about what they are.
        """
        if self._others or not self._labels:
            kinds = ", ".join(sorted(self._others)) or "nothing"
            raise BadRequest(f"No label config can be made of annotations that hold {kinds}", FIX)
        if both := sorted(self._labels.keys() & set(self._objects.values())):
            raise BadRequest(f"The annotations of '{both[0]}' are about something of the same name", FIX)
        shown = {name: self._field(name) for name in self._objects.values()}
        parts = [_object(_tag_of(self._values[field]), name, field) for name, field in shown.items()]
        for control, found in self._labels.items():
            classes = list(labels) if labels and len(self._labels) == 1 else sorted(found)
            if missing := sorted(found.keys() - set(classes)):
                raise BadRequest(f"Annotations have the label '{missing[0]}' too", "Add it to --labels")
            parts.append(_choices(control, self._objects[control], classes, control in self._several))
        return f"<View>{''.join(parts)}</View>"

    def _field(self, name: str) -> str:
        """The field of the data that an object shows: the one of its name, or the only one there is."""
        texts = [field for field, value in self._values.items() if isinstance(value, str | PurePath)]
        if name.removeprefix("$") in texts or len(texts) == 1:
            return name.removeprefix("$") if name.removeprefix("$") in texts else texts[0]
        raise BadRequest(
            f"Which of {', '.join(texts) or 'no fields'} the annotations of '{name}' are about is open", FIX
        )


def _tag_of(value: Any) -> str:
    """The tag that shows a value, by how its address ends; what is no address is a text."""
    address = str(value).lower()
    ending = PurePath(address.partition("?")[0] if "?d=" not in address else address).suffix
    is_address = isinstance(value, PurePath) or "://" in address or not any(sign.isspace() for sign in address)
    if address.startswith("data:image/"):
        return "Image"
    return next((tag for tag, endings in ENDINGS.items() if is_address and ending in endings), "Text")


def _object(tag: str, name: str, field: str) -> str:
    return f"<{tag} name={quoteattr(name)} value={quoteattr('$' + field)}/>"


def _choices(name: str, about: str, labels: Iterable[str], several: bool) -> str:
    choices = "".join(f"<Choice value={quoteattr(label)}/>" for label in labels)
    facts: Mapping[str, str] = {"name": name, "toName": about, "choice": "multiple" if several else "single"}
    told = " ".join(f"{key}={quoteattr(value)}" for key, value in facts.items())
    return f'<Choices {told} showInLine="true">{choices}</Choices>'
