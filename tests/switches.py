"""Versions to switch between, jobs done in this process, people who label meanwhile, and what must agree after."""

import random
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from projects import answer, demo_of_texts

from lsal import jobs, publishing
from lsal.label_studio import queue
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.models import MODELS
from lsal.records import Version
from lsal.settings import root_secret
from lsal.workbench import Workbench
from lsal.worker.acts import run


def with_versions(root: Path, folder: Path, versions: int, tasks: int, batch: int) -> Workbench:
    """A demo whose queue version 1 ranked; each version has guesses of its own."""
    bench = demo_of_texts(root, folder, tasks, batch)
    for seed in range(1, versions + 1):
        add_version(bench, seed)
    do(bench, "promote", number=1)
    return bench


def add_version(bench: Workbench, seed: int, labels: tuple[str, ...] = ()) -> Version:
    """Another version of the one control, not live: its guesses depend on `seed`."""
    control = bench.desk.handled["label"][0]
    return bench.desk.store.add(
        MODELS["random"](control, seed=seed).save,
        family="random",
        control="label",
        metrics={},
        examples={"count": 0, "measuring": 0, "ids": []},
        labels=labels or control.labels,
        shape=control.shape,
        job=f"job-{seed}",
    )


def do(bench: Workbench, act: str, **parameters: Any) -> dict[str, Any]:
    """What the act's worker does, in this process: a process of its own takes 2 s to start."""
    job, begun = jobs.create(bench.home, act, **parameters), time.time()
    job.begin()
    try:
        result = run(job)
    except BaseException as error:
        job.end("failed", begun, error=str(error))
        raise
    job.end("done", begun, result=result)
    return result


def back(bench: Workbench) -> dict[str, Any]:
    """A rollback in this process."""
    to, leave = bench.desk.store.history()[-2:]
    return do(bench, "rollback", leave=leave, to=to)


def agree(bench: Workbench, *backends: str) -> None:
    """Weights, publication, model_version and order are of one switch, and every backend answers by it."""
    live = publishing.live_publication(bench.home)
    assert live
    assert not bench.home.path("intent.json").exists()
    assert queue.live_name(bench.desk.project) == live.name
    assert dict(live.versions) == bench.desk.store.current()
    checked = bench.verify()
    assert checked.exact, checked.faults
    for url in backends:
        _answers(bench, url)


def _answers(bench: Workbench, url: str) -> None:
    """The backend's names and guesses are those of the live version itself."""
    (number,) = bench.desk.store.current().values()
    share = bench.home.settings().measuring_share
    tasks = [task for task in bench.desk.mirror.tasks() if task.place >= share][:8]
    body = {"tasks": [{"id": t.id, "data": t.data} for t in tasks], "label_config": bench.desk.config.xml}
    place = f"{url}/{root_secret(bench.root)}/{bench.home.slug}"
    told = httpx.post(f"{place}/predict", json=body, timeout=120, trust_env=False).json()["results"]
    assert [one["model_version"] for one in told] == [f"lsal-label.v{number}"] * 8
    control = bench.desk.handled["label"][0]
    version = bench.desk.store.get(number)
    model = MODELS[version.family].load(version.folder / "weights", control)
    guesses = [one.target.names[0] for one in model.predict(list(bench.desk.examples("label", tasks)))]
    assert [one["result"][0]["value"]["choices"][0] for one in told] == guesses
    setup = httpx.post(f"{place}/setup", json={}, timeout=120, trust_env=False).json()
    assert setup["model_version"] == f"lsal-label.v{number}"


class Team:
    """People who label what Label Studio serves them, all at once and each on their own; some skip.

    How much they label is told, not how fast: as many labels on a slow machine as on a quick one.
    """

    def __init__(self, bench: Workbench, keys: Sequence[str]) -> None:
        self.given: dict[int, float] = {}
        """When each annotation was accepted, by its id."""
        self._bench, self._leave, self._over = bench, threading.Semaphore(0), threading.Event()
        self._fault: BaseException | None = None
        self._threads = [threading.Thread(target=self._sit, args=(n, key)) for n, key in enumerate(keys)]

    def __enter__(self) -> "Team":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.let(len(self._threads))
        for thread in self._threads:
            thread.join(240)
        if self._fault:
            raise self._fault

    def let(self, count: int) -> None:
        """Let them label so many more tasks."""
        for _ in range(count):
            self._leave.release()

    def within(self, begun: float, ended: float) -> int:
        """How many annotations were accepted in that time."""
        return sum(begun <= accepted <= ended for accepted in list(self.given.values()))

    def _sit(self, seat: int, key: str) -> None:
        try:
            self._label(random.Random(seat), Project(Connection(self._bench.desk.url, key), self._bench.home.project))
        except BaseException as fault:
            self._fault = fault

    def _label(self, draw: random.Random, project: Project) -> None:
        result = answer(self._bench, "animal")
        while self._leave.acquire() and not self._over.is_set():
            task = project.next_task()
            assert task, "Label Studio has no more tasks"
            skips = draw.random() < 0.1
            number = project.submit(task["id"], [] if skips else result, 1.0, skipped=skips)
            self.given[number] = time.perf_counter()
