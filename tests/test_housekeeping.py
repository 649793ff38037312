"""What housekeeping removes and what it never touches, on a real Label Studio."""

import json
import os
import re
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from prepared import add_versions, prepared
from projects import demo_of_texts

from lsal import cli, housekeeping, jobs, processes, publishing
from lsal.dashboard.html import to_text
from lsal.errors import BadData, BadRequest, Busy
from lsal.files import write_json
from lsal.home import Home, open_home
from lsal.housekeeping import caches, published, rubbish
from lsal.jobs import Job
from lsal.label_studio import predictions, queue
from lsal.label_studio.connection import Connection
from lsal.label_studio.predictions import Removed
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.outlook import sample
from lsal.records import Entry, Labels, Ranking
from lsal.settings import child_environment
from lsal.store import check_files
from lsal.workbench import Workbench, upkeep
from lsal.worker.acts import run

CONFIG = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="a"/><Choice value="b"/></Choices></View>'
)
RESULT = [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["a"]}}]
DAYS = 86400.0


@pytest.fixture(scope="module")
def project(label_studio: Server) -> tuple[Project, list[int]]:
    """A project of 12 tasks with nothing but texts."""
    project = Project.create(Connection(label_studio.url, label_studio.key), "housekeeping", CONFIG)
    return project, project.add_tasks([{"text": f"text {number}"} for number in range(12)])


def publish(project: Project, name: str, tasks: list[int]) -> dict[int, int]:
    """A batch called `name` made the live queue; the prediction of each task."""
    queue.write(project, name, [Entry(task, 1.0, result={"label": RESULT}) for task in tasks])
    queue.switch(project, name)
    return held(project, name)


def held(project: Project, name: str) -> dict[int, int]:
    rows = project.connection.rows("/api/predictions/", project=project.number)
    return {row["task"]: row["id"] for row in rows if row["model_version"] == name}


def annotate(project: Project, task: int, **more: Any) -> int:
    body = {"result": RESULT, "lead_time": 1.0, "was_cancelled": False, **more}
    return int(project.connection.post(f"/api/tasks/{task}/annotations/", body)["id"])


def test_only_predictions_that_nobody_refers_to_are_deleted(project: tuple[Project, list[int]]) -> None:
    server, tasks = project
    old = publish(server, "lsal-queue-old", tasks)
    accepted = annotate(server, tasks[0], parent_prediction=old[tasks[0]])
    annotate(server, tasks[1])
    server.connection.post(f"/api/tasks/{tasks[2]}/drafts", {"result": RESULT, "lead_time": 1.0})
    live = publish(server, "lsal-queue-new", tasks[3:6])
    before = server.connection.get(f"/api/annotations/{accepted}/")

    assert predictions.counts(server) == {"lsal-queue-old": 12, "lsal-queue-new": 3}
    assert predictions.remove(server, "lsal-queue-old", most=4) == Removed(4, 2, whole=False)
    assert predictions.remove(server, "lsal-queue-old") == Removed(6, 2)
    assert set(held(server, "lsal-queue-old")) == {tasks[0], tasks[2]}
    assert held(server, "lsal-queue-new") == live
    assert server.connection.get(f"/api/annotations/{accepted}/") == before
    assert before["parent_prediction"] == old[tasks[0]]
    assert queue.live_name(server) == "lsal-queue-new"
    assert predictions.remove(server, "lsal-queue-never") == Removed(0, 0)
    with pytest.raises(BadRequest, match="is the live queue"):
        predictions.remove(server, "lsal-queue-new")


