"""Objects in an image: what the kinds for boxes and for masks share.

A class is written in one of two ways. `RectangleLabels` and its like draw and name at once.
`Rectangle` and its like only draw; `Choices` for each region, or `Labels`, then name what was
drawn, by an item of the same id. Of the latter the config tells under `Region.TAG`: the name
of the control that draws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote

from lsal.errors import BadData
from lsal.kinds.choices import example_of, known_label
from lsal.kinds.image_choices import image_file
from lsal.kinds.shapes import is_side, read_shape, write_shape
from lsal.protocols import Fetch
from lsal.records import Control, Example, Prediction, Region, Regions

NAMING = ("Choices", "Labels")
"""Tags that name what another control drew."""
SCORE_DIGITS = 4

Item = Mapping[str, Any]


class ImageRegions:
    """Label Studio's regions <-> Regions; a subclass says of which shapes, and learns them."""

    tools: ClassVar[tuple[str, ...]]
    """Tags that draw the shapes; with `Labels` behind them, they name them too."""

    def refusal(self, control: Control) -> str | None:
        """None if the control names objects of these shapes, out of a list known beforehand."""
        if control.object_tag != "Image" or not self._draws(control):
            return self._mixed(control) if control.object_tag == "Image" else ""
        return next((why for why, applies in _obstacles(control) if applies), None)

    def example(self, control: Control, task_id: int, data: Item, fetch: Fetch) -> Example:
        """The path of the image's file; an unreadable task has a `problem` that names the field."""
        return example_of(control, task_id, data, lambda value: image_file(value, fetch))

    def target(self, control: Control, result: Sequence[Item], example: Example | None = None) -> Regions | None:
        """The objects that one annotation shows; none of them is an answer too: an empty image.

        Call it for submitted annotations only: a skipped one looks just as empty.
        """
        items = [self._region(control, drawn, named) for drawn, named in self._pairs(control, result)]
        return Regions(tuple(items), _size(result))

    def result(self, control: Control, prediction: Prediction, example: Example | None = None) -> list[dict[str, Any]]:
        """One region for each object, with the model's confidence, for a person to correct."""
        regions = prediction.target
        if not isinstance(regions, Regions):
            raise TypeError(f"'{control.name}' shows regions, not {type(regions).__name__}")
        # The editor takes items of one id for one region, whichever controls they belong to.
        named = f"lsal-{quote(control.name, safe='')}"
        told = enumerate(regions.items)
        return [item for n, region in told for item in self._written(control, region, f"{named}-{n}", regions.size)]

    def _draws(self, control: Control) -> bool:
        if control.tag in NAMING:
            return len(control.drawn_by) == 1 and next(iter(control.drawn_by)) in self.tools
        return control.tag.endswith("Labels") and control.tag.removesuffix("Labels") in self.tools

    def _mixed(self, control: Control) -> str:
        tags = [*control.drawn_by]
        if len(tags) > 1 and tags[0] in self.tools:
            return f"it names shapes of several kinds ({', '.join(tags)}); give each kind labels of its own"
        return ""

    def _pairs(self, control: Control, result: Sequence[Item]) -> Iterator[tuple[Item, Item]]:
        """Each item that draws, with the one that names it."""
        mine = [item for item in result if item.get("from_name") == control.name]
        if control.tag not in NAMING:
            yield from ((item, item) for item in mine)
            return
        (tool,) = control.drawn_by.values()
        named = {item.get("id"): item for item in mine}
        drawn = [item for item in result if item.get("from_name") == tool]
        yield from ((item, named.get(item.get("id"), {})) for item in drawn)
        # An older editor kept shape and name in one item, of the control that names.
        there = {item.get("id") for item in drawn}
        yield from ((item, item) for item in mine if item.get("id") not in there and _has_shape(item))

    def _region(self, control: Control, drawn: Item, named: Item) -> Region:
        value = named.get("value")
        names = value.get(_key(control)) or value.get(str(named.get("type"))) if isinstance(value, Mapping) else None
        if not names:
            return Region("", read_shape(drawn))
        if not isinstance(names, list) or len(names) != 1:
            raise BadData(f"A region of '{control.name}' has not one label: {names!r:.80}", "Give it the right one")
        return Region(known_label(control, names[0]), read_shape(drawn))

    def _written(
        self, control: Control, region: Region, id: str, size: tuple[int, int] | None
    ) -> Iterator[dict[str, Any]]:
        common: dict[str, Any] = {"id": id, "to_name": control.to_name, "image_rotation": 0}
        if size:
            common |= {"original_width": size[0], "original_height": size[1]}
        if region.score is not None:
            common["score"] = round(region.score, SCORE_DIGITS)
        value = write_shape(region.shape)
        names = {_key(control): [known_label(control, region.label)]} if region.label else {}
        if control.tag not in NAMING:
            yield common | {"from_name": control.name, "type": control.tag.lower(), "value": value | names}
            return
        ((tag, tool),) = control.drawn_by.items()
        yield common | {"from_name": tool, "type": tag.lower(), "value": value}
        if names:
            yield common | {"from_name": control.name, "type": control.tag.lower(), "value": value | names}


def _obstacles(control: Control) -> tuple[tuple[str, bool], ...]:
    several_images = control.options.get("Image.valueList") or control.options.get("Image.valuelist")
    return (
        ("it has no labels to learn", not control.labels),
        ("its labels come from each task", control.options.get("value", "").startswith("$")),
        ("several classes for one region are not handled yet", control.several),
        ("several images in one object (valueList) are not handled yet", bool(several_images)),
        ("controls in a Repeater are not handled yet", "Repeater.on" in control.options),
        ("it speaks about several objects at once", "," in control.to_name),
        ("its object shows the same in every task; give it a value such as $image", not control.data_key),
    )


def _has_shape(item: Item) -> bool:
    value = item.get("value")
    return isinstance(value, Mapping) and any(part in value for part in ("x", "points", "rle"))


def _key(control: Control) -> str:
    """Where a region's value holds its label."""
    return control.tag.lower()


def _size(result: Sequence[Item]) -> tuple[int, int] | None:
    sizes = ((item.get("original_width"), item.get("original_height")) for item in result)
    return next(((w, h) for w, h in sizes if is_side(w) and is_side(h)), None)
