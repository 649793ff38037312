"""The ML backend beside the notebook: started once for a root, found again, connected to Label Studio."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import httpx

from lsal import processes, publishing
from lsal.desk import Desk
from lsal.errors import JobFailed
from lsal.files import read_json, write_json
from lsal.settings import child_environment, root_secret

TITLE = "lsal"
START_S = 60.0


def serve(desk: Desk, port: int = 0) -> dict[str, Any]:
    """Start the backend if it does not run, connect the project to it, keep the live queue live."""
    root = desk.home.root
    running = backend(root) or _start(root, port)
    url = f"{running['url']}/{root_secret(root)}/{desk.home.slug}"
    before = desk.project.read()["model_version"]
    row = desk.project.connect_backend(url, TITLE)
    # Connecting sets an empty model_version to the backend's title, and then each request for
    # the next task would ask the backend: the queue is the publication, or nothing.
    publication = publishing.live_publication(desk.home)
    wanted = publication.name if publication and before in ("", TITLE, publication.name) else before
    if desk.project.read()["model_version"] != wanted:
        desk.project.change(model_version=wanted if wanted != TITLE else "")
    return {"url": running["url"], "pid": running["pid"], "state": row.get("state"), "connected": row["id"]}


def backend(root: Path) -> dict[str, Any] | None:
    """The root's backend, if it runs and answers."""
    marked = read_json(root / "backend.json")
    if not processes.alive(marked):
        return None
    try:
        answer = httpx.get(f"{marked['url']}/health", timeout=5)
    except httpx.HTTPError:
        return None
    return dict(marked) if answer.status_code == 200 else None


def stop(root: Path) -> bool:
    """End the root's backend; Label Studio goes on without it."""
    ended = processes.stop(read_json(root / "backend.json"))
    (root / "backend.json").unlink(missing_ok=True)
    return ended


def _start(root: Path, port: int) -> dict[str, Any]:
    last = read_json(root / "backend.port.json", 0)
    free = processes.free_port(port or last)
    log = root / "backend.log"
    command = [sys.executable, "-m", "lsal.backend", str(root), "--port", str(free)]
    marked = processes.spawn(command, log, child_environment()) | {"url": f"http://127.0.0.1:{free}"}
    write_json(root / "backend.json", marked)
    write_json(root / "backend.port.json", free)
    until = time.monotonic() + START_S
    while time.monotonic() < until and processes.alive(marked):
        if running := backend(root):
            return running
        time.sleep(0.1)
    processes.stop(marked)
    raise JobFailed(f"The ML backend did not start: {processes.end_of(log, 3)}", f"Read {log}, then: lsal serve")
