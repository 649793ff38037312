"""From what people said to what a model learns: majority, latest, skips, and unreadable answers by their task."""

from pathlib import Path
from typing import Any

import pytest

from lsal.errors import BadData
from lsal.kinds.reading import agreed, read_example, read_labelled
from lsal.kinds.text_choices import TextChoices
from lsal.records import Annotation, Control, Labels, Task

KIND = TextChoices()
CONTROL = Control("c", "x", "Choices", "Text", "text", ("A", "B", "C"))
SEVERAL = Control("c", "x", "Choices", "Text", "text", ("A", "B", "C"), options={"choice": "multiple"})


def region(*names: str) -> dict[str, Any]:
    return {"from_name": "c", "to_name": "x", "type": "choices", "value": {"choices": list(names)}}


def said(number: int, person: int | None, *names: str, skipped: bool = False) -> Annotation:
    stamp = f"2026-01-01T00:00:{number:02d}.000000Z"
    return Annotation(number, person, skipped, stamp, [region(*names)] if names else [])


def fetch(url: str, task_id: int) -> Path:
    raise BadData(f"{url} of {task_id} is not here")


def task(number: int, *annotations: Annotation, **data: Any) -> Task:
    return Task(number, "digest", 0.5, data or {"text": "hello"}, annotations)


@pytest.mark.parametrize(
    ("annotations", "names", "how"),
    [
        ([], None, "nobody answered"),
        ([said(1, 1, "A")], ("A",), "one answer"),
        ([said(1, 1, "A"), said(2, 2, "A"), said(3, 3, "B")], ("A",), "majority, 2 of 3"),
        ([said(1, 1, "B"), said(2, 2, "A"), said(3, 3, "A")], ("A",), "majority, 2 of 3"),
        ([said(1, 1, "A"), said(2, 2, "B")], ("B",), "latest of 2, no majority"),
        ([said(1, 1, "A"), said(2, 2, "A"), said(3, 3, "B"), said(4, 4, "C")], ("C",), "latest of 4, no majority"),
    ],
    ids=["nobody", "one", "majority", "majority at the end", "two differ", "no majority"],
)
def test_people_agree(annotations: list[Annotation], names: tuple[str, ...] | None, how: str) -> None:
    answer = agreed(KIND, CONTROL, annotations)
    assert answer.target == (None if names is None else Labels(names))
    assert answer.how == how


def test_a_person_counts_once_by_the_later_answer() -> None:
    answer = agreed(KIND, CONTROL, [said(1, 1, "A"), said(2, 1, "A"), said(3, 2, "B"), said(4, 1, "B")])
    assert answer.target == Labels(("B",))
    assert answer.how == "majority, 2 of 2"


def test_a_corrected_answer_is_the_latest() -> None:
    answer = agreed(KIND, CONTROL, [said(1, 1, "A"), said(2, 2, "B"), said(3, 1, "C")])
    assert answer.target == Labels(("C",))


def test_answers_of_nobody_in_particular_count_each() -> None:
    """Imported annotations name no person; their ids are no persons' ids."""
    answer = agreed(KIND, CONTROL, [said(5, None, "A"), said(6, None, "A"), said(7, 5, "B")])
    assert answer.how == "majority, 2 of 3"


def test_a_skip_is_no_answer_and_takes_none_back() -> None:
    assert agreed(KIND, CONTROL, [said(1, 1, skipped=True)]).target is None
    assert agreed(KIND, SEVERAL, [said(1, 1, skipped=True)]).target is None
    answer = agreed(KIND, CONTROL, [said(1, 1, "A"), said(2, 2, "B", skipped=True)])
    assert (answer.target, answer.how) == (Labels(("A",)), "one answer")


def test_none_of_several_is_an_answer_and_an_empty_single_choice_is_not() -> None:
    assert agreed(KIND, SEVERAL, [said(1, 1)]).target == Labels()
    assert agreed(KIND, CONTROL, [said(1, 1)]).target is None


def test_the_same_boxes_in_another_order_agree() -> None:
    answer = agreed(KIND, SEVERAL, [said(1, 1, "B", "A"), said(2, 2, "A", "B"), said(3, 3, "C")])
    assert (answer.target, answer.how) == (Labels(("A", "B")), "majority, 2 of 3")


def test_labelled_examples_keep_their_order_and_say_what_is_wrong() -> None:
    tasks = [
        task(3, said(1, 1, "A")),
        task(1, said(2, 1, "Z")),
        task(2, said(3, 1, skipped=True)),
        task(4, said(4, 1, "B"), title="no text"),
    ]
    good, unknown, skipped, unreadable = read_labelled(KIND, CONTROL, tasks, fetch)
    assert (good.task_id, good.input, good.target, good.problem) == (3, "hello", Labels(("A",)), None)
    assert unknown.task_id == 1
    assert unknown.problem is not None
    assert unknown.problem.startswith("task 1: Label 'Z' is not one of those of 'c': A, B, C")
    assert (skipped.task_id, skipped.target, skipped.problem) == (2, None, None)
    assert (unreadable.input, unreadable.target) == (None, Labels(("B",)))
    assert unreadable.problem is not None
    assert unreadable.problem.startswith("task 4: field 'text'")


def test_files_are_fetched_for_their_task() -> None:
    control = Control("c", "x", "Choices", "Text", "text", ("A",), options={"Text.valueType": "url"})
    example = read_example(KIND, control, task(9, text="http://127.0.0.1/a.txt"), fetch)
    assert example.problem is not None
    assert "http://127.0.0.1/a.txt of 9 is not here" in example.problem
