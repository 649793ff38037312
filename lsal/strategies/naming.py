"""Names of strategies with wrappers before a colon: `explore=0.2:distinct:margin`.

A wrapper changes the pool that a strategy sees, or what becomes of its picks. The outermost stands first. Some
take a number after `=`, others have one that serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from lsal.errors import BadRequest
from lsal.registry import Registry


class Strategies(Registry):
    """The registry of strategies: every name in it may have wrappers before it; they are not listed."""

    def __init__(self, group: str, table: Mapping[str, str], wrappers: Mapping[str, str]) -> None:
        super().__init__(group, table)
        self.wrappers = dict(wrappers)

    def require(self, name: str) -> None:
        """Raise BadRequest, listing the names there are, unless `name` is one, be it wrapped."""
        *before, inner = name.split(":")
        for one in before:
            self._wrapper(one)
        super().require(inner)

    def origin(self, name: str) -> str:
        """Where a name comes from: that of the strategy in the wrappers."""
        return super().origin(name.rpartition(":")[2])

    def __getitem__(self, name: str) -> Any:
        head, colon, rest = name.partition(":")
        if not colon:
            return super().__getitem__(name)
        wrapper, number = self._wrapper(head)
        return wrapper(self[rest], number)

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or ":" not in name:
            return super().__contains__(name)
        *before, inner = name.split(":")
        try:
            for one in before:
                self._wrapper(one)
        except BadRequest:
            return False
        return super().__contains__(inner)

    def _wrapper(self, words: str) -> tuple[Any, float]:
        """What stands before one colon: the wrapper, and its number."""
        name, equals, number = words.partition("=")
        if name not in self.wrappers:
            known = ", ".join(self.wrappers)
            raise BadRequest(f"No wrapper of strategies is called '{name}'", f"Before a colon choose one of: {known}")
        module, _, attribute = self.wrappers[name].partition(":")
        wrapper = getattr(import_module(module), attribute)
        if not equals:
            return wrapper, wrapper.usual
        try:
            given = float(number)
        except ValueError:
            given = -1.0
        if not wrapper.low <= given <= wrapper.high:
            what = f"'{name}' takes a number from {wrapper.low:g} to {wrapper.high:g}, not '{number}'"
            raise BadRequest(what, f"Write it so: {name}={wrapper.usual:g}:margin")
        return wrapper, given
