"""What the curves of a rehearsal come to: a table and an honest sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsal.files import to_json
from lsal.rehearsal.replay import Curve

BASELINE = "random"
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


def conclude(curves: Mapping[str, Sequence[Curve]], measured_on: str) -> Rehearsal:
    """Results by strategy and seed, a summary row for each strategy, and each against the baseline."""
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
    summary = [_summary(name, runs, curves.get(BASELINE), measured_on) for name, runs in curves.items()]
    rivals = [name for name in curves if name != BASELINE]
    if BASELINE not in curves or not rivals:
        verdict = f"Nothing to compare: name {BASELINE} and another strategy"
    else:
        verdict = ". ".join(_verdict(name, curves[name], curves[BASELINE]) for name in rivals)
    return Rehearsal(results, summary, verdict + ".")


def _summary(name: str, runs: Sequence[Curve], baseline: Sequence[Curve] | None, measured_on: str) -> dict[str, Any]:
    last = np.array([curve.metric[-1] for curve in runs])
    return {
        "strategy": name,
        "seeds": len(runs),
        "labels": runs[0].labels[-1],
        "metric": float(last.mean()),
        "interval": _interval(last),
        "area": float(np.mean([curve.area for curve in runs])),
        "labels_to_baseline": _labels_to_baseline(runs, baseline) if baseline else None,
        "query_seconds": float(np.mean([curve.query_seconds for curve in runs])),
        "measured_on": measured_on,
    }


def _verdict(name: str, runs: Sequence[Curve], baseline: Sequence[Curve]) -> str:
    """Student's interval of the paired differences at the budget, in points of accuracy."""
    gaps = 100 * (np.array([c.metric[-1] for c in runs]) - np.array([c.metric[-1] for c in baseline]))
    labels, mean, interval = runs[0].labels[-1], float(gaps.mean()), _interval(gaps)
    if interval is None:
        return f"{name} ended {mean:+.1f} points from {BASELINE} at {labels} labels; one seed cannot tell more"
    low, high = interval
    figures = (
        f"{mean:+.1f} points at {labels} labels, 95 % interval {low:+.1f} to {high:+.1f}, {len(gaps)} paired seeds"
    )
    if low <= 0 <= high:
        return f"No difference between {name} and {BASELINE} is measurable ({figures})"
    reached = _labels_to_baseline(runs, baseline) if low > 0 else None
    saved = f"; it reaches {BASELINE}'s last accuracy with {reached} labels" if reached and reached < labels else ""
    return f"{name} is {'above' if low > 0 else 'below'} {BASELINE} ({figures}){saved}"


def _interval(values: Any) -> tuple[float, float] | None:
    """Student's 95 % interval of a mean; None for a single value."""
    if len(values) < 2:
        return None
    from scipy import stats

    half = stats.t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def _labels_to_baseline(runs: Sequence[Curve], baseline: Sequence[Curve]) -> int | None:
    """The fewest labels at which the mean curve is at the baseline's last value; None if it never is."""
    wanted = np.mean([curve.metric[-1] for curve in baseline])
    mean = np.mean([curve.metric for curve in runs], axis=0)
    reached = np.flatnonzero(mean >= wanted)
    return runs[0].labels[int(reached[0])] if len(reached) else None
