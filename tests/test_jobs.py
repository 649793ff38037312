"""Jobs in processes of their own: how they go, how they are stopped, what they say when they fail."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from prepared import prepared
from projects import annotations_digest, demo_of_texts
from slow_jobs import slow_job, until

from lsal import jobs, processes, snapshots, training
from lsal.errors import BadRequest, Cancelled, JobFailed
from lsal.files import read_json, write_json
from lsal.home import create_home
from lsal.jobs import Job
from lsal.label_studio.server import Server
from lsal.project_settings import ProjectSettings
from lsal.settings import worker_threads
from lsal.store import check_files
from lsal.workbench import Workbench

ROUND = ["sync", "snapshot", "train", "measure", "score", "rank", "publish", "verify"]


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project whose first batch is labelled and learned."""
    bench = demo_of_texts(root, tmp_path_factory.mktemp("jobs"))
    bench.configure(worker_nice=ProjectSettings().worker_nice)
    bench.rank().wait()
    bench.label(6)
    bench.round().wait()
    return bench


@pytest.fixture
def slow(bench: Workbench) -> Iterator[Job]:
    """A training that runs, and would for a minute."""
    yield from slow_job(bench, "train")


@pytest.fixture
def slow_round(bench: Workbench) -> Iterator[Job]:
    """A round in the middle of such a training."""
    yield from slow_job(bench, "round")


def test_a_job_waits_runs_and_is_done(bench: Workbench) -> None:
    job = jobs.create(bench.home, "round")
    assert job.state().state == "waiting"
    states = list(jobs.start(job, "lsal.worker").follow(every_s=0.02))
    assert [s for s in dict.fromkeys(s.state for s in states) if s != "waiting"] == ["running", "done"]
    assert job.wait()["exact"]
    assert set(states[-1].result["seconds"]) == set(ROUND)


def test_progress_only_goes_forward_and_says_when(bench: Workbench) -> None:
    job = bench.round()
    states = [state for state in job.follow(every_s=0.02) if state.state == "running"]
    rows = [json.loads(line) for line in (job.folder / "progress.jsonl").read_text().splitlines()]
    done = [row["done"] for row in rows]
    assert done == sorted(done)
    assert {row["total"] for row in rows} == {len(ROUND)}
    assert list(dict.fromkeys(row["message"].partition(":")[0] for row in rows)) == ROUND
    assert [s.progress.done for s in states] == sorted(s.progress.done for s in states)
    told = [state.eta_s for state in states if state.progress.done > 0]
    assert told
    assert all(eta is not None and 0 < eta < 24 * 3600 for eta in told)


def test_a_run_of_before_does_not_count_in_the_next(bench: Workbench, slow: Job) -> None:
    """Neither its progress nor its time."""
    slow.cancel()
    assert [state.state for state in slow.follow()][-1] == "cancelled"
    write_json(slow.folder / "job.json", {**slow.facts, "made_at": time.time() - 3600})
    write_json(slow.folder / "progress.json", {"done": 3, "total": 4, "message": "old"})
    jobs.start(slow, "lsal.worker")
    state = slow.state()
    assert state.state == "running"
    assert state.seconds < 60
    assert state.progress.message != "old"
    until(slow, "train: Fitting")


@pytest.mark.parametrize("ended", [True, False], ids=["ended", "lost"])
@pytest.mark.parametrize("known", [True, False], ids=["by a process that is gone", "that nobody ran"])
def test_a_job_that_is_run_again_waits_for_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: bool, known: bool
) -> None:
    """Whoever follows it meanwhile is not told that it is lost."""
    home, looks = create_home(tmp_path, "http://127.0.0.1", 1, "2026-01-01T00:00:00Z", "Waits"), list[str]()
    job = jobs.create(home, "train")
    write_json(job.folder / "job.json", {**job.facts, "made_at": time.time() - 3600})
    if known:
        write_json(job.folder / "process.json", {"pid": 2**22 + 1, "started": time.time() - 3590})
    if ended:
        job.end("failed", time.time() - 3590, error="no luck")

    def spawn(*given: object, **more: object) -> dict[str, object]:
        looks.append(job.state().state)
        assert job.state().seconds < 60
        return processes.mark()

    monkeypatch.setattr(processes, "spawn", spawn)
    jobs.start(job, "lsal.worker")
    assert (looks, job.state().state) == (["waiting"], "running")


