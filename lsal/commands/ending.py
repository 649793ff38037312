"""The commands that end what runs: the ML backend, and lsal's own Label Studio."""

from __future__ import annotations

from typing import Any

from lsal.commands.command import Arguments, Command
from lsal.home import homes
from lsal.workbench import Workbench
from lsal.workbench.told import Told


def stop(bench: Workbench, a: Arguments) -> Any:
    """End the ML backend; what was connected to it."""
    connected = _connected(bench)
    if not bench.stop():
        return Told({"ended": False, "were connected": []}, "No ML backend was running")
    says = "The ML backend was ended; Label Studio goes on without it"
    return _told({"ended": True}, says, connected, "Start it again: lsal serve")


def down(bench: Workbench, a: Arguments) -> Any:
    """End lsal's own Label Studio and the backend; what each of them was."""
    connected, backend = _connected(bench), bench.stop()
    ended = bench.down()
    what = [name for name, was in (("Label Studio", ended), ("the ML backend", backend)) if was]
    fields = {"ended": ended, "backend": backend}
    if not what:
        return Told(fields | {"were connected": []}, "Neither Label Studio nor the ML backend was running")
    says = f"{' and '.join(what)} {'were' if len(what) > 1 else 'was'} ended; the data stay"
    again = "lsal up, then lsal serve" if ended and backend else "lsal up" if ended else "lsal serve"
    return _told(fields, says[0].upper() + says[1:], connected if backend else [], f"Start again: {again}")


def _connected(bench: Workbench) -> list[str]:
    """The projects of the root that are connected to its backend."""
    return [f"{home.project} ({home.title})" for home in homes(bench.root) if home.path("served.json").exists()]


def _told(fields: dict[str, Any], says: str, connected: list[str], note: str) -> Told:
    return Told(fields | {"were connected": connected}, says, {"were connected": ", ".join(connected)}, note)


STOP = Command("stop", "end the ML backend", stop)
DOWN = Command("down", "end lsal's own Label Studio and the backend", down)
