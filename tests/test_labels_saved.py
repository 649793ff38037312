"""Labels saved: the arithmetic on curves whose answer is known, and verdicts on data whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from lsal.rehearsal import Curve, Rehearsal, rehearse, saved
from lsal.rehearsal.rare import rare_classes
from lsal.rehearsal.saving import crossing, rising
from lsal.rehearsal.source import read_source
from lsal.rehearsal.verdict import conclude

LABELS = [10, 20, 30, 40, 50]


def line(slope: float, lift: float = 0.0, labels: list[int] = LABELS) -> Curve:
    return Curve(labels, [lift + slope * one for one in labels], [0.0] * len(labels))


def noisy(slope: float, seeds: int, spread: float, seed: int) -> list[Curve]:
    draw = np.random.default_rng(seed)
    return [line(slope, float(draw.normal(0, spread))) for _ in range(seeds)]


def test_a_strategy_twice_as_quick_saves_half() -> None:
    told = saved([line(0.02)] * 3, [line(0.01)] * 3)
    assert (told.target, told.labels, told.baseline) == pytest.approx((0.5, 25, 50))
    assert (told.count, told.share, told.half, told.sure) == pytest.approx((25, 0.5, 0, 1))


def test_labels_between_two_points_are_counted_on_the_line_between_them() -> None:
    assert crossing(np.array([10, 20]), np.array([0.2, 0.6]), 0.5) == pytest.approx(17.5)
    assert crossing(np.array([10, 20]), np.array([0.2, 0.6]), 0.1) == 10
    assert crossing(np.array([10, 20]), np.array([0.2, 0.6]), 0.7) is None


def test_a_slower_strategy_needs_more_and_one_that_never_arrives_says_so() -> None:
    told = saved([line(0.01, 0.0)] * 3, [line(0.01, 0.1)] * 3, target=0.4)
    assert (told.count, told.sure) == pytest.approx((-10, -1))
    never = saved([line(0.005)] * 3, [line(0.01)] * 3)
    assert (never.labels, never.count, never.sure) == (None, None, 0)
    verdict = conclude({"slow": [line(0.005)] * 3, "random": [line(0.01)] * 3}).verdict
    assert "slow does not reach random's 0.500 within 50 labels" in verdict


def test_a_plateau_and_a_lucky_point_save_nothing() -> None:
    bumpy = Curve(LABELS, [0.5, 0.9, 0.5, 0.5, 0.5], [0.0] * 5)
    flat = Curve(LABELS, [0.58] * 5, [0.0] * 5)
    assert rising(np.array([0.5, 0.9, 0.5, 0.5])).tolist() == pytest.approx([0.5, 1.9 / 3, 1.9 / 3, 1.9 / 3])
    assert saved([bumpy] * 3, [flat] * 3, target=0.8).labels is None, "0.9 once is no sign of 0.8"
    assert saved([flat] * 3, [flat] * 3).count == 0


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Lifts are drawn around lines that are 10 labels apart: the truth is 10 saved."""
    inside = 0
    for run in range(30):
        ours, theirs = noisy(0.01, 8, 0.02, 2 * run), noisy(0.01, 8, 0.02, 2 * run + 1)
        told = saved([Curve(LABELS, [one + 0.1 for one in c.metric], []) for c in ours], theirs, target=0.4)
        assert told.half is not None
        assert told.count is not None
        inside += abs(told.count - 10) <= told.half
    assert 25 <= inside <= 30


def test_random_reaches_its_own_last_value_at_its_last_label() -> None:
    """Whatever way its mean is summed up: here two ways differ in the last digit."""
    ends = (0.81, 0.81, 0.52, 0.29, 0.05, 0.38, 0.41, 0.05, 0.05, 1.0)
    runs = [Curve([5, 25], [0.1, end], [0.0, 0.0]) for end in ends]
    row = conclude({"auto": runs, "random": runs}).summary[1]
    assert (row["labels_to_baseline"], row["labels_to_target"], row["saved"]) == (25, pytest.approx(25), 0)


