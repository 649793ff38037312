"""People of a project get their tasks one after the other.

On SQLite, Label Studio looks for a task that nobody holds and only then takes hold of it: two
people who ask in the same tenth of a second get the same task. On PostgreSQL it holds the row
meanwhile. Here the requests for a next task of one project wait for each other; no other do.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

WAIT_S = 10.0
"""A request that hangs keeps nobody longer from a task; the two may then get the same."""
TURNS = tuple(threading.RLock() for _ in range(64))
NEXT = re.compile(r"/api/projects/(\d+)/next/?")


class OneAtATime:
    """Django's middleware: one request for a next task at a time and project."""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response = get_response

    def __call__(self, request: Any) -> Any:
        """The response, after those to whoever asked before."""
        project = _asked_of(request)
        if project is None:
            return self._get_response(request)
        turn = TURNS[project % len(TURNS)]
        held = turn.acquire(timeout=WAIT_S)
        try:
            return self._get_response(request)
        finally:
            if held:
                turn.release()


def _asked_of(request: Any) -> int | None:
    """The project that a request wants a next task of; None for any other request."""
    if request.path.rstrip("/") == "/api/dm/actions" and request.GET.get("id") == "next_task":
        named = request.GET.get("project", "")
    else:
        found = NEXT.fullmatch(request.path)
        named = found[1] if found else ""
    return int(named) if named.isdigit() else None