def test_those_of_a_task_go_together_where_all_may_go(
    project: tuple[Project, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, tasks = project
    by_hand, used, used_before, *beside = tasks[7:12]
    older = publish(server, "lsal-queue-1", [by_hand, used, used_before, beside[0]])
    old = publish(server, "lsal-queue-2", tasks[6:12])
    live = publish(server, "lsal-queue-3", beside)
    parents = {by_hand: None, used: old[used], used_before: older[used_before]}
    annotated = [annotate(server, task, parent_prediction=one) for task, one in parents.items()]
    before = [server.connection.get(f"/api/annotations/{one}/") for one in annotated]
    singly = list[str]()
    delete = server.connection.delete
    monkeypatch.setattr(server.connection, "delete", lambda path: (singly.append(path), delete(path)))

    assert predictions.remove(server, "lsal-queue-2", others=["lsal-queue-1", "lsal-queue-3"]) == Removed(5, 1)
    assert singly == [f"/api/predictions/{old[task]}/" for task in (used_before, *beside)]
    assert held(server, "lsal-queue-1") == {task: older[task] for task in (used, used_before, beside[0])}
    assert held(server, "lsal-queue-2") == {used: old[used]}
    assert held(server, "lsal-queue-3") == live
    assert [server.connection.get(f"/api/annotations/{one}/") for one in annotated] == before
    assert [one["parent_prediction"] for one in before] == list(parents.values())


# Publications and answers in Label Studio ----------------------------------------------


@pytest.fixture(scope="module")
def worked(label_studio: Server, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """A demo of texts: eight batches of days ago, one that an annotation was made from, and one that was dropped."""
    bench = demo_of_texts(root, tmp_path_factory.mktemp("worked"), 20)
    bench.configure(keep_publications=3)
    add_versions(bench, [5, 6, 7], of=0)
    tasks = [task.id for task in bench.desk.mirror.tasks()]
    for _ in range(8):
        batch(bench, tasks[:4])
    oldest = names(bench.home)[0]
    annotate(bench.desk.project, tasks[0], parent_prediction=held(bench.desk.project, oldest)[tasks[0]])
    queue.write(
        bench.desk.project, "lsal-queue-label.3-aaaaaaaa", [Entry(tasks[5], 1.0)]
    )  # nobody's that this home knows
    queue.write(bench.desk.project, "lsal-label.v1", [Entry(tasks[6], 1.0)])
    queue.write(bench.desk.project, "lsal-label.v3", [Entry(tasks[7], 1.0)])
    dropped = write_json(bench.home.path("rankings", "lsal-queue-start-bbbbbbbb.json"), {"entries": []}) or tasks[8]
    queue.write(bench.desk.project, "lsal-queue-start-bbbbbbbb", [Entry(dropped, 1.0)])
    age(bench, 3 * DAYS)
    return bench


def batch(bench: Workbench, tasks: list[int]) -> None:
    made = Ranking(tuple(Entry(task, 1.0) for task in tasks), "margin", {"label": 3}, time.time())
    publishing.publish(bench.home, bench.desk.project, bench.desk.store, made, bench.desk.store.current())


def names(home: Home) -> list[str]:
    """The names of what was published, oldest first."""
    published = home.path("publications").glob("*.json")
    return [path.stem for path in sorted(published, key=lambda path: path.stat().st_mtime)]


def age(bench: Workbench, seconds: float) -> None:
    """Everything that was published and trained so far is that much older."""
    for path in (*bench.home.path("rankings").glob("*"), *bench.home.path("publications").glob("*")):
        os.utime(path, (0, path.stat().st_mtime - seconds))
    for path in bench.home.path("versions").glob("*/version.json"):
        kept = json.loads(path.read_bytes())
        write_json(path, kept | {"made_at": kept["made_at"] - seconds})


def annotations(bench: Workbench) -> list[dict[str, Any]]:
    """Every annotation as Label Studio exports it, with the prediction that it was made from."""
    export = bench.desk.connection.rows(f"/api/projects/{bench.home.project}/export", exportType="JSON")
    return [annotation for task in export for annotation in task["annotations"]]


def test_old_batches_and_answers_go_and_what_people_need_stays(worked: Workbench) -> None:
    project, published, before = worked.desk.project, names(worked.home), annotations(worked)
    told = predictions.counts(project)

    dry = worked.clean(dry_run=True)
    assert (predictions.counts(project), annotations(worked)) == (told, before)

    done = worked.clean()
    assert done.predictions == dry.predictions
    assert done.kept_predictions == dry.kept_predictions == 1
    gone = {*published[1:5], "lsal-queue-start-bbbbbbbb", "lsal-label.v1"}
    assert set(done.predictions) == gone | {published[0]}
    assert predictions.counts(project) == {
        **{name: count for name, count in told.items() if name not in gone},
        published[0]: 1,  # an annotation was made from it
    }
    assert {"lsal-queue-label.3-aaaaaaaa", "lsal-label.v3"} < set(predictions.counts(project))
    assert annotations(worked) == before
    assert before[0]["parent_prediction"]
    assert worked.verify().exact
    assert {path.stem for path in worked.home.path("rankings").glob("*")} == set(published[5:])
    assert set(names(worked.home)) == set(published)  # what people were shown stays on record
    assert worked.clean().predictions == {}


def test_what_was_replaced_lately_stays(worked: Workbench) -> None:
    """Whoever has a task of such a batch open could not submit it without its prediction."""
    tasks = [task.id for task in worked.desk.mirror.tasks()]
    before = names(worked.home)
    for _ in range(6):
        batch(worked, tasks[:2])
    assert set(worked.clean().predictions) == set(before[5:7])  # the last one was replaced just now
    assert worked.clean().predictions == {}
    age(worked, 2 * DAYS)
    assert set(worked.clean().predictions) == {before[7], *names(worked.home)[8:11]}


def test_a_round_removes_a_few_at_a_time(worked: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [task.id for task in worked.desk.mirror.tasks()]
    for _ in range(4):
        batch(worked, tasks[:4])
    age(worked, 2 * DAYS)
    worked.configure(batch=2)
    monkeypatch.setattr(housekeeping, "LITTLE", 5)
    monkeypatch.setattr(housekeeping, "LITTLE_S", 60.0)  # the number is looked at, not how fast the machine is
    counts = [sum(predictions.counts(worked.desk.project).values())]
    for _ in range(3):
        housekeeping.tidy(worked.home, worked.desk.store, lambda: worked.desk.project)
        counts.append(sum(predictions.counts(worked.desk.project).values()))
    assert [one - other for one, other in pairwise(counts)] == [5, 5, 0]
    assert worked.verify().exact


@pytest.mark.parametrize(("took", "batch", "most", "within"), [(5, 10, 100, 5.0), (300, 500, 1000, 90.0)])
def test_a_slow_machine_and_large_batches_get_more_room(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, took: float, batch: int, most: int, within: float
) -> None:
    """Else what each round leaves behind would pile up."""
    asked = list[tuple[int, float]]()
    monkeypatch.setattr(
        published, "remove", lambda home, store, project, most, within_s: asked.append((most, within_s))
    )
    bench.configure(batch=batch)
    housekeeping.tidy(bench.home, bench.desk.store, lambda: None, took)
    assert asked == [(most, within)]


# Jobs, versions and files --------------------------------------------------------------


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    """A project on a server that does not answer."""
    return prepared(isolated_root)


def job(bench: Workbench, act: str, state: str = "done", **parameters: Any) -> Job:
    made = jobs.create(bench.home, act, **parameters)
    for name in ("snapshot/whole", "snapshot/label/train.jsonl", "log.txt"):
        (made.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (made.folder / name).write_text("x" * 1000)
    if state == "done":
        write_json(made.folder / "end.json", {"state": "done", "seconds": 1.0, "result": {"versions": {}}})
    time.sleep(0.002)  # the order of jobs is that of their names, which count milliseconds
    return made


def local(bench: Workbench, dry_run: bool = False) -> housekeeping.Cleaned:
    return housekeeping.clean(bench.home, bench.desk.store, None, dry_run)


def kept(made: Job) -> list[str]:
    return sorted(path.name for path in made.folder.iterdir()) if made.folder.exists() else []


def test_of_old_trainings_the_facts_stay_and_other_old_jobs_go(bench: Workbench) -> None:
    needed, old = job(bench, "train"), job(bench, "round")
    ranking, under_way = job(bench, "rank"), job(bench, "round", state="")
    write_json(under_way.folder / "process.json", {"pid": os.getpid(), "started": 0})
    lost = job(bench, "round", state="")
    write_json(lost.folder / "job.json", lost.facts | {"made_at": 0})
    newest = [job(bench, "rank"), job(bench, "round"), job(bench, "train", of=needed.id)]
    bench.configure(keep_jobs=2)
    everything = {made.id: kept(made) for made in bench.jobs()}

    dry = local(bench, dry_run=True)
    assert {made.id: kept(made) for made in bench.jobs()} == everything
    done = local(bench)
    assert done.removed == dry.removed
    assert done.freed == sum(one.bytes for one in done.removed) > 3000

    assert kept(old) == ["end.json", "job.json"]
    assert old.state().state == "done"
    assert kept(ranking) == everything[ranking.id]  # there are two rankings, and two stay
    assert all(kept(made) == everything[made.id] for made in (needed, *newest))
    assert kept(lost) == ["job.json"]
    bench.configure(keep_jobs=1)
    local(bench)
    assert kept(ranking) == []
    assert [made.id for made in bench.jobs()] == [m.id for m in (*newest[::-1], lost, under_way, old, needed)]


def test_a_job_that_runs_keeps_everything(bench: Workbench) -> None:
    running = job(bench, "round", state="")
    write_json(running.folder / "process.json", processes.mark())
    bench.configure(keep_jobs=1)
    job(bench, "round")
    local(bench)
    assert (running.folder / "snapshot" / "whole").exists()


def weights(bench: Workbench) -> list[int]:
    return [v.number for v in bench.versions() if (v.folder / "weights").exists()]


def test_weights_of_old_versions_go_and_the_curve_stays_whole(bench: Workbench) -> None:
    add_versions(bench, [10, 12, 14, 16, 18, 20, 22, 23, 24, 25, 26, 27], held=(2, 3))
    curve = bench.curve()
    for number in range(1, 13):
        sample.keep(bench.home, number, [("1:x", Labels(("ham",)))])
    write_json(bench.versions()[2].folder / "version.json", _aged(bench, 3, 30 * DAYS))
    bench.configure(keep_versions=3)
    assert local(bench, dry_run=True).freed > 0
    assert weights(bench) == list(range(1, 13))

    assert [one.name for one in local(bench).removed] == [f"version {number}" for number in (1, 3, 4, 5, 6, 7)]

    # 8 to 12 were live last, 10 to 12 are the newest, 2 is held and waits for somebody's look
    assert weights(bench) == sample.asked(bench.home) == [2, 8, 9, 10, 11, 12]
    assert [(p.version, p.value, p.tasks) for p in bench.curve()] == [(p.version, p.value, p.tasks) for p in curve]
    assert [v.number for v in bench.versions()] == list(range(1, 13))
    assert local(bench).removed == ()


def _aged(bench: Workbench, number: int, seconds: float) -> dict[str, Any]:
    facts = json.loads((bench.desk.store.get(number).folder / "version.json").read_bytes())
    return facts | {"made_at": facts["made_at"] - seconds}


def test_what_is_live_keeps_its_weights_however_old_it_is(bench: Workbench) -> None:
    add_versions(bench, [20] * 8)
    for number in (1, 8, 1, 8, 7, 1):
        bench.desk.store.make_current({"label": number})
    bench.configure(keep_versions=1)
    local(bench)
    assert weights(bench) == [1, 7, 8]


def test_a_cleaned_version_says_what_to_do(bench: Workbench) -> None:
    add_versions(bench, [10] * 9)
    bench.configure(keep_versions=1)
    version = bench.versions()[0]
    local(bench)
    with pytest.raises(BadData, match=r"version 1 were cleaned away.*Choose another one: lsal versions"):
        check_files(version)
    made = job(bench, "round")
    facts = json.loads((version.folder / "version.json").read_bytes())
    write_json(version.folder / "version.json", facts | {"job": made.id})
    with pytest.raises(BadData, match=f"Train it again from its job: lsal train --again {made.id}"):
        check_files(bench.versions()[0])


def test_files_of_tasks_go_beyond_a_size_the_longest_unused_first(bench: Workbench) -> None:
    media = bench.home.path("media")
    media.mkdir()
    for number in range(10):
        (media / f"{number}.png").write_bytes(b"x" * 300_000)
        if number < 8:
            os.utime(media / f"{number}.png", (time.time() - DAYS + number,) * 2)
    bench.configure(keep_media_mb=2)
    assert local(bench).freed == 1_200_000
    assert sorted(path.name for path in media.iterdir()) == [f"{number}.png" for number in range(4, 10)]
    bench.configure(keep_media_mb=1)
    for path in media.iterdir():
        os.utime(path)  # somebody may be reading them
    assert local(bench).removed == ()


def test_leftovers_of_killed_processes_go_after_a_day(bench: Workbench) -> None:
    add_versions(bench, [5])
    places = ["versions/0002.tmp/weights/model.json", ".home.json.7-8.tmp", "media/.abc/content", "jobs/half/log.txt"]
    places.append("rankings/.x.json.1-2.tmp")
    for place in places:
        bench.home.path(place).parent.mkdir(parents=True, exist_ok=True)
        bench.home.path(place).write_text("half")
    assert local(bench).removed == ()
    for place in places:
        for path in (bench.home.path(place), *bench.home.path(place).parents):
            if path.is_relative_to(bench.home.folder):
                os.utime(path, (0, time.time() - 2 * DAYS))
    assert {one.what for one in local(bench).removed} == {"leftover"}
    assert not [place for place in places if bench.home.path(place).exists()]
    assert weights(bench) == [1]


def test_label_studios_that_nothing_used_for_a_month_go(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSAL_CACHE", str(tmp_path))
    old = ("label-studio-1.22.0", "template-1.22.0")
    for name in (*old, f"label-studio-{caches.LABEL_STUDIO_VERSION}", "label-studio-1.21.0", "models-1.0"):
        (tmp_path / name).mkdir()
        (tmp_path / f"{name}.lock").touch()
        for path in (tmp_path / name, tmp_path / f"{name}.lock"):
            os.utime(path, (0, time.time() - 40 * DAYS))
    (tmp_path / "label-studio-1.21.0.lock").touch()
    assert [one.name for one in caches.old()] == list(old)
    local(bench)
    assert not [name for name in old if (tmp_path / name).exists()]
    assert (tmp_path / "label-studio-1.21.0").exists()


APPENDS = """
import sys, time
number = 0
while True:
    number += 1
    print(f"line {number:09}", flush=True)
    time.sleep(0 if number < 150_000 else 0.01)
"""


def test_a_log_that_grew_too_long_begins_anew_while_its_process_writes(bench: Workbench) -> None:
    log = bench.root / "backend.log"
    mark = processes.spawn([sys.executable, "-c", APPENDS], log, child_environment())
    try:
        until = time.monotonic() + 120
        while not log.exists() or log.stat().st_size < 2_000_000:
            assert time.monotonic() < until
            time.sleep(0.05)
        bench.configure(keep_log_mb=1)
        assert [one.name for one in local(bench, dry_run=True).removed] == ["backend.log"]
        before = log.stat().st_size
        told = local(bench)
        assert before - 600_000 < told.freed
        kept = bench.root / "backend.previous.log"
        while not log.stat().st_size:
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        processes.stop(mark)
    assert kept.stat().st_size >= 500_000
    assert log.stat().st_size < before
    assert b"\0" not in log.read_bytes(), "it goes on at the beginning, not behind a hole"
    assert log.read_bytes().startswith(b"line ") or b"\nline " in log.read_bytes()[:40]
    last, first = (re.findall(rb"line (\d{9})\n", path.read_bytes()) for path in (kept, log))
    assert 0 < int(first[0]) - int(last[-1]) < 20_000  # nothing but what came in the moment of the copy
    assert local(bench).removed == ()


def test_jobs_walk_through_all_files_only_from_time_to_time(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    walks = list[Path]()
    monkeypatch.setattr(rubbish, "size", lambda path: walks.append(path) or 5)
    for _ in range(3):
        housekeeping.tidy(bench.home, bench.desk.store)
    assert walks == [bench.home.folder]
    write_json(bench.home.path("size.json"), {"bytes": 5, "at": time.time() - housekeeping.WALK_S - 1, "took": 0.1})
    housekeeping.tidy(bench.home, bench.desk.store)
    assert len(walks) == 2
    slow = {"bytes": 5, "at": time.time() - 2 * housekeeping.WALK_S, "took": 60.0}
    write_json(bench.home.path("size.json"), slow)  # a minute's walk, once in a hundred minutes
    housekeeping.tidy(bench.home, bench.desk.store)
    assert len(walks) == 2
    local(bench)
    assert len(walks) == 3
    assert bench.status().home_bytes == 5


# As people meet it ---------------------------------------------------------------------


def test_the_policy_is_a_setting_and_the_command_tells_what_it_did(
    bench: Workbench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadRequest, match="keep_versions' cannot be 0"):
        bench.configure(keep_versions=0)
    told = to_text(local(bench))
    assert "Nothing has to go" in told
    add_versions(bench, [10] * 9)
    bench.configure(keep_versions=1)
    shown = to_text(local(bench, dry_run=True))
    assert "What would be removed" in shown
    assert "weights  4" in shown
    assert "version 1, version 2" in shown
    assert cli.main(["clean"]) == 0
    told = capsys.readouterr().out
    assert "weights  4" in told
    assert "Left for next time: what is in Label Studio: " in told
    monkeypatch.setattr(upkeep, "LOCK_S", 0.1)
    with bench.home.lock(), pytest.raises(Busy):
        bench.clean()


def test_batches_that_were_just_replaced_stay_and_are_told(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, 20)
    bench.configure(keep_publications=1)
    assert bench.clean().resting == 0
    for _ in range(3):
        batch(bench, [task.id for task in bench.desk.mirror.tasks()][:2])
    told = bench.clean()
    assert (told.resting, told.predictions) == (2, {})
    assert "2 old batches stay in Label Studio for now: replaced too short a time ago" in to_text(told)
    age(bench, 3 * DAYS)
    assert bench.clean().resting == 0


def test_the_status_tells_the_size_as_of_the_last_time(bench: Workbench) -> None:
    assert bench.status().home_bytes is None
    local(bench)
    size = bench.status().home_bytes
    assert size
    assert size > 10_000
    assert f"{bench.home.folder}, " in to_text(bench.status())


def test_a_round_tidies_up_behind_itself(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, 20, batch=4)
    run(jobs.create(bench.home, "rank"))
    bench.configure(keep_jobs=1)
    first, second = (_worked(bench) for _ in range(2))
    assert not (first.folder / "snapshot").exists()
    assert (second.folder / "snapshot" / "whole").exists()
    assert len(bench.rounds()) == 2
    assert bench.status().home_bytes
    assert bench.verify().exact


def _worked(bench: Workbench) -> Job:
    """A round in this process, after a sitting of the simulated annotator."""
    bench.label()
    made, begun = jobs.create(bench.home, "round"), time.time()
    made.begin()
    made.end("done", begun, result=run(made))
    return made


@pytest.mark.parametrize(("number", "fix"), [(0, "older lsal"), (2, "newer lsal"), (None, "older lsal")])
def test_a_home_of_another_format_is_refused_by_its_number(bench: Workbench, number: int | None, fix: str) -> None:
    kept = json.loads(bench.home.path("home.json").read_bytes())
    write_json(bench.home.path("home.json"), kept | {"format": number})
    with pytest.raises(BadData, match=rf"format {number}, this lsal reads format 1.*{fix}"):
        open_home(bench.home.folder)
