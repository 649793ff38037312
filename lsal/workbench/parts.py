"""The kinds, models, strategies and engines that there are, where each comes from, and what is wrong with some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsal import plugins
from lsal.engine import ENGINES, is_address
from lsal.errors import BadRequest
from lsal.kinds import KINDS
from lsal.models import MODELS
from lsal.project_settings import ProjectSettings
from lsal.registry import OWN, Registry
from lsal.strategies import STRATEGIES

REGISTRIES: tuple[Registry, ...] = (KINDS, MODELS, STRATEGIES, ENGINES)


@dataclass(frozen=True, slots=True)
class Part:
    """One name that settings and label configs can lead to. `origin` is lsal, a file, or a package."""

    what: str
    name: str
    origin: str


def parts() -> list[Part]:
    """All names, by what they are; lsal's own first."""
    return [Part(one.group, name, one.origin(name)) for one in REGISTRIES for name in one]


def plug(root: Path, file: Path) -> list[Part]:
    """Plug a file in, so that every process of the root knows its tables; what it adds.

    Raises BadPlugin for a file that cannot be loaded, BadRequest for a name that is taken.
    """
    taken = {(part.what, part.name): part.origin for part in parts() if part.origin != file.name}
    added = _names(plugins.read(file))
    for what, name in added:
        if (what, name) in taken:
            told = f"There is a {what} '{name}' already, from {taken[what, name]}"
            raise BadRequest(told, "Give yours another name, then: lsal plug FILE")
    plugins.plug(root, file)
    return [Part(what, name, file.name) for what, name in added]


def troubles() -> list[str]:
    """What a person should know about parts that do not come from lsal, each with the next step."""
    files = [f"{one.trouble}. Read it, then: lsal plug FILE" for one in plugins.plugged() if one.trouble]
    return [*files, *(told for one in REGISTRIES for told in one.troubles())]


def missing(settings: ProjectSettings) -> list[str]:
    """The names in a project's settings that lead nowhere: their file, or their package, is gone."""
    wanted: list[tuple[Registry, str]] = [(STRATEGIES, settings.strategy)]
    if not is_address(settings.engine):
        wanted.append((ENGINES, settings.engine))
    wanted += [(MODELS, family) for family in (settings.family or {}).values()]
    fix = "Choose another, or plug it in: lsal set, lsal plug"
    return [f"The {one.group} '{name}' of the settings is not here. {fix}" for one, name in wanted if name not in one]


def as_table(shown: list[Part]) -> Mapping[str, Any]:
    """Parts as a command shows them, with the troubles."""
    foreign = sum(part.origin != OWN for part in shown)
    rows = [{"what": part.what, "name": part.name, "from": part.origin} for part in shown]
    told = troubles()
    return {"from elsewhere": foreign, "parts": rows} | ({"trouble": "; ".join(told)} if told else {})


def _names(file: plugins.Plugged) -> list[tuple[str, str]]:
    return [(group, str(name)) for group, table in file.tables.items() for name in table]
