"""From targets to answers in Label Studio's JSON, as people give them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import numpy as np

from lsal.kinds import match
from lsal.kinds.reading import read_without_files
from lsal.protocols import Kind
from lsal.records import Control, Prediction, Target


def taking(
    controls: Sequence[Control], tool: str | None = None, family: str | None = None
) -> tuple[Control, Kind] | None:
    """The first control that lsal can learn, with its kind: that which the `family` learns, where one is chosen.

    With `tool` the first of those that are drawn with it (`Rectangle`, `Polygon`), that mark texts
    (`Labels`), or that do neither: "".
    """
    handled = match(controls, {control.name: family or "" for control in controls})[0].values()
    return next((pair for pair in handled if tool is None or tool_of(pair[0]) == tool), None)


def tool_of(control: Control) -> str:
    """What a person draws with where the control asks for objects of an image, `Labels` where it asks for spans
    of a text, else "".
    """
    if control.marks:
        return "Labels"
    if control.object_tag != "Image" or not (control.drawn_by or control.tag.endswith("Labels")):
        return ""
    return next(iter(control.drawn_by), control.tag.removesuffix("Labels"))


def drawn(kind: Kind, control: Control, target: Target, data: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """The `result` of a person's annotation: no score, and each region under an id that no prediction has.

    Places in a text cannot be told without the `data` of its task.
    """
    example = read_without_files(kind, control, 0, data or {})
    certain = np.ones((len(control.labels), 2) if control.several else (1, len(control.labels)), np.float32)
    fresh: defaultdict[str, str] = defaultdict(lambda: uuid4().hex[:10])
    items = kind.result(control, Prediction(0, target, certain), example)
    named = [item | ({"id": fresh[item["id"]]} if "id" in item else {}) for item in items]
    return [{key: value for key, value in item.items() if key != "score"} for item in named]
