"""The ML backend beside the notebook: started once for a root, found again, connected to Label Studio."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import httpx
from filelock import FileLock

from lsal import processes, publishing
from lsal.desk import Desk
from lsal.errors import BadRequest, JobFailed, LabelStudioError
from lsal.files import read_json, write_json
from lsal.label_studio.project import Project
from lsal.records import Publication
from lsal.settings import child_environment, root_secret

TITLE = "lsal"
START_S = 60.0


def serve(desk: Desk, port: int = 0) -> dict[str, Any]:
    """Start the backend if it does not run, connect the project to it, keep the live queue live."""
    root = desk.home.root
    running = start(root, port)
    url = f"{running['url']}/{root_secret(root)}/{desk.home.slug}"
    row = desk.project.connect_backend(url, TITLE)
    # Connecting sets an empty model_version to the backend's title, and then each request for
    # the next task would ask the backend: the queue is the publication, or nothing. What else
    # stands there stays: a round may have published while the backend was being connected.
    if desk.project.read()["model_version"] in (None, "", TITLE):
        _bring_back(desk.project, publishing.live_publication(desk.home))
    return {"url": running["url"], "pid": running["pid"], "state": row.get("state"), "connected": row["id"]}


def start(root: Path, port: int = 0) -> dict[str, Any]:
    """The root's backend: the one that runs and answers, else one that is started now.

    It listens at `port`, else at the port it had last time, else at any free one. Raises
    BadRequest if `port` is taken and JobFailed if it ends while starting.
    """
    root.mkdir(parents=True, exist_ok=True)
    with _lock(root):
        if running := backend(root):
            return running
        processes.stop(read_json(root / "backend.json"))  # it may run and not answer: never two of them
        return _start(root, _free_port(root, port))


def backend(root: Path) -> dict[str, Any] | None:
    """The root's backend, if it runs and answers."""
    marked = read_json(root / "backend.json")
    if not processes.alive(marked):
        return None
    try:
        answer = httpx.get(f"{marked['url']}/health", timeout=5, trust_env=False)
    except httpx.HTTPError:
        return None
    return dict(marked) if answer.status_code == 200 else None


def stop(root: Path) -> bool:
    """End the root's backend; Label Studio goes on without it."""
    if not (root / "backend.json").exists():
        return False
    with _lock(root):
        ended = processes.stop(read_json(root / "backend.json"))
        (root / "backend.json").unlink(missing_ok=True)
    return ended


def _bring_back(project: Project, publication: Publication | None) -> None:
    """Make the publication the queue again; none is, where its predictions were deleted."""
    name = publication.name if publication else ""
    try:
        project.change(model_version=name)
    except LabelStudioError as error:
        if error.status != 400 or not name:
            raise
        project.change(model_version="")


def _lock(root: Path) -> FileLock:
    """Held while the backend is started or ended."""
    return FileLock(root / "backend.lock")


def _free_port(root: Path, asked: int) -> int:
    """The port to start on; one that was asked for has to be free, last time's need not."""
    port = processes.free_port(asked or read_json(root / "backend.port.json", 0))
    if asked and port != asked:
        raise BadRequest(f"Port {asked} is taken", "Choose another one, or leave the choice to lsal: lsal serve")
    return port


def _start(root: Path, port: int) -> dict[str, Any]:
    log = root / "backend.log"
    command = [sys.executable, "-m", "lsal.backend", str(root), "--port", str(port)]
    marked = processes.spawn(command, log, child_environment()) | {"url": f"http://127.0.0.1:{port}"}
    write_json(root / "backend.json", marked)
    write_json(root / "backend.port.json", port)
    until = time.monotonic() + START_S
    while time.monotonic() < until and processes.alive(marked):
        if running := backend(root):
            return running
        time.sleep(0.1)
    processes.stop(marked)
    raise JobFailed(f"The ML backend did not start: {processes.end_of(log, 3)}", f"Read {log}, then: lsal serve")
