"""Two versions side by side: the same tasks for both, what changed, and what is said when something is missing."""

import json
from pathlib import Path

import pytest
from prepared import HOSTILE, LABELS, TEXT, add_versions, prepared

from lsal import cli, measuring
from lsal.dashboard.html import to_html, to_text
from lsal.errors import BadRequest, NoVersion
from lsal.files import write_json
from lsal.measuring.classes import CLASSES
from lsal.models import MODELS
from lsal.records import Control, Example, Labels, Prediction
from lsal.workbench import Workbench, asking
from lsal.worker import answers


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    """Sixty tasks, all labelled ham; about half of them are for measuring; two versions that were asked nothing yet."""
    made = prepared(isolated_root, labelled=60)
    made.configure(measuring_share=0.5)
    add_versions(made, [20, 10], held=(2,))
    for path in made.home.path("versions", "answers").iterdir():
        path.unlink()
    return made


def keys(bench: Workbench) -> list[str]:
    return [f"{task.id}:{task.digest}" for task in answers.measuring_tasks(bench.desk)]


def say(bench: Workbench, number: int, spam: list[str], of: list[str]) -> None:
    """Let a version have said spam (wrong) about some tasks and ham about the others."""
    answers.note(bench.desk, number, {key: ("spam" if key in spam else "ham",) for key in of})


def test_both_are_measured_on_the_same_tasks_and_compared_in_pairs(bench: Workbench) -> None:
    asked = keys(bench)
    n = len(asked)
    say(bench, 1, asked[:3], asked)
    say(bench, 2, asked[2:12], asked)
    told = bench.compare(1, 2)
    assert (told.tasks, told.gained, told.lost, told.verdict) == (n, 2, 9, "cannot tell yet")
    assert told.p == pytest.approx(0.0654, abs=1e-3)
    assert told.measured_on == f"{n} tasks of the fixed random order, never trained on"
    assert (told.first.value, told.second.value) == ((n - 3) / n, (n - 10) / n)
    assert told.first.interval == measuring.wilson(n - 3, n)
    assert (told.first.live, told.second.live) == (True, False)
    assert [one.outcome for one in told.changed] == ["gained"] * 2 + ["lost"] * 9
    assert {f"{one.task_id}" for one in told.changed[:2]} == {key.partition(":")[0] for key in asked[:2]}
    assert {(one.truth, one.first, one.second) for one in told.changed[2:]} == {("ham", "ham", "spam")}
    assert all(one.data["text"] for one in told.changed)
    assert told.notes == ()


def test_the_other_way_round_is_the_mirror_image(bench: Workbench) -> None:
    asked = keys(bench)
    say(bench, 1, asked[:3], asked)
    say(bench, 2, asked[2:12], asked)
    one, other = bench.compare(1, 2), bench.compare(2, 1)
    assert (other.gained, other.lost, other.p) == (one.lost, one.gained, one.p)
    assert (other.first, other.second) == (one.second, one.first)


def test_classes_are_counted_and_their_mean_is_the_macro_f1_of_a_training() -> None:
    control = Control("label", "text", "Choices", "Text", "text", ("ham", "spam", "eggs"))
    names = [("ham", "ham"), ("ham", "spam"), ("spam", "spam"), ("spam", "spam"), ("ham", "eggs")]
    examples = [Example(n, "x", Labels((given,))) for n, (_, given) in enumerate(names)]
    predictions = [Prediction(n, Labels((told,)), None) for n, (told, _) in enumerate(names)]
    told = CLASSES.measure(
        measuring.answers(CLASSES, predictions, examples), measuring.truths(CLASSES, examples), control.labels
    )
    found = {label: one.figures for label, one in told.classes.items()}
    assert found["ham"] == {"precision": pytest.approx(1 / 3), "recall": 1.0, "F1": 0.5}
    assert told.classes["ham"].tasks == 1
    assert (found["spam"]["precision"], found["spam"]["recall"]) == (1.0, pytest.approx(2 / 3))
    assert found["eggs"] == {"precision": None, "recall": 0.0, "F1": 0.0}
    assert told.more["macro_f1"] == pytest.approx(sum(one["F1"] for one in found.values()) / 3)


