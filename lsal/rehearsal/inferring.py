"""Label configs made of what exported annotations name: marked texts and objects in images.

Of choices `sources` makes them itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from lsal.sources import Record, records_of

TAGS = {
    "labels": ("Labels", "Text"),
    "rectanglelabels": ("RectangleLabels", "Image"),
    "polygonlabels": ("PolygonLabels", "Image"),
    "brushlabels": ("BrushLabels", "Image"),
}
"""The control and the object of a region, by its type."""


def inferred(path: Path) -> str:
    """A label config for annotations of these types alone; "" for others, or where it is open what they are about."""
    labels, objects = dict[tuple[str, str], dict[str, None]](), dict[str, tuple[str, str]]()
    for data, region in _regions(path):
        kind, name, about = (str(region.get(key)) for key in ("type", "from_name", "to_name"))
        field = _field(data, about, TAGS[kind][1]) if kind in TAGS else ""
        if not field:
            return ""
        names = (region.get("value") or {}).get(kind) or []
        labels.setdefault((name, kind), {}).update(dict.fromkeys(map(str, names)))
        objects[name] = (about, field)
    shown = {about: (TAGS[kind][1], field) for (name, kind) in labels for about, field in (objects[name],)}
    parts = [f"<{tag} name={quoteattr(name)} value={quoteattr('$' + f)}/>" for name, (tag, f) in shown.items()]
    parts += [_control(TAGS[kind][0], name, objects[name][0], sorted(found)) for (name, kind), found in labels.items()]
    return f"<View>{''.join(parts)}</View>" if labels else ""


def _regions(path: Path) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each region with the data of its task."""
    for record in records_of(path)():
        fields = record.fields if isinstance(record, Record) else {}
        for answer in fields.get("annotations") or fields.get("completions") or ():
            for region in answer.get("result") or ():
                yield fields["data"], region


def _field(data: Mapping[str, Any], about: str, tag: str) -> str:
    """The field of the data that an object shows: the one of its name, else the only text or address, else ""."""
    texts = [name for name, value in data.items() if isinstance(value, str)]
    if about in texts:
        return about
    if tag.lower() in texts:
        return tag.lower()
    return texts[0] if len(texts) == 1 else ""


def _control(tag: str, name: str, about: str, labels: list[str]) -> str:
    named = "".join(f"<Label value={quoteattr(label)}/>" for label in labels)
    return f"<{tag} name={quoteattr(name)} toName={quoteattr(about)}>{named}</{tag}>"
