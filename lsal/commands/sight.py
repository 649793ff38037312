"""Commands that show: the status, the versions, the queue."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lsal.commands.command import Arguments, Command, argument
from lsal.commands.exporting import EXPORT
from lsal.commands.suspecting import SUSPECTS
from lsal.errors import BadRequest, LabelStudioError
from lsal.workbench import Workbench
from lsal.workbench.told import NoneYet

GLANCE_S = 20.0
"""For so long who wants to see something waits for each answer of Label Studio: it may hang."""


def status(bench: Workbench, a: Arguments) -> Any:
    """The project at a glance; or where the last rounds' time went."""
    if a.timings:
        return bench.timings() or NoneYet("No round has ended yet. Begin one: lsal round")
    return at_a_glance(bench)


def at_a_glance(bench: Workbench) -> Any:
    """The status of the project, as Label Studio has it now if it answers."""
    why = _refresh(bench)
    return replace(bench.status(), not_read=why)


def queue(bench: Workbench, a: Arguments) -> Any:
    """The head of the live queue, as Label Studio has it now if it answers."""
    if a.count < 1:
        raise BadRequest(f"The first {a.count} cannot be shown", "Give 1 or more: lsal queue 20")
    _refresh(bench)
    return bench.queue(a.count)


def compare(bench: Workbench, a: Arguments) -> Any:
    """Two versions on what is labelled now, as far as Label Studio answers."""
    _refresh(bench)
    return bench.compare(a.first, a.second)


def _refresh(bench: Workbench) -> str:
    """Pull what changed, once there was a first sync; a server that does not answer is no obstacle, but told."""
    if bench.desk.mirror.fact("watermark"):
        try:
            with bench.desk.connection.within(GLANCE_S):
                bench.sync()
        except LabelStudioError as error:
            return str(error)
    return ""


def rounds(bench: Workbench, a: Arguments) -> Any:
    """The trainings so far."""
    return bench.rounds() or NoneYet("No round has trained a version yet. Label some tasks, then: lsal round")


def forecast(bench: Workbench, a: Arguments) -> Any:
    """What more labels will bring."""
    return bench.forecast(a.target) or NoneYet("No version was trained yet. Label some tasks, then: lsal round")


def plot(bench: Workbench, a: Arguments) -> Any:
    """The learning curve as a figure, or written to a file."""
    if not a.out:
        return bench.learning_curve(a.metric, a.unit, forecast=a.forecast)
    from lsal.workbench.papers import require_place, write_figure

    require_place(a.out, a.force)
    figure = bench.learning_curve(a.metric, a.unit, forecast=a.forecast)
    return {"written": str(write_figure(figure, a.out, a.force))}


def dashboard(bench: Workbench, a: Arguments) -> Any:
    """The panel for a notebook."""
    from lsal.dashboard import Dashboard

    return Dashboard(bench)


SIGHT = (
    Command(
        "status",
        "the project at a glance",
        status,
        (argument("--timings", action="store_true", help="where the last rounds' time went, step by step"),),
    ),
    Command("jobs", "the jobs so far, newest first", lambda bench, a: bench.jobs()[:20]),
    Command("versions", "every version on the same measuring tasks", lambda bench, a: bench.curve()),
    Command(
        "compare",
        "two versions on the same measuring tasks, and the answers that changed",
        compare,
        (
            argument("first", type=int, help="a version, say the live one"),
            argument("second", type=int, help="another one, say one that was held"),
        ),
    ),
    Command(
        "forecast",
        "what more labels will bring, and whether to stop",
        forecast,
        (argument("--target", type=float, default=None, help="a figure to reach, say 0.9"),),
    ),
    Command("rounds", "the trainings so far, with seconds by step", rounds),
    Command(
        "queue",
        "the head of the live queue",
        queue,
        (argument("count", type=int, nargs="?", default=20, help="how many tasks"),),
    ),
    Command(
        "doctor",
        "look for whatever keeps the loop from working, each with its fix",
        lambda bench, a: bench.doctor(a.fix),
        (argument("--fix", action="store_true", help="put right what can be put right safely"),),
    ),
    Command("verify", "compare Label Studio's order with what was published", lambda bench, a: bench.verify()),
    SUSPECTS,
    EXPORT,
    Command(
        "plot",
        "the learning curve",
        plot,
        (
            argument("--out", default="", help="a PNG, SVG or PDF file"),
            argument("--metric", default="", help="another figure than the main one, say macro-F1 or mAP50-95"),
            argument("--unit", default="labels", help="what the axis counts: labels, regions, entities or tokens"),
            argument("--forecast", action="store_true", help="draw what more labels may bring"),
            argument("--force", action="store_true", help="replace a file that is there"),
        ),
    ),
    Command("dashboard", "the panel for a notebook", dashboard),
)
