"""What a task looks like in a table: its text, or its image made small."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

from lsal.errors import LsalError
from lsal.kinds.reading import read_example
from lsal.opening import open_image
from lsal.records import Task
from lsal.workbench import Workbench
from lsal.workbench.status import Waiting

SIDE = 96
"""Pixels."""
LETTERS = 400
AGAIN_S = 30.0
"""After this many seconds a task that could not be read is tried again."""

Preview = Mapping[str, str]
"""`text`, `image` (a data: URL of a PNG) or `problem`."""

_log = logging.getLogger(__name__)


class Previews:
    """Previews of tasks, made once. Slow (files may be downloaded): call `of` in a thread."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._made: dict[tuple[int, str], Preview] = {}
        self._failed: dict[tuple[int, str], float] = {}

    def of(self, rows: Iterable[Waiting]) -> dict[str, Preview]:
        """The previews of these tasks, by id."""
        keyed = {(row.task_id, repr(row.data)): row for row in rows}
        for key, row in keyed.items():
            overdue = time.monotonic() - self._failed.get(key, time.monotonic()) > AGAIN_S
            if key not in self._made or overdue:
                self._made[key] = self._preview(row)
                if "problem" in self._made[key]:
                    self._failed[key] = time.monotonic()
                else:
                    self._failed.pop(key, None)
        self._made = {key: self._made[key] for key in keyed}
        return {str(key[0]): preview for key, preview in self._made.items()}

    def _preview(self, row: Waiting) -> Preview:
        desk = self._bench.desk
        try:
            control, kind = next(iter(desk.need_handled().values()))
        except LsalError:
            return {"text": str(dict(row.data))[:LETTERS]}
        task = Task(row.task_id, "", 0.0, dict(row.data))
        example = read_example(kind, control, task, desk.fetch)
        if example.problem:
            return {"problem": example.problem[:LETTERS]}
        if not isinstance(example.input, Path):
            return {"text": str(example.input)[:LETTERS]}
        return _small(example.input)


def _small(path: Path) -> Preview:
    """The image at most SIDE pixels wide and high, as a data: URL."""
    try:
        with open_image(path) as image:
            image.draft("RGB", (2 * SIDE, 2 * SIDE))
            image.thumbnail((SIDE, SIDE))
            kept = BytesIO()
            image.convert("RGBA" if "A" in image.getbands() else "RGB").save(kept, "PNG")
    except (OSError, ValueError, SyntaxError) as error:
        _log.info("no thumbnail of %s: %s", path, error)
        return {"problem": "its file cannot be shown as an image"}
    return {"image": "data:image/png;base64," + base64.b64encode(kept.getvalue()).decode()}
