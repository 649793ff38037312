"""The mirror follows a real project: first whole, then what changed, and what was deleted."""

import sqlite3
from pathlib import Path

import pytest
from projects import answer, demo_of_texts

from lsal.label_studio import tally
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
    assert (went_on.read, mirror.count()) == (39, 48)  # the other pages, and what the server counts otherwise
    sync(mirror, project)
    assert [task.id for task in mirror.labelled()] == [page[0]["id"]]


def test_the_fixed_order_is_the_same_in_every_mirror_of_a_home(bench, project, tmp_path: Path) -> None:
    mirror = Mirror(tmp_path / "m.sqlite", bench.home.order_key)
    sync(mirror, project)
    assert [t.id for t in mirror.tasks()] == [t.id for t in bench.desk.mirror.tasks()]
    other = Mirror(tmp_path / "n.sqlite", "ab" * 16)
    sync(other, project)
    assert [t.id for t in other.tasks()] != [t.id for t in mirror.tasks()]


def act(bench, client, name: str, tasks: list[int], **more: object) -> None:
    """An action of Label Studio's data manager on some tasks."""
    body = {"selectedItems": {"all": False, "included": tasks}, **more}
    client("POST", "/api/dm/actions", params={"id": name, "project": bench.home.project}, json=body).raise_for_status()


def test_annotations_that_leave_no_stamp_on_their_task_are_found_by_counting(bench, project, client) -> None:
    """Copied to other tasks, or moved between two of the same data: `updated_at` stays as it was."""
    mirror = bench.desk.mirror
    one, two, three, *_ = mirror.ids()
    made = project.submit(one, answer(bench, "animal"), 1.0)
    bench.sync()
    mirror.remember(watermark=mirror.newest_stamp())
    act(bench, client, "propagate_annotations", [two, three], source_annotation_id=made)
    assert bench.sync().read == 2
    assert {task.id for task in mirror.labelled()} == {one, two, three}
    twins = project.add_tasks([{"text": "twin"}, {"text": "twin"}])
    for twin in twins:
        project.submit(twin, answer(bench, "machine"), 1.0)
    bench.sync()
    mirror.remember(watermark=mirror.newest_stamp())
    act(bench, client, "remove_duplicates", twins)
    bench.sync()
    told = {task.id: len(task.annotations) for task in mirror.labelled()}
    assert [told.get(twin) for twin in twins] == [2, None]
    mirror.remember(watermark=mirror.newest_stamp())
    assert bench.sync().read == 0, "nothing is looked for twice"


def test_annotations_deleted_in_bulk_and_imported_ones_arrive(bench, project, client) -> None:
    mirror = bench.desk.mirror
    some = list(mirror.ids())[:3]
    for task in some:
        project.submit(task, answer(bench, "animal"), 1.0)
    bench.sync()
    assert mirror.count(LABELLED) == 3
    act(bench, client, "delete_tasks_annotations", some[:2])
    row = {"data": {"text": "known"}, "annotations": [{"result": answer(bench, "machine")}]}
    client("POST", f"/api/projects/{bench.home.project}/import", json=[row]).raise_for_status()
    bench.sync()
    assert {task.data["text"] for task in mirror.labelled()} >= {"known"}
    assert (mirror.count(LABELLED), tally.totals(mirror)) == (2, [2, 0])


def test_two_changes_within_one_second_both_arrive(bench, project, client) -> None:
    mirror = bench.desk.mirror
    first = next(mirror.ids())
    made = project.submit(first, answer(bench, "animal"), 1.0)
    for label in ("machine", "animal", "machine"):
        client("PATCH", f"/api/annotations/{made}/", json={"result": answer(bench, label)}).raise_for_status()
        bench.sync()
        [task] = mirror.labelled()
        assert task.annotations[0].result[0]["value"]["choices"] == [label]


