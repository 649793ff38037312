"""What the dashboard is made of: sections in tabs, and what a section may ask of the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from lsal.dashboard.look import Look
from lsal.jobs import State
from lsal.workbench import Workbench

T = TypeVar("T")


class Live(Protocol):
    """A dashboard as its sections see it. Without an event loop all of it happens at once."""

    @property
    def bench(self) -> Workbench:
        """The project's workbench: to be read in a thread, by `apart`."""

    async def apart(self, work: Callable[..., T], *given: Any) -> T:
        """Do slow work in a thread."""

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start work in the event loop. What goes wrong in it is shown as a warning until a later one goes well."""

    def act(self, name: str, *given: Any, **more: Any) -> None:
        """Call a method of the workbench in a thread. Its error becomes a card; afterwards everything looks again."""


class Section(Protocol):
    """One tab."""

    title: str

    @property
    def view(self) -> Any:
        """Its widget."""

    def show(self, seen: Look, job: State | None) -> None:
        """Show what a look found: at every tick, in the event loop, so at once; only what changed is set."""

    async def step(self) -> bool:
        """Read what is slow, with `Live.apart`, while the tab is open; False if there was nothing to do."""

    def close(self) -> None:
        """Close its widgets."""
