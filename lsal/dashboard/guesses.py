"""What the models of the live ranking saw in images and texts, as it was published, without asking a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lsal import publishing
from lsal.desk import Desk
from lsal.errors import BadData
from lsal.protocols import Kind
from lsal.records import Control, Example, Region, Regions, Span, Spans

Results = Mapping[str, Sequence[Mapping[str, Any]]]
"""Label Studio's JSON, by control."""


class Guesses:
    """Regions by task. The ranking is read again when another one is live."""

    def __init__(self) -> None:
        self.name = ""
        self._results: Mapping[int, Results] = {}

    def look(self, desk: Desk) -> None:
        """Read the live ranking, if it is not the one already known."""
        publication = publishing.live_publication(desk.home)
        name = publication.name if publication else ""
        if name == self.name:
            return
        ranking = publishing.live_ranking(desk.home)
        # On tasks to measure by, people are shown nothing, and so nobody is who looks here.
        entries = [one for one in ranking.entries if not one.measuring] if ranking else []
        self.name, self._results = name, {one.task_id: one.result for one in entries}

    def of(self, desk: Desk, task: int) -> tuple[Region, ...]:
        """All regions of one task, by all controls that draw."""
        results = self._results.get(task, {})
        read = (_regions(*desk.handled[name], items) for name, items in results.items() if name in desk.handled)
        return tuple(region for regions in read for region in regions)

    def spans(self, desk: Desk, example: Example, shown: str) -> tuple[Span, ...]:
        """All spans of one task's text, by all controls of the object called `shown`."""
        results = self._results.get(example.task_id, {})
        named = ((desk.handled[name], items) for name, items in results.items() if name in desk.handled)
        mine = ((control, kind, item) for (control, kind), items in named if control.to_name == shown for item in items)
        return tuple(span for control, kind, item in mine for span in _spans(control, kind, item, example))


def _spans(control: Control, kind: Kind, item: Mapping[str, Any], example: Example) -> Sequence[Span]:
    try:
        target = kind.target(control, [item], example)
    except BadData:  # the label config changed since
        return ()
    return [replace(span, score=item.get("score")) for span in target.items] if isinstance(target, Spans) else ()


def _regions(control: Control, kind: Kind, items: Sequence[Mapping[str, Any]]) -> Sequence[Region]:
    try:
        target = kind.target(control, items)
    except BadData:  # the label config changed since
        return ()
    if not isinstance(target, Regions):
        return ()
    # One id for each region, in their order: a region may be drawn by one item and named by another.
    scores = {item.get("id"): item.get("score") for item in items}
    if len(scores) != len(target.items):
        return target.items
    return [replace(one, score=score) for one, score in zip(target.items, scores.values(), strict=True)]
