"""Killed anywhere: SIGKILL at each named write of a round, and what is left is a usable project."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from projects import annotations_digest, demo_of_texts

from lsal import jobs, predicting, publishing, scored
from lsal.files import read_json, write_json
from lsal.jobs import Job
from lsal.label_studio import queue
from lsal.label_studio.server import Server
from lsal.settings import child_environment
from lsal.workbench import Workbench

WEIGHTS = "versions/NNNN.tmp/weights"
POOL = ("scored/POOL.tmp/facts.json", "scored/POOL", "scored/newest.json")
ROUND = (
    "job/process.json",
    "mirror.keep",
    "mirror.remember",
    "job/snapshot/unlearned.json",
    "job/snapshot/label",
    "job/snapshot/whole",
    f"{WEIGHTS}/model.json",
    f"{WEIGHTS}/words.json",
    f"{WEIGHTS}/space.npz",
    "versions/NNNN.tmp/version.json",
    "versions/NNNN",
    "versions/answers/NNNN.json",
    "versions/answers/NNNN-sure.json",
    "versions/answers/truth-label.json",
    "versions/answers/truth-label.ERA.json",
    "scoring/label/WAY/facts.json",
    "versions/sample/NNNN.json",
    "rankings/QUEUE.json",
    "intent.json",
    "POST /import/predictions",
    "server.json",
    "PATCH project",
    "current.json",
    "publications/QUEUE.json",
    "publication.json",
    "end of intent",
    *POOL,
    "learned.json",
    "job/end.json",
)
"""The named writes of a round in the order of their first time, but for its progress."""

PROGRESS = tuple(f"job/progress.json{n}" for n in ("", "#4", "#9"))
BEGINNING = ("mirror.keep", "mirror.remember", "intent.json", "POST /import/predictions", "PATCH project")
SWITCH = (
    "rankings/QUEUE.json",
    "intent.json",
    "POST /import/predictions",
    "PATCH project",
    "current.json",
    "publications/QUEUE.json",
    "publication.json",
    "end of intent",
    "job/end.json",
)
"""The named writes of a promotion or a rollback, but for those of its sync and of what it noted by the way."""
COMMITTED = ("versions/NNNN", "POST /import/predictions", "PATCH project", "current.json", "job/end.json")
"""Killed after these as well: after any other is before the next, for what is on the disk."""
TRAIN = ("versions/NNNN", "versions/answers/NNNN.json", "current.json")


@dataclass
class Nursery:
    """Workers in processes of their own, each with its kill switch."""

    process: subprocess.Popen[str]

    def run(self, **wish: str) -> int:
        """How the process ended: its exit code, or minus the signal. Nothing of it may be left."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        told = json.loads(self.process.stdout.readline())
        if "job" in wish:
            assert _session(told["pid"]) == []
        return int(told["code"])


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("killed_worker.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(**threads),
    )
    assert process.stdout
    assert json.loads(process.stdout.readline())["ready"]
    yield Nursery(process)
    process.communicate(timeout=120)


