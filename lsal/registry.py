"""Names for kinds, models, strategies and engines, loaded when first used.

lsal's own names, those of files that the user plugged in, and entry points of installed
packages (`lsal.kind`, `lsal.model`, `lsal.strategy`, `lsal.engine`) come through the same door.
The first to have a name keeps it, in this order: installing a package never changes what a
name means.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from lsal import plugins
from lsal.errors import BadPlugin, BadRequest

OWN = "lsal"
MEND = "Mend that package, or remove it"


class Registry(Mapping[str, Any]):
    """A lazy table of names. `group` is both the noun in messages and the entry point's group."""

    def __init__(self, group: str, table: Mapping[str, str]) -> None:
        self.group = group
        self._table = dict(table)
        self._points: dict[str, EntryPoint] | None = None
        self._broken: dict[str, str] = {}

    def require(self, name: str) -> None:
        """Raise BadRequest, listing the names there are, unless `name` is one.

        What is not lsal's own is loaded, so that whoever chooses it hears at once if it
        cannot be: BadPlugin.
        """
        if name not in self:
            missing = "; ".join(one.trouble for one in plugins.plugged() if one.trouble)
            told = f" ({missing})" if missing else ""
            raise BadRequest(f"No {self.group} is called '{name}'{told}", f"Choose one of: {', '.join(self)}")
        if name not in self._table:
            self[name]

    def origin(self, name: str) -> str:
        """Where a name comes from: `lsal`, a file that was plugged in, or a package."""
        if name in self._table:
            return OWN
        file = next((one.file for one in plugins.plugged() if name in one.tables.get(self.group, {})), None)
        return file.name if file else _package(self._packages()[name])

    def loaded(self) -> Iterator[tuple[str, Any]]:
        """Every name with what is behind it; what cannot be loaded is left out, see `troubles`."""
        for name in self:
            try:
                yield name, self[name]
            except BadPlugin:
                continue

    def troubles(self) -> list[str]:
        """What a person should know about other packages' names, as far as they were asked for."""
        broken = [f"{what}. {MEND}" for what in self._broken.values()]
        taken = [point for name, point in self._packages().items() if name in self._table]
        return broken + [f"The {self._called(point)} is not used: lsal has one of that name" for point in taken]

    def __getitem__(self, name: str) -> Any:
        if name in self._table:
            module, _, attribute = self._table[name].partition(":")
            return getattr(import_module(module), attribute)
        for one in plugins.plugged():
            if name in one.tables.get(self.group, {}):
                return one.tables[self.group][name]
        if name not in self._packages():
            self.require(name)
        return self._load(self._packages()[name])

    def __contains__(self, name: object) -> bool:
        return name in self._table or name in self._packages() or name in self._plugged()

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._table, *self._plugged(), *self._packages())))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _plugged(self) -> list[str]:
        return [str(name) for one in plugins.plugged() for name in one.tables.get(self.group, {})]

    def _packages(self) -> dict[str, EntryPoint]:
        """Read once, in the order of the packages' names: which comes first must not depend on a path."""
        if self._points is None:
            found = sorted(entry_points(group=f"lsal.{self.group}"), key=lambda point: (_package(point), point.name))
            self._points = {}
            for point in found:
                self._points.setdefault(point.name, point)
        return self._points

    def _load(self, point: EntryPoint) -> Any:
        """What a package offers; its failure is remembered, as a module that fails is slow to fail again."""
        if point.name not in self._broken:
            try:
                return point.load()
            except (Exception, SystemExit) as error:  # whatever a stranger's module does when it is imported
                why = f"{type(error).__name__}: {error}"
                self._broken[point.name] = f"The {self._called(point)} cannot be loaded ({why})"
        raise BadPlugin(self._broken[point.name], MEND)

    def _called(self, point: EntryPoint) -> str:
        return f"{self.group} '{point.name}' of {_package(point)}"


def _package(point: EntryPoint) -> str:
    return f"package '{point.dist.name}'" if point.dist else f"'{point.value}'"
