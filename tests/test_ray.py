"""The engine of Ray, on two nodes that share nothing but loopback: one Ray for the whole file."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

import psutil
import pytest
from ray_calls import dying_once, seen

from lsal import engine
from lsal.engine import Ray, clusters
from lsal.engine.carrying import Packing, Slice, slices, unpack
from lsal.engine.depot import Depot
from lsal.errors import BadData, BadRequest, Cancelled, JobFailed
from lsal.home import Home, create_home
from lsal.jobs import create
from lsal.models import MODELS
from lsal.predicting import score
from lsal.records import Control, Example, Labels, Progress, Version
from lsal.snapshots import read_snapshot, write_snapshot
from lsal.store import Store
from lsal.testing import EngineContract
from lsal.testing.engines import square
from lsal.worker import afar

HERE = Path(__file__).parent
CONTROL = Control("c", "x", "Choices", "Text", "text", ("cat", "dog"))
POOL = [Example(number, f"text {number} of a {('cat', 'dog')[number % 2]}") for number in range(1100)]
LABELLED = [Example(n, f"a {name} here, {n}", Labels((name,))) for n, name in enumerate(("cat", "dog") * 6)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """The addresses of two nodes, for members and for clients; this process is a member for the whole file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "token")
        patch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
        patch.setenv("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(map(str, (Path(engine.__file__).parents[2], HERE))))
        command = [sys.executable, str(HERE / "two_nodes.py"), str(tmp_path_factory.mktemp("nodes"))]
        nodes = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert nodes.stdin
        assert nodes.stdout
        try:
            addresses = nodes.stdout.readline().split()
            member = clusters.Cluster(addresses[0], 1)
            yield addresses
            member.leave()
        finally:
            nodes.stdin.close()
            nodes.wait(300)


@pytest.fixture(scope="module")
def workers(cluster: list[str]) -> Iterator[Executor]:
    with engine.opened(cluster[0], workers=2) as executor:
        yield executor


@pytest.fixture
def home(isolated_root: Path) -> Home:
    return create_home(isolated_root, "http://127.0.0.1:8080", 7, "2026-01-01T00:00:00Z", "Cats")


class TestRay(EngineContract):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls, workers: Executor) -> Executor:  # type: ignore[override]
        return workers


def version(home: Home) -> Version:
    model = MODELS["sklearn_text"](CONTROL)
    model.fit(LABELLED, POOL[:20], [], lambda progress: None)
    facts = {"metrics": {}, "examples": {}, "labels": CONTROL.labels, "shape": CONTROL.shape, "job": "j"}
    return Store(home).add(model.save, family="sklearn_text", control="c", **facts)


def test_scores_are_the_same_row_for_row_wherever_the_models_run(home: Home, workers: Executor) -> None:
    made, heard = version(home), list[Progress]()
    rows = []
    for executor in (engine.opened("here"), engine.opened("processes", 2), workers):
        told = score(made, CONTROL, POOL, executor, heard.append)
        rows.append([(one.task_id, one.target, one.chances.tobytes(), one.embedding.tobytes()) for one in told])
        if executor is not workers:
            executor.shutdown()
    assert rows[0] == rows[1] == rows[2]
    assert [p.done for p in heard] == [512, 1024, 1100] * 3


def test_damaged_weights_are_found_out_there_too(home: Home, workers: Executor) -> None:
    made = version(home)
    (made.folder / "weights" / "model.json").write_text("{}")
    with pytest.raises(BadData, match="Version 1 is damaged"):
        score(made, CONTROL, POOL[:5], workers, lambda progress: None)


def test_files_travel_to_both_nodes_and_lie_in_their_own_caches(
    tmp_path: Path, cluster: list[str], workers: Executor
) -> None:
    """Two workers more fill both nodes, wherever the first two are."""
    file, meeting = tmp_path / "image.png", tmp_path / "meeting"
    file.write_bytes(os.urandom(100_000))
    meeting.mkdir()
    with engine.opened(cluster[0], workers=2) as more:
        asked = [each.submit(seen, file, str(meeting), n, 4) for n, each in enumerate((workers, workers, more, more))]
        found = [one.result() for one in asked]
    assert all(where.startswith(cache) and where.endswith("/image.png") for where, cache, _ in found)
    assert {content for _, _, content in found} == {file.read_bytes()}
    assert len({cache for _, cache, _ in found}) == 2


def test_a_worker_that_is_killed_is_replaced_and_nothing_is_lost(tmp_path: Path, workers: Executor) -> None:
    mark = tmp_path / "mark"
    assert list(workers.map(dying_once, [str(mark)] * 10, range(10))) == list(range(10))
    assert mark.exists()


def test_a_call_that_kills_every_worker_fails_with_what_happened(workers: Executor) -> None:
    results = workers.map(os._exit, [3])
    with pytest.raises(JobFailed, match="3 workers of Ray died one after the other"):
        next(results)
    assert workers.submit(square, 3).result() == 9


