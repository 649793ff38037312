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
    """A browser half's module, after the tools of all and the parts in its folder: it imports nothing."""
    parts = sorted(widget_file(name.removesuffix(".js")).glob("*.js"))
    return "\n".join(path.read_text("utf-8") for path in (widget_file("shared.js"), *parts, widget_file(name)))


def style(name: str) -> str:
    """A stylesheet, after what all of them have in common."""
    return "\n".join(widget_file(one).read_text("utf-8") for one in ("shared.css", name))


class LearningCurve(anywidget.AnyWidget):  # type: ignore[misc]
    """The figures of all versions by what they cost.

    `points` are records of `Workbench.curve` as dicts with their `figures` and `costs`; `metrics` and `units` are what
    can be chosen, `metric` and `unit` what is, "" for the main ones. `shadow` is a random order, `ahead` the forecast
    of each line, `target` its figure, 0 for the next round one. `empty` is said while there is no point.
    """

    _esm = script("learning_curve.js")
    _css = style("learning_curve.css")
    points = traitlets.List().tag(sync=True)
    metrics = traitlets.List().tag(sync=True)
    units = traitlets.List().tag(sync=True)
    metric = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    shadow = traitlets.Dict().tag(sync=True)
    ahead = traitlets.List().tag(sync=True)
    target = traitlets.Float(0.0).tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class ClassCurves(anywidget.AnyWidget):  # type: ignore[misc]
    """A small curve for each of a few classes.

    `classes` are dicts with the name, what was given, and a value for each of `versions`; of `found` of `total`.
    `order`, `search` and `control` are what the person chose.
    """

    _esm = script("class_curves.js")
    _css = style("class_curves.css")
    classes = traitlets.List().tag(sync=True)
    versions = traitlets.List().tag(sync=True)
    figure = traitlets.Unicode().tag(sync=True)
    counted = traitlets.Unicode().tag(sync=True)
    found = traitlets.Int().tag(sync=True)
    total = traitlets.Int().tag(sync=True)
    order = traitlets.Unicode("worst").tag(sync=True)
    search = traitlets.Unicode().tag(sync=True)
    control = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)


class ConfusionMatrix(anywidget.AnyWidget):  # type: ignore[misc]
    """What people said against what a version said.

    `rows` and `columns` have a key and a name each, `counts` a number for each pair. `cell` are the two keys that the
    person chose, `listed` the tasks behind it. `empty` says why there is no matrix.
    """

    _esm = script("confusion_matrix.js")
    _css = style("confusion_matrix.css")
    rows = traitlets.List().tag(sync=True)
    columns = traitlets.List().tag(sync=True)
    counts = traitlets.List().tag(sync=True)
    version = traitlets.Int().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    cell = traitlets.List().tag(sync=True)
    listed = traitlets.Dict().tag(sync=True)
    control = traitlets.Unicode().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class QueueTable(anywidget.AnyWidget):  # type: ignore[misc]
    """The queue as a table of all open tasks.

    `wish` is what is asked for, a `sifting.Wish` as a dict; `told` is what came of it, without the rows: these, and
    what the tasks look like, go to the page by messages, when it asks for them. `current` is the task that is looked
    at, 0 for none; `ticked` counts the chosen ones, and its `turn` goes up with every change; `pending` says what
    waits for the next ranking, `no` why nothing can be done with tasks now; `empty` is said while there is no task.
    """

    _esm = script("queue_table.js")
    _css = style("queue_table.css")
    wish = traitlets.Dict().tag(sync=True)
    told = traitlets.Dict().tag(sync=True)
    current = traitlets.Int().tag(sync=True)
    ticked = traitlets.Dict({"count": 0, "hidden": 0, "kept": 0, "turn": 0}).tag(sync=True)
    busy = traitlets.Bool().tag(sync=True)
    pending = traitlets.Unicode().tag(sync=True)
    no = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class TrainingStrip(anywidget.AnyWidget):  # type: ignore[misc]
    """What runs now, and the last jobs.

    `now` is the running job in words and shares ({} while none runs), `charts` its curves, `lines` the last ones of its
    log; `past` are the jobs that have ended, newest first. `opened` names what is unfolded, by a click in any view.
    """

    _esm = script("training_strip.js")
    _css = style("training_strip.css")
    now = traitlets.Dict().tag(sync=True)
    charts = traitlets.List().tag(sync=True)
    lines = traitlets.List().tag(sync=True)
    past = traitlets.List().tag(sync=True)
    opened = traitlets.List(default_value=["past"]).tag(sync=True)


class VersionsTable(anywidget.AnyWidget):  # type: ignore[misc]
    """All versions, with a way to switch.

    `rows` are dicts, newest first. `busy` says why nothing can be switched now, `back` why there is no way back.
    `asked` is what a person pressed: its act, a number, and a count that makes each one new. `preview` is what a switch
    would change, `compared` two versions side by side, `trouble` why neither could be told.
    """

    _esm = script("versions_table.js")
    _css = style("versions_table.css")
    rows = traitlets.List().tag(sync=True)
    busy = traitlets.Unicode().tag(sync=True)
    back = traitlets.Unicode().tag(sync=True)
    asked = traitlets.Dict().tag(sync=True)
    preview = traitlets.Dict().tag(sync=True)
    compared = traitlets.Dict().tag(sync=True)
    trouble = traitlets.Unicode().tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)


class TaskMap(anywidget.AnyWidget):  # type: ignore[misc]
    """All of the map but its drawing: what it is coloured by, its legend, the task under the pointer, the chosen ones.

    `legend` and `table` are lists of groups as dicts, `marks` of the rings; `doing` tells how far the
    placing is, `card` of one task, `chosen` of the selection. `empty` is said while
    there is nothing to draw.
    """

    _esm = script("task_map.js")
    _css = style("task_map.css")
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
