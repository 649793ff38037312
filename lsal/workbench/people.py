"""Who labelled how much, and how far they agree where several labelled the same task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from lsal.desk import Desk
from lsal.label_studio import seen, tally
from lsal.label_studio.mirror import Mirror


@dataclass(frozen=True, slots=True)
class Team:
    """The people of a project, as of the last sync.

    `labelled` counts tasks by person, the busiest first. `agreed` has for each control how many
    tasks got the same answer from all, of those that several people answered. `wanted` is how
    many people Label Studio is to ask about each task; `beyond` counts the tasks that more answered.
    """

    labelled: Mapping[str, int] = field(default_factory=dict)
    agreed: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    wanted: int = 1
    beyond: int = 0


def team(desk: Desk) -> Team:
    """The people of a project; counted again only when something changed."""
    if not desk.mirror.label_config:
        return Team()
    mirror = desk.mirror
    return _team(mirror, tuple(desk.handled), mirror.fact("changes", 0), str(mirror.fact("people")))


@lru_cache(maxsize=16)
def _team(mirror: Mirror, controls: tuple[str, ...], changes: int, names: str) -> Team:
    wanted = int(mirror.fact("overlap", 1))
    agreed = {control: tally.agreement(mirror, control) for control in controls}
    return Team(
        seen.people(mirror),
        {control: found for control, found in agreed.items() if found[1]},
        wanted,
        tally.beyond(mirror, wanted),
    )
