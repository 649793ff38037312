"""Words of a page out of annotations that carry the text of what is in their box, as COCO files of forms do.

Such a box holds a word, a line or a whole block. Where each word of it stands is not told: the text is set into the
box evenly, in as many lines as make its letters about twice as high as wide, each line as wide as its letters need.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lsal.records import Box, Regions

SLENDER = 0.5
"""The width of a letter and the space around it, in heights of a line."""
DIGITS = 4


def has_text(annotations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether annotations carry text."""
    return any(isinstance(one.get("text"), str) and one["text"].strip() for one in annotations)


def words_in(annotations: Sequence[Mapping[str, Any]], objects: Regions) -> dict[str, Any]:
    """The fields of a task that hold its words, in the order of the annotations, and their boxes in percent."""
    width, height = objects.size or (1, 1)
    drawn = zip(annotations, objects.items, strict=True)
    texts = [(one.get("text"), region.shape) for one, region in drawn if isinstance(region.shape, Box)]
    found = [pair for text, box in texts for pair in set_into(text, box, width / height)]
    percent = [[round(100 * side, DIGITS) for side in (b.x, b.y, b.width, b.height)] for _, b in found]
    return {"words": [word for word, _ in found], "boxes": percent, "boxes_in": "percent"}


def set_into(text: Any, box: Box, aspect: float = 1.0) -> list[tuple[str, Box]]:
    """The words of a text, each with its share of the box; `aspect` is the page's width by its height."""
    words = text.split() if isinstance(text, str) else []
    if not words:
        return []
    lines = _lines(words, _line_count(words, box.width * aspect / box.height))
    letters, height = max(_length(line) for line in lines), box.height / len(lines)
    placed = []
    for row, line in enumerate(lines):
        for place, word in enumerate(line):
            before = _length(line[:place]) + 1 if place else 0
            share = Box(
                box.x + box.width * before / letters,
                box.y + row * height,
                box.width * len(word) / letters,
                height,
            )
            placed.append((word, share))
    return placed


def _line_count(words: Sequence[str], shape: float) -> int:
    """With n lines a letter is as wide as n times the box by all letters, a line as high as the n-th part of it."""
    return min(len(words), max(1, round(math.sqrt(SLENDER * _length(words) / shape))))


def _lines(words: Sequence[str], count: int) -> list[list[str]]:
    """The words in about equally long lines, none of them empty."""
    room, lines = _length(words) / count, [list[str]()]
    for word in words:
        if lines[-1] and len(lines) < count and _length(lines[-1]) + 1 + len(word) / 2 > room:
            lines.append([])
        lines[-1].append(word)
    return lines


def _length(words: Sequence[str]) -> int:
    return sum(map(len, words)) + max(0, len(words) - 1)