def test_a_version_is_asked_about_the_tasks_that_came_since(bench: Workbench) -> None:
    asked = keys(bench)
    say(bench, 1, [], asked[:5])
    say(bench, 2, [], asked)
    told = bench.compare(2, 1)
    assert told.tasks == len(asked)
    tasks = {f"{task.id}:{task.digest}": task for task in answers.measuring_tasks(bench.desk)}
    model = MODELS["random"](bench.desk.handled["label"][0])
    said = model.predict(list(bench.desk.examples("label", [tasks[key] for key in asked[5:]])))
    wrong = {one.task_id for one in said if one.target.names != ("ham",)}
    assert wrong
    assert {one.task_id for one in told.changed} == wrong


def test_only_so_many_tasks_are_asked_and_the_rest_is_told(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = keys(bench)
    say(bench, 1, [], asked)
    monkeypatch.setattr(asking, "ASKED_AT_MOST", 3)
    told = bench.compare(1, 2)
    assert told.tasks == 3
    assert told.notes == (f"{len(asked) - 3} more measuring tasks were not answered by both.",)


def test_a_version_that_cannot_be_loaded_is_compared_by_what_it_said(bench: Workbench) -> None:
    asked = keys(bench)
    say(bench, 1, [], asked)
    say(bench, 2, asked[:4], asked[:4])
    (bench.desk.store.get(2).folder / "weights" / "model.json").write_text("{}")
    told = bench.compare(1, 2)
    assert (told.tasks, told.lost) == (4, 4)
    assert told.notes[0].startswith("Version 2 cannot be asked: Version 2 is damaged")
    assert str(len(asked) - 4) in told.notes[1]


@pytest.mark.parametrize("change", ["a class", "the control"])
def test_versions_of_an_earlier_label_config_are_compared_by_what_they_said(bench: Workbench, change: str) -> None:
    asked = keys(bench)
    say(bench, 1, [], asked[:9])
    say(bench, 2, asked[:2], asked[:9])
    write_json(bench.home.path("versions", "answers", "truth-label.json"), {key: ["ham"] for key in asked[:9]})
    changed = TEXT.replace('"spam"', '"junk"') if change == "a class" else TEXT.replace('"label"', '"mood"')
    bench.desk.mirror.remember(label_config=changed)
    told = bench.compare(1, 2)
    assert (told.tasks, told.lost) == (9, 2)
    assert any("another label config" in note for note in told.notes) == (change == "a class")


def test_without_a_measuring_task_nothing_is_claimed(isolated_root: Path) -> None:
    bench = prepared(isolated_root, labelled=0)
    add_versions(bench, [20, 10])
    told = bench.compare(1, 2)
    assert (told.tasks, told.verdict, told.first.value, told.first.more["macro_f1"]) == (
        0,
        "cannot tell yet",
        None,
        None,
    )
    assert "No measuring task is labelled yet" in told.notes[0]
    assert "not measured" in to_text(told)


def test_what_has_nothing_in_common_is_refused(bench: Workbench) -> None:
    control = Control("mood", "text", "Choices", "Text", "text", LABELS)
    facts = {"family": "random", "control": "mood", "metrics": {}, "labels": LABELS, "shape": control.shape}
    other = bench.desk.store.add(MODELS["random"](control).save, examples={"ids": []}, **facts)
    with pytest.raises(BadRequest, match="Version 1 is of control 'label', version 3 of 'mood'"):
        bench.compare(1, other.number)
    with pytest.raises(BadRequest, match="with itself"):
        bench.compare(1, 1)
    with pytest.raises(NoVersion, match="no version 9"):
        bench.compare(1, 9)


def test_it_is_shown_as_text_html_and_json(bench: Workbench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.configure(measuring_share=1.0)  # the hostile task is among them
    asked = keys(bench)
    say(bench, 1, [], asked)
    say(bench, 2, asked, asked)
    told = bench.compare(1, 2)
    shown = to_html(told)
    assert shown
    for text in (shown, to_text(told)):
        for wanted in ("worse: 0 gained, 60 lost", "never trained on", "version 1, live", "macro-F1", "class ham"):
            assert wanted in text
        assert "35 more answers changed" in text
    assert HOSTILE in {one.data["text"] for one in told.changed}
    assert "<script>" not in shown
    assert cli.main(["compare", "1", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["changed"]) == 60
