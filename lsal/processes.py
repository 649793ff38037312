"""Processes that outlive the one that started them: known by pid and start time."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

FIRST_PORT, PORTS = 20_000, 12_000
"""Where lsal's own ports lie: below those that systems give to connections."""
FORCED_S = 30.0
"""Seconds that a killed process may take to be gone: on a busy machine it waits for its turn to die."""


def spawn(command: Sequence[str], log: Path, environment: Mapping[str, str], nice: int = 0) -> dict[str, Any]:
    """Start a detached process that writes to `log`; returns {"pid", "started"} to keep on disk."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    give_way(process.pid, nice)
    _children.append(process)
    return mark(process.pid)


def give_way(pid: int, nice: int) -> None:
    """Let a process, a session of its own, give way to others: not at all for 0, to everything for 19."""
    with contextlib.suppress(psutil.Error, OSError):
        if nice:
            psutil.Process(pid).nice(nice)
            # Where Linux shares processors out among sessions, niceness counts within one only: a session has its own.
            if (session := Path(f"/proc/{pid}/autogroup")).exists():
                session.write_text(str(nice))


def mark(pid: int | None = None) -> dict[str, Any]:
    """The identity of a process (this one by default): a pid alone may be used again."""
    process = psutil.Process(pid)
    try:
        return {"pid": process.pid, "started": process.create_time()}
    except psutil.Error:
        return {"pid": process.pid, "started": 0.0}


def alive(marked: Mapping[str, Any] | None) -> bool:
    """Whether the very process that was marked still runs, or still holds what it held.

    Of a killed process with many threads the first one is a zombie at once, while its files and
    locks stay open until the last thread has ended.
    """
    _reap()
    if not marked:
        return False
    try:
        process = psutil.Process(int(marked["pid"]))
        return abs(process.create_time() - float(marked["started"])) < 1.0 and _holds(process)
    except psutil.Error:
        return False


def stopped(marked: Mapping[str, Any] | None) -> bool:
    """Whether the marked process is there and does nothing, because a signal (SIGSTOP, Ctrl-Z) stopped it."""
    try:
        if not marked or "pid" not in marked or not alive(marked):
            return False
        return bool(psutil.Process(int(marked["pid"])).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def stop(marked: Mapping[str, Any] | None, wait_s: float = 10.0) -> bool:
    """End the marked process and its children: asked first, then forced. True if it ran.

    What it spawned detached is a session of its own, and goes on.
    """
    if not marked or not alive(marked):
        return False
    process = psutil.Process(int(marked["pid"]))
    family = _family(process)
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.terminate()
    for member in _left(family, wait_s):
        with contextlib.suppress(psutil.Error):
            member.kill()
    _left(family, FORCED_S)
    return True


def _left(family: Sequence[psutil.Process], within_s: float) -> list[psutil.Process]:
    """Those that have not ended after so many seconds. A zombie has: nobody may be there to collect it."""
    until = time.monotonic() + within_s
    while True:
        _reap()
        left = [member for member in family if _holds(member)]
        if not left or time.monotonic() >= until:
            return left
        time.sleep(0.02)


def _holds(process: psutil.Process) -> bool:
    """Whether a process runs, or at least one of its threads still does."""
    try:
        return bool(process.is_running() and (process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1))
    except psutil.Error:
        return False


def _family(process: psutil.Process) -> list[psutil.Process]:
    """The process and those below it that belong to its session."""
    try:
        session, below = os.getsid(process.pid), process.children(recursive=True)
    except (psutil.Error, OSError):
        return [process]
    return [process, *(child for child in below if _session(child) == session)]


def _session(process: psutil.Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except OSError:  # it ended meanwhile
        return None


def free_port(preferred: int = 0) -> int:
    """A TCP port on loopback that nobody listens on: `preferred` if it is free.

    Any other lies where the system gives none to connections, nor to whoever wants just any: it has to be free
    still when the process that it is for binds it, seconds later.
    """
    below = (FIRST_PORT + secrets.randbelow(PORTS) for _ in range(100))
    for port in (*((preferred,) if preferred else ()), *below, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on loopback")


def free_ports(count: int) -> list[int]:
    """So many of them, each another."""
    found = set[int]()
    while len(found) < count:
        found.add(free_port())
    return list(found)


def end_of(log: Path, lines: int = 15, since: int = 0) -> str:
    """The last lines of a log file, of those after its first `since` bytes."""
    if not log.exists():
        return ""
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(since, file.tell() - 8192))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])


_children: list[subprocess.Popen[bytes]] = []


def _reap() -> None:
    """Collect our own ended children, so that none stays as a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]
