"""How far a version's confidence can be trusted, as a person says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from lsal.measuring.confidence import ENOUGH
from lsal.phrases import counted
from lsal.workbench.asking import Confidence

HEAD = "calibration error when made"
WHAT_IT_IS = "Calibration error: how far confidence and accuracy lie apart, without -> with a temperature T."


def calibrated(metrics: Mapping[str, Any], calibration: Mapping[str, Any]) -> str:
    """The cell of a table: the error without and with the temperature, and the temperature."""
    done = f"T {calibration['temperature']:.2f}" if "temperature" in calibration else "no T" if calibration else ""
    if "ece" not in metrics:
        return done or "-"
    error, before = metrics["ece"], metrics["ece_before"]
    if error is None:
        told = "cannot tell"
    else:
        told = f"{before:.3f} -> {error:.3f}" if "temperature" in calibration else f"{error:.3f}"
    return f"{told}, {done}" if done else told


def calibration_notes(shown: Mapping[int, Mapping[str, Any]]) -> tuple[str, ...]:
    """What the column means, and which versions are not calibrated, and why; by the number of a version."""
    why = defaultdict[str, list[int]](list)
    for number, calibration in shown.items():
        if "why_not" in calibration:
            why[str(calibration["why_not"])].append(number)
    notes = tuple(f"Not calibrated: {_versions(numbers)}: {reason}." for reason, numbers in why.items())
    return ((WHAT_IT_IS, *notes)) if any("temperature" in one for one in shown.values()) else notes


def trusted(told: Confidence) -> str:
    """The figures of one version in a comparison."""
    found = told.trust
    if found.ece is None:
        measured = f"{counted(found.tasks, 'task')}, {ENOUGH} wanted" if told.kept else "it was not noted"
        return f"calibration error: cannot tell ({measured}); {told.calibration}"
    low, high = found.ece_interval
    error = f"calibration error {found.ece:.3f} ({low:.3f} to {high:.3f}) on {counted(found.tasks, 'task')}"
    chance = "by chance alone up to" if found.ece <= (found.by_chance or 0) else "more than chance alone makes it,"
    brier = f"Brier score {found.brier:.3f}, {found.brier_before:.3f} without"
    return f"{error}, {found.ece_before:.3f} without; {chance} {found.by_chance:.3f}; {brier}; {told.calibration}"


def _versions(numbers: Sequence[int]) -> str:
    word = "version" if len(numbers) == 1 else "versions"
    return f"{word} {', '.join(map(str, numbers))}"
