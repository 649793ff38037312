"""The published batch is the real queue, and what disturbs it is noticed."""

from pathlib import Path

import pytest
from people import add_annotator
from projects import answer, demo_of_texts

from lsal import publishing
from lsal.errors import LabelStudioError
from lsal.files import write_json
from lsal.label_studio import queue
from lsal.label_studio.server import Server
from lsal.records import Entry, Publication


@pytest.fixture
def bench(label_studio: Server, root: Path, tmp_path: Path):
    made = demo_of_texts(root, tmp_path)
    made.rank().wait(240)
    return made


def test_what_is_published_is_what_next_gives(bench) -> None:
    published = publishing.live_publication(bench.home)
    checked = bench.verify()
    assert checked.exact
    assert checked.open == published.task_ids
    assert bench.desk.project.next_task()["id"] == published.task_ids[0]


def test_three_annotators_taking_turns_get_the_best_task_still_open(bench, label_studio: Server) -> None:
    keys = [label_studio.key, *(add_annotator(label_studio, f"p{n}-{bench.home.project}@x.local") for n in range(2))]
    sat = bench.label(6, keys=keys)
    assert (sat.served, sat.in_order) == (6, 6)
    bench.sync()
    people = {a.person for task in bench.desk.mirror.labelled() for a in task.annotations}
    assert len(people) == 3


def test_a_skipped_task_leaves_the_queue_and_the_rest_stays_in_order(bench) -> None:
    first, second, *_ = publishing.live_publication(bench.home).task_ids
    bench.desk.project.submit(first, [], 1.0, skipped=True)
    bench.desk.project.submit(second, answer(bench, "animal"), 1.0)
    checked = bench.verify()
    assert checked.exact
    assert len(checked.open) == 4


def test_changed_sampling_and_model_version_are_found(bench) -> None:
    bench.desk.project.change(sampling="Sequential sampling")
    assert "Sequential sampling" in bench.verify().faults[0]
    name = queue.new_name({})
    queue.write(bench.desk.project, name, [Entry(next(bench.desk.mirror.ids()), 1.0)])
    queue.switch(bench.desk.project, name)
    [fault] = bench.verify().faults
    assert name in fault
    assert not bench.verify().exact


def test_a_task_that_is_gone_is_refused_before_the_switch(bench) -> None:
    before = queue.live_name(bench.desk.project)
    with pytest.raises(LabelStudioError, match="99999999"):
        queue.write(bench.desk.project, queue.new_name({}), [Entry(99999999, 1.0)])
    assert queue.live_name(bench.desk.project) == before
    assert bench.verify().exact


def test_ranking_goes_on_when_a_task_was_deleted_since_the_sync(bench, client) -> None:
    gone = publishing.live_publication(bench.home).task_ids[0]
    client("DELETE", f"/api/tasks/{gone}/").raise_for_status()
    assert bench.rank().wait(240)["exact"]
    assert gone not in publishing.live_publication(bench.home).task_ids


def test_an_interrupted_switch_is_finished_or_dropped_by_what_the_server_says(bench) -> None:
    live = publishing.live_publication(bench.home)
    tasks = list(bench.desk.mirror.ids())[:3]
    later = Publication(queue.new_name({}), {}, tuple(tasks))
    write_json(bench.home.path("intent.json"), {"publication": later, "live": {}})
    assert "dropped" in publishing.recover(bench.home, bench.desk.project, bench.desk.store)
    assert publishing.live_publication(bench.home) == live

    write_json(bench.home.path("intent.json"), {"publication": later, "live": {}})
    queue.write(bench.desk.project, later.name, [Entry(task, 1.0) for task in tasks])
    queue.switch(bench.desk.project, later.name)
    assert "finished" in publishing.recover(bench.home, bench.desk.project, bench.desk.store)
    assert publishing.live_publication(bench.home) == later
    assert bench.verify().exact
    assert publishing.recover(bench.home, bench.desk.project, bench.desk.store) is None
