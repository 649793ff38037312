"""Projects on the session's Label Studio that lsal attaches to and serves, and backends of strangers."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from projects import WORDS

from lsal import processes
from lsal.label_studio import backend_rows
from lsal.label_studio.server import Server
from lsal.settings import child_environment
from lsal.workbench import Workbench

Client = Callable[..., httpx.Response]
CHOICES = "".join(f'<Choice value="{name}"/>' for name in WORDS)
CONFIG = f'<View><Text name="text" value="$text"/><Choices name="label" toName="text">{CHOICES}</Choices></View>'


def attached(root: Path, client: Client, server: Server, tasks: int = 12) -> Workbench:
    """A project that somebody made on the server, attached in `root`, synced, not served."""
    number = client("POST", "/api/projects/", json={"title": "theirs", "label_config": CONFIG}).json()["id"]
    rows = [{"data": {"text": f"{WORDS['animal'][row % 6]} number {row}"}} for row in range(tasks)]
    assert client("POST", f"/api/projects/{number}/import", json=rows).status_code == 201
    bench = Workbench(root).attach(server.url, number, server.key)
    bench.configure(batch=6, refill_below=0.0)
    bench.sync()
    return bench


def ml_rows(bench: Workbench) -> list[dict[str, Any]]:
    """The ML backends of the project, everybody's."""
    return bench.desk.project.backends()


def hooks(bench: Workbench) -> list[str]:
    """The addresses of the project's webhooks, everybody's."""
    return sorted(str(hook["url"]) for hook in backend_rows.hooks_of(bench.desk.project))


def add_hook(bench: Workbench, url: str) -> int:
    """A webhook, added as people do."""
    body = {"project": bench.home.project, "url": url}
    return int(bench.desk.connection.post("/api/webhooks/", body)["id"])


def wait_until(happened: Callable[[], object], seconds: float = 120.0) -> None:
    """Look again and again; the time is for a machine that is busy with other things."""
    until = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def _healthy(url: str) -> bool:
    try:
        return httpx.get(url, timeout=60, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def second_backend(root: Path) -> Iterator[str]:
    """Another backend process on the same root, as a person may start one; its address."""
    port = processes.free_port()
    command = [sys.executable, "-m", "lsal.backend", str(root), "--port", str(port)]
    with subprocess.Popen(command, env=child_environment(), stderr=subprocess.DEVNULL) as running:
        try:
            wait_until(lambda: _healthy(f"http://127.0.0.1:{port}/health"))
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()


@contextmanager
def stranger() -> Iterator[str]:
    """An ML backend that is not lsal's; its address."""

    class Stranger(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"status": "UP", "model_class": "Theirs"})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer({"model_version": "theirs", "results": []})

        def _answer(self, told: dict[str, Any]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as listener:
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listener.server_port}"
        listener.shutdown()