def test_only_so_many_calls_are_under_way(workers: Executor) -> None:
    asked: list[int] = []

    def numbers() -> Iterator[int]:
        for number in range(1000):
            asked.append(number)
            yield number

    results = workers.map(square, numbers())
    assert next(results) == 0
    assert len(asked) <= 5
    results.close()  # type: ignore[attr-defined]


def test_a_cancel_is_heard_while_a_result_is_waited_for(cluster: list[str]) -> None:
    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled), Ray(cluster[0], 1, meanwhile=cancel) as one:
        list(one.map(signal.sigwait, [[signal.SIGUSR1]]))


def test_more_gpus_than_there_are_is_said_at_once(cluster: list[str]) -> None:
    with pytest.raises(BadRequest, match=r"Each worker is to have 1 GPU, and the cluster at .* has 0"):
        engine.opened(cluster[0], gpus=1)


def test_a_training_there_is_the_one_here_with_its_progress(home: Home, cluster: list[str]) -> None:
    job, heard = create(home, "train"), list[Progress]()
    folder = job.folder / "snapshot" / "c"
    folder.parent.mkdir()
    write_snapshot(folder, CONTROL, "sklearn_text", {}, 0, {"train": LABELLED, "pool": POOL[:50]})
    snapshot = read_snapshot(folder)
    here, there = (afar.train(by, home, job, folder, snapshot, heard.append, None) for by in ("here", cluster[0]))
    assert there.examples == here.examples
    assert there.calibration == here.calibration
    versions = [
        Store(home).add(one.save, family="sklearn_text", control="c", metrics={}, examples={}) for one in (here, there)
    ]
    assert versions[0].files == versions[1].files
    assert [p.message for p in heard].count("Fitting") >= 2
    assert [path.name for path in job.folder.iterdir() if path.name.startswith("made-")] == []

    def refuse(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        afar.train(cluster[0], home, job, folder, snapshot, refuse, None)


def test_from_outside_a_cluster_it_is_the_same(home: Home, cluster: list[str]) -> None:
    """A client, in a process that is no member."""
    code = "import sys; from lsal import engine; from lsal.testing.engines import square\n"
    code += "with engine.opened(sys.argv[1], 1) as one: print(list(one.map(square, range(5))))"
    done = subprocess.run([sys.executable, "-c", code, cluster[1]], capture_output=True, text=True, timeout=500)
    assert done.stdout.splitlines()[-1:] == ["[0, 1, 4, 9, 16]"], done.stderr


LOCAL = """
import sys
from lsal import engine
from lsal.testing.engines import square
one = engine.opened("ray", 1)
assert one.submit(square, 3).result() == 9
print("ready", flush=True)
if sys.stdin.readline():
    one.shutdown()
    print("ended", flush=True)
    sys.stdin.readline()
"""


@pytest.mark.parametrize("killed", [False, True])
def test_a_local_ray_is_on_loopback_and_ends_with_its_user(killed: bool) -> None:
    user = subprocess.Popen([sys.executable, "-c", LOCAL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert user.stdin
    assert user.stdout
    assert user.stdout.readline() == "ready\n"
    family = psutil.Process(user.pid).children(recursive=True)
    assert any("raylet" in process.name() for process in family)
    listening = {c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN}
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    if killed:
        user.kill()
    else:
        user.stdin.write("\n")
        user.stdin.flush()
        assert user.stdout.readline() == "ended\n"
    _, left = psutil.wait_procs(family, 120)
    assert [one for one in left if one.status() != psutil.STATUS_ZOMBIE] == []
    user.kill()
    user.communicate()


def test_files_go_in_slices_and_a_damaged_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsal.engine.carrying.SLICE", 1000)
    folder, depot = tmp_path / "version", Depot(tmp_path / "depot")
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "large").write_bytes(os.urandom(2500))
    (folder / "empty").touch()
    packed = Packing().pack({"folder": folder, "absent": tmp_path / "absent"})
    assert depot.lacks(packed.digests) == packed.digests
    for pieces in slices(packed.digests, packed.sources):
        assert sum(len(piece.content) for piece in pieces) <= 1000
        depot.take(pieces)
    assert depot.lacks(packed.digests) == []
    came = unpack(packed, depot.place)
    assert came["absent"] == tmp_path / "absent"
    assert (came["folder"] / "weights" / "large").read_bytes() == (folder / "weights" / "large").read_bytes()
    assert (came["folder"] / "empty").read_bytes() == b""
    with pytest.raises(BadData, match="arrived damaged"):
        depot.take([Slice("0" * 64, 0, 1, b"x")])


@pytest.mark.parametrize("name", ["ray:/host", "ray://host", "host:port", "http://h:1"])
def test_what_is_no_address_is_said(name: str) -> None:
    with pytest.raises(BadRequest, match="is no address of a Ray cluster"):
        engine.need(name)