def test_cancel_stops_a_training_at_its_next_step(bench: Workbench, slow: Job) -> None:
    before = _all_of(bench)
    assert bench.cancel()
    asked = time.time()
    with pytest.raises(Cancelled):
        slow.wait(timeout_s=240)
    rows = [json.loads(line) for line in (slow.folder / "progress.jsonl").read_text().splitlines()]
    assert sum(row["at"] > asked for row in rows) == 0
    assert _all_of(bench) == before
    assert bench.status().job.state == "cancelled"
    assert not bench.cancel()


def test_a_round_cancelled_before_it_publishes_leaves_the_queue(bench: Workbench, slow_round: Job) -> None:
    before, given = _all_of(bench), annotations_digest(bench)
    assert bench.cancel()
    with pytest.raises(Cancelled):
        slow_round.wait(timeout_s=240)
    assert _all_of(bench) == before
    assert annotations_digest(bench) == given
    assert bench.verify().exact


def test_one_that_waits_for_another_hears_a_cancel(isolated_root: Path) -> None:
    home = prepared(isolated_root).home
    job = jobs.create(home, "rank")
    with home.lock():
        jobs.start(job, "lsal.worker")
        job.cancel()
        with pytest.raises(Cancelled):
            job.wait(timeout_s=240)


def test_a_process_asked_to_end_is_cancelled(bench: Workbench, slow: Job) -> None:
    before = _all_of(bench)
    _process(slow).send_signal(signal.SIGTERM)
    with pytest.raises(Cancelled):
        slow.wait(timeout_s=240)
    assert _all_of(bench) == before
    with bench.home.lock():
        pass


LOST = """
import os, signal, sys
from lsal.records import Progress
from lsal.worker import __main__ as worker, acts

class Ends:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(1000): pass  # the signal is heard in here

def run(job):
    Ends()
    job.report(Progress(0, 1, "the next step"))
    return {}

acts.run = run
sys.exit(worker.main(sys.argv[1]))
"""


def test_it_is_cancelled_whatever_it_is_at_when_it_is_asked(tmp_path: Path) -> None:
    """What is raised in a destructor is lost."""
    write_json(tmp_path / "job.json", {"act": "train", "made_at": time.time()})
    done = subprocess.run([sys.executable, "-c", LOST, str(tmp_path)], capture_output=True, text=True)
    assert "SystemExit" in done.stderr
    assert (done.returncode, Job(tmp_path).state().state) == (2, "cancelled")


@pytest.mark.parametrize(
    ("act", "parameters", "again"),
    [("round", {}, "lsal round"), ("rank", {}, "lsal rank"), ("promote", {"number": 3}, "lsal promote 3")],
)
def test_a_lost_job_says_how_to_do_what_it_was_to_do(
    tmp_path: Path, act: str, parameters: dict[str, int], again: str
) -> None:
    job, now = Job(tmp_path), time.time()
    write_json(tmp_path / "job.json", {"act": act, "made_at": now - 100, "parameters": parameters})
    write_json(job.folder / "process.json", {"pid": 2**22 + 1, "started": now - 90})
    write_json(tmp_path / "progress.json", {"done": 1, "total": 9, "message": "sync", "at": now - 80})
    state = job.state()
    assert (state.state, state.fix) == ("lost", f"Run it again: {again}")
    assert state.seconds == pytest.approx(10, abs=0.01)


