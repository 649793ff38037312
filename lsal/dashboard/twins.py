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


def script(name: str) -> str:
    """A browser half's module with the tools that all of them share: it may import nothing by itself."""
    return f"{widget_file('shared.js').read_text('utf-8')}\n{widget_file(name).read_text('utf-8')}"


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
    """The head of the queue.

    `rows` are records of `Workbench.queue` as dicts, without the tasks' data; `previews` maps
    a task's id (as text: JSON has no other keys) to its text, image or problem.
    """

    _esm = script("queue_table.js")
    _css = widget_file("queue_table.css")
    rows = traitlets.List().tag(sync=True)
    previews = traitlets.Dict().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class TaskMap(anywidget.AnyWidget):  # type: ignore[misc]
    """All of the map but its drawing: what it is coloured by, its legend, the task under the pointer, the chosen ones.

    `legend` and `table` are lists of groups as dicts, `marks` of the rings; `doing` tells how far the
    placing is, `card` of one task, `chosen` of the selection. `empty` is said while
    there is nothing to draw.
    """

    _esm = script("task_map.js")
    _css = widget_file("task_map.css")
    colour_by = traitlets.Unicode("prediction").tag(sync=True)
    title = traitlets.Unicode().tag(sync=True)
    legend = traitlets.List().tag(sync=True)
    marks = traitlets.List().tag(sync=True)
    table = traitlets.List().tag(sync=True)
    caption = traitlets.Unicode().tag(sync=True)
    doing = traitlets.Dict().tag(sync=True)
    card = traitlets.Dict().tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)
    mode = traitlets.Unicode("panZoom").tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)
