"""The process of the ML backend: one for a root, started once, found again, ended.

root/
├── backend.json        the process that runs, where the notebook reaches it, where else it listens
├── backend.port.json   the port it had last: Label Studio's rows name it
├── backend.host.json   the further address to listen on, if a person asked for one
├── backend.workers.json  how many processes answer, if a person said so
├── backend.log
└── backend.lock        held while it is started or ended
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from lsal import processes
from lsal.errors import BadRequest, JobFailed, NotWritten
from lsal.files import keep_private, read_json, write_json
from lsal.room import nearly_full
from lsal.settings import child_environment, root_secret
from lsal.workbench.addresses import LOOPBACK, refuse_foreign

START_S = 60.0
ANSWER_S = 5.0
ORPHANS_S = 5.0
"""In which the workers of a process that was killed let go of its port."""
PATIENCE_S = 40.0
"""How long a process that listens may keep silent before it counts as stuck: it may be busy, or stopped."""


def start(root: Path, port: int = 0, host: str = "", workers: int = 0) -> dict[str, Any]:
    """The root's backend: the one that runs, else one that is started now.

    It listens at `port`, else at the port it had last time, else at any free one, on loopback
    and, if one was ever asked for, on `host`; `workers` processes answer, or as many as the last
    time. One that runs otherwise, or under an earlier secret, is started again. Raises BadRequest
    if `port` is taken or `host` is not this machine's, and JobFailed if it ends while starting.
    """
    keep_private(root)
    with _lock(root):
        host = host or read_json(root / "backend.host.json", LOOPBACK)
        workers = workers or read_json(root / "backend.workers.json", 1)
        running = _patiently(root)
        if running and _is_as_asked(root, running, port, host, workers):
            return running
        refuse_foreign(host)
        before = read_json(root / "backend.json")  # it may run and not answer: never two of them
        port = _free_port(root, port, before)
        processes.stop(before)
        return _start(root, port, host, workers)


def backend(root: Path, wait_s: float = ANSWER_S) -> dict[str, Any] | None:
    """The root's backend, if it runs and answers."""
    marked = read_json(root / "backend.json")
    return dict(marked) if processes.alive(marked) and _greet(marked, wait_s) == 200 else None


def stop(root: Path) -> bool:
    """End the root's backend; Label Studio goes on without it."""
    if not (root / "backend.json").exists():
        return False
    with _lock(root):
        ended = processes.stop(read_json(root / "backend.json"))
        (root / "backend.json").unlink(missing_ok=True)
    return ended


def listened(root: Path) -> tuple[int, str]:
    """The port and the further address that the root's backend had last; 0 before the first start."""
    return read_json(root / "backend.port.json", 0), read_json(root / "backend.host.json", LOOPBACK)


def port_of(running: Mapping[str, Any]) -> int:
    """The port of a running backend."""
    return int(str(running["url"]).rpartition(":")[2])


def _patiently(root: Path) -> dict[str, Any] | None:
    """The root's backend, if it runs and answers in the end. A busy one is waited for, not ended."""
    marked, until = read_json(root / "backend.json"), time.monotonic() + PATIENCE_S
    while processes.alive(marked):
        status = _greet(marked, max(0.1, min(ANSWER_S, until - time.monotonic())))
        if status == 200:
            return dict(marked)
        if status is not None or time.monotonic() >= until:
            break
    return None


def _greet(marked: Mapping[str, Any], wait_s: float) -> int | None:
    """The status with which it answers /health; 0 if nobody listens there, None if it keeps silent."""
    try:
        return httpx.get(f"{marked['url']}/health", timeout=wait_s, trust_env=False).status_code
    except httpx.TimeoutException:
        return None
    except httpx.HTTPError:
        return 0


def _is_as_asked(root: Path, running: Mapping[str, Any], port: int, host: str, workers: int) -> bool:
    there = port_of(running), running.get("host", LOOPBACK), running.get("workers", 1)
    return there == (port or there[0], host, workers) and running.get("secret", _digest(root)) == _digest(root)


def _digest(root: Path) -> str:
    """What tells one secret from another, and no more than that."""
    return hashlib.sha256(root_secret(root).encode()).hexdigest()[:12]


def _lock(root: Path) -> FileLock:
    return FileLock(root / "backend.lock")


def _free_port(root: Path, asked: int, before: Mapping[str, Any] | None) -> int:
    """The port to start on; one that was asked for has to be free, last time's need not.

    That of `before`, the process that was last, will be free: it is to be ended now, or the workers that it
    leaves behind are about to end.
    """
    if before and processes.alive(before) and asked in (0, port_of(before)):
        return port_of(before)
    wanted = asked or read_json(root / "backend.port.json", 0)
    port, until = processes.free_port(wanted), time.monotonic() + ORPHANS_S
    while before and port != wanted == port_of(before) and time.monotonic() < until:
        _pause()
        port = processes.free_port(wanted)
    if asked and port != asked:
        raise BadRequest(f"Port {asked} is taken", "Choose another one, or leave the choice to lsal: lsal serve")
    return port


def _pause() -> None:
    time.sleep(0.1)


def _start(root: Path, port: int, host: str, workers: int) -> dict[str, Any]:
    log = root / "backend.log"
    before = log.stat().st_size if log.exists() else 0
    command = [sys.executable, "-m", "lsal.backend", str(root), "--port", str(port), "--host", host]
    command += ["--workers", str(workers)] if workers > 1 else []
    facts = {"url": f"http://{LOOPBACK}:{port}", "host": host, "secret": _digest(root), "workers": workers}
    marked = processes.spawn(command, log, child_environment()) | facts
    write_json(root / "backend.json", marked)
    until = time.monotonic() + START_S
    while time.monotonic() < until and processes.alive(marked):
        if running := backend(root):
            write_json(root / "backend.port.json", port)
            write_json(root / "backend.host.json", host)
            write_json(root / "backend.workers.json", workers)
            return running
        _pause()
    processes.stop(marked)
    if nearly_full(root) or nearly_full(root / "projects"):
        raise NotWritten(f"The ML backend did not start: the disk of {root} is full", "Make room, then: lsal serve")
    said = processes.end_of(log, 3, since=before) or "it ended without a word"
    raise JobFailed(f"The ML backend did not start: {said}", f"Read {log}, then: lsal serve")
