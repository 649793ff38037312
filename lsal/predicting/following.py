"""One thread that looks again and again, for all who answer in this process, for what is about to go live."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import Protocol

log = logging.getLogger(__name__)

LOOK_S = 0.05


class Follower(Protocol):
    """Somebody who has to keep up with the disk."""

    def catch_up(self) -> None:
        """Do so; returns at once."""


_followers: weakref.WeakSet[Follower] = weakref.WeakSet()
_beginning = threading.Lock()
_thread: threading.Thread | None = None


def follow(follower: Follower) -> None:
    """Let somebody catch up from now on, for as long as somebody else holds on to it."""
    global _thread
    with _beginning:
        _followers.add(follower)
        if _thread is None:
            _thread = threading.Thread(target=_run, name="follower", daemon=True)
            _thread.start()


def _run() -> None:
    failing: weakref.WeakSet[Follower] = weakref.WeakSet()
    while True:
        for follower in _all():
            try:
                follower.catch_up()
                failing.discard(follower)
            except Exception:  # whatever it is: the others go on, and this one tries again
                if follower not in failing:
                    log.warning("cannot look for what goes live next", exc_info=True)
                failing.add(follower)
        follower = None  # type: ignore[assignment]  # else the last one would be held on to while this sleeps
        time.sleep(LOOK_S)


def _all() -> list[Follower]:
    with _beginning:
        return list(_followers)
