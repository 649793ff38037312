"""A nursery of workers that kill themselves: forks real processes, each with one kill switch.

Reads one JSON object a line, {"job": FOLDER, "when": "before" | "after" | "lost", "at": POINT},
runs `lsal.worker` on the job in a process of its own, and answers with a line once that ended.
A point is a named write: a rename, the end of an intent, a write of the mirror, or a write over
HTTP, named by its target with the names of jobs, queues and versions left out, `#2` for the
second of one name. `before` and `after` are SIGKILL; `lost` lets the request through and loses
the answer. Every point that was passed goes into points.txt in the job's folder.

Forked, because importing scikit-learn takes longer than a whole round of a small project.
"""

import json
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import sklearn.cluster  # noqa: F401

import lsal.worker.acts  # noqa: F401
from lsal import jobs
from lsal.home import open_home
from lsal.label_studio.mirror import Mirror
from lsal.models import MODELS
from lsal.strategies import STRATEGIES
from lsal.worker.__main__ import main

WRITES = {"POST": ("/import/predictions",), "PATCH": ("",)}


class Switch:
    """Counts the points and pulls the plug at the wanted one."""

    def __init__(self, home: Path, told: Path, when: str = "", at: str = "") -> None:
        self.home, self.told, self.when, self.at = home, told, when, at
        self.seen: Counter[str] = Counter()

    def wrap(self, call: Callable[..., Any], name_of: Callable[..., str]) -> Callable[..., Any]:
        def wrapped(*given: Any, **more: Any) -> Any:
            name = name_of(*given, **more)
            if not name:
                return call(*given, **more)
            self.seen[name] += 1
            point = name if self.seen[name] == 1 else f"{name}#{self.seen[name]}"
            self._kill("before", point)
            answer = call(*given, **more)
            with self.told.open("a") as file:
                file.write(point + "\n")
            self._kill("after", point)
            if (self.when, self.at) == ("lost", point):
                raise httpx.ReadError("the answer was lost")
            return answer

        return wrapped

    def _kill(self, when: str, point: str) -> None:
        if (self.when, self.at) == (when, point):
            os.kill(os.getpid(), signal.SIGKILL)

    def file(self, path: Any) -> str:
        """A path's name relative to the home, without what differs from run to run; "" outside of it."""
        if not isinstance(path, (str, Path)) or not Path(path).is_relative_to(self.home):
            return ""
        name = Path(path).relative_to(self.home).as_posix()
        name = re.sub(r"^jobs/[^/]+", "job", name)
        name = re.sub(r"^scored/\d+", "scored/POOL", name)
        name = re.sub(r"^scoring/([^/]+)/[0-9a-f]+", r"scoring/\1/WAY", name)
        name = re.sub(r"(?<=truth-label\.)[0-9a-f]{8}(?=\.json)", "ERA", name)
        return re.sub(r"\b\d{4}\b", "NNNN", re.sub(r"lsal-queue-[^/]*(?=\.json)", "QUEUE", name))

    def install(self) -> None:
        for name in ("replace", "rename"):
            setattr(os, name, self.wrap(getattr(os, name), lambda source, target, **_: self.file(target)))
        os.unlink = self.wrap(os.unlink, lambda path, **_: "end of intent" if self.file(path) == "intent.json" else "")
        Path.touch = self.wrap(Path.touch, lambda path, **_: self.file(path))  # type: ignore[method-assign]
        for name in ("keep", "remember"):
            wrapped = self.wrap(getattr(Mirror, name), lambda *_, name=name, **__: f"mirror.{name}")
            setattr(Mirror, name, wrapped)
        httpx.Client.request = self.wrap(httpx.Client.request, _request)  # type: ignore[method-assign]


def _request(http: httpx.Client, method: str, url: str, **_: Any) -> str:
    path = re.sub(r"^.*/api/projects/\d+", "", url).rstrip("/")
    return f"{method} {path or 'project'}" if path in WRITES.get(method, ()) else ""


def _start(home: Path, act: str) -> int:
    """What the kernel does: make the job and start it."""
    jobs.start(jobs.create(open_home(home), act), "lsal.worker")
    return 0


def _child(wish: dict[str, str]) -> None:
    """The forked process: its own session, its output in the job's log."""
    os.setsid()
    place = Path(wish.get("job") or wish["home"])
    log = os.open(place / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(log, stream)
    home = Path(wish["home"]) if "home" in wish else place.parent.parent
    Switch(home, place / "points.txt", wish.get("when", ""), wish.get("at", "")).install()
    os._exit(main(wish["job"]) if "job" in wish else _start(home, "rank"))


def nursery() -> None:
    """Fork one process for each line, one after the other."""
    _ = MODELS["sklearn_text"], [STRATEGIES[name] for name in STRATEGIES]  # what a round imports late
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                _child(json.loads(line))
            finally:
                os._exit(70)
        _, status = os.waitpid(pid, 0)
        print(json.dumps({"pid": pid, "code": os.waitstatus_to_exitcode(status)}), flush=True)


if __name__ == "__main__":
    nursery()