def test_marking_as_ground_truth_changes_no_answer(bench, project, client) -> None:
    first = next(bench.desk.mirror.ids())
    made = project.submit(first, answer(bench, "animal"), 1.0)
    bench.sync()
    [before] = bench.desk.mirror.labelled()
    client("PATCH", f"/api/annotations/{made}/", json={"ground_truth": True}).raise_for_status()
    bench.sync()
    [after] = bench.desk.mirror.labelled()
    assert [a.result for a in after.annotations] == [a.result for a in before.annotations]
    assert [a.person for a in after.annotations] == [a.person for a in before.annotations]


def test_an_edited_task_keeps_its_place_in_every_mirror(bench, project, client, tmp_path: Path) -> None:
    mirror = bench.desk.mirror
    before = {task.id: task for task in mirror.tasks()}
    first = next(mirror.ids())
    client("PATCH", f"/api/tasks/{first}/", json={"data": {"text": "edited"}}).raise_for_status()
    bench.sync()
    [after] = mirror.tasks(ids=[first])
    assert after.data == {"text": "edited"}
    assert (after.place, after.digest != before[first].digest) == (before[first].place, True)
    fresh = Mirror(tmp_path / "fresh.sqlite", bench.home.order_key)
    sync(fresh, project)
    assert {t.id: t.place for t in fresh.tasks()} == {t.id: t.place for t in before.values()}


def test_data_rewritten_in_bulk_arrive_when_everything_is_read_again(bench, project, client) -> None:
    """Label Studio notes nowhere that "Add or modify data field" changed a task."""
    mirror = bench.desk.mirror
    places = {task.id: task.place for task in mirror.tasks()}
    mirror.remember(watermark=mirror.newest_stamp())
    act(bench, client, "add_data_field", list(mirror.ids()), value_name="note", value_type="String", value="x")
    assert bench.sync().read == 0
    again = sync(mirror, project, whole=True)
    assert (again.whole, again.read) == (True, 48)
    assert {task.data.get("note") for task in mirror.tasks()} == {"x"}
    assert {task.id: task.place for task in mirror.tasks()} == places


def test_a_mirror_from_before_tasks_had_a_birth_keeps_their_places(tmp_path: Path) -> None:
    row = {"id": 1, "data": {"t": "a"}, "updated_at": "2026-01-01T00:00:00Z", "annotations": []}
    old = Mirror(tmp_path / "m.sqlite", "ab" * 16)
    old.keep([row])
    [before] = old.tasks()
    with sqlite3.connect(tmp_path / "m.sqlite") as db:
        db.execute("ALTER TABLE tasks DROP COLUMN born")
    new = Mirror(tmp_path / "m.sqlite", "ab" * 16)
    new.keep([{**row, "data": {"t": "b"}, "created_at": "2026-01-01T00:00:00Z"}])
    [after] = new.tasks()
    assert (after.place, after.data) == (before.place, {"t": "b"})
    new.keep([{**row, "data": {"t": "c"}, "created_at": "2026-02-01T00:00:00Z"}])
    [reborn] = new.tasks()
    assert reborn.place != before.place


def test_what_takes_long_to_count_is_counted_after_a_change_alone(tmp_path: Path) -> None:
    mirror, asked = Mirror(tmp_path / "m.sqlite", "00" * 32), list[str]()
    row = {"id": 1, "data": {"text": "one"}, "updated_at": "2026-01-01T00:00:00.5Z", "annotations": []}
    said = {"id": 7, "completed_by": 3, "was_cancelled": False, "updated_at": row["updated_at"], "result": []}
    mirror.keep([row])
    mirror._db.set_trace_callback(lambda query: asked.append(query) if "annotations" in query else None)
    assert [tally.totals(mirror) for _ in range(3)] == [[0, 0]] * 3
    assert len(asked) == 1
    Mirror(mirror.path, "00" * 32).keep([row | {"annotations": [said]}])  # by another process
    assert [(tally.totals(mirror), tally.by_person(mirror)) for _ in range(3)] == [([1, 0], {3: 1})] * 3
    assert len(asked) == 3
