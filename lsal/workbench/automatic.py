"""Automatic rounds as a person sees and sets them; it is the backend that starts them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsal import unlearned
from lsal.desk import Desk
from lsal.files import read_json
from lsal.home import Home
from lsal.unlearned import Mark


@dataclass(frozen=True, slots=True)
class Automatic:
    """When rounds start by themselves: after `labels` new annotations, or `minutes` with at least one; 0 is off.

    `new` is how many there are so far, as of the last sync; `next_look` when the backend looks
    again at the latest (it does so at once when an event comes), `says` what it found last;
    `ended` how the automatic rounds so far ended, by state.
    """

    labels: int = 0
    minutes: int = 0
    new: int = 0
    next_look: float | None = None
    says: str = ""
    ended: Mapping[str, int] = field(default_factory=dict)
    backend: bool = False

    @property
    def on(self) -> bool:
        """Whether there are any."""
        return bool(self.labels or self.minutes)

    def __str__(self) -> str:
        if not self.on:
            return "off"
        after = [f"{self.labels} labels"] if self.labels else []
        after += [f"{self.minutes} minutes with a new label"] if self.minutes else []
        return f"after {' or '.join(after)} ({self.new} so far)"

    @property
    def looks(self) -> str:
        """When the backend looks next, in words; "" if it does not."""
        if not (self.on and self.backend):
            return ""
        return f"next look within {max(1.0, (self.next_look or 0.0) - time.time()):.0f} s"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What keeps it from happening."""
        return (NOBODY,) if self.on and not self.backend else ()


NOBODY = "Automatic rounds are on, but the ML backend, which starts them, is not running. Start it: lsal serve"


def automatic(desk: Desk, backend: bool) -> Automatic:
    """How it stands, from what is on disk; `backend` says whether that runs."""
    settings, kept = desk.home.settings(), read_json(kept_at(desk.home), {})
    if not settings.automatic:
        return Automatic(ended=kept.get("ended", {}), backend=backend)
    new = unlearned.count(desk.mirror, since(desk.home, kept))
    told = (kept.get("next_at"), kept.get("says", ""), kept.get("ended", {}))
    return Automatic(settings.auto_labels, settings.auto_minutes, new, *told, backend)


def since(home: Home, kept: Mapping[str, Any]) -> Mark:
    """From where labels count: the last training, or a cancelled one after it."""
    cancelled, learned = unlearned.read(kept.get("since")), unlearned.last(home)
    return cancelled if cancelled.made_at > learned.made_at else learned


def kept_at(home: Home) -> Path:
    """Where the backend's looks remember what they found."""
    return home.path("automatic.json")
