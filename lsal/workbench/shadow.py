"""The shadow of a learning curve: a random order among the same labels, as the last rehearsal replayed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lsal.desk import Desk
from lsal.files import read_json
from lsal.phrases import counted
from lsal.rehearsal import BASELINE

POOL = "the replay draws among tasks that strategies chose to have labelled, so a random order looks better than it is"


@dataclass(frozen=True, slots=True)
class Shadow:
    """The mean curve of a random order with its 95 % interval over replays, and what the project's strategy saved.

    `labels` count the measuring tasks too, as the learning curve does. `warning` says how far it misleads.
    """

    control: str
    metric: str
    labels: tuple[int, ...]
    values: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    says: str
    measured_on: str
    warning: str
    made_at: float


def shadow(desk: Desk) -> Shadow | None:
    """What the last rehearsal on the project's own labels left; None before the first, and without a random order."""
    kept = read_json(desk.home.path("rehearsals", "last.json"))
    row = next((one for one in (kept or {}).get("summary", ()) if one["strategy"] == BASELINE), None)
    if row is None:
        return None
    curve, told = row["curve"], kept.get("saved", {}).get("rehearsal", {})
    biased = f"{row['measured_on']}; {POOL}" if "biased" in row["measured_on"] else POOL
    return Shadow(
        control=kept["control"],
        metric=row["measure"],
        labels=tuple(_with_measuring(desk, kept["control"], curve["labels"])),
        values=tuple(curve["mean"]),
        low=tuple(curve["low"]),
        high=tuple(curve["high"]),
        says=f"Labels saved against a random order: {told['says']}" if told.get("says") else "",
        measured_on=f"{row['measured_on']}, {counted(row['seeds'], 'replay')}",
        warning=biased,
        made_at=float(kept["made_at"]),
    )


def _with_measuring(desk: Desk, control: str, labels: Sequence[int]) -> list[int]:
    """As many labels as people would have given: replays count those learned from, the curve also those measured on."""
    known = {one.examples["count"]: one.examples["measuring"] for one in desk.store.all() if one.control == control} | {
        0: 0
    }
    learned = sorted(known)
    rate = known[learned[-1]] / learned[-1] if learned[-1] else 0.0
    return [
        int(n + (rate * n if n > learned[-1] else np.interp(n, learned, [known[one] for one in learned])))
        for n in labels
    ]
