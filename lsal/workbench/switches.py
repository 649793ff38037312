"""What a promotion or a rollback would change, before it does; and which of them cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsal import publishing
from lsal.desk import Desk
from lsal.errors import BadRequest, NoVersion
from lsal.label_studio import seen
from lsal.label_studio.mirror import OPEN
from lsal.records import Version
from lsal.store import PRUNED
from lsal.workbench.warnings import open_count

PROMOTE, ROLLBACK = "promote", "rollback"


@dataclass(frozen=True, slots=True)
class Switch:
    """Another set of versions in place of the live ones.

    `was` and `live` are the sets; `changed` has for each control that gets another version the two numbers, the first
    None where none was live. `queue` is what people get now: name, size and how many are open; {} before the first.
    `batch` is how many tasks the new set ranks, of `open` ones, by `strategy`. `model_version` is what Label Studio
    held at the last sync.
    """

    act: str
    number: int
    was: Mapping[str, int]
    live: Mapping[str, int]
    changed: Mapping[str, tuple[int | None, int]]
    queue: Mapping[str, Any]
    batch: int
    open: int
    strategy: str
    model_version: str


@dataclass(frozen=True, slots=True)
class Switchable:
    """Why each version cannot go live, by number, and why there is no way `back`; a reason "" is none."""

    versions: Mapping[int, str] = field(default_factory=dict)
    back: str = ""


def switch(desk: Desk, act: str, number: int = 0) -> Switch:
    """What `promote` of a version, or `rollback`, would change. Raises as those do."""
    was = desk.store.current()
    live = _back(desk) if act == ROLLBACK else _promoted(desk, was, number)
    publication, settings = publishing.live_publication(desk.home), desk.home.settings()
    queue = {}
    if publication:
        queue = {"name": publication.name, "size": len(publication.task_ids), "open": open_count(desk)}
    return Switch(
        act=act,
        number=number,
        was=was,
        live=live,
        changed={name: (was.get(name), new) for name, new in live.items() if was.get(name) != new},
        queue=queue,
        batch=min(settings.batch, desk.mirror.count(OPEN)),
        open=desk.mirror.count(OPEN),
        strategy=settings.strategy,
        model_version=str(seen.project_settings(desk.mirror).get("model_version") or ""),
    )


def switchable(desk: Desk) -> Switchable:
    """Which versions can go live, from what is on disk."""
    live, handled = desk.store.current(), desk.handled if desk.mirror.label_config else {}
    found = {one.number: _why_not(one, live, handled) for one in desk.store.all()}
    try:
        back = _back(desk)
    except NoVersion as error:
        return Switchable(found, f"{error.what}.")
    gone = [number for number in back.values() if number not in found]
    wrong = [f"Version {number}: {why}" for number in back.values() if (why := _gone(found.get(number, "")))]
    return Switchable(found, f"Version {gone[0]} is not here any more." if gone else next(iter(wrong), ""))


def _promoted(desk: Desk, was: Mapping[str, int], number: int) -> dict[str, int]:
    version = desk.store.get(number)
    if was.get(version.control) == number:
        raise BadRequest(f"Version {number} is live already", "See what is: lsal status")
    return {**was, version.control: number}


def _back(desk: Desk) -> dict[str, int]:
    history = desk.store.history()
    if len(history) < 2:
        raise NoVersion("No other version was live before", "Choose one: lsal promote N")
    return dict(history[-2])


LIVE = "It is live."


def _why_not(version: Version, live: Mapping[str, int], handled: Mapping[str, Any]) -> str:
    if live.get(version.control) == version.number:
        return LIVE
    if (version.folder / PRUNED).exists():
        return "Its weights were cleaned away, only its figures are kept."
    if version.control not in handled:
        return f"The label config has no control '{version.control}' that lsal can learn."
    if not version.can_answer(handled[version.control][0]):
        return f"It was trained for another '{version.control}': the label config changed since."
    return ""


def _gone(why: str) -> str:
    """A reason that also keeps a version from coming back; to be live already is none."""
    return "" if why == LIVE else why
