"""Figures of each class by version: on the same tasks, with counts, and a dash where nothing was measured."""

from dataclasses import replace
from pathlib import Path

import pytest
from prepared import add_versions, prepared
from seen import LABELS, seen

from lsal.dashboard import Dashboard
from lsal.dashboard.by_class import NEWEST, by_class
from lsal.dashboard.colours import colours_of
from lsal.dashboard.html import to_html, to_text
from lsal.dashboard.previews import Previews
from lsal.measuring import ClassFigures
from lsal.measuring.paired import Comparison
from lsal.workbench import Workbench
from lsal.workbench.curve import Point


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return seen(tmp_path_factory.mktemp("seen") / "root")


def point(version: int, tasks: int = 20, **classes: tuple[int, float | None]) -> Point:
    told = {label: ClassFigures(count, {"AP50": ap} if count else {}) for label, (count, ap) in classes.items()}
    mean = sum(ap or 0.0 for _, ap in classes.values()) / max(1, len(classes))
    facts = {"labels": 10 * version, "live": False, "promoted": True, "reason": "", "made_at": 0.0}
    return Point(version, "label", metric="mAP50", value=mean, interval=(0.0, 1.0), tasks=tasks, classes=told, **facts)


def test_classes_are_rows_and_versions_columns_with_what_they_were_measured_on() -> None:
    one, two = point(1, disc=(12, 0.5), square=(3, 0.25)), point(2, disc=(12, 0.75), square=(3, 0.0), eel=(0, None))
    (told,) = by_class([one, replace(two, live=True)])
    assert told.title == "AP50 of each class"
    assert told.columns == ("class", "regions", "version 1", "version 2, live")
    assert told.rows == (
        ("all", "15", "0.375", "0.250"),
        ("disc", "12", "0.500", "0.750"),
        ("square", "3", "0.250", "0.000"),
        ("eel", "0", "–", "–"),
    )
    assert told.notes == (
        "Measured on 20 tasks of the fixed random order, never trained on; regions are what people drew in them.",
    )


def test_versions_that_answered_other_tasks_say_so() -> None:
    (told,) = by_class([point(1, 12, disc=(8, 0.5)), point(2, 20, disc=(12, 0.5))])
    assert told.rows[1][1] == "8 to 12"
    assert told.rows[-1] == ("measured on", "", "12 tasks", "20 tasks")
    assert "Measured on 12 to 20 tasks" in told.notes[0]


def test_a_single_task_is_one_and_figures_of_another_time_say_so() -> None:
    (told,) = by_class([point(1, 1, disc=(8, 0.5))])
    assert told.notes[0].startswith("Measured on 1 task of the fixed")
    shown = to_text([replace(point(1, 1), line="label until version 1")])
    assert "  1 task\n" in shown
    assert "1 tasks" not in shown
    assert "are of when the label config, or what the family reads of a task, was another;" in shown
    assert str(Comparison(1, 1, 0, 1.0)).endswith("1 gained, 0 lost on 1 task (p = 1)")


def test_the_newest_versions_and_the_live_one_are_shown_and_the_commonest_classes() -> None:
    many = {f"c{n}": (n, 0.5) for n in range(30)}
    points = [replace(point(n, **many), live=n == 2) for n in range(1, 12)]
    (told,) = by_class(points)
    assert told.columns[2:] == ("version 2, live", *(f"version {n}" for n in range(12 - NEWEST, 12)))
    assert [row[0] for row in told.rows] == ["all", *(f"c{n}" for n in range(10, 30))]
    assert told.notes[-1] == "10 more classes, given less often: --json"


def test_each_control_has_a_table_of_its_own_and_what_was_not_measured_has_none() -> None:
    other = replace(point(2, eel=(4, 0.5)), control="other")
    assert [one.title for one in by_class([point(1, disc=(1, 1.0)), other])] == [
        "AP50 of each class of label",
        "AP50 of each class of other",
    ]
    assert by_class([replace(point(1), classes={})]) == ()
    assert by_class([]) == ()


def test_a_version_that_was_not_measured_by_class_has_no_column() -> None:
    (told,) = by_class([point(1, disc=(2, 0.5)), replace(point(2), classes={}, value=None), point(3, disc=(2, 0.5))])
    assert told.columns[2:] == ("version 1", "version 3")


def test_choices_are_told_by_f1(isolated_root: Path) -> None:
    made = prepared(isolated_root)
    add_versions(made, [15, 30])
    (told,) = by_class(made.curve())
    assert (told.title, told.columns[1]) == ("F1 of each class", "tasks")
    assert told.rows == (("ham", "30", "0.667", "1.000"), ("spam", "0", "–", "–"))
    assert "F1 of each class" in to_text(made.curve())
    assert "<details" in Dashboard(made).curve.classes.value
    assert '<details class="lsal-classes" open' not in Dashboard(made).curve.classes.value


def test_versions_and_the_dashboard_show_the_same_table(bench: Workbench) -> None:
    points = bench.curve()
    assert [*points[0].classes] == list(LABELS)
    assert sum(one.tasks for one in points[1].classes.values()) > 0
    (told,) = by_class(points)
    shown = Dashboard(bench)
    for row in told.rows:
        for cell in row:
            assert f">{cell}<" in shown.curve.classes.value
            assert cell in to_text(points)
            assert f">{cell}<" in str(to_html(points))
    colours = colours_of(LABELS)
    assert all(f'background:{colour}"' in shown.curve.classes.value for colour in colours.values())
    assert told.notes[0] in shown.curve.classes.value
    assert Previews(bench).of(bench.queue(1))["25"]["legend"][0]["colour"] in colours.values()


def test_the_mean_of_the_classes_is_the_main_figure(bench: Workbench) -> None:
    for one in bench.curve():
        given = [each.figures["AP50"] for each in one.classes.values() if each.tasks]
        assert one.value == pytest.approx(sum(ap or 0.0 for ap in given) / len(given))
