"""What a task looks like in a table: its text, or its image made small, with what a model saw in it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lsal.dashboard.colours import class_colours, legend, listed
from lsal.dashboard.drawn import data_url, draw, small
from lsal.dashboard.guesses import Guesses
from lsal.dashboard.marked import label_colours, parts
from lsal.desk import Desk
from lsal.errors import LsalError
from lsal.kinds.reading import read_example
from lsal.records import Page, Region, Span, Task
from lsal.workbench import Workbench
from lsal.workbench.shown import in_words
from lsal.workbench.status import Waiting

SIDE = 96
"""Pixels."""
DRAWN_SIDE = 320
"""Where regions are to be told apart; shown at half of that, for sharp screens."""
LETTERS = 400
PLAIN_ROW, MARKED_ROW, IMAGE_ROW, DRAWN_ROW = 44, 62, 62, 92
"""Pixels."""
AGAIN_S = 30.0
"""After this many seconds a task that could not be read is tried again."""
KEPT = 500
"""Previews that are kept to be shown again."""

Preview = Mapping[str, Any]
"""`text`, `image` (a data: URL) or `problem`; with an image that regions are drawn on a `legend`
of their classes, and `regions`, each in words. A text with marks has these too, and itself in `parts`.
"""
Key = tuple[int, str, str]
"""The task, a digest of its data, and the publication whose regions are drawn."""


class Previews:
    """Previews of tasks, made once. Slow (files may be downloaded): call `of` in a thread."""

    def __init__(self, bench: Workbench) -> None:
        self._bench, self._guesses = bench, Guesses()
        self._made: dict[Key, Preview] = {}
        self._failed: dict[Key, float] = {}

    def of(self, rows: Iterable[Waiting]) -> dict[str, Preview]:
        """The previews of these tasks, by id."""
        rows = list(rows)
        if rows:
            self._guesses.look(self._bench.desk)
        keyed = {(row.task_id, _digest(row.data), self._guesses.name): row for row in rows}
        for key, row in keyed.items():
            overdue = time.monotonic() - self._failed.get(key, time.monotonic()) > AGAIN_S
            made = self._made.pop(key, None)
            self._made[key] = self._preview(row) if made is None or overdue else made  # the last one again
            if "problem" not in self._made[key]:
                self._failed.pop(key, None)
            elif made is None or overdue:
                self._failed[key] = time.monotonic()
        told = {str(key[0]): self._made[key] for key in keyed}
        self._forget(max(KEPT, len(keyed)))
        return told

    def _forget(self, most: int) -> None:
        for key in list(self._made)[:-most]:
            del self._made[key]
            self._failed.pop(key, None)

    def _preview(self, row: Waiting) -> Preview:
        desk = self._bench.desk
        try:
            control, kind = next(iter(desk.need_handled().values()))
        except LsalError:
            return {"text": " ".join(row.shown or in_words(row.data))[:LETTERS]}
        task = Task(row.task_id, "", 0.0, dict(row.data))
        example = read_example(kind, control, task, desk.fetch)
        if example.problem:
            return {"problem": example.problem[:LETTERS]}
        if not isinstance(example.input, Path | Page):
            return _text(str(example.input), self._guesses.spans(desk, example, control.to_name), label_colours(desk))
        colours = class_colours(desk)
        return _image(example.file, self._guesses.of(desk, row.task_id), colours)


def row_height(desk: Desk) -> int:
    """Pixels of a row in a table in which previews of the project's tasks stand."""
    first = next((control for control, _ in desk.handled.values()), None) if desk.mirror.label_config else None
    if first is None:
        return PLAIN_ROW
    if first.draws:
        return DRAWN_ROW
    return IMAGE_ROW if first.object_tag == "Image" else MARKED_ROW if first.marks else PLAIN_ROW


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.blake2b(repr(data).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _text(text: str, spans: tuple[Span, ...], colours: Mapping[str, str]) -> Preview:
    """The text's beginning; where a model may have marked something in it, in parts."""
    short = {"text": text[:LETTERS]}
    if not colours:
        return short
    told = [asdict(mark) for mark in legend(spans, colours)]
    shown = [asdict(part) for part in parts(text, spans, colours, LETTERS)]
    return short | {"parts": shown, "legend": told, "regions": listed(spans)}


def _image(path: Path, regions: tuple[Region, ...], colours: Mapping[str, str]) -> Preview:
    """The image made small; larger where there may be regions, also if there are none in this one."""
    image = small(path, DRAWN_SIDE if colours else SIDE)
    if image is None:
        return {"problem": "its file cannot be shown as an image"}
    if not colours:
        return {"image": data_url(image)}
    told = [asdict(mark) for mark in legend(regions, colours)]
    return {"image": data_url(draw(image, regions, colours), "JPEG"), "legend": told, "regions": listed(regions)}
