"""What the curves of a rehearsal come to: a table and an honest sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal.files import to_json
from lsal.rehearsal.curve import Curve
from lsal.rehearsal.intervals import student
from lsal.rehearsal.saving import Saved, saved
from lsal.rehearsal.summary import rare_area, result_of, summary_of

BASELINE = "random"
ACCURACY = "accuracy"
VAGUE = 0.3
"""An interval that reaches further than this share of the labels to either side tells nothing."""


@dataclass(frozen=True)
class Rehearsal:
    """Learning curves by strategy and seed, what they come to, and a verdict in a sentence or two."""

    results: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    verdict: str

    def to_json(self) -> bytes:
        """JSON with the keys results, summary and verdict."""
        return to_json({"results": self.results, "summary": self.summary, "verdict": self.verdict}, indent=True)


def conclude(
    curves: Mapping[str, Sequence[Curve]],
    measure: str = ACCURACY,
    tasks: str = "",
    target: float | None = None,
    chance: float | None = None,
    notes: Sequence[str] = (),
) -> Rehearsal:
    """What curves of the main figure `measure`, on these `tasks`, come to.

    Results by strategy and seed, a summary row for each strategy, and each against the baseline: at the last label,
    over the whole curve, and by the labels until the `target`, which is the baseline's last value if none is given.
    Up to `chance` a figure is no sign of learning. The `notes` are said after the verdict.
    """
    results = [result_of(name, seed, curve) for name, runs in curves.items() for seed, curve in enumerate(runs)]
    measured = {"measure": measure, "measured_on": f"{measure} on {tasks}"}
    baseline = curves.get(BASELINE)
    summary = [summary_of(name, runs, baseline, target) | measured for name, runs in curves.items()]
    rivals = [name for name in curves if name != BASELINE]
    if baseline is None or not rivals:
        said = [f"Nothing to compare: name {BASELINE} and another strategy"]
    else:
        said = [_verdict(name, curves[name], baseline, measure, target, chance) for name in rivals]
    return Rehearsal(results, summary, ". ".join([*said, *notes]) + ".")


def _verdict(
    name: str,
    runs: Sequence[Curve],
    baseline: Sequence[Curve],
    measure: str,
    target: float | None,
    chance: float | None,
) -> str:
    """One strategy against the baseline, in hundredths of the main figure and in labels."""
    ends = [float(np.mean([curve.metric[-1] for curve in side])) for side in (runs, baseline)]
    labels = runs[0].labels[-1]
    if len(runs) < 2:
        told = f"{100 * (ends[0] - ends[1]):+.1f} {_points(measure)}"
        return f"{name} ended {told} from {BASELINE} at {labels} labels; one seed cannot tell more"
    if chance is not None and max(ends) <= chance:
        neither = f"neither {name} ({ends[0]:.3f}) nor {BASELINE} ({ends[1]:.3f})"
        return f"Nothing is measurable: with {labels} labels {neither} is better than the commonest answer alone"
    found = saved(runs, baseline, target)
    rare = _rare(runs, baseline)
    return f"{_saving(name, found, labels, target)}{rare}. {_gaps(name, runs, baseline, measure)}"


def _saving(name: str, told: Saved, labels: int, target: float | None) -> str:
    """What is saved until the target, or why that cannot be said."""
    aim = f"{BASELINE}'s {told.target:.3f}" if target is None else f"{told.target:.3f}"
    if told.baseline is None:
        other = f"; {name} does with {told.labels:.0f}" if told.labels is not None else f", nor does {name}"
        return f"{BASELINE} does not reach {aim} within {labels} labels{other}"
    if told.labels is None or told.share is None or told.half_share is None:
        return f"{name} does not reach {aim} within {labels} labels"
    share, half = f"{abs(told.share):.0%} ± {told.half_share:.0%}".replace("%", " %"), told.half_share
    where = f"to reach {aim} ({told.labels:.0f} against {told.baseline:.0f})"
    if told.sure:
        return f"{name} {'saves' if told.sure > 0 else 'needs'} {share} {_of_or_more(told.sure)} labels {where}"
    signed = f"{told.share:+.0%} ± {half:.0%}".replace("%", " %")
    if half > VAGUE:
        signed = signed if half <= 1 else "the interval is wider than all of them"
        return f"Whether {name} saves labels {where} cannot be told with {told.seeds} seeds ({signed})"
    return f"No labels saved by {name} are measurable {where}: {signed}"


def _of_or_more(sure: int) -> str:
    return "of the" if sure > 0 else "more"


def _rare(runs: Sequence[Curve], baseline: Sequence[Curve]) -> str:
    """What happens to rare classes, "" where there are none."""
    pairs = [(rare_area(run), rare_area(other)) for run, other in zip(runs, baseline, strict=True)]
    gaps = 100 * np.array([one - other for one, other in pairs if one is not None and other is not None])
    interval = student(gaps) if len(gaps) else None
    if interval is None:
        return ""
    low, high = (max(-100.0, min(100.0, end)) for end in interval)  # Student's may reach beyond what there is
    told = f"({gaps.mean():+.1f} points of recall [{low:+.1f}, {high:+.1f}] over the whole curve)"
    if interval[0] > 0 or interval[1] < 0:
        return f"; it is {'better' if interval[0] > 0 else 'worse'} on rare classes {told}"
    return f"; no difference on rare classes is measurable {told}"


def _gaps(name: str, runs: Sequence[Curve], baseline: Sequence[Curve], measure: str) -> str:
    """Paired differences at the budget and over the whole curve."""
    pairs = list(zip(runs, baseline, strict=True))
    gaps = 100 * np.array([run.metric[-1] - other.metric[-1] for run, other in pairs])
    areas = 100 * np.array([run.area - other.area for run, other in pairs])
    labels, interval = runs[0].labels[-1], student(gaps) or (0.0, 0.0)
    figures = f"({_told(gaps, measure)} at {labels} labels, 95 % intervals, {len(gaps)} paired seeds)"
    if interval[0] > 0 or interval[1] < 0:
        sentence = f"{name} is {'above' if interval[0] > 0 else 'below'} {BASELINE} {figures}"
    else:
        sentence = f"No difference between {name} and {BASELINE} is measurable {figures}"
    low, high = student(areas) or (0.0, 0.0)
    return sentence + (f"; over the whole curve {_told(areas, measure)}" if low > 0 or high < 0 else "")


def _told(points: Any, measure: str) -> str:
    """A mean with its interval in words."""
    low, high = student(points) or (float("nan"), float("nan"))
    return f"{points.mean():+.1f} {_points(measure)} [{low:+.1f}, {high:+.1f}]"


def _points(measure: str) -> str:
    """Points are those of accuracy, unless it is said of what."""
    return "points" if measure == ACCURACY else f"points of {measure}"
