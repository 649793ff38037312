"""A batch: what the strategy picked, and a share of measuring tasks that it never saw."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from lsal.errors import BadRequest, EmptyPool
from lsal.kinds.text_choices import TextChoices
from lsal.ranking import Candidates, doubts, in_turns, rank
from lsal.records import Box, Control, Labels, Picks, Pool, Prediction, Ranking, Region, Regions
from lsal.strategies import STRATEGIES
from lsal.strategies.pools import make_pool, start_pool

CONTROL = Control("c", "x", "Choices", "Text", "text", ("A", "B", "C"))
SEVERAL = Control("c", "x", "Choices", "Text", "text", ("A", "B"), options={"choice": "multiple"})


def predictions(n: int, first: int = 0) -> list[Prediction]:
    chances = np.random.default_rng(n).dirichlet(np.ones(3), (n, 1)).astype(np.float32)
    best = chances[:, 0].argmax(axis=1)
    return [Prediction(first + i, Labels((CONTROL.labels[best[i]],)), chances[i]) for i in range(n)]


def batch(pool: int, reserve: int, size: int, share: float = 0.1, strategy: str = "margin") -> Ranking:
    """A ranking over tasks 0, 1, ... with the measuring tasks 1000, 1001, ... in reserve."""
    told = predictions(pool)
    measuring = range(1000, 1000 + reserve)
    result = lambda told: TextChoices().result(CONTROL, told)  # noqa: E731
    candidates = [Candidates(CONTROL, make_pool(told, CONTROL), told, result)]
    return rank(candidates, measuring, strategy, size, share, {"c": 3})


def measured(ranking: Ranking) -> list[int]:
    return [entry.task_id for entry in ranking.entries if entry.measuring]


@pytest.mark.parametrize(
    ("size", "share", "wanted"),
    [(25, 0.1, 3), (20, 0.1, 2), (21, 0.1, 3), (1, 0.1, 1), (100, 0.07, 7), (10, 0.5, 5), (10, 0, 0), (10, 1, 10)],
)
def test_the_measuring_share_is_rounded_up_and_no_more(size: int, share: float, wanted: int) -> None:
    ranking = batch(200, 100, size, share)
    assert len(ranking.entries) == size
    assert measured(ranking) == [1000 + n for n in range(wanted)]


def test_no_share_is_ever_one_too_many() -> None:
    for size in range(1, 120):
        assert len(measured(batch(200, 100, size, 0.1, "random"))) == -(-size // 10)


@pytest.mark.parametrize(
    ("pool", "reserve", "size", "entries", "measuring"),
    [
        (100, 1, 25, 25, 1),
        (100, 0, 25, 25, 0),
        (5, 100, 25, 25, 20),
        (5, 3, 25, 8, 3),
        (0, 10, 25, 10, 10),
        (0, 10, 4, 4, 4),
        (1, 0, 25, 1, 0),
    ],
)
def test_a_small_pool_or_reserve_is_filled_from_the_other(
    pool: int, reserve: int, size: int, entries: int, measuring: int
) -> None:
    ranking = batch(pool, reserve, size)
    assert len(ranking.entries) == len({entry.task_id for entry in ranking.entries}) == entries
    assert len(measured(ranking)) == measuring


def test_nothing_left_is_an_empty_pool() -> None:
    with pytest.raises(EmptyPool) as caught:
        batch(0, 0, 25)
    assert caught.value.fix


def test_measuring_tasks_are_spread_evenly() -> None:
    ranking = batch(200, 100, 40)
    places = [n for n, entry in enumerate(ranking.entries) if entry.measuring]
    assert places == [5, 15, 25, 35]
    for size in range(1, 60):
        places = [n for n, entry in enumerate(batch(200, 100, size, 0.2, "random").entries) if entry.measuring]
        gaps = np.diff([-1, *places, size])
        assert max(gaps) <= math.ceil(size / len(places)) + 1, (size, places)


def test_measuring_tasks_carry_no_pre_annotation_and_others_do() -> None:
    for entry in batch(200, 100, 40).entries:
        if entry.measuring:
            assert (entry.result, entry.guess, entry.chance, entry.parts, entry.score) == ({}, "", None, {}, 0.0)
        else:
            assert entry.result["c"][0]["value"]["choices"] == [entry.guess]
            assert entry.parts


def test_the_picks_stand_in_the_strategys_order() -> None:
    ranking = batch(200, 100, 40)
    told = predictions(200)
    picks = STRATEGIES["margin"](make_pool(told, CONTROL), 36)
    assert [e.task_id for e in ranking.entries if not e.measuring] == picks.positions.tolist()
    for entry in ranking.entries:
        if not entry.measuring:
            first, second = sorted(told[entry.task_id].chances[0].tolist(), reverse=True)[:2]
            assert entry.chance == pytest.approx(first)
            assert entry.margin == pytest.approx(first - second)
            assert entry.guess != entry.runner_up
    assert (ranking.strategy, ranking.versions, ranking.pool) == ("margin", {"c": 3}, 200)
    assert ranking.why


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What a stranger's strategy, registered as `spy`, was asked."""
    seen: list[Any] = []

    def spy(pool: Pool, n: int) -> Picks:
        seen.append((pool.task_ids.tolist(), n))
        return Picks(np.arange(n)[::-1], np.zeros(n, np.float32), why="because")

    monkeypatch.setattr(STRATEGIES, "_table", {**STRATEGIES._table, "spy": f"{__name__}:SPY"})
    globals()["SPY"] = spy
    yield seen
    del globals()["SPY"]


def test_the_strategy_never_sees_the_reserve(asked: list[Any]) -> None:
    ranking = batch(50, 100, 20, 0.1, "spy")
    assert asked == [(list(range(50)), 18)]
    assert [e.task_id for e in ranking.entries if not e.measuring] == list(range(17, -1, -1))
    assert ranking.why == "because"


