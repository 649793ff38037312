"""The scene of the faults: a root on disks of its own, Label Studio, a project, the backend, a kernel, a person."""

from __future__ import annotations

import json
import os
import shutil
import time
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from projects import write_texts

from faults.disks import Disk
from faults.ground import Ledger
from faults.kernel import Kernel
from faults.persons import Person
from faults.plan import BACKEND, FORK_SERVER, HOME, KERNEL, LABEL_STUDIO, ROOT
from faults.remains import of_root
from lsal.files import read_json, write_json
from lsal.settings import child_environment
from lsal.workbench import Workbench

TESTS = Path(__file__).parents[1]
TEXTS, BATCH, FEW = 140, 6, 30
"""Of one project; another one is made when so few tasks are open."""
MEGABYTES = {ROOT: 96, HOME: 256}
REACH_S = 120.0


class Scene:
    """Everything that a round needs, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "root"
        self.disks = {ROOT: Disk(self.root, folder / "root.img", MEGABYTES[ROOT])}
        self.disks[HOME] = Disk(self.root / "projects", folder / "home.img", MEGABYTES[HOME])
        self.orders = folder / "orders"
        self.orders.mkdir()
        self.points: dict[str, int] = {}
        self._serial, self._projects = count(1), 0
        self.kernel = self.new_kernel()
        self.must("up")
        self.begin()

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the scene is given."""
        paths = [str(TESTS / "faults" / "hook"), str(TESTS), os.environ.get("PYTHONPATH", "")]
        told = {"LSAL_ROOT": str(self.root), "LSAL_FAULTS": str(self.orders), "LSAL_POLL_S": "10"}
        ours = {"IPYTHONDIR": str(self.folder / "ipython"), "OMP_NUM_THREADS": "1"}
        return child_environment(PYTHONPATH=os.pathsep.join(filter(None, paths)), **told, **ours)

    def new_kernel(self) -> Kernel:
        """A fresh kernel, as after "restart"."""
        self.kernel = Kernel(self.folder / "kernel.log", self.environment)
        return self.kernel

    def must(self, *lines: str) -> None:
        """Run lines that have to go well."""
        if (told := self.kernel.run(*lines))["error"]:
            raise RuntimeError(f"{lines}: {told}")

    def begin(self) -> None:
        """A fresh project with one version live; one process answers for the first, two for the second, and so on."""
        path = write_texts(self.folder / f"texts{next(self._serial)}.csv", TEXTS)
        options = "--label label --demo --input text"
        self.must(f"new {path} {options}", f"set batch={BATCH} refill_below=0.0 worker_nice=0 measuring_share=0.2")
        self._projects += 1
        self.must(f"serve --workers {2 - self._projects % 2}", "rank --wait")
        self.tasks = self.bench().desk.project.count([])
        self.ledger = Ledger()
        self.person = Person(self.bench(), self.ledger, path.stem)
        for _ in range(BATCH):
            self.person.label_one()
        self.must("round --wait")
        if not self.points:
            self._count_points()

    def _count_points(self) -> None:
        for role in (KERNEL, BACKEND, "worker"):
            self.person.label_one()
            armed = self.arm(role, 0)
            self.must(*self.lines())
            self.disarm()
            path = self.orders / f"points.{armed}"
            self.points[role] = len(path.read_text().splitlines()) if path.exists() else 1

    def lines(self) -> tuple[str, ...]:
        """The cell of a round."""
        return f"set batch={BATCH}", "sync", "round --wait", "status"

    def bench(self) -> Workbench:
        """The project as another process finds it."""
        return Workbench(self.root)

    @property
    def open(self) -> int:
        """Tasks that nobody answered yet, about."""
        return self.tasks - len(self.ledger.kept)

    # Orders to the hook ------------------------------------------------------------

    def arm(self, role: str, at: int) -> str:
        """Let the process of this role halt at that point; 0 to write all points down."""
        armed = f"{next(self._serial)}"
        write_json(self.orders / "arm.json", {"id": armed, "role": role, "at": at})
        return armed

    def disarm(self) -> None:
        """Nobody halts any more."""
        (self.orders / "arm.json").unlink(missing_ok=True)

    def reached(self, armed: str) -> dict[str, Any] | None:
        """Who halted, and at what; None so far."""
        try:
            return dict(json.loads((self.orders / f"reached.{armed}").read_bytes()))
        except FileNotFoundError:
            return None

    def go(self, armed: str) -> None:
        """Let whoever halted go on."""
        (self.orders / f"go.{armed}").touch()

    # Processes ---------------------------------------------------------------------

    def process(self, target: str) -> psutil.Process | None:
        """The process that is meant, if it runs."""
        if target == KERNEL:
            return psutil.Process(self.kernel.process.pid) if self.kernel.alive else None
        if target == BACKEND:
            mark = read_json(self.root / "backend.json", {})
        elif target == FORK_SERVER:
            mark = read_json(self.root / "fork_server.json", {})
        elif target == LABEL_STUDIO:
            mark = read_json(self.root / "label-studio" / "server.json", {}).get("mark", {})
        else:
            newest = self.bench().jobs()[:1]
            mark = read_json(newest[0].folder / "process.json", {}) if newest else {}
        try:
            found = psutil.Process(int(mark["pid"])) if "pid" in mark else None
        except psutil.NoSuchProcess:
            return None
        return found if found and found.status() != psutil.STATUS_ZOMBIE else None

    def writers(self) -> list[psutil.Process]:
        """All who write below the root."""
        return [*of_root(self.root), *filter(None, [self.process(KERNEL)])]

    def mend(self) -> None:
        """After a trial that could not be had: room again, nobody halted, and all that a round needs."""
        self.disarm()
        for disk in self.disks.values():
            disk.empty()
        self.kernel.end()
        self.new_kernel().run("up", "serve")

    def end(self) -> list[str]:
        """End everything; what did not end."""
        self.kernel.end()  # it may be at something, or stopped
        self.new_kernel().run("down")
        self.kernel.end()
        until = time.monotonic() + 60
        while (left := list(of_root(self.root))) and time.monotonic() < until:
            time.sleep(0.1)
        said = [f"process {one.pid} outlived `down`" for one in left]
        for one in left:
            one.kill()
        for disk in (self.disks[HOME], self.disks[ROOT]):
            disk.end()
        shutil.rmtree(self.folder, ignore_errors=True)
        return said
