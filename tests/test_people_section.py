"""Who labels, how fast, what they give and how far they agree: counted from the mirror, and shown."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from crew import NAMES, crew
from people import add_annotator
from prepared import HOSTILE, STAMP, prepared
from projects import answer, demo_of_texts
from switches import do

from lsal import publishing
from lsal.dashboard import people_words
from lsal.dashboard.board import Dashboard
from lsal.files import write_json
from lsal.label_studio import annotators
from lsal.label_studio.connection import Connection
from lsal.label_studio.project import Project
from lsal.label_studio.server import Server
from lsal.phrases import moment
from lsal.workbench import Workbench


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return crew(isolated_root)


def test_each_person_is_told_apart_by_what_they_did(bench: Workbench) -> None:
    told = bench.labelling()
    assert {one.name for one in told.people} == set(NAMES.values())
    expected = {person: [0, 0, 0] for person in NAMES}
    share = bench.home.settings().measuring_share
    for task in bench.desk.mirror.tasks():
        for person in ([1 + task.id % 3] if task.id <= 50 else []) + (
            [1 + (task.id + 1) % 3] if task.id <= 50 and task.id % 4 == 0 else []
        ):
            expected[person][1 if task.id > 48 else 0] += 1
            expected[person][2] += task.id <= 48 and task.place < share
    by_name = {one.name: [one.answered, one.skipped, one.measuring] for one in told.people}
    assert by_name == {NAMES[person]: counts for person, counts in expected.items()}
    assert sum(one.shared for one in told.people) == 2 * 12
    assert sum(one.same for one in told.people) == 2 * 6, "of twelve shared tasks every other one is disputed"


def test_speed_leaves_pauses_and_imports_out(isolated_root: Path) -> None:
    bench = prepared(isolated_root, labelled=0)
    gaps = {1: [0, 60, 120, 180, 240, 300, 4000, 4060], 2: [0] * 8, 3: [0, 60]}
    assert [one for one in bench.labelling().people] == []
    label(bench, {person: [seconds(n) for n in mine] for person, mine in gaps.items()})
    told = {one.name: one.per_hour for one in bench.labelling().people}
    assert told == {"person 1": pytest.approx(60.0), "person 2": None, "person 3": None}


def seconds(after: float) -> str:
    return (datetime(2026, 1, 2, 9, tzinfo=UTC) + timedelta(seconds=after)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def label(bench: Workbench, stamps: dict[int, list[str]], given: str = "ham") -> None:
    """Each person answers a task of their own at each moment."""
    region = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [given]}}
    rows, tasks = [], iter(sorted(bench.desk.mirror.tasks(), key=lambda one: one.id))
    for person, mine in stamps.items():
        for at in mine:
            task = next(tasks)
            facts = {"completed_by": person, "was_cancelled": False, "updated_at": at, "result": [region]}
            rows.append({"id": task.id, "data": task.data, "updated_at": at, "annotations": [{"id": task.id, **facts}]})
    bench.desk.mirror.keep(rows)


def test_the_hours_of_the_last_days_are_counted(bench: Workbench) -> None:
    told = bench.labelling()
    assert sum(told.hours) == sum(one.answered for one in told.people)
    assert len(told.hours) == 72
    newest = max(stamp for (stamp,) in bench.desk.mirror.select("SELECT updated_at FROM annotations"))
    assert told.last == pytest.approx(datetime.fromisoformat(newest).timestamp())
    shown = people_words.hours(told)
    assert shown.count("<rect") == sum(1 for count in told.hours if count)
    old = prepared(bench.root / "old")
    then = moment(datetime.fromisoformat(STAMP).timestamp())
    assert f"No answers. The last answer is from {then}." in people_words.hours(old.labelling())


def test_classes_stand_beside_what_the_live_version_guesses(bench: Workbench) -> None:
    (given,) = bench.labelling().given
    assert dict(given.top) == {"ham": 54, "spam": 6}
    assert (given.total, given.unused, given.guessed, given.guesses) == (60, 0, {"ham": 3, "spam": 5}, 8)
    shown = people_words.labels(given)
    assert "version 5 guesses, of 8 open tasks" in shown
    assert "5 (62.5 %)" in shown


def test_very_many_people_and_classes_are_cut_to_the_top(isolated_root: Path) -> None:
    bench = prepared(isolated_root, labelled=0)
    label(bench, {person: [STAMP] for person in range(1, 51)})
    rows = [
        dict(zip(("id", "result"), row, strict=True))
        for row in bench.desk.mirror.select("SELECT id, result FROM annotations")
    ]
    for row in rows:
        result = row["result"].replace(b"ham", f"class {row['id'] // 2}".encode())
        bench.desk.mirror.select("UPDATE annotations SET result = ? WHERE id = ?", result, row["id"])
    told = bench.labelling(top=20)
    assert (len(told.people), told.others) == (20, 30)
    (given,) = told.given
    assert (len(given.top), given.others, given.others_total, given.unused) == (20, 6, 10, 2)
    shown = people_words.page(told)
    assert "30 others" in shown
    assert "6 other classes" in shown
    assert "2 classes were never given." in shown


def test_suspects_and_what_waits_are_told(bench: Workbench) -> None:
    assert "Nobody looked for label errors yet: lsal suspects." in people_words.page(bench.labelling())
    write_json(bench.home.path("suspects.json"), {"made_at": 0, "controls": [{"flagged": 3}, {"flagged": 1}]})
    assert (bench.labelling().suspects, bench.labelling().waiting) == (4, 0)
    assert "4 labels were held for errors" in people_words.page(bench.labelling())


def test_the_section_shows_it_escaped_and_says_what_to_do_when_nobody_labelled(isolated_root: Path) -> None:
    shown = Dashboard(crew(isolated_root)).people.view.value
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "ann@x.local" in shown
    assert HOSTILE not in shown
    empty = Dashboard(prepared(isolated_root / "other", labelled=0)).people.view.value
    assert "Nobody labelled anything yet. Press Re-rank" in empty
    assert Dashboard(Workbench(isolated_root / "none")).people.view.value == ""


def test_a_look_that_found_nothing_new_is_not_counted_again(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    shown, asked = Dashboard(bench), list[int]()
    real = annotators.counts

    def counts(*given: Any) -> Any:
        asked.append(1)
        return real(*given)

    monkeypatch.setattr(annotators, "counts", counts)
    shown.people._rest_until = 0.0
    shown.refresh()
    assert not asked, "nothing changed in the mirror"
    bench.desk.mirror.keep([])
    shown.people._rest_until = 0.0
    shown.refresh()
    assert asked == [1]
    assert asyncio.run(shown.people.step()) is False


def test_people_of_a_real_label_studio_are_told_by_name(label_studio: Server, root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, count=20)
    do(bench, "rank")
    key = add_annotator(label_studio, "fay@people.local")
    bench.desk.project.change(maximum_annotations=2)
    publication = publishing.live_publication(bench.home)
    assert publication
    people = [Project(Connection(bench.desk.url, one), bench.home.project) for one in (label_studio.key, key)]
    first, second, third, *_ = publication.task_ids
    people[0].submit(first, answer(bench, "animal"), 1.0)
    people[1].submit(first, answer(bench, "animal"), 1.0)
    people[0].submit(second, answer(bench, "animal"), 1.0)
    people[1].submit(second, answer(bench, "machine"), 1.0)
    people[1].submit(third, [], 1.0, skipped=True)
    bench.sync()
    told = {one.name: one for one in bench.labelling().people}
    fay = told["fay@people.local"]
    assert (fay.answered, fay.skipped, fay.same, fay.shared) == (2, 1, 1, 2)
    assert len(told) == 2
    assert all((one.answered, one.same, one.shared) == (2, 1, 2) for one in told.values())
    assert sum(bench.labelling().hours) == 4
    assert dict(bench.labelling().given[0].top) == {"animal": 3, "machine": 1}
