"""The Python halves of the widgets: what is set here, the browser half of the same name draws."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets


def widget_file(name: str) -> Path:
    """A file of the browser half: inside the package when installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "_widgets"
    return (inside if inside.is_dir() else package.parent / "widgets") / name


def script(name: str, *parts: str) -> str:
    """A browser half's module with the tools that all of them share, and with parts of its own: it imports nothing."""
    return "\n".join(widget_file(one).read_text("utf-8") for one in ("shared.js", *parts, name))


QUEUE_PARTS = tuple(f"queue_table/{part}.js" for part in ("scroller", "rows", "controls", "grid"))


class LearningCurve(anywidget.AnyWidget):  # type: ignore[misc]
    """Accuracy by labels.

    `points` are records of `Workbench.curve` as dicts; `baseline` (random order) and
    `held_out` are lists of [labels, accuracy]; `empty` is said while there is no point.
    """

    _esm = script("learning_curve.js")
    _css = widget_file("learning_curve.css")
    points = traitlets.List().tag(sync=True)
    baseline = traitlets.List().tag(sync=True)
    held_out = traitlets.List().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class QueueTable(anywidget.AnyWidget):  # type: ignore[misc]
    """The queue as a table of all open tasks.

    `wish` is what is asked for, a `sifting.Wish` as a dict; `told` is what came of it, without the rows: these, and
    what the tasks look like, go to the page by messages, when it asks for them. `current` is the task that is looked
    at, 0 for none; `ticked` counts the chosen ones, and its `turn` goes up with every change; `pending` says what
    waits for the next ranking, `no` why nothing can be done with tasks now; `empty` is said while there is no task.
    """

    _esm = script("queue_table.js", *QUEUE_PARTS)
    _css = widget_file("queue_table.css")
    wish = traitlets.Dict().tag(sync=True)
    told = traitlets.Dict().tag(sync=True)
    current = traitlets.Int().tag(sync=True)
    ticked = traitlets.Dict({"count": 0, "hidden": 0, "kept": 0, "turn": 0}).tag(sync=True)
    busy = traitlets.Bool().tag(sync=True)
    pending = traitlets.Unicode().tag(sync=True)
    no = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
