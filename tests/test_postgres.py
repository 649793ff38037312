"""lsal at a stock Label Studio on PostgreSQL, attached by URL and key."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from postgres import Foreign
from showcase import export
from team import Person, attached, write

from lsal import publishing
from lsal.errors import LabelStudioError
from lsal.label_studio import queue
from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED, Mirror
from lsal.label_studio.project import Project
from lsal.label_studio.sync import sync
from lsal.records import Entry
from lsal.workbench import Workbench

ROWS = write(60)
TRUTH = dict(ROWS)


@pytest.fixture
def bench(on_postgres: Foreign, isolated_root: Path) -> Iterator[Workbench]:
    made = attached(on_postgres, isolated_root, ROWS)
    made.configure(batch=10, refill_below=0.0)
    made.sync()
    yield made
    made.stop()


@pytest.fixture
def project(bench: Workbench) -> Project:
    return bench.desk.project


@pytest.fixture(scope="module")
def people(on_postgres: Foreign) -> list[Person]:
    return [Person(on_postgres, f"{name}@team.local") for name in ("ada", "ben", "cleo")]


def answer(label: str) -> list[dict[str, object]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}]


def label(bench: Workbench, count: int) -> list[int]:
    """Let the owner label so many tasks; which they were."""
    done = []
    for _ in range(count):
        task = bench.desk.project.next_task()
        assert task
        bench.desk.project.submit(task["id"], answer(TRUTH[task["data"]["text"]]), 1.0)
        done.append(task["id"])
    return done


def test_it_is_a_stock_label_studio_and_its_tasks_are_in_postgresql(on_postgres: Foreign, bench: Workbench) -> None:
    seen = psutil.Process(on_postgres.pid).environ()
    assert not [name for name in seen if name.startswith("fflag") or name in ("TASK_LOCK_TTL", "DISABLE_SIGNUP")]
    assert on_postgres.ask(f"SELECT count(*) FROM task WHERE project_id = {bench.home.project}") == "60"
    assert on_postgres.ask("SHOW server_version").startswith(on_postgres.postgres)


def test_attaching_and_the_first_sync_change_nothing_there(on_postgres: Foreign, bench: Workbench) -> None:
    facts = bench.desk.project.read()
    assert (facts["sampling"], facts["model_version"]) == ("Sequential sampling", "")
    assert not bench.home.own_server
    assert on_postgres.key not in repr(bench.desk.connection)


def test_pages_by_id_and_a_second_sync_that_reads_nothing(bench: Workbench, project: Project, tmp_path: Path) -> None:
    pages = [[row["id"] for row in rows] for rows in project.tasks([], "id", page=7)]
    assert [len(page) for page in pages] == [7] * 8 + [4]
    assert [number for page in pages for number in page] == list(bench.desk.mirror.ids())
    mirror = Mirror(tmp_path / "m.sqlite", bench.home.order_key)
    assert sync(mirror, project).read == 60
    mirror.remember(watermark=mirror.newest_stamp())  # as if the import were long ago
    assert sync(mirror, project).read == 0


def test_what_people_and_owners_change_arrives(bench: Workbench, project: Project) -> None:
    mirror, connection = bench.desk.mirror, project.connection
    first, second, third, *_ = mirror.ids()
    made = project.submit(first, answer("praise"), 1.0)
    project.submit(second, [], 1.0, skipped=True)
    bench.sync()
    assert (mirror.count(LABELLED), mirror.count(SKIPPED)) == (1, 1)
    mirror.remember(watermark=mirror.newest_stamp())
    connection.patch(f"/api/annotations/{made}/", {"result": answer("fault")})
    assert bench.sync().read == 1
    assert next(mirror.labelled()).annotations[0].result[0]["value"]["choices"] == ["fault"]
    connection.delete(f"/api/annotations/{made}/")
    connection.delete(f"/api/tasks/{third}/")
    [new] = project.add_tasks([{"text": "ünïcode \u2028 and 'quotes' \\ {}"}])
    bench.sync()
    assert (mirror.count(LABELLED), mirror.count(OPEN), mirror.count(SKIPPED)) == (0, 59, 1)
    assert new in set(mirror.ids())
    assert third not in set(mirror.ids())
    assert project.count([]) == 60


def test_people_get_the_published_order_whatever_other_predictions_there_are(
    bench: Workbench, project: Project, people: list[Person]
) -> None:
    tasks = list(bench.desk.mirror.ids())
    others = [{"task": t, "model_version": "other", "score": t % 3 / 2 or None, "result": []} for t in tasks[::2]]
    assert project.add_predictions(others) == len(others)
    assert bench.rank().wait(240)["exact"]
    published = publishing.live_publication(bench.home).task_ids
    bare = project.connection.post("/api/predictions/", {"task": published[4], "model_version": "bare", "result": []})
    assert bare["score"] in (None, 0.0)
    assert bench.verify().open == published
    served = []
    for turn in range(len(published)):
        person = people[turn % 3]
        task = person.next_task(bench.home.project)
        served.append(task["id"])
        person.submit(bench.home.project, task, "praise", 1.0)
        assert bench.verify().exact
    assert tuple(served) == published


def test_a_prediction_without_a_score_among_the_published_is_noticed(bench: Workbench, project: Project) -> None:
    """PostgreSQL puts it last, where SQLite has it first: wrong in either place."""
    bench.rank().wait(240)
    publication = publishing.live_publication(bench.home)
    stranger = next(task for task in bench.desk.mirror.ids() if task not in publication.task_ids)
    row = {"task": stranger, "model_version": publication.name, "result": []}
    project.connection.post("/api/predictions/", row)
    checked = bench.verify()
    assert not checked.exact
    assert stranger in checked.open


def test_what_the_stock_import_drops_without_a_word_never_becomes_the_queue(bench: Workbench, project: Project) -> None:
    bench.rank().wait(240)
    live, (one, two, *_) = queue.live_name(project), bench.desk.mirror.ids()
    wrong = [Entry(one, 1.0, result={"label": answer("no such class")}), Entry(two, 0.5)]
    with pytest.raises(LabelStudioError, match="1 of 2"):
        queue.write(project, queue.new_name({}), wrong)
    assert queue.live_name(project) == live
    assert bench.verify().exact


def test_rounds_promotion_and_the_way_back_leave_every_annotation_as_it_was(bench: Workbench) -> None:
    for _ in range(2):
        label(bench, 15)
        before = export(bench)
        assert bench.round().wait(240)["exact"]
        assert export(bench) == before
    live = bench.desk.store.current()["label"]
    for switch, wanted in ((lambda: bench.promote(3 - live), 3 - live), (bench.rollback, live)):
        switch().wait(240)
        assert bench.desk.store.current() == {"label": wanted}
        assert bench.verify().exact
    assert queue.live_name(bench.desk.project) == publishing.live_publication(bench.home).name
    assert export(bench) == before


def test_the_backend_refills_the_queue(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSAL_POLL_S", "0.5")
    bench.rank().wait(240)
    first = publishing.live_publication(bench.home)
    bench.serve()
    assert bench.desk.project.read()["model_version"] == first.name
    bench.configure(refill_below=0.3)
    done = label(bench, 7)
    assert tuple(done) == first.task_ids[:7]
    until = time.monotonic() + 240
    while (second := publishing.live_publication(bench.home)).name == first.name:
        assert time.monotonic() < until, "no refill came"
        time.sleep(0.1)
    assert not set(second.task_ids) & set(done)
