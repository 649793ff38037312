"""A handful of the faults of `faults`, which `python -m faults` has by the hundred; and that its looks can fail."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest
from faults import ground, remains
from faults.ground import Ledger
from faults.plan import KINDS, drawn
from faults.run import Run
from faults.scene import Scene
from filelock import FileLock
from served import wait_until

from lsal import publishing
from lsal.files import write_json

SEED, NUMBERS = 1, (12, 1, 2, 3, 13, 14, 16, 17)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("faults") / "scene", print)
    yield run
    assert run.end() == []


def test_every_kind_is_drawn_and_the_same_each_time() -> None:
    faults = [drawn(3, number) for number in range(2 * len(KINDS))]
    assert {(fault.kind, fault.target) for fault in faults[: len(KINDS)]} == set(KINDS)
    assert faults == [drawn(3, number) for number in range(2 * len(KINDS))]
    assert faults != [drawn(4, number) for number in range(2 * len(KINDS))]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_fault_harms_nothing(run: Run, number: int) -> None:
    run.all([drawn(SEED, number)])
    assert not {name: said for name, said in run.trials[-1].wrong.items() if said}, run.trials[-1]


def test_the_looks_see_processes_and_locks(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    root = run.scene.root
    assert remains.remains(root) == {"orphans": [], "locks": []}
    monkeypatch.setattr(remains, "PATIENCE_S", 0.0)
    words = [sys.executable, "-c", "import time; time.sleep(600)", str(root)]
    with subprocess.Popen(words, start_new_session=True) as stray, FileLock(run.scene.bench().home.path("lock")):
        try:
            wait_until(lambda: psutil.Process(stray.pid).cmdline() == words)  # for a moment it has no words yet
            found = remains.remains(root)
        finally:
            stray.kill()
    # Others may be there for a moment, too.
    assert [one for one in found["orphans"] if f"process {stray.pid} " in one], found
    assert [one for one in found["locks"] if one == f"{run.scene.bench().home.path('lock').relative_to(root)} is held"]


def _lose(scene: Scene) -> None:
    number = next(iter(scene.ledger.kept))
    scene.ledger.kept |= {number: "another digest", 10**6: "lost"}


def _cut(scene: Scene) -> None:
    store = scene.bench().desk.store
    (store.get(store.numbers()[0]).folder / "weights" / "model.json").write_bytes(b"{")


def _promise(scene: Scene) -> None:
    write_json(scene.bench().home.path("current.json"), {"label": 999})


def _turn(scene: Scene) -> None:
    scene.bench().desk.project.change(model_version="")


def _double(scene: Scene) -> None:
    bench = scene.bench()
    live = publishing.live_publication(bench.home)
    assert live
    row = {"task": live.task_ids[0], "model_version": live.name, "score": 0.0, "result": []}
    bench.desk.project.add_predictions([row])


@pytest.mark.parametrize(
    ("harm", "name"),
    [(_lose, "annotations"), (_double, "twice"), (_turn, "queue"), (_cut, "half versions"), (_promise, "current")],
)
def test_the_looks_see_harm(run: Run, harm: Callable[[Scene], None], name: str) -> None:
    """Each does more harm to the same project."""
    scene = run.scene
    assert ground.check(scene.bench(), scene.ledger, scene.tasks)[name] == []
    harm(scene)
    assert ground.check(scene.bench(), scene.ledger, scene.tasks)[name]


def test_a_ledger_knows_what_was_there(run: Run) -> None:
    bench = run.scene.bench()
    assert ground.annotations(bench, Ledger.of(bench)) == []
    assert "nobody made" in ground.annotations(bench, Ledger())[0]
