"""The words of a page as a task's data hold them.

`words`       the words in reading order
`boxes`       where each is (`bboxes` means the same), counted as `boxes_in` says:
              percent      left, top, width, height in percent of the page, as in Label Studio's regions; without
                           `boxes_in` this is meant
              pixels       the same in pixels: of a page of `original_width` x `original_height` where the task
                           says so, else of the image
              thousandths  left, top, right, bottom from 0 to 1000, as LayoutLM has them
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lsal.errors import BadData
from lsal.opening import open_image
from lsal.pages import THOUSAND
from lsal.records import Box, Page

WORDS, BOXES, UNIT = "words", ("boxes", "bboxes"), "boxes_in"
UNITS = ("percent", "pixels", "thousandths")
SIZE = ("original_width", "original_height")
SLACK = 0.005
"""How far a box may leave the page, as a share of it: rounding. It is cut at the edge."""
ON_THEIR_SIDE, ORIENTATION = (5, 6, 7, 8), 0x0112

Data = Mapping[str, Any]


def has_words(data: Data) -> bool:
    """Whether a task gives words, or means to."""
    return any(data.get(name) is not None for name in (WORDS, *BOXES))


def given_page(image: Path, data: Data) -> Page:
    """The page as the task gives it. Raises BadData that names the field."""
    words, name = _words(data), _boxes_name(data)
    told, unit = data[name], data.get(UNIT, UNITS[0])
    if unit not in UNITS:
        raise BadData(f"'{UNIT}' is {unit!r:.40}", f"Give one of: {', '.join(UNITS)}")
    if not isinstance(told, list) or len(told) != len(words):
        count = len(told) if isinstance(told, list) else "no list of"
        raise BadData(f"there are {len(words)} words, and {count} boxes in '{name}'", "Give each word its box")
    across, down = {"percent": (100, 100), "thousandths": (THOUSAND, THOUSAND)}.get(unit) or _pixels(image, data)
    corners = unit == "thousandths"
    boxes = (_box(one, (across, down), corners, f"box {n} in '{name}'", unit) for n, one in enumerate(told))
    return Page(image, words, tuple(boxes))


def size_of(image: Path) -> tuple[int, int]:
    """The size of an image in pixels, as people see it."""
    with open_image(image) as opened:
        turned = opened.getexif().get(ORIENTATION, 1) in ON_THEIR_SIDE
        width, height = opened.size
    return (height, width) if turned else (width, height)


def _words(data: Data) -> tuple[str, ...]:
    words = data.get(WORDS)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BadData(f"a list of words was expected, not {words!r:.60}", 'Give it as ["Dear", "Sir", ...]')
    return tuple(words)


def _boxes_name(data: Data) -> str:
    given = [name for name in BOXES if data.get(name) is not None]
    if len(given) != 1:
        what = f"the task has both '{BOXES[0]}' and '{BOXES[1]}'" if given else "there are words and no boxes"
        raise BadData(what, f"Give one box for each word in '{BOXES[0]}'")
    return given[0]


def _pixels(image: Path, data: Data) -> tuple[int, int]:
    told = [data.get(side) for side in SIZE]
    if told == [None, None]:
        return size_of(image)
    if not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in told):
        raise BadData(f"'{SIZE[0]}' and '{SIZE[1]}' are {told!r:.60}", "Give both in pixels, or neither")
    return told[0], told[1]  # type: ignore[return-value]


def _box(told: Any, whole: tuple[float, float], corners: bool, which: str, unit: str) -> Box:
    if not isinstance(told, list | tuple) or len(told) != 4 or not all(map(_is_number, told)):
        order = "[left, top, right, bottom]" if corners else "[left, top, width, height]"
        raise BadData(f"{which} is {told!r:.60}", f"Give {order} in {unit}")
    left, top = told[0] / whole[0], told[1] / whole[1]
    right, bottom = told[2] / whole[0], told[3] / whole[1]
    if not corners:
        right, bottom = left + right, top + bottom
    if min(left, top) < -SLACK or max(right, bottom) > 1 + SLACK or right < left or bottom < top:
        fix = f"Correct it, or say in '{UNIT}' how boxes are counted: {', '.join(UNITS)}"
        raise BadData(f"{which} is {list(told)}, which in {unit} does not lie on the page", fix)
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in (left, top, right, bottom))
    return Box(left, top, right - left, bottom - top)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