@pytest.fixture(scope="module")
def bench(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A project with one version live and some of its queue labelled."""
    bench = demo_of_texts(root, tmp_path_factory.mktemp("killed"), 160)
    bench.configure(measuring_share=0.2, keep_versions=1000)  # each killed round makes one
    bench.rank().wait()
    bench.label(6)
    bench.round().wait()
    bench.label(2)
    return bench


@pytest.fixture(scope="module")
def two(bench: Workbench) -> Workbench:
    """The same project with two versions at least, to switch between."""
    if len(bench.versions()) < 2:
        bench.round().wait()
    bench.rank().wait()  # a training alone leaves the queue to the version before
    return bench


def test_a_round_passes_exactly_the_named_points(bench: Workbench, nursery: Nursery) -> None:
    """So that whoever adds a write adds it here."""
    job = jobs.create(bench.home, "round")
    assert nursery.run(job=str(job.folder)) == 0
    passed = (job.folder / "points.txt").read_text().split("\n")[:-1]
    named = [p.partition("#")[0] for p in passed if not p.startswith("job/progress.json")]
    assert tuple(dict.fromkeys(named)) == ROUND
    assert set(PROGRESS) <= set(passed)
    assert job.state().state == "done"


@pytest.mark.parametrize(
    ("at", "when"),
    [(at, "before") for at in (*ROUND, *PROGRESS)] + [(at, "after") for at in COMMITTED],
)
def test_a_round_killed_there_harms_nothing(bench: Workbench, nursery: Nursery, at: str, when: str) -> None:
    if _reopened(bench).verify().open == ():
        bench.round().wait()
    assert bench.label(1).in_order == 1  # the killed round has something new to read
    before, given = _names(bench), annotations_digest(bench)
    job = jobs.create(bench.home, "round")

    assert nursery.run(job=str(job.folder), when=when, at=at) == -9

    _is_told(bench, job, "done" if (at, when) == ("job/end.json", "after") else "lost")
    _is_whole(bench)
    assert queue.live_name(bench.desk.project) in (before | _intended(bench))
    _agrees(_synced(bench))
    if job.state().state == "lost":
        _runs_again(bench, nursery, job)
    assert annotations_digest(bench) == given


@pytest.mark.parametrize("at", ["POST /import/predictions", "PATCH project"])
def test_a_lost_answer_is_not_taken_for_a_no(bench: Workbench, nursery: Nursery, at: str) -> None:
    """The server did it and the connection broke: what it holds is asked, not guessed, and the round goes on."""
    job = jobs.create(bench.home, "round")
    assert nursery.run(job=str(job.folder), when="lost", at=at) == 0
    assert (job.state().state, job.state().result["exact"]) == ("done", True)
    assert "POST /import/predictions#2" not in (job.folder / "points.txt").read_text()
    _is_whole(bench)
    _agrees(_synced(bench))


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", BEGINNING)
def test_the_first_batch_killed_there_can_be_made_again(
    label_studio: Server, root: Path, tmp_path: Path, nursery: Nursery, at: str, when: str
) -> None:
    """No mirror, no version and no publication yet."""
    bench = demo_of_texts(root, tmp_path, 20)
    for kept in bench.home.folder.glob("mirror.sqlite*"):
        kept.unlink()
    bench = _reopened(bench)
    job = jobs.create(bench.home, "rank")
    assert nursery.run(job=str(job.folder), when=when, at=at) == -9
    _is_told(bench, job, "lost")
    bench.sync()
    assert bench.status().tasks == 16
    assert nursery.run(job=str(job.folder)) == 0
    _agrees(bench)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("at", TRAIN)
def test_a_training_killed_there_makes_one_version(bench: Workbench, nursery: Nursery, at: str, when: str) -> None:
    job = jobs.create(bench.home, "train")
    assert nursery.run(job=str(job.folder), when=when, at=at) == -9
    _is_told(bench, job, "lost")
    _is_whole(bench)
    assert nursery.run(job=str(job.folder)) == 0
    made = [version.number for version in bench.versions() if version.job == job.id]
    assert [bench.desk.store.current()["label"]] == made
    _is_whole(bench)


@pytest.mark.parametrize("at", SWITCH)
def test_a_promotion_and_a_rollback_killed_there_happen_once_or_not_at_all(
    two: Workbench, nursery: Nursery, at: str
) -> None:
    """One is killed before the write, the other after it. Run again, as people are told to, they have happened once."""
    store, other = two.desk.store, _other(two)
    promoted = [*store.history(), {"label": other}]
    for act, when, wanted in (("promote", "before", promoted), ("rollback", "after", promoted[:-1])):
        before = store.history()
        wish = {"number": other} if act == "promote" else {"leave": before[-1], "to": before[-2]}
        job = jobs.create(two.home, act, **wish)
        assert nursery.run(job=str(job.folder), when=when, at=at) == -9
        _is_told(two, job, "done" if (at, when) == ("job/end.json", "after") else "lost")
        _agrees(_synced(two))
        committed = SWITCH.index(at) + (when == "after") > SWITCH.index("PATCH project")
        assert store.history() == (wanted if committed else before)
        (job.folder / "end.json").unlink(missing_ok=True)
        assert nursery.run(job=str(job.folder)) == 0
        assert store.history() == wanted
    _is_whole(two)
    _agrees(two)


def test_a_switch_passes_exactly_the_named_points(two: Workbench, nursery: Nursery) -> None:
    job = jobs.create(two.home, "promote", number=_other(two))
    assert nursery.run(job=str(job.folder)) == 0
    passed = [point.partition("#")[0] for point in (job.folder / "points.txt").read_text().splitlines()]
    others = {
        "job/process.json",
        "job/progress.json",
        "mirror.keep",
        "mirror.remember",
        "server.json",
        "size.json",
        *POOL,
        "scoring/label/WAY/facts.json",
    }
    assert tuple(point for point in passed if point not in others) == SWITCH


def test_a_switch_of_before_is_settled_before_anything_else_is_done(bench: Workbench, nursery: Nursery) -> None:
    """Killed after the commit point; then somebody trains again, from an old snapshot, without a sync."""
    of = jobs.create(bench.home, "train")
    assert nursery.run(job=str(of.folder)) == 0
    job = jobs.create(bench.home, "round")
    assert nursery.run(job=str(job.folder), when="after", at="PATCH project") == -9
    assert bench.home.path("intent.json").exists()
    intended = bench.versions()[-1].number
    assert bench.desk.store.current() != {"label": intended}
    again = jobs.create(bench.home, "train", of=of.id)
    assert nursery.run(job=str(again.folder)) == 0
    newest = bench.versions()[-1]
    assert (newest.number, newest.promoted) == (intended + 1, False)  # old labels replace nothing newer
    assert bench.desk.store.current() == {"label": intended}
    bench.sync()
    assert bench.desk.store.current() == {"label": intended}


def test_an_old_lost_round_does_not_set_a_newer_version_back(bench: Workbench, nursery: Nursery) -> None:
    lost = jobs.create(bench.home, "round")
    assert nursery.run(job=str(lost.folder), when="after", at="versions/NNNN") == -9
    newer = jobs.create(bench.home, "round")
    assert nursery.run(job=str(newer.folder)) == 0
    live = bench.desk.store.current()
    assert nursery.run(job=str(lost.folder)) == 0
    assert bench.desk.store.current() == live
    assert "newer" in lost.state().result["versions"]["label"]["reason"]
    _agrees(bench)


def test_a_sync_beside_a_round_leaves_its_switch_alone(bench: Workbench) -> None:
    """The intent of a running round is no crash's."""
    intent = bench.home.path("intent.json")
    write_json(intent, {"publication": {"name": "under way", "versions": {}, "task_ids": []}, "live": {}})
    with bench.home.lock():
        bench.sync()
        assert intent.exists()
    bench.sync()
    assert not intent.exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kernel_killed_while_it_starts_a_job(
    bench: Workbench, nursery: Nursery, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The worker says itself who it is, so nobody takes it for lost."""
    monkeypatch.setattr(jobs, "WAIT_S", 240.0)  # as long as a busy machine takes to begin one
    known = {job.id for job in bench.jobs()}
    assert nursery.run(home=str(bench.home.folder), when=when, at="job/process.json") == -9
    (job,) = [job for job in bench.jobs() if job.id not in known]
    states = {state.state for state in job.follow(every_s=0.05)}
    assert states | {"waiting"} == {"waiting", "running", "done"}
    _agrees(bench)


def test_a_kernel_killed_before_it_starts_a_job(bench: Workbench, nursery: Nursery) -> None:
    known = {job.id for job in bench.jobs()}
    assert nursery.run(home=str(bench.home.folder), when="before", at="job/job.json") == -9
    assert {job.id for job in bench.jobs()} == known  # an empty folder is no job
    assert nursery.run(home=str(bench.home.folder), when="after", at="job/job.json") == -9
    (job,) = [job for job in bench.jobs() if job.id not in known]
    assert job.state().state == "waiting"
    _is_told(bench, job, "lost")
    assert bench.train(again=job.id).wait()["exact"]


def test_a_lost_job_is_run_again_as_people_do(bench: Workbench, nursery: Nursery) -> None:
    """A worker of the ordinary kind, killed from outside in the middle of its work."""
    job = bench.round()
    while not (job.folder / "progress.json").exists():
        time.sleep(0.01)
    os.kill(read_json(job.folder / "process.json")["pid"], 9)
    assert [state.state for state in job.follow()][-1] == "lost"
    assert job.state().fix == "Run it again: lsal round"
    bench.train(again=job.id).wait()
    assert len([v for v in bench.versions() if v.job == job.id]) == 1
    _agrees(bench)


def _session(leader: int) -> list[int]:
    """The living processes that a killed worker left behind."""
    left = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == leader:
                left.append(process.pid)
        except ProcessLookupError:
            continue
    return left


def _reopened(bench: Workbench) -> Workbench:
    """The same project as another process finds it."""
    return Workbench(bench.root, bench.home.slug)


def _other(bench: Workbench) -> int:
    """A version that is not live."""
    return next(n for n in bench.desk.store.numbers() if {"label": n} != bench.desk.store.current())


def _names(bench: Workbench) -> set[str]:
    live = publishing.live_publication(bench.home)
    return {live.name} if live else {""}


def _intended(bench: Workbench) -> set[str]:
    intent = read_json(bench.home.path("intent.json"))
    return {intent["publication"]["name"]} if intent else _names(bench)


def _is_told(bench: Workbench, job: Job, wanted: str) -> None:
    """What a person who looks is told: how the job ended, and what to do."""
    if not (job.folder / "process.json").exists():  # told as waiting until it is clear that nobody comes
        write_json(job.folder / "job.json", {**job.facts, "made_at": time.time() - jobs.WAIT_S})
    state = _reopened(bench).job(job.id).state()
    assert state.state == wanted
    assert jobs.running(bench.home) is None
    if wanted == "lost":
        assert "killed" in state.error
        wanted = job.id if state.act == "train" else f"lsal {state.act}"
        assert wanted in state.fix


def _is_whole(bench: Workbench) -> None:
    """Every file that counts can be read and is right; nobody holds the lock."""
    bench = _reopened(bench)
    numbers = [version.number for version in bench.versions()]
    for version in bench.versions()[-3:]:  # the older ones were looked at before
        predicting.load(version, bench.desk.handled[version.control][0])
    assert set(bench.desk.store.current().values()) <= set(numbers)
    for path in [*bench.home.path("publications").glob("*.json"), *bench.home.path("rankings").glob("*.json")]:
        read_json(path)
    live = publishing.live_publication(bench.home)
    ranking = publishing.live_ranking(bench.home)
    assert live
    assert ranking
    assert [entry.task_id for entry in ranking.entries] == list(live.task_ids)
    pool = scored.read(bench.home)
    assert pool is not None
    assert len(pool.task_ids) == len(pool.confidence) == len(pool.cluster)
    assert bench.status().versions == len(numbers)
    assert len(bench.curve()) == len(numbers)
    assert len(bench.rounds()) <= len(numbers)
    assert len(bench.queue()) == bench.status().queue["open"]
    task = next(bench.desk.mirror.tasks())
    said = bench.predict(bench.desk.mirror.label_config, [{"id": task.id, "data": task.data}])
    assert len(said) == 1
    with bench.home.lock():
        pass


def _synced(bench: Workbench) -> Workbench:
    bench = _reopened(bench)
    bench.sync()
    return bench


def _agrees(bench: Workbench) -> None:
    """Weights, publication and the server's queue are of one switch."""
    live = publishing.live_publication(bench.home)
    assert live
    assert not bench.home.path("intent.json").exists()
    assert queue.live_name(bench.desk.project) == live.name
    assert dict(live.versions) == bench.desk.store.current()
    checked = bench.verify()
    assert checked.exact, checked.faults


def _runs_again(bench: Workbench, nursery: Nursery, job: Job) -> None:
    """The same job, from the same folder, to its end: with one version of its own, measured."""
    (job.folder / "end.json").unlink(missing_ok=True)
    assert nursery.run(job=str(job.folder)) == 0
    told = _reopened(bench).job(job.id).state()
    assert (told.state, told.result["exact"]) == ("done", True)
    (made,) = [version for version in bench.versions() if version.job == job.id]
    assert told.result["versions"]["label"]["version"] == made.number
    assert (bench.home.path("versions", "answers", f"{made.number:04d}.json")).exists()
    _agrees(bench)
