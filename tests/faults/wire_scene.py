"""The scene of the wire's faults: a project of somebody else's Label Studio, attached through the proxy, and served."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from projects import WORDS
from proxies import serving

from faults.ground import Ledger
from faults.wire import Wire
from lsal.errors import LsalError
from lsal.jobs import Job, create
from lsal.label_studio.server import Server
from lsal.settings import child_environment
from lsal.workbench import Workbench

TESTS = Path(__file__).parents[1]
TEXTS, BATCH, FEW = 120, 6, 24
CLASSES = ("animal", "machine")
CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    + "".join(f'<Choice value="{name}"/>' for name in CLASSES)
    + "</Choices></View>"
)


class WireScene:
    """Everything that a round over the wire needs, in `folder`; workers are forked, which spares their imports."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder, self._server, self._serial, self._open = folder, server, count(1), ExitStack()
        headers = {"Authorization": f"Token {server.key}", "Connection": "close"}
        self.direct = httpx.Client(base_url=server.url, headers=headers, timeout=60, trust_env=False)
        self.wire = Wire(server.url)
        self._open.enter_context(serving(self.wire))
        self._nursery = self._forks()
        self.begin()

    def begin(self) -> None:
        """A fresh project with one version live; and how many requests, and writes of them, a clean round has."""
        body = {"title": "theirs", "label_config": CONFIG}
        self.number = int(self._do("POST", "/api/projects/", json=body)["id"])
        texts = [f"{WORDS[CLASSES[n % 2]][n % 6]} number {n} {WORDS[CLASSES[n % 2]][n % 5]}" for n in range(TEXTS)]
        self._do("POST", f"/api/projects/{self.number}/import", json=[{"data": {"text": text}} for text in texts])
        self.tasks, self.ledger = TEXTS, Ledger()
        self.root = self._folder / f"root{next(self._serial)}"
        bench = Workbench(self.root).attach(self.wire.url, self.number, self._server.key)
        bench.configure(batch=BATCH, refill_below=0.0, measuring_share=0.2, worker_nice=0, keep_versions=3)
        bench.sync()
        bench.serve()
        assert self.run("rank") == 0
        self.label(BATCH)
        assert self.run("round") == 0
        self.counts = {writes: self._count(writes) for writes in (False, True)}

    def _count(self, writes: bool) -> int:
        self.label(1)
        self.unhook()
        with self.wire.ordered(writes=writes) as order:
            assert [error for error in self.round() if error] == []
        return order.counted

    # The round ---------------------------------------------------------------------

    def round(self) -> list[Exception | None]:
        """Sync, serve, a round and a look at the queue, each by a person who goes on if one fails; what each raised."""
        bench = self.bench()
        return [
            self._attempt(bench.sync),
            self._attempt(bench.serve),
            self._attempt(lambda: self.run("round")),
            self._attempt(bench.verify),
        ]

    def _attempt(self, act: Any) -> Exception | None:
        try:
            act()
        except Exception as error:  # which kind it is, is looked at
            return error
        return None

    def run(self, act: str) -> int:
        """A job in a process of its own, to its end; its exit code."""
        job = create(self.bench().home, act)
        assert self._nursery.stdin
        assert self._nursery.stdout
        self._nursery.stdin.write(json.dumps({"job": str(job.folder)}) + "\n")
        self._nursery.stdin.flush()
        return int(json.loads(self._nursery.stdout.readline())["code"])

    def newest(self) -> Job:
        """The job of the last act."""
        return self.bench().jobs()[0]

    def bench(self) -> Workbench:
        """The project as another process finds it."""
        return Workbench(self.root)

    # People and the server itself, not over the wire --------------------------------

    def label(self, times: int) -> None:
        """People answer the next tasks."""
        for _ in range(times):
            task = self._do("POST", "/api/dm/actions", json={}, params={"id": "next_task", "project": self.number})
            said = next(name for name in CLASSES if task["data"]["text"].split()[0] in WORDS[name])
            result = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [said]}}]
            path, body = f"/api/tasks/{task['id']}/annotations/", {"result": result, "lead_time": 1.0}
            self.ledger.note(self._do("POST", path, json=body, params={"project": self.number}))

    @property
    def scarce(self) -> bool:
        """Whether few tasks are open."""
        return self.tasks - len(self.ledger.kept) < FEW

    def unhook(self) -> None:
        """Somebody deletes the backend's row and webhook by hand: the next `serve` makes them again."""
        for row in self.backends():
            self.direct.delete(f"/api/ml/{row['id']}")
        for hook in self.webhooks():
            self.direct.delete(f"/api/webhooks/{hook['id']}/")

    def backends(self) -> list[dict[str, Any]]:
        """The rows of the ML backend."""
        return list(self._do("GET", "/api/ml", params={"project": self.number}))

    def webhooks(self) -> list[dict[str, Any]]:
        """The webhooks of the project."""
        return list(self._do("GET", "/api/webhooks/", params={"project": self.number}))

    def predictions(self) -> Counter[tuple[int, str]]:
        """How many predictions each task has of each name."""
        held = self._do("GET", "/api/predictions/", params={"project": self.number})
        return Counter((int(one["task"]), str(one["model_version"])) for one in held)

    def _do(self, method: str, path: str, **more: Any) -> Any:
        return self.direct.request(method, path, **more).raise_for_status().json()

    def _forks(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(TESTS / "killed_worker.py")]
        threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started = subprocess.Popen(command, env=child_environment(**threads), **pipes)  # type: ignore[call-overload]
        assert json.loads(started.stdout.readline())["ready"]
        return started  # type: ignore[no-any-return]

    def end(self) -> None:
        """End what was started."""
        self._nursery.communicate(timeout=60)
        for place in range(1, next(self._serial)):
            try:
                Workbench(self._folder / f"root{place}").stop()
            except LsalError:
                continue
        self._open.close()
        self.direct.close()
