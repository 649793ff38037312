"""Suspected label errors as they were found last, with what a person needs to look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lsal.desk import Desk
from lsal.errors import BadRequest
from lsal.files import read_json
from lsal.suspects import Pair, Person, Suspect, Suspected, sending_back
from lsal.workbench.shown import teller

KEPT = "suspects.json"


@dataclass(frozen=True, slots=True)
class Suspicions:
    """What the last look found, by control; `shown` is what people see of a task, `tab` where they look again.

    `people` and `pairs` are the annotators of each control, and how far every two of them agree.
    """

    made_at: float
    controls: tuple[Suspected, ...]
    people: Mapping[str, tuple[Person, ...]] = field(default_factory=dict)
    pairs: Mapping[str, tuple[Pair, ...]] = field(default_factory=dict)
    shown: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    sent_back: int = 0
    looked_at: int = 0
    tab: str = ""


def suspicions(desk: Desk, top: int) -> Suspicions:
    """The `top` suspects of each control as kept in the home; those that are no suspects are left out."""
    kept = read_json(desk.home.path(KEPT))
    if kept is None:
        raise BadRequest("Nobody looked for label errors yet", "Look: lsal suspects")
    sent, looked = sending_back.read(desk.home), sending_back.looked_at(desk.home, desk.mirror)
    waiting = set(sent.tasks) - looked
    controls = tuple(_control(one, top, waiting, looked) for one in kept["controls"])
    tasks = [one.task_id for control in controls for one in control.suspects]
    tell = teller(desk)
    shown = {task.id: tell(task.data) for task in desk.mirror.tasks(ids=tasks)}
    tab = f"{desk.address}/projects/{desk.home.project}/data?tab={sent.view}" if desk.address and sent.view else ""
    people = {name: tuple(Person(**p) for p in found["people"]) for name, found in kept["people"].items()}
    pairs = {name: tuple(Pair(**p) for p in found["pairs"]) for name, found in kept["people"].items()}
    return Suspicions(kept["made_at"], controls, people, pairs, shown, len(waiting), len(looked), tab)


def _control(kept: Mapping[str, Any], top: int, waiting: set[int], looked: set[int]) -> Suspected:
    """Sent back, looked at: as it is now, not when somebody looked for errors."""
    found = [Suspect(**{**one, "people": tuple(one["people"])}) for one in kept["suspects"] if one["flagged"]]
    marked = [replace(one, sent=one.task_id in waiting, looked_at=one.task_id in looked) for one in found[:top]]
    return Suspected(**{**kept, "suspects": tuple(marked)})
