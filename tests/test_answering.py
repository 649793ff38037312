"""What lsal answers to Label Studio's request for predictions: one result per task, always."""

from pathlib import Path
from typing import Any

import pytest

from lsal import standby
from lsal.desk import Desk
from lsal.home import create_home
from lsal.models import MODELS
from lsal.records import Control, Example, Labels
from lsal.workbench.answering import Answers

CHOICES = '<Choices name="{}" toName="x"{}><Choice value="cat"/><Choice value="dog"/></Choices>'
TEXT = '<Text name="x" value="$text"/>'
CONFIG = f"<View>{TEXT}{CHOICES.format('c', '')}</View>"
TWO = f"<View>{TEXT}{CHOICES.format('c', '')}{CHOICES.format('d', '')}</View>"
OTHER = CONFIG.replace('"dog"', '"eel"')
TASKS = [{"id": number, "data": {"text": f"text {number}"}} for number in range(1, 201)]


@pytest.fixture
def desk(isolated_root: Path) -> Desk:
    return Desk(create_home(isolated_root, "http://127.0.0.1:8080", 7, "2026-01-01T00:00:00Z", "Cats"))


def train(desk: Desk, name: str = "c") -> None:
    """A live version of a control."""
    control = Control(name, "x", "Choices", "Text", "text", ("cat", "dog"))
    model = MODELS["random"](control)
    model.fit([Example(1, "t", Labels(("cat",)))], [], [], lambda progress: None)
    facts = {"metrics": {}, "examples": {}, "labels": control.labels, "shape": control.shape}
    facts |= {"family": "random", "control": name}
    desk.store.make_current(desk.store.current() | {name: desk.store.add(model.save, **facts).number})


def reserved(desk: Desk) -> list[bool]:
    share = desk.home.settings().measuring_share
    return [desk.mirror.reserved(int(str(task["id"])), dict(task["data"]), share) for task in TASKS]  # type: ignore[call-overload]


def test_before_a_version_there_is_nothing_to_say(desk: Desk) -> None:
    assert Answers(desk).predict(CONFIG, TASKS) == []
    assert (Answers(desk).name(), Answers(desk).names()) == ("", [])


def test_there_is_one_result_for_each_task_in_order(desk: Desk) -> None:
    train(desk)
    answers = Answers(desk)
    told = answers.predict(CONFIG, TASKS)
    assert len(told) == len(TASKS)
    assert {row["model_version"] for row in told} == {"lsal-c.v1"} == {answers.name()}
    again = {task["id"]: answers.predict(CONFIG, [task])[0] for task in reversed(TASKS)}
    assert told == [again[task["id"]] for task in TASKS]
    assert answers.predict(CONFIG, []) == []


def test_measuring_tasks_get_no_guess_and_all_others_do(desk: Desk) -> None:
    train(desk)
    hidden = reserved(desk)
    assert 5 <= sum(hidden) <= 40
    for row, kept_back in zip(Answers(desk).predict(CONFIG, TASKS), hidden, strict=True):
        assert (row["result"] == []) == kept_back
        assert (row["score"] == 0.0) == kept_back
        assert 0 <= row["score"] <= 1


def test_the_share_of_measuring_tasks_is_read_each_time(desk: Desk) -> None:
    train(desk)
    answers = Answers(desk)
    desk.home.change_settings(measuring_share=0)
    assert all(row["result"] for row in answers.predict(CONFIG, TASKS))
    desk.home.change_settings(measuring_share=1)
    assert not any(row["result"] for row in answers.predict(CONFIG, TASKS))


@pytest.mark.parametrize("data", [{}, {"text": None}, {"text": ["a"]}, {"other": "a"}, None], ids=str)
def test_a_task_that_cannot_be_read_stops_no_other(desk: Desk, data: Any) -> None:
    train(desk)
    desk.home.change_settings(measuring_share=0)
    first, second = Answers(desk).predict(CONFIG, [{"id": 900, "data": data}, TASKS[0]])
    assert (first["result"], first["score"]) == ([], 0.0)
    assert second["result"]


def test_a_task_without_an_id_is_answered(desk: Desk) -> None:
    train(desk)
    desk.home.change_settings(measuring_share=0)
    assert Answers(desk).predict(CONFIG, [{"data": {"text": "new"}}])[0]["result"]


def test_controls_answer_together_under_both_versions(desk: Desk) -> None:
    train(desk)
    train(desk, "d")
    desk.home.change_settings(measuring_share=0)
    row = Answers(desk).predict(TWO, TASKS[:1])[0]
    assert [region["from_name"] for region in row["result"]] == ["c", "d"]
    assert row["model_version"] == "lsal-c.v1+d.v2" == Answers(desk).name()
    assert Answers(desk).predict(CONFIG, TASKS[:1])[0]["model_version"] == "lsal-c.v1"


def test_a_new_version_answers_from_the_next_request_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "HEED_S", 120.0)
    train(desk)
    answers = Answers(desk)
    assert answers.predict(CONFIG, TASKS)[0]["model_version"] == "lsal-c.v1"
    train(desk)
    assert answers.predict(CONFIG, TASKS)[0]["model_version"] == "lsal-c.v2"
    assert answers.names() == ["lsal-c.v2", "lsal-c.v1"]


def test_after_a_change_of_labels_the_old_version_is_silent(desk: Desk) -> None:
    train(desk)
    answers = Answers(desk)
    assert answers.predict(OTHER, TASKS) == []
    assert len(answers.predict(CONFIG, TASKS)) == len(TASKS)


def test_after_a_change_to_several_choices_the_old_version_is_silent(desk: Desk) -> None:
    train(desk)
    several = f"<View>{TEXT}{CHOICES.format('c', ' choice=' + chr(34) + 'multiple' + chr(34))}</View>"
    assert Answers(desk).predict(several, TASKS) == []
