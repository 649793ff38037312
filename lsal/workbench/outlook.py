"""The outlook of each control: are its answers stable, what will more labels bring, is it time to stop?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from lsal import outlook
from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.label_studio.mirror import OPEN
from lsal.measuring import CLASSES
from lsal.outlook import Agreement, Forecast, Measurements, Stability
from lsal.outlook.sentences import sentences
from lsal.phrases import counted
from lsal.workbench.curve import Point, curve

ROUND_FIGURE = 0.05
"""Without a target the next such figure is meant."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be expected of one control.

    `verdict` is "stopping is reasonable", "go on" or "cannot tell", `says` the sentence around it, `notes` what
    else there is to say. `steps` compares successive versions on tasks that nobody had labelled, `stability` is
    the last of them together. `seconds_a_label` is one person's, by the times of the annotations.
    """

    control: str
    metric: str
    verdict: str
    says: str
    forecast: Forecast
    stability: Stability | None = None
    steps: tuple[Agreement, ...] = ()
    seconds_a_label: float | None = None
    measured_on: str = ""
    notes: tuple[str, ...] = field(default=())


def outlooks(desk: Desk, target: float | None = None) -> list[Outlook]:
    """The outlook of every control that has versions; without a `target` its next round figure is meant."""
    if target is not None and not 0 < target <= 1:
        raise BadRequest(f"No version can reach {target}", "Give a figure above 0, at most 1: --target 0.9")
    points = curve(desk)
    return [_outlook(desk, control, points, target) for control in dict.fromkeys(one.control for one in points)]


def _outlook(desk: Desk, control: str, points: Sequence[Point], target: float | None) -> Outlook:
    mine = _line(desk, control, points)
    known, batch = _measurements(mine), desk.home.settings().batch
    if target is None and len(known.values):
        target = _next_figure(float(known.values[-1]))
    found = outlook.forecast(known, batch, target=target)
    steps = tuple(_steps(desk, control))
    stable = outlook.stability(steps)
    word, says = outlook.verdict(stable, found)
    metric = mine[-1].metric if mine else CLASSES.metric
    pace = _pace(desk)
    share = desk.home.settings().measuring_share
    open_tasks = desk.mirror.count(OPEN)
    notes = (*sentences(found, pace, open_tasks), *_limits(metric, stable, share))
    measured_on = f"{counted(found.tasks, 'task')}: {mine[-1].measured_on}" if mine else ""
    return Outlook(control, metric, word, says, found, stable, steps, pace, measured_on, notes)


def _line(desk: Desk, control: str, points: Sequence[Point]) -> list[Point]:
    """The measured versions that lie on one curve: of today's labels and the newest version's family.

    One for each number of labels, the newest; held ones too: leaving those out would flatter the curve.
    """
    today = [one for one in points if one.control == control and (one.line or control) == control]
    families = {one.version: desk.store.get(one.version).family for one in today}
    last = families[today[-1].version] if today else ""
    found = {one.labels: one for one in today if one.value is not None and families[one.version] == last}
    return [found[labels] for labels in sorted(found) if labels > 0]


def _measurements(points: Sequence[Point]) -> Measurements:
    """Figures other than accuracy count for as many tasks as would give a share so wide an interval."""
    return Measurements.of(
        [one.labels for one in points], [one.value or 0.0 for one in points], [_weight(one) for one in points]
    )


def _weight(point: Point) -> float:
    value, (low, high) = point.value or 0.0, point.interval
    if point.metric == CLASSES.metric or high <= low:
        return float(point.tasks)
    share = min(0.95, max(0.05, value))
    return max(2.0, share * (1 - share) / ((high - low) / (2 * 1.96)) ** 2)


def _next_figure(value: float) -> float | None:
    """The next round figure; none above 0.99."""
    found = round((math.floor(value / ROUND_FIGURE + 1e-9) + 1) * ROUND_FIGURE, 2)
    return found if found < 1 else None


def _steps(desk: Desk, control: str) -> Iterator[Agreement]:
    """Successive versions that scored the pool for the same labels."""
    here = {one.number: one for one in desk.store.all() if one.control == control}
    asked = [here[number] for number in outlook.sample.asked(desk.home) if number in here]
    for one, other in pairwise(asked):
        if (one.labels, one.shape) == (other.labels, other.shape):
            said = (outlook.sample.answers(desk.home, version.number) for version in (one, other))
            yield outlook.agreement(one.number, other.number, *said)


def _pace(desk: Desk) -> float | None:
    rows = desk.mirror.select("SELECT person, updated_at FROM annotations WHERE skipped = 0")
    return outlook.seconds_a_label((person, moment) for person, moment in rows)


def _limits(metric: str, stable: Stability | None, share: float) -> Iterator[str]:
    if metric != CLASSES.metric:
        yield f"Whether answers are stable is told of classes only; the back-tests were of accuracy, not of {metric}."
    elif stable is None:
        yield "Whether answers are stable is known once two versions have scored the same open tasks: lsal round."
    elif stable.tasks < outlook.sample.WANTED:
        yield f"Kappa is over all {counted(stable.tasks, 'open task')}; {outlook.sample.WANTED:,} would be better."
    if not share:
        yield "Nothing is kept for measuring: lsal set measuring_share=0.1."
