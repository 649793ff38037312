"""What the curves of one strategy come to: its line in the table, and its mean curve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lsal.rehearsal.curve import Curve
from lsal.rehearsal.intervals import as_share, student
from lsal.rehearsal.saving import Saved, saved, together


def result_of(name: str, seed: int, curve: Curve) -> dict[str, Any]:
    """One replay, as programs read it."""
    return {
        "strategy": name,
        "seed": seed,
        "labels": curve.labels,
        "metric": curve.metric,
        "query_seconds": curve.query_seconds,
    }


def summary_of(name: str, runs: Sequence[Curve], baseline: Sequence[Curve] | None, target: float | None) -> dict:  # type: ignore[type-arg]
    """The line of one strategy; what it saves against the `baseline` where there is one."""
    last = np.array([curve.metric[-1] for curve in runs])
    against = saved(runs, baseline, target) if baseline else None
    return {
        "strategy": name,
        "seeds": len(runs),
        "labels": runs[0].labels[-1],
        "metric": float(last.mean()),
        "interval": as_share(student(last), last),
        "area": float(np.mean([curve.area for curve in runs])),
        "labels_to_baseline": labels_to_baseline(runs, baseline) if baseline else None,
        "rare_recall": rare_recall(runs),
        "query_seconds": float(np.mean([curve.query_seconds for curve in runs])),
        "curve": mean_curve(runs),
    } | (_saving(against) if against else {})


def mean_curve(runs: Sequence[Curve]) -> dict[str, list[float]]:
    """The mean over the seeds at each number of labels, with Student's 95 % interval; of one seed the value alone."""
    labels, values = together(runs)
    spans = [as_share(student(at), at) or (float(at[0]), float(at[0])) for at in values.T]
    low, high = [one for one, _ in spans], [other for _, other in spans]
    return {"labels": labels.tolist(), "mean": values.mean(axis=0).tolist(), "low": low, "high": high}


def rare_recall(runs: Sequence[Curve]) -> float | None:
    """The mean recall of rare classes over the whole curve and all seeds; None where nothing is rare."""
    known = [value for value in map(rare_area, runs) if value is not None]
    return float(np.mean(known)) if known else None


def rare_area(curve: Curve) -> float | None:
    """The mean recall of rare classes over one curve."""
    known = [value for value in curve.rare if value is not None]
    return float(np.mean(known)) if known else None


def labels_to_baseline(runs: Sequence[Curve], baseline: Sequence[Curve]) -> int | None:
    """The fewest labels at which the mean curve is at the baseline's last value; None if it never is."""
    wanted = np.mean([curve.metric[-1] for curve in baseline])
    labels, values = together(runs)
    reached = np.flatnonzero(values.mean(axis=0) >= wanted - 1e-9)
    return int(labels[reached[0]]) if len(reached) else None


def _saving(told: Saved) -> dict[str, Any]:
    return {
        "target": told.target,
        "labels_to_target": told.labels,
        "saved": told.count,
        "saved_half_width": told.half,
        "saved_share": told.share,
        "saved_share_half_width": told.half_share,
    }
