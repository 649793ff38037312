"""The versions in the dashboard: what each could do, what a switch would change before it does, two side by side."""

import time
from pathlib import Path
from typing import Any

import pytest
from crew import WRONG, crew
from prepared import HOSTILE, add_versions, prepared
from switches import with_versions

from lsal import jobs, publishing
from lsal.dashboard.board import Dashboard
from lsal.dashboard.parts import facts
from lsal.errors import BadRequest, NoVersion
from lsal.files import write_json
from lsal.store import PRUNED
from lsal.workbench import Workbench

WAIT_S = 120.0


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return crew(isolated_root)


def press(shown: Dashboard, **asked: Any) -> Any:
    """What the browser half sends when somebody presses a button."""
    table = shown.versions.table
    table.asked = asked | {"count": table.asked.get("count", 0) + 1}
    return table


def lines(table: Any) -> dict[str, str]:
    return dict((*table.preview["lines"], *table.preview["compared"]))


def test_each_version_says_what_became_of_it_and_on_what_it_was_measured(bench: Workbench) -> None:
    store = bench.desk.store
    store.make_current({"label": 2})
    write_json(bench.home.path("versions", "0001", PRUNED), {})
    shown = Dashboard(bench).versions.table
    told = {row["number"]: row for row in shown.rows}
    assert list(told) == [5, 4, 3, 2, 1]
    states = {number: row["state"] for number, row in told.items()}
    assert states == {5: "rolled back", 4: "held", 3: "earlier", 2: "live", 1: "earlier"}
    assert told[5]["why"] == "version 2 was put back in its place"
    assert told[4]["words"] == "worse: 1 gained, 9 lost on 30 tasks"
    third = bench.curve()[2]
    assert told[3]["measured"] == f"{third.tasks} tasks"
    assert told[3]["figure"].startswith(f"{100 * third.value:.1f} % (")
    assert told[3]["labels"] == "84"
    assert told[1]["whyNot"] == "Its weights were cleaned away, only its figures are kept."
    assert (told[2]["whyNot"], told[3]["whyNot"]) == ("It is live.", "")
    assert (shown.busy, shown.back) == ("", "")


def test_a_preview_says_all_that_moves_and_changes_nothing(bench: Workbench) -> None:
    shown, before = Dashboard(bench), bench.desk.store.current()
    bench.desk.mirror.remember(project={"model_version": "lsal-queue-test"})
    table = press(shown, act="preview", what="promote", number=4)
    told, live = lines(table), bench.curve()[4]
    assert table.preview["title"] == "Promote version 4?"
    assert told["Goes live"] == "version 4 for label in place of version 5"
    assert told["Held back"] == "worse: 1 gained, 9 lost on 30 tasks. It goes live all the same."
    assert told["Queue"] == (
        "10 of 10 open tasks ranked afresh by version 4, by auto. "
        "Today's, lsal-queue-test with 5 of 5 tasks still open, is replaced."
    )
    assert "model version, lsal-queue-test now, moves to the new queue's name" in told["Label Studio"]
    assert told["4 against 5"] == f"{bench.compare(5, 4).comparison.capitalize()}."
    assert told["Version 5"].startswith(f"Accuracy {100 * live.value:.1f} % (")
    assert told["Measured on"] == f"{live.tasks} tasks of the fixed random order, never trained on."
    assert not table.preview.get("waits")
    press(shown, act="keep")
    assert (table.preview, bench.desk.store.current(), bench.jobs()) == ({}, before, [])
    press(shown, act="confirm")
    assert bench.jobs() == [], "nothing is confirmed that is not shown"


def test_going_back_is_previewed_too_and_without_a_way_back_it_says_so(isolated_root: Path) -> None:
    bench = crew(isolated_root)
    table = press(Dashboard(bench), act="preview", what="rollback", number=0)
    assert table.preview["title"] == "Roll back to version 3?"
    assert lines(table)["Goes live"] == "version 3 for label in place of version 5"
    other = prepared(isolated_root / "other")
    add_versions(other, [20])
    shown = Dashboard(other)
    assert shown.versions.table.back == "No other version was live before."
    assert "No other version was live before" in press(shown, act="preview", what="rollback", number=0).trouble
    with pytest.raises(NoVersion):
        other.switch("rollback")
    with pytest.raises(BadRequest, match="live already"):
        other.switch("promote", 1)


