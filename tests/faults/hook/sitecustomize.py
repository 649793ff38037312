"""Loaded by every Python process of the bench: counts what it does to the disk and to the network, and halts once.

$LSAL_FAULTS is a folder. `arm.json` in it names a role, kernel, backend or worker, and the number of a point: the
process of that role that comes to it says so in `reached`, and waits for `go`. So a fault strikes at the very same
point of a round each time. A point is a file opened for writing, a rename, a removal, a new folder, a database
opened or a connection made, by a process that works below $LSAL_ROOT.
"""

import json
import os
import sys
import threading
import time

FOLDER, ROOT = os.environ.get("LSAL_FAULTS", ""), os.environ.get("LSAL_ROOT", "")
MOST_S = 60.0
PASSING = ("lock", "progress")
"""Files that are written now and then, by the clock: they would make the count of points differ."""


def role() -> str:
    """What this process is to the bench."""
    words = sys.orig_argv
    if "lsal.backend" in words:
        return "backend"
    return "kernel" if "faults.kernel" in words else "worker" if any(w.startswith("lsal.") for w in words) else ""


class Points:
    """Counts the points since the bench armed itself last."""

    def __init__(self, mine: str) -> None:
        self._mine, self._armed, self._count, self._lock = mine, "", 0, threading.Lock()
        self._busy = threading.local()

    def hear(self, event: str, given: tuple) -> None:
        if getattr(self._busy, "now", False) or not (what := named(event, given)):
            return
        self._busy.now = True
        try:
            self._pass(f"{event} {what}")
        finally:
            self._busy.now = False

    def _pass(self, what: str) -> None:
        try:
            with open(f"{FOLDER}/arm.json") as file:
                armed = json.load(file)
        except (OSError, ValueError):
            return
        if armed["role"] != self._mine:
            return
        with self._lock:
            if armed["id"] != self._armed:
                self._armed, self._count = armed["id"], 0
            self._count += 1
            count = self._count
        if not armed["at"]:
            with open(f"{FOLDER}/points.{armed['id']}", "a") as file:
                file.write(what + "\n")
        elif count == armed["at"]:
            halt(armed["id"], what)


def halt(armed: str, what: str) -> None:
    """Say so, and wait for the bench to have done its deed."""
    with open(f"{FOLDER}/reached.{armed}.part", "w") as file:
        json.dump({"pid": os.getpid(), "what": what}, file)
    os.rename(f"{FOLDER}/reached.{armed}.part", f"{FOLDER}/reached.{armed}")
    until = time.monotonic() + MOST_S
    while not os.path.exists(f"{FOLDER}/go.{armed}") and time.monotonic() < until:
        time.sleep(0.005)


def named(event: str, given: tuple) -> str:
    """What a point is about; "" for what is none."""
    if event == "socket.connect":
        return str(given[1])
    if event in ("os.rename", "os.remove", "os.mkdir", "sqlite3.connect"):
        path = given[1] if event == "os.rename" else given[0]
    elif event == "open" and (given[2] or 0) & (os.O_WRONLY | os.O_RDWR):
        path = given[0]
    else:
        return ""
    path = os.fspath(path) if isinstance(path, (str, os.PathLike)) else ""
    below = isinstance(path, str) and path.startswith(ROOT + "/")
    return path.removeprefix(ROOT) if below and not any(word in os.path.basename(path) for word in PASSING) else ""


if FOLDER and ROOT and (mine := role()):
    sys.addaudithook(Points(mine).hear)
