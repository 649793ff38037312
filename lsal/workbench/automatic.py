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
from lsal.label_studio import seen
from lsal.phrases import counted
from lsal.unlearned import Mark


@dataclass(frozen=True, slots=True)
class Automatic:
    """When rounds start by themselves: after `labels` new annotations, or `minutes` with at least one; 0 is off.

    `new` is how many there are so far, as of the last sync; `next_look` when the backend looks
    again at the latest (it does so at once when an event comes), `says` what it found last;
    `ended` how the automatic rounds so far ended, by state. `each` says that Label Studio itself
    asks for a round at each annotation.
    """

    labels: int = 0
    minutes: int = 0
    new: int = 0
    next_look: float | None = None
    says: str = ""
    ended: Mapping[str, int] = field(default_factory=dict)
    backend: bool = False
    each: bool = False

    @property
    def on(self) -> bool:
        """Whether there are any."""
        return bool(self.labels or self.minutes)

    def __str__(self) -> str:
        if not self.on:
            return "off"
        after = [counted(self.labels, "label")] if self.labels else []
        after += [f"{counted(self.minutes, 'minute')} with a new label"] if self.minutes else []
        return f"after {' or '.join(after)} ({self.so_far})"

    @property
    def so_far(self) -> str:
        """How many new labels there are, and whether they are enough."""
        return f"{self.new} so far" + (", due" if self.due else "")

    @property
    def due(self) -> bool:
        """Whether the labels are enough, and nothing else than the backend's next look is waited for."""
        return bool(self.labels) and self.new >= self.labels and self.says in ("", WAITS)

    @property
    def state(self) -> str:
        """What the backend found, as far as that still holds, and when it looks next; "" if it does not look."""
        says = "" if self.due else self.says
        return ", ".join(part for part in (says, self.looks) if part) if self.looks else ""

    @property
    def looks(self) -> str:
        """When the backend looks next, in words; "" if it does not."""
        if not (self.on and self.backend):
            return ""
        return f"next look within {max(1.0, (self.next_look or 0.0) - time.time()):.0f} s"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What keeps it from happening."""
        nobody = (NOBODY,) if self.on and not self.backend else ()
        return (*nobody, f"{EACH}. {EACH_FIX}") if self.each else nobody


WAITS = "waits for labels"
NOBODY = "Automatic rounds are on, but the ML backend, which starts them, is not running. Start it: lsal serve"
EACH = "Label Studio asks for a round at each annotation: 'Start model training on annotation submission' is on"
EACH_FIX = "Switch it off in Label Studio under Settings, Model (or Machine Learning), and use: lsal auto 50"


def automatic(desk: Desk, backend: bool) -> Automatic:
    """How it stands, from what is on disk; `backend` says whether that runs."""
    settings, kept, each = desk.home.settings(), read_json(kept_at(desk.home), {}), _each(desk)
    if not settings.automatic:
        return Automatic(ended=kept.get("ended", {}), backend=backend, each=each)
    new = unlearned.count(desk.mirror, since(desk.home, kept))
    told = (kept.get("next_at"), kept.get("says", ""), kept.get("ended", {}))
    return Automatic(settings.auto_labels, settings.auto_minutes, new, *told, backend, each)


def _each(desk: Desk) -> bool:
    """Whether Label Studio, which asks the backends that it knows, asked for rounds when it was last read."""
    return desk.home.path("served.json").exists() and bool(seen.project_settings(desk.mirror).get("trains_at_labels"))


def since(home: Home, kept: Mapping[str, Any]) -> Mark:
    """From where labels count: the last training, or a cancelled one after it."""
    cancelled, learned = unlearned.read(kept.get("since")), unlearned.last(home)
    return cancelled if cancelled.made_at > learned.made_at else learned


def kept_at(home: Home) -> Path:
    """Where the backend's looks remember what they found."""
    return home.path("automatic.json")