def test_the_strategy_is_not_asked_when_only_measuring_tasks_are_left(asked: list[Any]) -> None:
    ranking = batch(0, 10, 20, 0.1, "spy")
    assert asked == []
    assert "measuring" in ranking.why


def test_before_the_first_version_there_is_nothing_to_show() -> None:
    pool = start_pool(list(range(30)), CONTROL)
    ranking = rank([Candidates(CONTROL, pool)], [1000, 1001], "random", 10, 0.1, problems={7: "gone"})
    assert all(not entry.result and not entry.guess for entry in ranking.entries)
    assert (ranking.versions, ranking.problems) == ({}, {7: "gone"})


def test_several_labels_tell_the_least_certain_of_them() -> None:
    chances = np.array([[0.1, 0.9], [0.6, 0.4]], np.float32)
    told = [Prediction(5, Labels(("A",)), chances), Prediction(6, Labels(()), 1 - chances)]
    entries = rank_all(told)
    assert (entries[5].guess, entries[6].guess) == ("A", "none")
    assert entries[5].chance == pytest.approx(0.6)


def rank_all(told: Sequence[Prediction]) -> dict[int, Any]:
    pool = make_pool(told, SEVERAL)
    ranking = rank([Candidates(SEVERAL, pool, told, lambda p: TextChoices().result(SEVERAL, p))], [], "random", 9, 0.1)
    return {entry.task_id: entry for entry in ranking.entries}


def test_an_unknown_strategy_lists_those_there_are() -> None:
    with pytest.raises(BadRequest, match="'magic'") as caught:
        batch(10, 0, 5, strategy="magic")
    assert "margin" in caught.value.fix


def test_objects_are_guessed_by_their_number_and_nothing_has_no_chance() -> None:
    control = Control("c", "x", "RectangleLabels", "Image", "image", ("cat", "dog"))
    box, chances = Box(0.1, 0.1, 0.2, 0.2), np.full((3, 3), 1 / 3, np.float32)
    seen = Regions((Region("cat", box, 0.9), Region("cat", box, 0.8), Region("dog", box, 0.3)))
    assert doubts(control, Prediction(1, seen, chances)) == {"guess": "2 cat, 1 dog", "chance": 0.3}
    assert doubts(control, Prediction(1, Regions(), chances[:0])) == {"guess": "nothing", "chance": None}


@pytest.mark.parametrize(
    ("orders", "weights", "n", "taken"),
    [
        (["abc", "xyz"], [1, 1], 4, "axby"),
        (["abc", "abz"], [1, 1], 4, "abcz"),  # what was taken is passed over, and costs no turn
        (["abcd", "xyz"], [2, 1], 6, "abxcdy"),
        (["ab", "xyz"], [1, 1], 9, "axbyz"),
        (["abc", ""], [1, 5], 9, "abc"),
        (["abcdef", "xyz"], [1, 0.25], 6, "abcdxe"),
    ],
)
def test_controls_take_turns_as_they_are_weighed(orders: list[str], weights: list[float], n: int, taken: str) -> None:
    found = in_turns([[ord(one) for one in order] for order in orders], weights, n)
    assert "".join(orders[which][place] for which, place in found) == taken


def test_two_controls_choose_a_batch_together_and_each_says_its_guess() -> None:
    first, second = predictions(40), predictions(40, first=20)  # tasks 20 to 39 are seen by both
    other = Control("d", "x", "Choices", "Text", "text", ("A", "B", "C"))
    kind = TextChoices()
    both = [
        Candidates(each, make_pool(told, each), told, lambda p, each=each: kind.result(each, p))
        for each, told in ((CONTROL, first), (other, second))
    ]
    ranking = rank(both, [1000], "margin", 21, 0.05, {"c": 1, "d": 2})
    picked = [entry for entry in ranking.entries if not entry.measuring]
    assert len({entry.task_id for entry in picked}) == 20
    alone = [[e.task_id for e in rank([one], [], "margin", 10, 0.0).entries] for one in both]
    assert {entry.task_id for entry in picked} >= {alone[0][0], alone[1][0]}
    assert ranking.pool == 60
    assert ranking.why.startswith("c: ")
    assert "; d: " in ranking.why
    for entry in picked:
        assert set(entry.result) == {
            name for name, ids in (("c", range(40)), ("d", range(20, 60))) if entry.task_id in ids
        }


def test_a_control_without_weight_chooses_nothing_but_says_its_guess() -> None:
    told = predictions(30)
    silent = Control("d", "x", "Choices", "Text", "text", ("A", "B", "C"))
    kind, pool = TextChoices(), make_pool(told, CONTROL)
    heard = Candidates(CONTROL, pool, told, lambda p: kind.result(CONTROL, p))
    mute = Candidates(silent, pool, told, lambda p: kind.result(silent, p), 0.0)
    ranking = rank([mute, heard], [], "margin", 10, 0.0)
    assert [e.task_id for e in ranking.entries] == [e.task_id for e in rank([heard], [], "margin", 10, 0.0).entries]
    assert all(set(e.result) == {"c", "d"} for e in ranking.entries)


def test_where_no_task_can_be_read_the_first_reason_is_told() -> None:
    nothing = Candidates(CONTROL, start_pool([], CONTROL))
    with pytest.raises(EmptyPool, match="None of the 2 open tasks can be read; the first: task 7: no text"):
        rank([nothing], [], "auto", 5, 0.1, problems={7: "task 7: no text", 8: "task 8: no text"})
    with pytest.raises(EmptyPool, match="Every task is labelled or skipped"):
        rank([nothing], [], "auto", 5, 0.1)
