"""Answers out of fold: each by a model that did not see the label, in folds that share out the classes."""

import logging
from collections import Counter
from dataclasses import replace

import pytest

from lsal.cross_fitting import FOLDS, folds_of, lone, out_of_fold
from lsal.errors import Cancelled
from lsal.models.sklearn_text import SklearnText
from lsal.protocols import Model
from lsal.records import Control, Example, Labels, Progress
from lsal.training import cross_validation

TEXT = Control("c", "x", "Choices", "Text", "text", ("cat", "dog", "emu"), {}, {"choice": "single"})
SAID = {"cat": "purrs on the mat", "dog": "barks at postmen", "emu": "runs in the desert"}


def deaf(progress: Progress) -> None:
    """A report that nobody reads."""


def labelled(*counts: int) -> list[Example]:
    names = [name for name, count in zip(TEXT.labels, counts, strict=False) for _ in range(count)]
    return [Example(10 + n, f"{SAID[name]} {n}", Labels((name,))) for n, name in enumerate(names)]


def new_model() -> Model:
    return SklearnText(TEXT)


def test_every_fold_has_its_share_of_each_class() -> None:
    examples = labelled(23, 6)
    parts = folds_of(examples, FOLDS, 3)
    assert sorted(place for part in parts for place in part) == list(range(29))
    assert {len(part) for part in parts} == {5, 6}
    for part in parts:
        given = Counter(str(examples[place].target) for place in part)
        assert sorted(given.values())[0] in (1, 2)
    assert len(folds_of(labelled(3), FOLDS, 0)) == 3
    assert folds_of(labelled(1), FOLDS, 0) == []


def test_the_seed_decides_and_the_order_does_not() -> None:
    examples = labelled(9, 8)
    turned = examples[::-1]
    ids = [{examples[place].task_id for place in part} for part in folds_of(examples, 4, 1)]
    assert ids == [{turned[place].task_id for place in part} for part in folds_of(turned, 4, 1)]
    assert folds_of(examples, 4, 1) != folds_of(examples, 4, 2)


def test_nobody_answers_who_saw_the_label() -> None:
    examples = labelled(10, 10)
    lie = replace(examples[0], target=Labels(("dog",)))
    told = out_of_fold(new_model, [lie, *examples[1:]], examples, FOLDS, 0, deaf)
    assert told[0] is not None
    assert [one.task_id for one in told if one] == [e.task_id for e in examples]
    assert told[0].target == Labels(("cat",))  # it learned of the lie from nobody
    learned = new_model()
    learned.fit([lie, *examples[1:]], examples, [], deaf)
    assert learned.predict([lie])[0].chances[0, 1] > told[0].chances[0, 1]


def test_the_only_one_of_a_class_has_no_answer() -> None:
    examples = labelled(8, 8, 1)
    assert lone(examples) == [16]
    told = out_of_fold(new_model, examples, examples, FOLDS, 0, deaf)
    assert [n for n, one in enumerate(told) if one is None] == [16]
    found = cross_validation(examples, told)
    assert found is not None
    assert (found["accuracy"], found["commonest"], found["tasks"]) == (16 / 17, 8 / 17, 17)
    assert found["recall"] == {"cat": 1.0, "dog": 1.0, "emu": 0.0}


def test_a_fold_that_teaches_nothing_is_told(caplog: pytest.LogCaptureFixture) -> None:
    examples = [replace(e, input=e.input if n == 0 else "") for n, e in enumerate(labelled(10))]
    with caplog.at_level(logging.WARNING):
        told = out_of_fold(new_model, examples, examples, FOLDS, 0, deaf)
    assert sum(one is None for one in told) == 2
    assert told[0] is None
    assert "of 5 cannot be cross-validated: " in caplog.text
    assert cross_validation(examples, told) is None


def test_a_cancel_is_heard_inside_a_fold() -> None:
    heard: list[Progress] = []

    def cancel(progress: Progress) -> None:
        heard.append(progress)
        if progress.done > 1 and progress.message.startswith("cross-validating: "):
            raise Cancelled

    with pytest.raises(Cancelled):
        out_of_fold(new_model, labelled(9, 9), [], FOLDS, 0, cancel)
    assert [p.done for p in heard] == sorted(p.done for p in heard)
    assert heard[-1].total == FOLDS
    assert 1 < heard[-1].done <= 2
