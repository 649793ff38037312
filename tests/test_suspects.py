"""Label errors without a server: what is found, what is sent back, and where nobody can tell."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lsal.dashboard.html import to_text
from lsal.dashboard.suspected import suspicions_sheet
from lsal.errors import BadRequest
from lsal.kinds import match
from lsal.label_studio.config import read_config
from lsal.project_settings import check_settings
from lsal.ranking import Candidates, rank
from lsal.records import Annotation, Control, Entry, Example, Labels, Prediction, Task
from lsal.strategies.pools import start_pool
from lsal.suspects import Doubted, doubted, find, mixing, pairs, people, said
from lsal.workbench.suspecting import Suspicions

NAMES = ("ham", "spam", "other")
ONE = Control("label", "text", "Choices", "Text", "text", NAMES)
SEVERAL = replace(ONE, options={"choice": "multiple"})
XML = (
    '<View><Text name="text" value="$text"/><Choices name="label" toName="text">'
    '<Choice value="ham"/><Choice value="spam"/><Choice value="other"/></Choices></View>'
)


def about(count: int, wrong: set[int] = frozenset(), classes: int = 3, sure: float = 0.8) -> Doubted:  # type: ignore[assignment]
    """So many labels that models would guess with some noise; those of `wrong` tasks were given wrongly."""
    draw, examples, rows = np.random.default_rng(0), [], []
    for task in range(count):
        truth = task % classes
        row = np.full(3, (1 - sure) / 2) + draw.random(3) * 0.1
        row[truth] += sure
        given = (truth + 1) % classes if task in wrong else truth
        examples.append(Example(task, "text", Labels((NAMES[given],))))
        rows.append(row / row.sum())
    return Doubted(ONE, examples, np.array(rows, np.float32))


def test_planted_errors_come_first() -> None:
    wrong = set(range(3, 120, 12))
    found = find(about(120, wrong))
    first = {one.task_id for one in found.suspects[: len(wrong)]}
    assert first == wrong
    flagged = {one.task_id for one in found.suspects if one.flagged}
    assert len(flagged) == found.flagged >= len(wrong) / 2
    assert flagged <= wrong
    worst = found.suspects[0]
    assert (worst.given, worst.says) == ("spam", "ham")
    assert worst.quality < 0.2 < worst.chance


def test_clean_labels_are_not_suspicious() -> None:
    found = find(about(120))
    assert (found.flagged, found.cannot_tell) == (0, "")
    text = to_text(Suspicions(0.0, (replace(found, suspects=()),)))
    assert "nothing suspicious in 120 training labels" in text


def test_a_class_that_nobody_gave_is_no_obstacle() -> None:
    found = find(about(60, {3, 10}, classes=2))
    assert {one.task_id for one in found.suspects[:2]} == {3, 10}
    assert found.flagged


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (about(19), "only 19 labels"),
        (about(40, classes=1), "every label says 'ham'"),
        (about(60, set(range(60))), "guess 0 of 60 right, no better than always"),
    ],
)
def test_where_nobody_can_tell_it_says_so(given: Doubted, why: str) -> None:
    found = find(given)
    assert why in found.cannot_tell
    assert not found.suspects
    assert why in "".join(suspicions_sheet(Suspicions(0.0, (found,))).below[0].notes)


def test_several_labels_at_once() -> None:
    draw, examples, told = np.random.default_rng(1), [], []
    for task in range(60):
        truth = [task % 2 == 0, task % 3 == 0, task % 5 == 0]
        here = 0.1 + 0.8 * np.array(truth) + draw.random(3) * 0.05
        given = [not truth[0], *truth[1:]] if task in (7, 30) else truth
        names = tuple(name for name, is_given in zip(NAMES, given, strict=True) if is_given)
        examples.append(Example(task, "text", Labels(names)))
        told.append(Prediction(task, Labels(names), np.stack([1 - here, here], axis=1).astype(np.float32)))
    found = find(doubted(SEVERAL, examples, told))
    assert {one.task_id for one in found.suspects if one.flagged} == {7, 30}
    assert {one.task_id for one in found.suspects[:2]} == {7, 30}


def test_who_has_no_answer_out_of_fold_is_left_out() -> None:
    examples = [Example(1, "a", Labels(("ham",))), Example(2, "b", Labels(("spam",)))]
    told = [None, Prediction(2, Labels(("ham",)), np.array([[0.6, 0.3, 0.1]], np.float32))]
    assert [e.task_id for e in doubted(ONE, examples, told).examples] == [2]


def crowd(answers: dict[int, dict[int, str]]) -> Any:
    """What people said: by task and person."""
    control, kind = match(read_config(XML).controls)[0]["label"]
    tasks = []
    for task, theirs in answers.items():
        rows = [
            Annotation(100 * task + p, p, False, f"2026-01-01T00:00:0{p}Z", _result(name)) for p, name in theirs.items()
        ]
        tasks.append(Task(task, "", 0.5, {"text": "t"}, tuple(rows)))
    return said(kind, control, tasks)


def _result(name: str) -> list[dict[str, Any]]:
    return [{"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [name]}}]


def test_agreement_of_annotators_is_counted() -> None:
    told = crowd(
        {
            1: {1: "ham", 2: "ham"},
            2: {1: "ham", 2: "spam", 3: "spam"},
            3: {1: "ham"},
            4: {2: "other", 3: "other"},
        }
    )
    names = {1: "ann", 2: "bob", 3: "cis"}
    assert [(p.first, p.second, p.same, p.shared) for p in pairs(told, names)] == [
        ("ann", "bob", 1, 2),
        ("ann", "cis", 0, 1),
        ("bob", "cis", 2, 2),
    ]
    assert [(p.name, p.answered, p.same, p.shared) for p in people(told, names)] == [
        ("ann", 3, 1, 3),
        ("bob", 3, 3, 4),
        ("cis", 2, 2, 3),
    ]


def test_the_careless_annotator_is_told_from_the_careful() -> None:
    given = about(60)
    careless = {t: {1: NAMES[t % 3], 2: NAMES[t % 3], 3: NAMES[(t + t // 3 % 2) % 3]} for t in range(60)}
    found = {p.name: p for p in people(crowd(careless), {1: "ann", 2: "bob", 3: "cis"}, given)}
    assert found["cis"].quality is not None
    assert found["ann"].quality is not None
    assert found["cis"].quality < found["ann"].quality - 0.2


def test_one_annotators_errors_are_sent_back_once() -> None:
    found = find(about(120, {3, 15, 27, 39}))
    worst = [one.task_id for one in found.suspects if one.flagged]
    assert len(worst) > 1
    assert [one.task_id for one in mixing.by_errors(found, 2, set())] == worst[:2]
    assert [one.task_id for one in mixing.by_errors(found, 99, {worst[0]})] == worst[1:]
    entries = mixing.by_errors(found, 1, set())
    assert "models that did not see that say 'ham'" in entries[0].relabel


def test_active_lab_weighs_labelled_against_open_tasks() -> None:
    given = about(60, {3, 15})
    told = crowd({t: {1 + t % 2: e.target.names[0]} for t, e in enumerate(given.examples) if e.target})
    found, sure, torn = find(given), np.array([[0.98, 0.01, 0.01]]), np.array([[0.34, 0.33, 0.33]])
    known = mixing.by_active_lab(given, found, told, np.repeat(sure, 50, axis=0), 10, 4, set())
    assert {one.task_id for one in known[:2]} == {3, 15}
    assert len(known) == 4
    assert "ActiveLab" in known[0].relabel
    some = mixing.by_active_lab(given, found, told, np.repeat(torn, 50, axis=0), 10, 4, set())
    assert {one.task_id for one in some} <= {3, 15}, "open tasks that tear the model come before labels that fit"
    assert not {3, 15} & {
        one.task_id for one in mixing.by_active_lab(given, found, told, np.repeat(sure, 50, axis=0), 10, 4, {3, 15})
    }


def test_whom_everybody_answered_is_not_asked_again() -> None:
    given = about(60, {3})
    told = crowd({t: {1: e.target.names[0], 2: e.target.names[0]} for t, e in enumerate(given.examples) if e.target})
    sure = np.repeat(np.array([[0.98, 0.01, 0.01]]), 50, axis=0)
    assert mixing.by_active_lab(given, find(given), told, sure, 10, 4, set()) == []


@pytest.mark.parametrize(("size", "share", "most"), [(25, 0.1, 3), (20, 0.1, 2), (10, 0.0, 0), (5, 1.0, 5)])
def test_the_quota(size: int, share: float, most: int) -> None:
    assert mixing.quota(size, share) == most


def test_a_batch_keeps_its_size_and_its_shares() -> None:
    pool = Candidates(ONE, start_pool(list(range(100)), ONE, None, 0))
    again = [Entry(task, 1.0, relabel="why") for task in (201, 202, 203)]
    made = rank([pool], list(range(300, 320)), "random", 20, 0.1, again=again)
    assert len(made.entries) == 20
    assert [e.task_id for e in made.entries if e.relabel] == [201, 202, 203]
    assert sum(e.measuring for e in made.entries) == 2
    alone = rank([Candidates(ONE, start_pool([], ONE, None, 0))], [], "random", 20, 0.1, again=again)
    assert [e.task_id for e in alone.entries] == [201, 202, 203]


def test_the_setting_is_a_share() -> None:
    check_settings({"relabel_share": 0.1})
    with pytest.raises(BadRequest, match="relabel_share"):
        check_settings({"relabel_share": 2})
