"""The engine of Ray, on nodes that share nothing but loopback: one cluster for the whole file."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import ray_calls
import torch
from image_toys import CHOICE, SHORT
from two_nodes import TwoNodes, two_nodes

from lsal import engine, jobs, plugins
from lsal.engine import Ray, clusters
from lsal.errors import BadData, BadRequest, Cancelled, JobFailed
from lsal.home import Home, create_home
from lsal.models import MODELS
from lsal.predicting import score
from lsal.records import Control, Example, Labels, Prediction, Progress, Version
from lsal.snapshots import read_snapshot, write_snapshot
from lsal.store import Store
from lsal.testing import EngineContract
from lsal.testing.engines import square
from lsal.testing.materials import ignore, images, toy
from lsal.training import Trained
from lsal.worker import afar

CONTROL = Control("c", "x", "Choices", "Text", "text", ("cat", "dog"))
POOL = [Example(number, f"text {number} of a {('cat', 'dog')[number % 2]}") for number in range(1100)]
LONG_S = 300
LABELLED = [Example(n, f"a {name} here, {n}", Labels((name,))) for n, name in enumerate(("cat", "dog") * 6)]


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    """Two nodes; this process is a member for the whole file."""
    with two_nodes(tmp_path_factory.mktemp("nodes")) as running:
        member = clusters.Cluster(running.members, 1)
        yield running
        member.leave()


@pytest.fixture(scope="module")
def workers(nodes: TwoNodes) -> Iterator[Executor]:
    with engine.opened(nodes.members, workers=2) as executor:
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
    model.fit(LABELLED, POOL[:20], [], ignore)
    facts = {"metrics": {}, "examples": {}, "labels": CONTROL.labels, "shape": CONTROL.shape, "job": "j"}
    return Store(home).add(model.save, family="sklearn_text", control="c", **facts)


def rows(told: list[Prediction]) -> list[tuple[object, ...]]:
    return [(one.task_id, one.target, one.chances.tobytes(), one.embedding.tobytes()) for one in told]


def test_scores_are_the_same_row_for_row_though_all_workers_are_killed(
    home: Home, nodes: TwoNodes, workers: Executor
) -> None:
    made, heard = version(home), list[float]()
    killed: list[psutil.Process] = []

    def kill(progress: Progress) -> None:
        heard.append(progress.done)
        if not killed:
            killed.extend(hands(nodes))
            for one in killed:
                with suppress(psutil.NoSuchProcess):
                    one.kill()

    here = score(made, CONTROL, POOL, engine.opened("here"), ignore)
    there = score(made, CONTROL, POOL, workers, kill)
    assert rows(there) == rows(here)
    assert len(killed) >= 2
    assert heard == [512, 1024, 1100]


def test_damaged_weights_are_found_out_there_too(home: Home, workers: Executor) -> None:
    made = version(home)
    (made.folder / "weights" / "model.json").write_text("{}")
    with pytest.raises(BadData, match="Version 1 is damaged"):
        score(made, CONTROL, POOL[:5], workers, ignore)


def test_files_travel_to_both_nodes_and_lie_in_their_own_caches(
    tmp_path: Path, nodes: TwoNodes, workers: Executor
) -> None:
    """Two workers more fill both nodes, wherever the first two are."""
    file, meeting = tmp_path / "image.png", tmp_path / "meeting"
    file.write_bytes(os.urandom(100_000))
    meeting.mkdir()
    with engine.opened(nodes.members, workers=2) as more:
        takers = enumerate((workers, workers, more, more))
        asked = [each.submit(ray_calls.seen, file, str(meeting), n, 4) for n, each in takers]
        found = [one.result() for one in asked]
    assert all(where.startswith(cache) and where.endswith("/image.png") for where, cache, _ in found)
    assert {content for _, _, content in found} == {file.read_bytes()}
    assert {cache for _, cache, _ in found} == {str(nodes.cache(0)), str(nodes.cache(1))}


def test_a_worker_that_dies_at_a_call_is_replaced_and_nothing_is_lost(tmp_path: Path, workers: Executor) -> None:
    mark = tmp_path / "mark"
    assert list(workers.map(ray_calls.dying_once, [str(mark)] * 10, range(10))) == list(range(10))
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


def test_a_cancel_is_heard_while_a_result_is_waited_for(nodes: TwoNodes) -> None:
    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled), Ray(nodes.members, 1, meanwhile=cancel) as one:
        list(one.map(signal.sigwait, [[signal.SIGUSR1]]))


def test_workers_get_the_gpus_that_they_are_to_have(nodes: TwoNodes, workers: Executor) -> None:
    with engine.opened(nodes.members, gpus=1) as one:
        assert one.submit(ray_calls.gpus).result() == "0"
    assert workers.submit(ray_calls.gpus).result() == ""
    with pytest.raises(BadRequest, match=r"Each worker is to have 2 GPU, and the cluster at .* has 1"):
        engine.opened(nodes.members, gpus=2)


def test_a_network_taught_there_from_images_is_the_one_taught_here(home: Home, nodes: TwoNodes, tmp_path: Path) -> None:
    torch.set_num_threads(1)  # as a worker of Ray with one processor
    pictures, heard = toy(images, tmp_path, 4), dict[str, list[Progress]]()
    job, folder = prepared(home, CHOICE, "transformers_image", SHORT, pictures)
    snapshot = read_snapshot(folder)
    here, there = (
        afar.train(by, home, job, folder, snapshot, heard.setdefault(by, []).append, None)
        for by in ("here", nodes.members)
    )
    assert there.examples == here.examples
    kept = [kept_of(home, one) for one in (here, there)]
    assert kept[0].files == kept[1].files
    assert all(any("epoch" in p.message for p in told) for told in heard.values())
    with engine.opened(nodes.members, 1) as one:
        told = [score(kept[0], CHOICE, pictures, by, ignore) for by in (engine.opened("here"), one)]
        [model] = one.submit(ray_calls.loaded).result()
        score(kept[0], CHOICE, pictures[:3], one, ignore)
        assert one.submit(ray_calls.loaded).result() == [model]
    assert rows(told[0]) == rows(told[1])


def prepared(
    home: Home, control: Control, family: str, options: dict[str, object], train: list[Example]
) -> tuple[jobs.Job, Path]:
    job = jobs.create(home, "train")
    folder = job.folder / "snapshot" / control.name
    folder.parent.mkdir()
    write_snapshot(folder, control, family, options, 0, {"train": train, "pool": train})
    (folder.parent / "whole").touch()
    return job, folder


def kept_of(home: Home, made: Trained) -> Version:
    facts = {"metrics": {}, "examples": {}, "labels": CHOICE.labels, "shape": CHOICE.shape, "job": "j"}
    return Store(home).add(made.save, family="transformers_image", control="c", **facts)


@pytest.fixture
def patient(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[jobs.Job, Path, Path]:
    """A training that waits for a file, by a family that the user plugged in, with a GPU; and the file."""
    source, go = tmp_path / "patient.py", tmp_path / "go"
    source.write_text(ray_calls.PATIENT)
    monkeypatch.setattr(plugins, "_seen", {})
    plugins.plug(home.root, source)
    plugins.watch(home.root)
    home.change_settings(gpus=1.0, worker_nice=0)
    job, folder = prepared(home, CONTROL, "patient", {"go": str(go)}, LABELLED)
    return job, folder, go


def test_a_training_whose_node_dies_is_done_once_more_elsewhere(
    home: Home, nodes: TwoNodes, patient: tuple[jobs.Job, Path, Path]
) -> None:
    job, folder, go = patient
    numbers = {f"at {nodes.cache(number)}": number for number in (1, nodes.add())}
    was_at: list[int] = []

    def report(progress: Progress) -> None:
        number = numbers.get(progress.message)
        if number is not None and number not in was_at:
            was_at.append(number)
            if len(was_at) == 1:
                nodes.kill(number)
            else:
                go.touch()

    there = afar.train(nodes.members, home, job, folder, read_snapshot(folder), report, None)
    assert sorted(was_at) == sorted(numbers.values())
    assert there.examples["count"] == len(LABELLED)
    assert len(there.model.predict(POOL[:3])) == 3


def test_a_job_that_is_cancelled_leaves_nothing_on_the_cluster(
    home: Home, nodes: TwoNodes, patient: tuple[jobs.Job, Path, Path]
) -> None:
    job, before = patient[0], set(hands(nodes))
    home.change_settings(engine=nodes.members)
    jobs.start(job, "lsal.worker")
    until(lambda: job.state().progress.message.startswith("train: at "))
    assert set(hands(nodes)) - before  # one of before may just end
    job.cancel()
    assert [state.state for state in job.follow()][-1] == "cancelled"
    until(lambda: set(hands(nodes)) <= before)


def hands(nodes: TwoNodes) -> list[psutil.Process]:
    """The workers of all nodes, whatever they are called at the moment."""
    found, below = list[psutil.Process](), psutil.Process(nodes.process.pid).children(recursive=True)
    for one in below:
        with suppress(psutil.Error):
            title = " ".join(one.cmdline())
            if title.startswith("ray::") and "Agent" not in title:
                found.append(one)
    return found


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG_S
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)
