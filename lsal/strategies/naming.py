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

EXPLORE, USUAL = "explore", 0.1
"""The wrapper that draws a share at random, and the share where none is given."""


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


def without_exploration(name: str) -> tuple[float, str]:
    """The share that `explore` draws at random, 0 without it, and the name without that wrapper."""
    *before, inner = name.split(":")
    kept, share = list[str](), 0.0
    for words in before:
        wrapper, equals, number = words.partition("=")
        if wrapper != EXPLORE:
            kept.append(words)
        elif not share:
            share = float(number) if equals else USUAL
    return share, ":".join([*kept, inner])


def with_exploration(share: float, name: str) -> str:
    """The name with `explore` as its outermost wrapper; without it for a share of 0. `require` checks the share.

    Outermost, as the chances of its draw are those of the tasks only there.
    """
    rest = without_exploration(name)[1]
    return f"{EXPLORE}={share:g}:{rest}" if share else rest
