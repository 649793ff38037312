"""The honest meter against scipy and scikit-learn, the gate, and that what it measures on is a random sample."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from lsal import measuring
from lsal.label_studio.mirror import Mirror
from lsal.measuring import Comparison, gate
from lsal.measuring import wilson as interval
from lsal.measuring.classes import CLASSES
from lsal.records import Control, Example, Labels, Prediction

CONTROL = Control("c", "x", "Choices", "Text", "x", ("a", "b", "c", "unused"))
NOTHING = np.zeros((1, 4), np.float32)


def compare(old: Any, new: Any, truth: Any) -> Comparison:
    return CLASSES.compare(old, new, truth)


def measure(predictions: Sequence[Prediction], examples: Sequence[Example], control: Control) -> dict[str, Any]:
    """What a version keeps of its figures."""
    said, truth = measuring.answers(CLASSES, predictions, examples), measuring.truths(CLASSES, examples)
    return CLASSES.measure(said, truth, control.labels).facts()


def says(task: int, *names: str) -> Prediction:
    return Prediction(task, Labels(names), NOTHING)


def true(task: int, *names: str) -> Example:
    return Example(task, "x", Labels(names))


@pytest.mark.parametrize(("right", "tasks"), [(0, 1), (1, 1), (0, 30), (30, 30), (7, 10), (47, 50), (500, 1000)])
def test_the_interval_is_wilsons(right: int, tasks: int) -> None:
    known = binomtest(right, tasks).proportion_ci(method="wilson")
    assert interval(right, tasks) == pytest.approx((known.low, known.high), abs=1e-12)


def test_the_interval_holds_its_proportion() -> None:
    for tasks in range(1, 200):
        for right in (0, 1, tasks - 1, tasks):
            low, high = interval(right, tasks)
            assert low <= right / tasks <= high, (right, tasks)


def test_without_tasks_everything_is_possible() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    told = measure([], [], CONTROL)
    assert (told["accuracy"], told["macro_f1"], told["tasks"]) == (None, None, 0)
    assert told["interval"] == [0.0, 1.0]


@pytest.mark.parametrize(
    ("gained", "lost"), [(0, 0), (1, 0), (5, 0), (6, 0), (0, 6), (10, 3), (3, 10), (60, 40), (9, 9)]
)
def test_the_comparison_is_the_exact_sign_test(gained: int, lost: int) -> None:
    truth = {task: ("a",) for task in range(gained + lost + 20)}
    old = {task: ("b",) if task < gained else ("a",) for task in truth}
    new = {task: ("b",) if gained <= task < gained + lost else ("a",) for task in truth}
    told = compare(old, new, truth)
    assert (told.tasks, told.gained, told.lost) == (len(truth), gained, lost)
    wanted = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert told.p == pytest.approx(wanted, abs=1e-12)


def test_only_tasks_that_both_answered_count() -> None:
    told = compare({1: ("a",), 2: ("b",)}, {2: ("a",), 3: ("a",)}, {1: ("a",), 2: ("a",), 3: ("a",), 4: ("a",)})
    assert (told.tasks, told.gained, told.lost) == (1, 1, 0)


def test_two_wrong_answers_are_no_difference() -> None:
    told = compare({1: ("b",)}, {1: ("c",)}, {1: ("a",)})
    assert (told.gained, told.lost, told.p) == (0, 0, 1.0)


@pytest.mark.parametrize(
    ("gained", "lost", "verdict", "live"),
    [
        (0, 0, "cannot tell yet", True),
        (5, 0, "cannot tell yet", True),
        (0, 5, "cannot tell yet", True),
        (6, 0, "better", True),
        (0, 6, "worse", False),
        (10, 12, "cannot tell yet", True),
        (10, 30, "worse", False),
        (30, 10, "better", True),
    ],
)
def test_the_gate_holds_only_what_is_clearly_worse(gained: int, lost: int, verdict: str, live: bool) -> None:
    told = compare(
        {n: ("a",) if n >= gained else ("b",) for n in range(gained + lost)},
        {n: ("b",) if n >= gained else ("a",) for n in range(gained + lost)},
        {n: ("a",) for n in range(gained + lost)},
    )
    assert told.verdict == verdict
    promoted, reason = gate(told)
    assert promoted is live
    assert reason == str(told)


def test_a_verdict_reads_as_a_sentence() -> None:
    assert str(Comparison(40, 6, 0, 0.03125)) == "better: 6 gained, 0 lost on 40 tasks (p = 0.031)"
    assert gate(None) == (True, "the first version of this control")


def test_a_gate_on_equal_versions_seldom_holds() -> None:
    """A fair coin is called clearly worse in at most 1 of 40 cases, as a two-sided test promises."""
    draw, held = np.random.default_rng(0), 0
    for _ in range(2000):
        lost = int(draw.binomial(30, 0.5))
        told = {n: ("a",) for n in range(30)}
        old = {n: ("a",) if n < lost else ("b",) for n in range(30)}
        new = {n: ("b",) if n < lost else ("a",) for n in range(30)}
        held += not gate(compare(old, new, told))[0]
    assert 0.005 < held / 2000 <= 0.035


def test_the_mean_f1_is_scikit_learns() -> None:
    draw = random.Random(1)
    pairs = [(draw.choice("abc"), draw.choice("aab")) for _ in range(60)]
    told = measure(
        [says(n, y) for n, (y, _) in enumerate(pairs)], [true(n, t) for n, (_, t) in enumerate(pairs)], CONTROL
    )
    said, truth = zip(*pairs, strict=True)
    assert told["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))
    right = sum(y == t for y, t in pairs)
    assert told["accuracy"] == right / 60
    assert told["interval"] == list(interval(right, 60))
    assert told["measured_on"].startswith("60 tasks")


def test_the_mean_f1_of_several_labels_is_scikit_learns() -> None:
    draw = random.Random(2)
    rows = [([draw.random() < 0.4 for _ in "abc"], [draw.random() < 0.4 for _ in "abc"]) for _ in range(40)]
    names = [[tuple(c for c, on in zip("abc", row, strict=True) if on) for row in pair] for pair in rows]
    told = measure(
        [says(n, *reversed(y)) for n, (y, _) in enumerate(names)],
        [true(n, *t) for n, (_, t) in enumerate(names)],
        CONTROL,
    )
    said, truth = np.array([y for y, _ in rows]), np.array([t for _, t in rows])
    assert told["macro_f1"] == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))
    assert told["accuracy"] == (said == truth).all(axis=1).mean()


def test_tasks_without_a_readable_answer_are_left_out() -> None:
    examples = [true(1, "a"), Example(2, "x"), Example(3, None, Labels(("a",)), "gone")]
    told = measure([says(1, "a"), says(2, "a"), says(3, "b")], examples, CONTROL)
    assert (told["accuracy"], told["tasks"]) == (1.0, 1)
    assert measuring.truths(CLASSES, examples) == {"1:": ("a",)}
    assert measuring.answers(CLASSES, [says(1, "b", "a")], examples[:1]) == {"1:": ("a", "b")}


def test_predictions_and_examples_must_match() -> None:
    with pytest.raises(ValueError, match="zip"):
        measure([says(1, "a")], [], CONTROL)


def imported(folder: Path, key: int, classes: list[str]) -> Mirror:
    """A mirror of tasks that came in the order of `classes`, one after the other."""
    folder.mkdir(exist_ok=True)
    mirror = Mirror(folder / f"{key}.sqlite", random.Random(key).randbytes(16).hex())
    page = [
        {"id": n + 1, "data": {"class": name}, "annotations": [], "updated_at": "2026-01-01T00:00:00Z"}
        for n, name in enumerate(classes)
    ]
    mirror.keep(page)
    return mirror


def test_the_measuring_tasks_are_a_uniform_sample_of_a_sorted_pool(tmp_path: Path) -> None:
    """A rare class that came in last has its true share among the reserved, over 40 projects."""
    classes, share = ["ham"] * 870 + ["spam"] * 130, 0.1
    spam = reserved = 0
    early = []
    for key in range(40):
        tasks = [task for task in imported(tmp_path, key, classes).tasks() if task.place < share]
        reserved += len(tasks)
        spam += sum(task.data["class"] == "spam" for task in tasks)
        early += [task.id for task in tasks[:5]]
    assert binomtest(reserved, 40 * 1000, share).pvalue > 0.001
    assert binomtest(spam, reserved, 0.13).pvalue > 0.001
    # The head of the order, from which each batch takes its share, is as random as the whole.
    assert binomtest(sum(task > 870 for task in early), len(early), 0.13).pvalue > 0.001
    assert binomtest(sum(task > 500 for task in early), len(early), 0.5).pvalue > 0.001


def test_the_order_stays_whatever_comes_later(tmp_path: Path) -> None:
    classes = ["a"] * 50
    few, more = imported(tmp_path / "few", 1, classes[:20]), imported(tmp_path / "more", 1, classes)
    kept = {task.id: task.place for task in more.tasks()}
    assert [(task.id, task.place) for task in few.tasks()] == [(n, p) for n, p in kept.items() if n <= 20]
    assert few.reserved(3, {"class": "a"}, kept[3] + 1e-9)
    assert not few.reserved(3, {"class": "a"}, kept[3])


def test_a_task_is_reserved_by_its_data_or_by_what_is_known_under_its_id(tmp_path: Path) -> None:
    mirror = imported(tmp_path / "m", 1, ["a"] * 200)
    for task in mirror.tasks():
        assert mirror.reserved(task.id, {"class": "new"}, 1.0)
        assert mirror.reserved(task.id, task.data, 0.1) == (task.place < 0.1)
        if task.place < 0.1:
            assert mirror.reserved(task.id, {"class": "rewritten"}, 0.1)


def test_what_the_measuring_tasks_cannot_tell() -> None:
    truth = {"1": ("ham",), "2": ("ham",), "3": ("ham",), "4": ("spam",)}
    found = CLASSES.measure(truth, truth, ("ham", "spam", "eggs"))
    assert (found.commonest, found.unseen) == (0.75, ("eggs",))
    one = CLASSES.measure({"1": ("ham",)}, {"1": ("ham",)}, ("ham", "spam"))
    assert (one.commonest, one.unseen) == (1.0, ("spam",))
    none = CLASSES.measure({}, {}, ("ham", "spam"))
    assert (none.commonest, none.unseen) == (None, ())
