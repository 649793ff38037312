"""Label errors without a server: what is found, what is sent back, and where nobody can tell."""

from dataclasses import replace

import numpy as np
import pytest
from doubts import NAMES, ONE, SEVERAL, about

from lsal.backend.refill import nearly_labelled
from lsal.cli import main
from lsal.dashboard.html import to_text
from lsal.dashboard.suspected import suspicions_sheet
from lsal.errors import BadRequest
from lsal.project_settings import check_settings
from lsal.ranking import Candidates, rank
from lsal.records import Entry, Example, Labels, Prediction, Publication
from lsal.strategies.pools import start_pool
from lsal.suspects import Doubted, doubted, find, mixing
from lsal.workbench.suspecting import Suspicions


@pytest.mark.parametrize("words", [["suspects", "--top", "0"], ["suspects", "--top", "-3"], ["queue", "0"]])
def test_fewer_than_one_row_is_refused_before_anything_is_looked_for(words, capsys):
    assert main(words) == 1
    assert "cannot be shown" in capsys.readouterr().err


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


def test_one_annotators_errors_are_sent_back_once() -> None:
    found = find(about(120, {3, 15, 27, 39}))
    worst = [one.task_id for one in found.suspects if one.flagged]
    assert len(worst) > 1
    assert [one.task_id for one in mixing.by_errors(found, 2, set())] == worst[:2]
    assert [one.task_id for one in mixing.by_errors(found, 99, {worst[0]})] == worst[1:]
    entries = mixing.by_errors(found, 1, set())
    assert "models that did not see that say 'ham'" in entries[0].relabel


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


def test_a_refill_waits_for_first_answers_alone() -> None:
    half = Publication("q", {}, tuple(range(10)), relabel=tuple(range(8)))
    assert not nearly_labelled(half, 2, 0.2), "both of the open ones are left"
    assert nearly_labelled(half, 0, 0.2)
    again = Publication("q", {}, tuple(range(10)), relabel=tuple(range(10)))
    assert not nearly_labelled(again, 0, 0.2), "else it would be ranked again and again"


def test_a_chance_is_told_of_one_control_alone() -> None:
    one, other = (Candidates(ONE, start_pool(range(30), ONE, seed=seed)) for seed in (0, 1))
    assert all(entry.probability == pytest.approx(10 / 30) for entry in rank([one], [], "random", 10, 0.0).entries)
    turns = rank([one, other], [], "random", 10, 0.0).entries
    assert all(entry.probability is None for entry in turns), "of two draws in turns nobody knows the chance"