def test_a_killed_process_is_told_as_lost(bench: Workbench, slow: Job) -> None:
    before = _all_of(bench)
    _process(slow).kill()
    with pytest.raises(JobFailed, match=r"lost: .*killed.*lsal train --again " + slow.id):
        slow.wait(timeout_s=240)
    assert _all_of(bench) == before
    with bench.home.lock():
        pass
    assert slow.state().seconds == slow.state().seconds, "a lost job does not get older"
    bench.train(again=slow.id)
    until(slow, "train: Fitting")


def test_a_second_start_is_refused_with_what_to_do(bench: Workbench, slow: Job) -> None:
    done = next(job for job in bench.jobs() if job.state().state == "done")
    for start in (bench.train, bench.rank, bench.round, lambda: bench.train(again=done.id)):
        with pytest.raises(BadRequest, match="still running") as told:
            start()
        assert "lsal cancel" in told.value.fix
    with pytest.raises(BadRequest, match="still running") as told:
        bench.train(again=slow.id)
    assert "lsal cancel" in told.value.fix


def test_a_worker_gives_way_to_people(slow: Job) -> None:
    """On two cores /predict stays as fast as idle beside it."""
    process = _process(slow)
    assert process.nice() == 19
    session = Path(f"/proc/{process.pid}/autogroup")
    assert not session.exists() or session.read_text().split()[-1] == "19"
    given = process.environ()
    assert {given[f"{name}_NUM_THREADS"] for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")} == {str(worker_threads())}
    assert process.terminal() is None


def test_threads_and_priority_are_the_users(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSAL_THREADS", "2")
    assert jobs.limits(bench.home) == (2, 19), "as long as nobody says otherwise"
    bench.configure(worker_threads=3, worker_nice=7)
    try:
        assert bench.status().settings["worker_threads"] == 3
        for made in slow_job(bench, "train"):
            process = _process(made)
            assert process.nice() == 7
            given = process.environ()
            assert {given[name] for name in ("LSAL_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")} == {"3"}
    finally:
        bench.configure(worker_threads=0, worker_nice=19)


def test_without_labels_the_job_says_what_to_do(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, 20)
    job = bench.train()
    with pytest.raises(JobFailed, match="Label the first batch: lsal rank"):
        job.wait(timeout_s=240)
    state = job.state()
    assert (state.state, state.fix) == ("failed", "Label the first batch: lsal rank")
    assert "Nothing is labelled yet for 'label'" in state.error
    assert bench.versions() == []
    bench.rank().wait()
    bench.label(3)
    bench.sync()
    assert bench.train().wait()["versions"]["label"]["version"] == 1


def test_what_nobody_foresaw_has_its_traceback_in_the_log_alone(bench: Workbench) -> None:
    job = jobs.create(bench.home, "train")
    write_json(job.folder / "snapshot" / "label" / "facts.json", {"control": None})
    (job.folder / "snapshot" / "whole").touch()
    jobs.start(job, "lsal.worker")
    with pytest.raises(JobFailed, match=r"TypeError: .*log\.txt"):
        job.wait(timeout_s=240)
    assert "Traceback" not in f"{job.state().error} {job.state().fix}"
    assert "Traceback" in (job.folder / "log.txt").read_text()


def test_an_unknown_act_is_refused(bench: Workbench) -> None:
    job = jobs.start(jobs.create(bench.home, "dance"), "lsal.worker")
    with pytest.raises(JobFailed, match=r"No act is called 'dance'.*train, rank, round"):
        job.wait(timeout_s=240)


def test_no_job_folder_holds_a_key(bench: Workbench, label_studio: Server) -> None:
    files = [path for job in bench.jobs() for path in job.folder.rglob("*") if path.is_file()]
    assert {"job.json", "end.json", "log.txt", "train.jsonl"} <= {path.name for path in files}
    assert not [path for path in files if label_studio.key.encode() in path.read_bytes()]


def test_trained_again_from_its_job_to_the_same_weights(bench: Workbench) -> None:
    first = next(version for version in bench.versions() if version.examples["count"] < 100)
    bench.label(2)
    bench.sync()  # what came since does not count
    again = bench.train(again=first.job)
    told = again.wait()["versions"]["label"]
    second = bench.desk.store.get(told["version"])
    assert second.number > first.number
    assert told["same_weights_as"] == first.number
    assert not told["promoted"]  # its labels are older than what is live
    assert second.examples["digest"] == first.examples["digest"]
    assert second.files == first.files
    third = bench.desk.store.get(bench.train(again=again.id).wait()["versions"]["label"]["version"])
    assert third.files == first.files


def test_a_job_folder_alone_is_enough_to_train(bench: Workbench, tmp_path: Path) -> None:
    """Carried elsewhere: no home, no server, no key."""
    version = bench.versions()[0]
    shutil.copytree(bench.job(version.job).folder, tmp_path / "carried")
    trained = training.train(
        snapshots.read_snapshot(tmp_path / "carried" / "snapshot" / "label"), lambda progress: None
    )
    (tmp_path / "weights").mkdir()
    trained.model.save(tmp_path / "weights")
    check_files(replace(version, folder=tmp_path))


def test_a_job_that_trained_nothing_cannot_be_trained_from(bench: Workbench) -> None:
    rank = bench.rank()
    rank.wait()
    with pytest.raises(JobFailed, match=f"{rank.id} kept nothing to train from"):
        bench.train(again=rank.id).wait(timeout_s=240)


def test_once_label_studio_was_started_since_a_round_is_to_be_run_again(isolated_root: Path) -> None:
    bench, kept = prepared(isolated_root), isolated_root / "label-studio" / "server.json"
    write_json(kept, {"url": "http://127.0.0.1:1", "mark": processes.mark()})
    job, ready = jobs.create(bench.home, "round"), kept.stat().st_mtime
    for ended_at, wanted in ((ready - 0.1, "Start it again: lsal round"), (ready + 5, "Start it: lsal up")):
        job.end("failed", ended_at - 5, error="Nobody listens", fix="Start it: lsal up", contact=True)
        write_json(job.folder / "end.json", {**read_json(job.folder / "end.json"), "ended_at": ended_at})
        (said,) = [words for words in bench.status().warnings if "The last round failed" in words]
        assert said.endswith(wanted)


def test_a_failed_round_always_ends_in_a_command(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    job = jobs.create(bench.home, "round")
    for fix, told in (("Look into its log", "Look into its log. Then: lsal round"), ("", "Then: lsal round")):
        job.end("failed", time.time(), error="Label Studio answered 500", fix=fix)
        (said,) = [words for words in bench.status().warnings if "The last round failed" in words]
        assert said.endswith(f"Label Studio answered 500. {told}")


def test_an_unknown_job_is_refused(bench: Workbench) -> None:
    with pytest.raises(BadRequest, match="No job is called 'nonesuch'"):
        bench.job("nonesuch")


def test_jobs_made_in_one_breath_are_in_order(isolated_root: Path) -> None:
    home = prepared(isolated_root).home
    made = [jobs.create(home, "round").id for _ in range(200)]
    assert [job.id for job in jobs.jobs(home)] == made[::-1]


def _process(job: Job) -> psutil.Process:
    return psutil.Process(read_json(job.folder / "process.json")["pid"])


def _all_of(bench: Workbench) -> dict[str, object]:
    """What a job that does not come to its end must leave as it was, half-written versions included."""
    fresh = Workbench(bench.root, bench.home.slug)
    return {
        "versions": sorted(path.name for path in fresh.desk.store.folder.iterdir()),
        "current": fresh.desk.store.current(),
        "publication": fresh.home.path("publication.json").read_bytes(),
        "intent": fresh.home.path("intent.json").exists(),
        "server": fresh.desk.project.read()["model_version"],
    }
