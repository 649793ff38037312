"""The small charts of a training: its losses in one, what checks it in another, as plain data for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lsal.phrases import counted
from lsal.workbench.job_rows import Curve, Training

LEARNED, CHECKED = "loss", "check_loss"
TRAINED = "training examples"
NAMES = {
    "accuracy": "accuracy",
    "map50": "mAP50",
    "map50_95": "mAP50-95",
    "mask_map50": "mask mAP50",
    "mask_map50_95": "mask mAP50-95",
}
"""Figures of what checks a training, the one that counts first, as people write them."""
LINES = 2
"""In one chart: more of them cannot be told apart at its size."""

Chart = dict[str, Any]


def charts(training: Training, several: bool = False) -> list[Chart]:
    """At most two: losses, and figures from 0 to 1. Each says on what it was measured, and of `several` its control."""
    checking = _checked_on(training.held_out)
    again = "checked" if training.held_out is None else "the same, checked" if not training.held_out else checking
    losses = [(TRAINED, LEARNED), (again, CHECKED)]
    measured = [name for name in (*NAMES, *training.curves) if name in training.curves and "loss" not in name]
    figures = [(NAMES.get(name, name), name) for name in dict.fromkeys(measured)][:LINES]
    title, on = ", ".join(label for label, _ in figures), checking
    if len(figures) == 1 and checking:  # then the line can say it
        figures, on = [(checking, figures[0][1])], ""
    told = [_chart(training, "loss", "", losses), _chart(training, title, on, figures)]
    control = training.control if several else ""
    return [one | {"control": control, "share": one is told[1]} for one in told if one["lines"]]


def _chart(training: Training, title: str, on: str, lines: Sequence[tuple[str, str]]) -> Chart:
    drawn = [_line(label, training.curves[name]) for label, name in lines if training.curves.get(name)]
    title = f"{title[:1].upper()}{title[1:]}" if title.islower() else title
    return {"title": title, "on": on, "lines": drawn, "unit": training.unit, "total": training.total}


def _line(label: str, curve: Curve) -> dict[str, Any]:
    return {"label": label, "points": [list(point) for point in curve]}


def _checked_on(held_out: int | None) -> str:
    if held_out is None:
        return ""
    return f"{counted(held_out, 'example')} held out" if held_out else TRAINED
