"""The learning curve and the rounds behind it as sheets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from lsal.dashboard.by_class import by_class
from lsal.dashboard.tables import Sheet
from lsal.dashboard.trusted import HEAD, calibrated, calibration_notes
from lsal.dashboard.wording import cut, figure, percent
from lsal.outlook.forecast import FEWEST_VERSIONS
from lsal.phrases import counted
from lsal.workbench.curve import Point, Round


def points_sheet(shown: Iterable[Point]) -> Sheet:
    """Every version on the same tasks; below, by class."""
    points = list(shown)
    trusted = {one.version: one.calibration for one in points if one.calibration}
    columns = ("version", "control", "labels", _now(points), "measured on", *([HEAD] if trusted else ()), "state")
    rows = [
        (
            str(one.version),
            one.line or one.control,
            f"{one.labels}{_cost(one)}",
            figure(one.metric, one.value, one.interval),
            counted(one.tasks, "task"),
            *([calibrated(one.first, one.calibration)] if trusted else ()),
            "live" if one.live else "" if one.promoted else "held",
        )
        for one in points
    ]
    held = [f"Version {one.version} is held: {one.reason}." for one in points if not (one.promoted or one.live)]
    ahead = ("What more labels will bring: lsal forecast",) if len(points) >= FEWEST_VERSIONS else ()
    measured_on = f"Measured on {points[0].measured_on}."
    notes = (measured_on, *_limits(points), *calibration_notes(trusted), *held, *ahead)
    return Sheet("Learning curve", columns=columns, rows=tuple(rows), notes=notes, below=by_class(points))


def _cost(one: Point) -> str:
    """What labelling so many tasks meant: regions to draw, words to read."""
    if one.tokens is not None:
        return f" ({one.tokens:,} words)"
    return f" ({one.regions} regions)" if one.regions is not None else ""


def _now(points: Sequence[Point]) -> str:
    """The head of the column of figures: their name, where it is the same for all."""
    names = {one.metric for one in points}
    return f"{names.pop()} now" if len(names) == 1 else "now"


def _limits(points: Sequence[Point]) -> Iterator[str]:
    """What the figures of each line do not tell, by its newest version."""
    newest = {one.line or one.control: one for one in points}
    lines = dict.fromkeys(newest)
    for line, one in newest.items():
        of = f" of '{line}'" if len(lines) > 1 else ""
        if line != one.control:
            yield (
                f"The figures{of} are of when the label config, or what the family reads of a task, was another; "
                "do not compare them with those of today."
            )
        elif one.tasks and one.commonest is not None:
            yield f"Who always gives the commonest answer{of} gets {percent(one.commonest)} of these tasks right."
            if one.unseen:
                named = cut(", ".join(one.unseen), 60)
                yield f"No measuring task{of} was labelled {named} yet: how well that is recognised, nobody knows."


def rounds_sheet(shown: Iterable[Round]) -> Sheet:
    """The trainings, with seconds by step."""
    rounds = list(shown)
    steps = tuple(dict.fromkeys(step for one in rounds for step in one.seconds))
    rows = [
        (
            *(str(one.version), str(one.labels), figure(one.metric, one.value, one.interval), str(one.tasks)),
            *("promoted" if one.promoted else f"held: {one.reason}", str(one.published), one.job),
            *(f"{one.seconds.get(step, 0.0):.2f}" for step in steps),
        )
        for one in rounds
    ]
    columns = (
        "version",
        "labels",
        "measured",
        "measured on",
        "gate",
        "published",
        "job",
        *(f"{step} s" for step in steps),
    )
    return Sheet("Rounds", columns=columns, rows=tuple(rows))