def test_seeds_are_paired() -> None:
    """What a lucky start gives to both is no doubt about their difference."""
    lifts = [0.0, 0.05, 0.1, 0.15]
    ours, theirs = [line(0.01, one + 0.1) for one in lifts], [line(0.01, one) for one in lifts]
    told = saved(ours, theirs, target=0.45)
    assert told.count == pytest.approx(10)
    assert told.half == pytest.approx(0, abs=1e-6)


def test_one_seed_has_no_interval_and_proves_nothing() -> None:
    told = saved([line(0.02)], [line(0.01)])
    assert (told.count, told.half, told.sure) == (25, None, 0)


def test_a_wide_interval_is_said_to_tell_nothing_and_a_narrow_one_that_nothing_is_there() -> None:
    wide = conclude({"auto": noisy(0.004, 3, 0.08, 1), "random": noisy(0.004, 3, 0.08, 2)}, target=0.15).verdict
    assert "Whether auto saves labels to reach 0.150" in wide
    assert "cannot be told with 3 seeds" in wide
    same = noisy(0.01, 6, 0.01, 3)
    assert "No labels saved by auto are measurable" in conclude({"auto": same, "random": same}).verdict


def test_a_target_that_only_one_reaches_is_told_as_it_is() -> None:
    told = conclude({"auto": [line(0.02)] * 2, "random": [line(0.01)] * 2}, target=0.8)
    assert "random does not reach 0.800 within 50 labels; auto does with 40" in told.verdict
    assert told.summary[0]["labels_to_target"] == pytest.approx(40)


def test_rare_classes_are_those_that_are_given_less_than_half_as_often_as_the_others_on_average() -> None:
    made = [{"text": "x", "label": name} for name in ["a"] * 10 + ["b"] * 9 + ["c"] * 2 + ["d"]]
    source = read_source(made, "text", "label")
    assert rare_classes(source.examples, source.control.labels) == ("d", "c")
    assert rare_classes(source.examples[:19], source.control.labels) == ()


COMMON = ["the", "of", "on", "by", "at", "near", "under", "soon"]
TOPICS = 12


def imbalanced(shuffled: bool = False, count: int = 500) -> list[dict[str, str]]:
    """One class is most of it; the others have a word of their own each: a random order hardly meets them."""
    draw, made = np.random.default_rng(0), []
    for n in range(count):
        topic = 0 if draw.random() < 0.8 else int(draw.integers(1, TOPICS))
        words = [*draw.choice(COMMON, 4), f"word{topic}", f"word{topic}{draw.integers(2)}"]
        split = "test" if n >= 0.6 * count else "train"
        made.append({"text": " ".join(draw.permutation(words)), "label": f"class{topic:02}", "split": split})
    if shuffled:
        labels = draw.permutation([row["label"] for row in made])
        made = [row | {"label": str(label)} for row, label in zip(made, labels, strict=True)]
    return made


def replayed(made: list[dict[str, str]]) -> Rehearsal:
    return rehearse(made, strategies=("margin", "random"), start=15, batch=15, budget=105, seeds=6)


def test_a_real_saving_is_found_on_rare_classes_too() -> None:
    told = replayed(imbalanced())
    assert "margin saves" in told.verdict
    assert "it is better on rare classes" in told.verdict
    assert "margin is above random" in told.verdict
    ours = told.summary[0]
    assert ours["saved"] > ours["saved_half_width"] > 0
    assert ours["curve"]["labels"] == [15, 30, 45, 60, 75, 90, 105]


def test_nothing_is_measurable_where_labels_mean_nothing() -> None:
    verdict = replayed(imbalanced(shuffled=True)).verdict
    assert verdict.startswith("Nothing is measurable: with 105 labels neither margin")
    assert "saves" not in verdict
