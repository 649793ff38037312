"""What a sync notes beside the tasks: settings of the project, since when each control was there, people's names."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from lsal.errors import BadConfig, LabelStudioError
from lsal.label_studio import tally
from lsal.label_studio.config import read_config
from lsal.label_studio.mirror import Mirror
from lsal.label_studio.project import Project
from lsal.records import Control

log = logging.getLogger(__name__)

TRAINS = "start_training_on_annotation_update"
SETTINGS = ("sampling", "model_version", TRAINS)
"""The settings of a project that the loop depends on and that people change."""


def note_project(mirror: Mirror, facts: Mapping[str, Any], asked_at: float) -> None:
    """Keep `SETTINGS`; they were asked for at `asked_at`, here."""
    kept = {name: facts.get(name) for name in SETTINGS}
    trains = bool(kept.pop(TRAINS))
    mirror.remember(project=kept | {"trains_at_labels": trains, "asked_at": asked_at})


def project_settings(mirror: Mirror) -> dict[str, Any]:
    """What `note_project` kept; {} before the first sync."""
    return dict(mirror.fact("project", {}))


def note_config(mirror: Mirror, xml: str, now: str) -> None:
    """Keep the label config, and of each control that is new or of a new shape that it came by `now`.

    A control that was there when the project was first seen counts as always there.
    """
    before = mirror.label_config
    if xml != before or mirror.fact("since") is None:
        known = mirror.fact("since")
        if known is None:
            known = dict.fromkeys(_controls(before or xml), "")
        mirror.remember(since={control: known.get(control, now) for control in _controls(xml)})
    mirror.remember(label_config=xml)


def since(mirror: Mirror, control: Control) -> str:
    """From when on people could answer the control as it is; "" if they always could.

    An older annotation that does not speak of it says nothing: not "none of these".
    """
    return str(mirror.fact("since", {}).get(_sign(control), ""))


def note_people(mirror: Mirror, project: Project) -> None:
    """Ask for the names of people who are new here; the server may refuse, then they stay numbers."""
    known: dict[str, str] = mirror.fact("people", {})
    new = [str(person) for person in tally.by_person(mirror) if str(person) not in known]
    if not new:
        return
    try:
        users = {str(user["id"]): _name(user) for user in project.connection.rows("/api/users/")}
    except LabelStudioError as error:
        log.info("people stay numbers: %s", error)
        users = {}
    mirror.remember(people=known | {person: users.get(person, f"person {person}") for person in new})


def people(mirror: Mirror) -> dict[str, int]:
    """How many tasks each person labelled, by name, the busiest first."""
    names = mirror.fact("people", {})
    return {names.get(str(person), f"person {person}"): count for person, count in tally.by_person(mirror).items()}


def _controls(xml: str) -> list[str]:
    try:
        return [_sign(control) for control in read_config(xml).controls]
    except BadConfig:  # told by whoever needs a control
        return []


def _sign(control: Control) -> str:
    return f"{control.name} {control.shape}"


def _name(user: dict[str, Any]) -> str:
    return str(user.get("email") or user.get("username") or f"person {user['id']}")
