"""Names for kinds, models, strategies and engines, loaded when first used.

Built-ins and strangers' entry points come through the same door: a name and the
`module:attribute` behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from lsal.errors import BadRequest


class Registry(Mapping[str, Any]):
    """A lazy table of names. `group` is both the noun in messages and the entry point's group."""

    def __init__(self, group: str, table: Mapping[str, str]) -> None:
        self.group = group
        self._table = dict(table)
        self._strangers_read = False

    def require(self, name: str) -> None:
        """Raise BadRequest, listing the names there are, unless `name` is one; loads nothing."""
        if name not in self:
            raise BadRequest(f"No {self.group} is called '{name}'", f"Choose one of: {', '.join(self)}")

    def __getitem__(self, name: str) -> Any:
        self.require(name)
        module, _, attribute = self._table[name].partition(":")
        return getattr(import_module(module), attribute)

    def __contains__(self, name: object) -> bool:
        self._read_strangers()
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        self._read_strangers()
        return iter(self._table)

    def __len__(self) -> int:
        self._read_strangers()
        return len(self._table)

    def _read_strangers(self) -> None:
        """A stranger's name never replaces a built-in one."""
        if not self._strangers_read:
            self._strangers_read = True
            for point in entry_points(group=f"lsal.{self.group}"):
                self._table.setdefault(point.name, point.value)
