"""What a fault left behind on this machine: processes that nobody knows, ports they hold, locks that nobody frees."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout

from lsal import jobs
from lsal.files import read_json
from lsal.home import homes

PATIENCE_S = 60.0
"""In which what is about to end or to let go does so: processes on a busy machine wait for their turn."""


def of_root(root: Path) -> Iterator[psutil.Process]:
    """The living processes that work in `root`: it stands in their command, or they write below it."""
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE and process.pid != os.getpid() and _is_of(process, str(root)):
                yield process
        except psutil.Error:
            continue


def _is_of(process: psutil.Process, root: str) -> bool:
    command = process.cmdline()
    if any(root in word for word in command):
        return True
    return process.environ().get("LABEL_STUDIO_BASE_DATA_DIR", "").startswith(root)


def known(root: Path) -> set[int]:
    """The leaders of the sessions that lsal itself would find and end: backend, Label Studio, workers that run."""
    marks = [read_json(root / "backend.json", {}), read_json(root / "label-studio" / "server.json", {}).get("mark")]
    for home in homes(root):
        marks += [read_json(job.folder / "process.json", {}) for job in jobs.jobs(home)[:20] if _runs(job)]
    return {int(mark["pid"]) for mark in marks if mark and "pid" in mark}


def _runs(job: jobs.Job) -> bool:
    return job.state().state in ("waiting", "running")


def orphans(root: Path, allowed: Callable[[psutil.Process], bool] = lambda process: False) -> list[str]:
    """Processes of `root` that belong to nobody, and the ports they listen on; `allowed` are the tester's own."""
    return _in_the_end(
        lambda: [_named(one) for one in of_root(root) if not _belongs(one, known(root)) and not allowed(one)]
    )


def _belongs(process: psutil.Process, leaders: set[int]) -> bool:
    try:
        return os.getsid(process.pid) in leaders
    except OSError:  # it ended meanwhile
        return True


def _named(process: psutil.Process) -> str:
    try:
        ports = [c.laddr.port for c in process.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        at = f" listening on {ports}" if ports else ""
        return f"process {process.pid} ({' '.join(process.cmdline())[-120:]}) is left{at}"
    except psutil.Error:
        return ""


def locks(root: Path) -> list[str]:
    """Locks that cannot be had, though nothing runs that would free them."""
    files = [path for path in root.rglob("*") if path.name == "lock" or path.suffix == ".lock"]
    return _in_the_end(lambda: [f"{path.relative_to(root)} is held" for path in files if not _free(path)])


def _free(path: Path) -> bool:
    try:
        with FileLock(path, timeout=0):
            return True
    except Timeout:
        return False


def _in_the_end(look: Callable[[], list[str]]) -> list[str]:
    """What is still so after some patience."""
    until = time.monotonic() + PATIENCE_S
    while (found := [said for said in look() if said]) and time.monotonic() < until:
        time.sleep(0.1)
    return found


def remains(root: Path, **more: Any) -> dict[str, list[str]]:
    """What was left behind by now, by what it is."""
    return {"orphans": orphans(root, **more), "locks": locks(root)}
