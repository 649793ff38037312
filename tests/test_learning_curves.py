"""The learning curve's facts: figures with intervals, what became of versions, a random order, what is confused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prepared import HOSTILE, TEXT, add_versions, prepared
from seen import LABELS, seen

from lsal import cli, jobs
from lsal.dashboard import Dashboard, class_curves, confused
from lsal.dashboard.curve_points import ahead_of
from lsal.errors import BadRequest, NoVersion
from lsal.files import write_json
from lsal.measuring.confusion import confusions
from lsal.measuring.spreads import interval, spreads
from lsal.models import MODELS
from lsal.records import Control
from lsal.store import Store
from lsal.workbench import Workbench
from lsal.workbench.curve import Point
from lsal.workbench.papers import write_figure
from lsal.workbench.readings import CROSS_VALIDATED

REPLAY = {"labels": [25, 50, 75], "mean": [0.5, 0.6, 0.65], "low": [0.45, 0.55, 0.6], "high": [0.55, 0.65, 0.7]}


@pytest.fixture
def trained(isolated_root: Path) -> Workbench:
    """Five versions of two classes, the fourth held."""
    bench = prepared(isolated_root)
    add_versions(bench, [15, 19, 24, 20, 27], held=(4,))
    return bench


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    return seen(tmp_path_factory.mktemp("curves") / "root")


def classified(root: Path, names: tuple[str, ...], said: dict[str, str], truth: dict[str, str]) -> Workbench:
    """One live version of these classes that gave these answers, and confidence of 0.9 in each."""
    bench = prepared(root)
    control = Control("label", "text", "Choices", "Text", "text", names)
    version = Store(bench.home).add(
        MODELS["random"](control).save,
        family="random",
        control="label",
        metrics={"accuracy": None, "tasks": 0},
        examples={"count": 25, "measuring": len(truth), "ids": [], "digest": ""},
        labels=names,
        shape=control.shape,
    )
    folder = bench.home.path("versions", "answers")
    write_json(folder / "truth-label.json", {key: [one] for key, one in truth.items()})
    write_json(folder / f"{version.number:04d}.json", {key: [one] for key, one in said.items()})
    write_json(folder / f"{version.number:04d}-sure.json", {key: [[0.9], [0.95]] for key in said})
    Store(bench.home).make_current({"label": version.number})
    return bench


# Figures and their intervals ---------------------------------------------------------------


def test_every_figure_comes_with_its_interval_and_what_it_was_measured_on(isolated_root: Path) -> None:
    truth = {f"{n}:x": "ham" if n % 3 else "spam" for n in range(1, 61)}
    said = truth | {f"{n}:x": "ham" for n in range(1, 25)}
    bench = classified(isolated_root, ("ham", "spam"), said, truth)
    (found,) = bench.readings().values()
    assert list(found) == [
        *("accuracy", "macro-F1", "ECE", "Brier score"),
        *("ECE without temperature", "Brier score without temperature"),
    ]
    for name in ("accuracy", "macro-F1", "ECE"):
        low, high = found[name].interval or (1.0, 0.0)
        assert 0 <= low <= found[name].value <= high <= 1
        assert found[name].measured_on == "60 tasks of the fixed random order, never trained on"
    assert found["accuracy"].value == pytest.approx(52 / 60)
    assert found["ECE"].value == pytest.approx(abs(0.9 - 52 / 60), abs=0.1)
    assert found["Brier score"].interval is None
    assert not any(one.warning for one in found.values())


def test_figures_of_regions_have_intervals_too(boxes: Workbench) -> None:
    for found in boxes.readings().values():
        assert list(found) == ["mAP50", "mAP50-95"]
        low, high = found["mAP50-95"].interval or (1.0, 0.0)
        assert low < found["mAP50-95"].value < high


def test_the_bootstrap_is_as_wide_as_the_binomial_says() -> None:
    right = np.array([[1, 1]] * 80 + [[0, 1]] * 20)
    low, high = interval(right, lambda sums: sums[:, 0] / sums[:, 1])
    assert low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.02)
    assert high == pytest.approx(0.8 + 1.96 * 0.04, abs=0.02)
    alike = np.array([[1, 1]] * 10)
    assert interval(alike, lambda sums: sums[:, 0] / sums[:, 1])[0] < 0.8, "ten tasks that agree know little"


def test_spans_and_words_have_spreads() -> None:
    said = {"1": [[0, 3, "A"], [5, 9, "B"]], "2": [[0, 4, "B"]], "3": []}
    truth = {"1": [[0, 3, "A"], [5, 8, "B"]], "2": [[0, 4, "B"]], "3": [[1, 2, "A"]]}
    assert set(spreads("entity F1", said, truth, ["A", "B"])) == {"precision", "recall", "overlap F1"}
    words = {"1": ["A", "", "B"], "2": ["A"]}
    assert set(spreads("word F1", words, {"1": ["A", "", "A"], "2": ["A"]}, ["A", "B"])) == {"word accuracy"}
    assert spreads("accuracy", {}, {}, ["A"]) == {}


def test_a_version_without_a_measuring_task_stands_where_cross_validation_puts_it_with_a_warning(
    isolated_root: Path,
) -> None:
    bench = classified(isolated_root, ("ham", "spam"), {}, {})
    kept = bench.home.path("versions", "0001", "version.json")
    told = {"accuracy": 0.75, "tasks": 40, "measured_on": "biased: held-out folds of labels that a strategy chose"}
    facts = json.loads(kept.read_bytes())
    write_json(kept, facts | {"metrics": facts["metrics"] | {"cross_validation": told}})
    (found,) = bench.readings().values()
    assert list(found) == ["accuracy", CROSS_VALIDATED]
    assert "biased" in found["accuracy"].warning
    chart = Dashboard(bench).curve.chart
    assert chart.points[0]["figures"]["accuracy"]["warning"] == found["accuracy"].warning
    assert "not measured yet" in chart.empty
    assert "biased" in bench.learning_curve().axes[0].get_title(loc="left")


# What became of versions -------------------------------------------------------------------


def states(bench: Workbench) -> dict[int, str]:
    return {one.version: one.state for one in bench.curve()}


def test_a_version_that_was_rolled_back_is_told_from_one_that_was_held(trained: Workbench) -> None:
    assert states(trained) == {1: "earlier", 2: "earlier", 3: "earlier", 4: "held", 5: "live"}
    store = trained.desk.store
    store.make_current({"label": 3}, before=store.history()[:-2])
    assert states(trained) == {1: "earlier", 2: "earlier", 3: "live", 4: "held", 5: "rolled back"}
    assert "or its round did not end" in trained.curve()[4].back
    job = jobs.create(trained.home, "rollback")
    job.end("done", time.time(), result={"live": {"label": 3}, "was": {"label": 5}})
    assert trained.curve()[4].back == "version 3 was put back in its place"
    assert [one["state"] for one in Dashboard(trained).curve.chart.points] == [
        *["earlier"] * 2,
        "live",
        "held",
        "rolled back",
    ]


def test_promoting_an_older_version_rolls_back_the_newer_one_until_it_comes_back(trained: Workbench) -> None:
    trained.desk.store.make_current({"label": 2})
    assert states(trained)[5] == "rolled back"
    assert trained.curve()[4].back == "version 2 was put back in its place"
    trained.desk.store.make_current({"label": 5})
    assert states(trained)[5] == "live"
    assert states(trained)[2] == "earlier"


def test_homes_from_before_there_was_a_way_back_accuse_nobody(trained: Workbench) -> None:
    write_json(trained.home.path("current.json"), {"label": 5})
    assert "rolled back" not in states(trained).values()


# A random order, and what is ahead ---------------------------------------------------------


def rehearsed(bench: Workbench, measured_on: str = "accuracy on 30 tasks of the fixed random order") -> None:
    row = {"strategy": "random", "seeds": 10, "measure": "accuracy", "measured_on": measured_on, "curve": REPLAY}
    saved = {"rehearsal": {"says": "saved 31 ± 9", "measured_on": "x"}}
    kept = {"made_at": 0.0, "control": "label", "results": [], "verdict": "", "summary": [row], "saved": saved}
    write_json(bench.home.path("rehearsals", "last.json"), kept)


def test_a_replayed_random_order_counts_labels_as_the_curve_does_and_says_how_it_misleads(trained: Workbench) -> None:
    assert trained.shadow() is None
    rehearsed(trained)
    found = trained.shadow()
    assert found is not None
    assert found.labels == (28, 56, 84), "three measuring tasks for each 25 labels learned from"
    assert found.says == "Labels saved against a random order: saved 31 ± 9"
    assert "random order looks better than it is" in found.warning
    chart = Dashboard(trained).curve.chart
    assert (chart.shadow["metric"], chart.shadow["labels"]) == ("accuracy", [28, 56, 84])
    legend = [text.get_text() for text in trained.learning_curve().figure.legends[0].get_texts()]
    assert "random order, replayed" in legend
    assert "random order, replayed" not in str(trained.learning_curve("macro-F1").axes[0].get_legend_handles_labels())


def test_the_forecast_is_told_in_words_and_drawn_no_further_than_it_can_be_read(trained: Workbench) -> None:
    chart = Dashboard(trained).curve.chart
    (ahead,) = chart.ahead
    assert (ahead["control"], ahead["metric"], ahead["labels"], ahead["target"]) == ("label", "accuracy", 140, 0.95)
    assert [step["labels"] for step in ahead["steps"]] == [165, 240], "not as far as 200 more"
    first, last = (one["interval"][1] - one["interval"][0] for one in (ahead["steps"][0], ahead["steps"][-1]))
    assert last > first > 0
    assert "0.95" in " ".join(ahead["says"])
    shown = Dashboard(trained)
    shown.curve.chart.target = 0.8
    shown.refresh()
    assert shown.curve.chart.ahead[0]["target"] == 0.8
    few = ahead_of(Workbench(trained.root).forecast())
    assert few[0]["steps"]


def test_too_few_versions_say_that_there_is_no_forecast(boxes: Workbench) -> None:
    (ahead,) = Dashboard(boxes).curve.chart.ahead
    assert ahead["steps"] == []
    assert ahead["says"] == ["There is no forecast (2 measured versions make no curve; it takes 4): cannot tell."]


# What is confused --------------------------------------------------------------------------


def test_cells_hold_their_tasks(isolated_root: Path) -> None:
    with pytest.raises(NoVersion):
        prepared(isolated_root / "none").confusion()
    truth = {"1:x": "ham", "2:x": "ham", "3:x": "spam", "4:x": "spam"}
    bench = classified(isolated_root, ("ham", "spam"), truth | {"2:x": "spam"}, truth)
    found = bench.confusion()
    assert [(one.truth, one.guess, one.count, one.task_ids) for one in found.cells] == [
        ("ham", "ham", 1, (1,)),
        ("ham", "spam", 1, (2,)),
        ("spam", "spam", 2, (3, 4)),
    ]
    assert (found.version, found.live, found.unit, found.tasks) == (1, True, "task", 4)
    with pytest.raises(BadRequest, match="No version of 'other' is live"):
        bench.confusion(control="other")


def test_objects_are_matched_whatever_their_class_and_the_rest_is_missed_or_invented() -> None:
    def image(*regions: tuple[str, float, float]) -> dict[str, Any]:
        drawn = [{"label": name, "box": [x, 0.1, 0.2, 0.2, 0.0], "score": score} for name, x, score in regions]
        return {"regions": drawn, "size": [640, 420]}

    truth = {"1": image(("disc", 0.1, 1.0), ("disc", 0.4, 1.0), ("square", 0.7, 1.0))}
    said = {
        "1": image(
            ("square", 0.11, 0.9), ("disc", 0.4, 0.8), ("disc", 0.41, 0.7), ("disc", 0.55, 0.6), ("disc", 0.7, 0.1)
        )
    }
    cells = confusions("mAP50", said, truth, LABELS) or []
    assert {(one.truth, one.guess): one.count for one in cells} == {
        ("disc", "disc"): 1,
        ("disc", "square"): 1,
        ("square", ""): 1,
        ("", "disc"): 2,
    }, "the last one is less sure than what people would be shown"


def test_spans_that_overlap_and_words_are_matched_and_several_classes_have_no_matrix() -> None:
    (cell, missed, invented) = (
        confusions("entity F1", {"1": [[0, 3, "A"], [20, 22, "B"]]}, {"1": [[1, 4, "B"], [10, 12, "A"]]}, ["A", "B"])
        or ()
    )
    assert (cell.truth, cell.guess) == ("A", "")
    assert (missed.truth, missed.guess) == ("B", "A")
    assert (invented.truth, invented.guess) == ("", "B")
    (word,) = confusions("word F1", {"1": ["A", ""]}, {"1": ["B", ""]}, ["A", "B"]) or ()
    assert (word.truth, word.guess, word.count) == ("B", "A", 1)
    assert confusions("accuracy", {"1": ["A", "B"]}, {"1": ["A"]}, ["A", "B"]) is None


def test_a_cell_lists_its_tasks_and_tells_who_asked(isolated_root: Path) -> None:
    truth = {f"{n}:x": "ham" for n in range(1, 51)}
    bench = classified(
        isolated_root, ("ham", "spam"), truth | dict.fromkeys([f"{n}:x" for n in range(3, 50)], "spam"), truth
    )
    section = Dashboard(bench).curve
    asked: list[tuple[str, str]] = []
    section.on_cell = lambda *given: asked.append(given)
    assert section.matrix.rows == [{"key": ":ham", "name": "ham"}, {"key": ":spam", "name": "spam"}]
    assert section.matrix.counts == [[3, 47], [0, 0]]
    section.matrix.cell = [":ham", ":spam"]
    assert section.matrix.listed["says"] == "47 measuring tasks: people said ham, version 1 spam"
    assert (len(section.matrix.listed["tasks"]), section.matrix.listed["more"]) == (confused.LISTED, 7)
    assert section.matrix.listed["tasks"][0] == {"id": 3, "url": "", "text": section.matrix.listed["tasks"][0]["text"]}
    assert any(one["text"].startswith("<script>") for one in section.matrix.listed["tasks"] if one["id"] == 26)
    section.matrix.cell = []
    assert section.matrix.listed == {}
    assert asked == [("ham", "spam"), ("", "")]


def test_with_many_classes_those_with_the_most_mistakes_have_a_row_and_nothing_is_lost(isolated_root: Path) -> None:
    names = tuple(f"class {n}" for n in range(60))
    truth = {f"{n}:x": names[n % 60] for n in range(1, 200)}
    said = {key: names[59] if one == names[58] else one for key, one in truth.items()}
    found = classified(isolated_root, names, said, truth).confusion()
    shown = confused.matrix_of(found)
    assert [row["name"] for row in shown["rows"]][-1] == f"{60 - confused.MOST} other classes"
    assert {"key": ":class 58", "name": "class 58"} in shown["rows"]
    assert sum(map(sum, shown["counts"])) == 199
    assert confused.classes_of([":a", ":a:b"]) == ("a", "a:b")
    assert confused.classes_of([":a", "others"]) is None


# Small curves ------------------------------------------------------------------------------


def point(version: int, classes: dict[str, tuple[int, float | None]], live: bool = False) -> Point:
    from lsal.measuring import ClassFigures

    told = {label: ClassFigures(count, {"F1": value} if count else {}) for label, (count, value) in classes.items()}
    facts: dict[str, Any] = {"labels": 10 * version, "live": live, "promoted": True, "reason": "", "made_at": 0.0}
    return Point(version, "label", metric="accuracy", value=0.5, interval=(0.0, 1.0), tasks=20, classes=told, **facts)


def test_small_curves_begin_with_the_worst_of_the_live_version() -> None:
    points = [
        point(1, {"a": (5, 0.1), "b": (9, 0.9), "c": (0, None)}),
        point(2, {"a": (5, 0.8), "b": (9, 0.3), "c": (0, None)}, True),
    ]
    shown = class_curves.classes_of(points, {"b": "#0082c8"})
    assert [(one["name"], one["values"]) for one in shown["classes"]] == [
        ("b", [0.9, 0.3]),
        ("a", [0.1, 0.8]),
        ("c", [None, None]),
    ]
    assert shown["classes"][0]["colour"] == "#0082c8"
    assert [one["name"] for one in class_curves.classes_of(points, {}, "most")["classes"]] == ["b", "a", "c"]
    assert [one["name"] for one in class_curves.classes_of(points, {}, "name")["classes"]] == ["a", "b", "c"]
    assert (shown["figure"], shown["counted"], shown["found"], shown["total"]) == ("F1", "tasks", 3, 3)


def test_very_many_classes_send_a_screenful_and_the_rest_is_found_by_search() -> None:
    many = {f"class {n}": (1, n / 5000) for n in range(5000)}
    shown = class_curves.classes_of([point(1, many)], {})
    assert (len(shown["classes"]), shown["found"], shown["total"]) == (class_curves.MOST, 5000, 5000)
    found = class_curves.classes_of([point(1, many)], {}, search="Class 499")
    assert (found["found"], found["classes"][0]["name"]) == (11, "class 499")


def test_twenty_thousand_classes_do_no_harm(isolated_root: Path) -> None:
    names = (*(f"class {n}" for n in range(20_000)), HOSTILE)
    truth = {f"{n}:x": names[n] for n in range(1, 100)}
    bench = classified(isolated_root, names, truth | {"1:x": HOSTILE}, truth)
    options = "".join(f'<Choice value="class {n}"/>' for n in range(20_000))
    config = TEXT.replace('<Choice value="ham"/><Choice value="spam"/>', options + '<Choice value="&lt;script&gt;"/>')
    bench.desk.mirror.remember(label_config=config)
    section = Dashboard(bench).curve
    sent = json.dumps([section.small.get_state(), section.matrix.get_state(), section.chart.get_state()], default=str)
    without_code = len(sent) - sum(
        len(str(w.trait_values()["_esm"])) for w in (section.small, section.matrix, section.chart)
    )
    assert len(section.small.classes) == class_curves.MOST
    assert section.small.total == 100
    assert without_code < 100_000


# On paper ----------------------------------------------------------------------------------


def test_a_figure_for_a_paper_by_another_metric_and_cost(boxes: Workbench, tmp_path: Path) -> None:
    figure = boxes.learning_curve("mAP50-95", "regions", size=(3.5, 2.5))
    (axes,) = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("regions drawn", "mAP50-95")
    assert tuple(figure.get_size_inches()) == (3.5, 2.5)
    assert "measured on" in axes.get_title(loc="left")
    assert "<text" in write_figure(figure, tmp_path / "a.svg").read_text()
    assert b"FontFile2" in write_figure(figure, tmp_path / "a.pdf").read_bytes()
    with pytest.raises(BadRequest, match="No version was measured by 'F9'"):
        boxes.plot("F9")
    with pytest.raises(BadRequest, match="Nobody counted the words read"):
        boxes.plot(unit="tokens")


def test_what_is_worse_when_it_is_larger_says_so(isolated_root: Path) -> None:
    truth = {f"{n}:x": "ham" if n % 2 else "spam" for n in range(1, 61)}
    bench = classified(isolated_root, ("ham", "spam"), truth, truth)
    assert bench.learning_curve("ECE").axes[0].get_ylabel() == "ECE (lower is better)"
    lower = {one["name"]: one["lower"] for one in Dashboard(bench).curve.chart.metrics}
    assert (lower["ECE"], lower["accuracy"]) == (True, False)


def test_a_file_that_is_there_is_not_replaced_unasked(
    trained: Workbench, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["plot", "--metric", "macro-F1", "--out", "curve.svg"]
    assert cli.main(words) == 0
    was = Path("curve.svg").read_bytes()
    assert cli.main(["plot", "--out", "curve.svg"]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == "Next: Name another: --out FILE. Replace it: --force"
    assert Path("curve.svg").read_bytes() == was
    assert cli.main(["plot", "--out", "curve.svg", "--force"]) == 0
    assert Path("curve.svg").read_bytes() != was
    assert cli.main(["plot"]) == 0
    assert cli.main(["plot"]) == 1
    assert "There is a 'learning_curve.png' already" in capsys.readouterr().err
    assert cli.main(["plot", "--force"]) == 0
    for wrong in ("curve.txt", "nowhere/curve.png"):
        assert cli.main(["plot", "--out", wrong]) == 1
