"""Words and blocks of a page: which word lies in which region, and which words together are one.

Boxes are in shares of the page, and upright.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsal.geometry import upright
from lsal.records import Box, Layout, Page, Region, Regions

SAME_LINE = 0.5
"""By this share of the lower of two words they overlap if they stand on one line."""
SPACE, LEADING = 1.0, 0.2
"""By these the boxes that people drew around blocks of forms are met best, when all words are labelled rightly."""
THOUSAND = 1000

Sides = tuple[float, float, float, float]
"""Left, top, right and bottom."""


@dataclass(frozen=True, slots=True)
class Gaps:
    """How far words of one block may be apart, in heights of the line: on a line, and from one line to the next.

    With a `leading` of 0 each line is a block of its own.
    """

    space: float = SPACE
    leading: float = LEADING


def layout_of(regions: Regions, page: Page) -> Layout:
    """The regions with the label of each word: that of the smallest region which covers the word's middle."""
    size = regions.size or (1, 1)
    drawn = [(upright(one.shape, size), one.label) for one in regions.items if isinstance(one.shape, Box)]
    drawn.sort(key=lambda each: (each[0][2] - each[0][0]) * (each[0][3] - each[0][1]))
    return Layout(regions.items, regions.size, tuple(_covering(drawn, box) for box in page.boxes))


def blocks(boxes: Sequence[Box], labels: Sequence[str], scores: Sequence[float], gaps: Gaps) -> tuple[Region, ...]:
    """What a person would draw for words with these labels, "" for none: a box around all that belong together.

    Neighbours in reading order do if they have one label and no wider gaps than allowed. The score is the
    mean of the words'.
    """
    found = list[list[int]]()
    for place, label in enumerate(labels):
        block = found[-1] if found else []
        alike = bool(label) and block[-1:] == [place - 1] and labels[place - 1] == label
        if alike and _goes_on([boxes[n] for n in block], boxes[place], gaps):
            block.append(place)
        elif label:
            found.append([place])
    return tuple(_region(labels[group[0]], [boxes[n] for n in group], [scores[n] for n in group]) for group in found)


def thousandths(box: Box) -> tuple[int, int, int, int]:
    """Left, top, right and bottom in the units in which LayoutLM counts, from 0 to 1000, whatever the box says."""
    left, top, right, bottom = (min(THOUSAND, max(0, round(side * THOUSAND))) for side in _edges(box))
    return left, top, max(left, right), max(top, bottom)


def _region(label: str, boxes: Sequence[Box], scores: Sequence[float]) -> Region:
    left, top, right, bottom = (min(1.0, max(0.0, side)) for side in _around(boxes))
    return Region(label, Box(left, top, right - left, bottom - top), sum(scores) / len(scores))


def _goes_on(block: Sequence[Box], box: Box, gaps: Gaps) -> bool:
    """Whether a word belongs to a block: behind its last word, or on a new line below that begins further left."""
    last, height = block[-1], max(block[-1].height, box.height)
    common = min(last.y + last.height, box.y + box.height) - max(last.y, box.y)
    if common > SAME_LINE * min(last.height, box.height):
        return -height <= box.x - (last.x + last.width) <= gaps.space * height
    left, _, right, bottom = _around(block)
    beside = box.x < right and box.x + box.width > left
    below = -SAME_LINE * height <= box.y - bottom <= gaps.leading * height
    return gaps.leading > 0 and beside and below and box.x < last.x + last.width


def _covering(drawn: Sequence[tuple[Sides, str]], box: Box) -> str:
    x, y = box.x + box.width / 2, box.y + box.height / 2
    inside = (label for (left, top, right, bottom), label in drawn if left <= x <= right and top <= y <= bottom)
    return next(inside, "")


def _around(boxes: Sequence[Box]) -> Sides:
    edges = [_edges(box) for box in boxes]
    return min(e[0] for e in edges), min(e[1] for e in edges), max(e[2] for e in edges), max(e[3] for e in edges)


def _edges(box: Box) -> Sides:
    return box.x, box.y, box.x + box.width, box.y + box.height
