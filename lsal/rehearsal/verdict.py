"""What the curves of a rehearsal come to: a table and an honest sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal.files import to_json
from lsal.rehearsal.curve import Curve

BASELINE = "random"
ACCURACY = "accuracy"
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rehearsal:
    """Learning curves by strategy and seed, what they come to, and a verdict in a sentence or two."""

    results: list[dict[str, Any]]
    summary: list[dict[str, Any]]
    verdict: str

    def to_json(self) -> bytes:
        """JSON with the keys results, summary and verdict."""
        return to_json({"results": self.results, "summary": self.summary, "verdict": self.verdict}, indent=True)


def conclude(curves: Mapping[str, Sequence[Curve]], measure: str = ACCURACY, tasks: str = "") -> Rehearsal:
    """What curves of the main figure `measure`, on these `tasks`, come to.

    Results by strategy and seed, a summary row for each strategy, and each against the baseline.
    """
    results = [
        {
            "strategy": name,
            "seed": seed,
            "labels": curve.labels,
            "metric": curve.metric,
            "query_seconds": curve.query_seconds,
        }
        for name, runs in curves.items()
        for seed, curve in enumerate(runs)
    ]
    measured = {"measure": measure, "measured_on": f"{measure} on {tasks}"}
    summary = [_summary(name, runs, curves.get(BASELINE)) | measured for name, runs in curves.items()]
    rivals = [name for name in curves if name != BASELINE]
    if BASELINE not in curves or not rivals:
        verdict = f"Nothing to compare: name {BASELINE} and another strategy"
    else:
        verdict = ". ".join(_verdict(name, curves[name], curves[BASELINE], measure) for name in rivals)
    return Rehearsal(results, summary, verdict + ".")


def _summary(name: str, runs: Sequence[Curve], baseline: Sequence[Curve] | None) -> dict[str, Any]:
    last = np.array([curve.metric[-1] for curve in runs])
    return {
        "strategy": name,
        "seeds": len(runs),
        "labels": runs[0].labels[-1],
        "metric": float(last.mean()),
        "interval": _possible(_interval(last), last),
        "area": float(np.mean([curve.area for curve in runs])),
        "labels_to_baseline": _labels_to_baseline(runs, baseline) if baseline else None,
        "query_seconds": float(np.mean([curve.query_seconds for curve in runs])),
    }


def _verdict(name: str, runs: Sequence[Curve], baseline: Sequence[Curve], measure: str) -> str:
    """Paired differences at the budget and over the whole curve, in hundredths of the main figure."""
    pairs = list(zip(runs, baseline, strict=True))
    gaps = 100 * np.array([run.metric[-1] - other.metric[-1] for run, other in pairs])
    areas = 100 * np.array([run.area - other.area for run, other in pairs])
    labels, interval = runs[0].labels[-1], _interval(gaps)
    if interval is None:
        told = f"{gaps[0]:+.1f} {_points(measure)}"
        return f"{name} ended {told} from {BASELINE} at {labels} labels; one seed cannot tell more"
    figures = f"({_told(gaps, measure)} at {labels} labels, 95 % intervals, {len(gaps)} paired seeds)"
    if interval[0] > 0 or interval[1] < 0:
        sentence = f"{name} is {'above' if interval[0] > 0 else 'below'} {BASELINE} {figures}"
    else:
        sentence = f"No difference between {name} and {BASELINE} is measurable {figures}"
    reached = _labels_to_baseline(runs, baseline) if interval[0] > 0 else None
    saved = f"; it reaches {BASELINE}'s last {measure} with {reached} labels" if reached and reached < labels else ""
    low, high = _interval(areas) or (0.0, 0.0)
    return sentence + saved + (f"; over the whole curve {_told(areas, measure)}" if low > 0 or high < 0 else "")


def _told(points: Any, measure: str) -> str:
    """A mean with its interval in words."""
    low, high = _interval(points) or (float("nan"), float("nan"))
    return f"{points.mean():+.1f} {_points(measure)} [{low:+.1f}, {high:+.1f}]"


def _points(measure: str) -> str:
    """Points are those of accuracy, unless it is said of what."""
    return "points" if measure == ACCURACY else f"points of {measure}"


def _interval(values: Any) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean; None for a single value."""
    if len(values) < 2:
        return None
    from scipy import stats

    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _possible(interval: tuple[float, float] | None, values: Any) -> tuple[float, float] | None:
    """The part of it where a share can be: Student's interval of a few seeds may reach beyond 0 or 1."""
    if interval is None or values.min() < 0 or values.max() > 1:
        return interval
    return max(interval[0], 0.0), min(interval[1], 1.0)


def _labels_to_baseline(runs: Sequence[Curve], baseline: Sequence[Curve]) -> int | None:
    """The fewest labels at which the mean curve is at the baseline's last value; None if it never is."""
    wanted = np.mean([curve.metric[-1] for curve in baseline])
    mean = np.mean([curve.metric for curve in runs], axis=0)
    reached = np.flatnonzero(mean >= wanted)
    return runs[0].labels[int(reached[0])] if len(reached) else None
