"""The mirror follows a real project: first whole, then what changed, and what was deleted."""

from pathlib import Path

import pytest
from projects import answer, demo_of_texts

from lsal.label_studio.mirror import LABELLED, OPEN, SKIPPED, Mirror
from lsal.label_studio.project import Project
from lsal.label_studio.sync import FIELDS, sync


@pytest.fixture
def bench(label_studio, root: Path, tmp_path: Path):
    return demo_of_texts(root, tmp_path)


@pytest.fixture
def project(bench) -> Project:
    return bench.desk.project


def test_first_sync_is_whole_and_second_reads_nothing_new(bench, project, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m.sqlite", bench.home.order_key)
    first = sync(mirror, project)
    assert (first.whole, first.read, mirror.count()) == (True, 48, 48)
    mirror.remember(watermark=mirror.newest_stamp())  # as if the import were long ago
    second = sync(mirror, project)
    assert (second.whole, second.read) == (False, 0)


def test_made_changed_skipped_and_deleted_annotations_arrive(bench, project, client) -> None:
    first, second, *_ = bench.desk.mirror.ids()
    made = project.submit(first, answer(bench, "animal"), 1.0)
    project.submit(second, [], 1.0, skipped=True)
    bench.sync()
    mirror = bench.desk.mirror
    assert (mirror.count(LABELLED), mirror.count(SKIPPED)) == (1, 1)
    client("PATCH", f"/api/annotations/{made}/", json={"result": answer(bench, "machine")}).raise_for_status()
    bench.sync()
    [task] = mirror.labelled()
    assert task.annotations[0].result[0]["value"]["choices"] == ["machine"]
    client("DELETE", f"/api/annotations/{made}/").raise_for_status()
    bench.sync()
    assert (mirror.count(LABELLED), mirror.count(OPEN)) == (0, 47)


def test_deleted_and_added_tasks_are_noticed_even_when_the_count_stays(bench, project, client) -> None:
    mirror = bench.desk.mirror
    gone = list(mirror.ids())[-1]
    client("DELETE", f"/api/tasks/{gone}/").raise_for_status()
    project.add_tasks([{"text": "something new"}])
    bench.sync()
    texts = [task.data["text"] for task in mirror.tasks()]
    assert mirror.count() == 48
    assert "something new" in texts


def test_an_id_that_is_used_again_is_another_task(bench, project, client) -> None:
    mirror = bench.desk.mirror
    last = max(mirror.ids())
    before = next(iter(mirror.tasks(ids=[last])))
    client("DELETE", f"/api/tasks/{last}/").raise_for_status()
    [again] = project.add_tasks([{"text": "another text"}])
    bench.sync()
    after = next(iter(mirror.tasks(ids=[again])))
    assert after.data == {"text": "another text"}
    assert (after.digest, after.place) != (before.digest, before.place)


def test_a_killed_first_sync_goes_on_and_misses_nothing(bench, project, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m.sqlite", bench.home.order_key)
    page = next(project.tasks([], FIELDS, page=10))
    mirror.remember(first_clock=project.connection.server_time)
    mirror.keep(page, first_id=page[-1]["id"])
    project.submit(page[0]["id"], answer(bench, "animal"), 1.0)  # changed after it was read, before the rest was
    went_on = sync(mirror, project)
    assert (went_on.read, mirror.count()) == (38, 48)
    sync(mirror, project)
    assert [task.id for task in mirror.labelled()] == [page[0]["id"]]


def test_the_fixed_order_is_the_same_in_every_mirror_of_a_home(bench, project, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m.sqlite", bench.home.order_key)
    sync(mirror, project)
    assert [t.id for t in mirror.tasks()] == [t.id for t in bench.desk.mirror.tasks()]
    other = Mirror(tmp_path / "n.sqlite", "ab" * 16)
    sync(other, project)
    assert [t.id for t in other.tasks()] != [t.id for t in mirror.tasks()]