def test_a_preview_that_is_out_of_date_is_shown_anew_and_not_acted_on(bench: Workbench) -> None:
    shown = Dashboard(bench)
    table = press(shown, act="preview", what="rollback", number=0)
    bench.desk.store.make_current({"label": 1})
    press(shown, act="confirm")
    assert bench.jobs() == []
    assert "Other versions went live meanwhile" in shown.error.value
    assert table.preview == {}
    press(shown, act="preview", what="rollback", number=0)
    bench.desk.store.make_current({"label": 2})
    shown.refresh()
    assert table.preview["title"] == "Roll back to version 1?"
    assert "Meanwhile something else went live" in table.preview["note"]


def test_what_is_confirmed_is_done_and_what_goes_wrong_is_a_card(bench: Workbench) -> None:
    shown = Dashboard(bench)
    table = press(shown, act="preview", what="promote", number=2)
    press(shown, act="confirm")
    assert table.preview == {}
    (job,) = bench.jobs()
    assert (job.facts["act"], job.facts["parameters"]) == ("promote", {"number": 2})
    assert "".join(one.state for one in job.follow(every_s=0.1)).endswith("failed")
    shown.refresh()
    assert "Promote failed" in shown.error.value
    assert "Next: Start it: lsal up" in shown.error.value


def test_while_something_runs_nothing_can_be_switched_but_a_ranking_is_waited_for(bench: Workbench) -> None:
    job = jobs.create(bench.home, "round")
    assert "Round is running" in Dashboard(bench).versions.table.busy
    job.end("done", time.time())
    jobs.create(bench.home, "rank")
    assert Dashboard(bench).versions.table.busy == ""
    write_json(bench.home.path("detached.json"), {"done": True})
    assert "Attach it again" in Dashboard(bench).versions.table.busy


def test_two_versions_are_put_side_by_side_with_the_answers_that_changed(bench: Workbench) -> None:
    told = press(Dashboard(bench), act="compare", number=1, other=5).compared
    known = bench.compare(1, 5)
    assert told["title"] == "Versions 1 and 5 of label"
    assert told["columns"] == ["version 1", "version 5"]
    assert len(told["changed"]) == len(known.changed) == WRONG[0] - WRONG[4]
    assert told["caption"].startswith(f"{len(known.changed)} answers of {known.tasks} changed.")
    first = told["changed"][0]
    assert {first["truth"], first["first"], first["second"]} <= {"ham", "spam"}
    assert first["outcome"] in ("gained", "lost")
    shown = Dashboard(bench)
    assert "compared with itself" in press(shown, act="compare", number=2, other=2).compared["problem"]


def test_a_hostile_reason_is_only_text_and_no_version_is_a_sentence(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    assert "press Round" in Dashboard(bench).versions.table.empty
    add_versions(bench, [20, 21])
    path = bench.home.path("versions", "0002", "version.json")
    path.write_text(path.read_text().replace("better: 9 gained", HOSTILE.replace('"', "'")))
    shown = Dashboard(bench)
    assert "<script>" in shown.versions.table.rows[0]["words"], "told as it is: the browser half sets text"
    assert "<script" not in shown.status.value


def test_the_head_tells_how_good_the_live_version_is_and_on_what(bench: Workbench) -> None:
    points = bench.curve()
    told = {name: (value, more) for name, value, more in facts(bench.status(), points)}
    low, high = (f"{100 * end:.0f}" for end in points[-1].interval)
    assert told[f"Accuracy on {points[-1].tasks} tasks"] == (f"{100 * points[-1].value:.1f} %", f"({low} to {high})")
    assert f"Accuracy on {points[-1].tasks} tasks" in Dashboard(bench).status.value


@pytest.mark.usefixtures("label_studio")
def test_promoting_and_going_back_move_weights_queue_and_model_version_on_a_real_label_studio(
    root: Path, tmp_path: Path
) -> None:
    bench = with_versions(root, tmp_path, versions=2, tasks=25, batch=4)
    shown = Dashboard(bench)
    press(shown, act="preview", what="promote", number=2)
    for live, act in ((2, ""), (1, "rollback")):
        if act:
            press(shown, act="preview", what=act, number=0)
        told = lines(shown.versions.table)
        assert told["Goes live"] == f"version {live} for label in place of version {3 - live}"
        press(shown, act="confirm")
        job = bench.jobs()[0]
        job.wait(WAIT_S)
        bench.sync()
        shown.refresh()
        publication = publishing.live_publication(bench.home)
        assert publication
        assert publication.versions == {"label": live} == bench.desk.store.current()
        assert bench.desk.project.read()["model_version"] == publication.name
        assert len(publication.task_ids) == 4
        assert {row["number"]: row["state"] for row in shown.versions.table.rows}[live] == "live"
        assert bench.switch("promote", 3 - live).model_version == publication.name
    states = [row["state"] for row in shown.versions.table.rows]
    assert states == ["rolled back", "live"]
