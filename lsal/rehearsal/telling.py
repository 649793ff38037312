"""Labels saved in words: "saved 310 ± 90", "nothing measurable", or "cannot tell", and on what it was measured."""

from __future__ import annotations

from typing import Any

from lsal.rehearsal.saving import Saved
from lsal.rehearsal.verdict import VAGUE


def told(found: Saved | str, measured_on: str) -> dict[str, Any]:
    """What is known, as fields; a text says why nothing is."""
    if isinstance(found, str):
        return {"says": found, "measured_on": measured_on}
    figures = {"saved": found.count, "half_width": found.half, "target": found.target}
    more = {"labels": found.labels, "baseline": found.baseline, "measured_on": measured_on}
    return {"says": in_words(found), **figures, **more}


def in_words(found: Saved) -> str:
    """The count with its interval, if it is one that tells something."""
    if found.count is None:
        return f"cannot tell: {found.target:.3f} is not reached"
    if found.half is None or found.half_share is None:
        return "cannot tell: one replay has no interval"
    figures = f"{abs(found.count):.0f} ± {found.half:.0f}"
    if found.sure > 0:
        return f"saved {figures}"
    if found.sure < 0:
        return f"cost {figures} more"
    signed = f"{found.count:+.0f} ± {found.half:.0f}"
    return f"cannot tell ({signed})" if found.half_share > VAGUE else f"nothing measurable ({signed})"


def of_summary(row: dict[str, Any]) -> Saved:
    """The line of one strategy in the summary of a rehearsal, as what it saves."""
    reached, saved = row["labels_to_target"], row["saved"]
    baseline = None if saved is None or reached is None else saved + reached
    halves = row["saved_half_width"], row["saved_share_half_width"]
    return Saved(row["target"], reached, baseline, row["seeds"], *halves)
