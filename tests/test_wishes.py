"""Wishes about single tasks: kept by several writers at once, refused where they would bias a figure, and honoured."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from prepared import STAMP, prepared
from projects import demo_of_texts
from test_ranking import CONTROL, predictions

from lsal import publishing, scored, wishes
from lsal.dashboard.html import to_text
from lsal.errors import BadRequest, EmptyPool
from lsal.kinds.text_choices import TextChoices
from lsal.ranking import Candidates, rank
from lsal.records import Ranking, Wishes
from lsal.strategies.pools import make_pool, start_pool
from lsal.workbench import Workbench

OPEN_ONES = range(25, 61)
"""Tasks of a prepared project that nobody answered."""


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return prepared(isolated_root)


def choosable(bench: Workbench, count: int) -> list[int]:
    """Open tasks that are not for measuring."""
    share = bench.home.settings().measuring_share
    return [task.id for task in bench.desk.mirror.tasks(state=0) if task.place >= share][:count]


# What the home keeps -----------------------------------------------------------------------


def test_a_task_has_one_wish_at_a_time_and_pins_keep_their_order(bench: Workbench) -> None:
    one, two, three, four = choosable(bench, 4)
    assert bench.pin([three, one, three]).tasks == (three, one)
    assert bench.pin([two, one]).now.pinned == (three, one, two)
    assert bench.exclude([one, four]).now == Wishes((three, two), (), (one, four))
    assert bench.push_last([four]).now == Wishes((three, two), (four,), (one,))
    given = bench.give_back([one, two])
    assert (given.tasks, given.now) == ((one, two), Wishes((three,), (four,), ()))
    assert bench.give_back([one]).tasks == ()
    assert bench.status().wishes == {"pinned": 1, "pushed last": 1}
    assert "1 pinned, 1 pushed last" in to_text(bench.status())
    assert bench.give_back().tasks == (three, four)
    assert bench.wishes() == Wishes()
    assert bench.status().wishes == {}


def test_measuring_tasks_are_refused_by_name_and_nothing_is_changed(bench: Workbench) -> None:
    bench.configure(measuring_share=0.5)
    measuring = next(bench.desk.mirror.tasks(state=0)).id
    for act in (bench.pin, bench.push_last, bench.exclude):
        with pytest.raises(BadRequest, match=f"^Task {measuring} is for measuring: .*chance chose") as caught:
            act([*choosable(bench, 2), measuring])
        assert "Leave it out" in caught.value.fix
    assert not bench.home.path(wishes.FILE).exists()


def test_unknown_tasks_are_refused_by_name(bench: Workbench) -> None:
    for act in (bench.pin, bench.push_last, bench.exclude, bench.give_back):
        with pytest.raises(BadRequest, match=r"^Project 7 has no task 99\."):
            act([*choosable(bench, 1), 99])
        with pytest.raises(BadRequest, match=r"has no tasks 101, 102, 103, 104, 105 and 2 more\."):
            act(range(101, 108))
        with pytest.raises(BadRequest, match="No task was named"):
            act([])
    assert bench.wishes() == Wishes()


def test_answered_tasks_are_left_as_they_are_and_forgotten_at_the_next_ranking(bench: Workbench) -> None:
    one, two = choosable(bench, 2)
    done = bench.pin([one, 3, two])
    assert (done.tasks, done.answered) == ((one, two), (3,))
    assert "1 task is answered or skipped already, and left as it is" in to_text(done)
    _answer(bench, one)
    assert bench.wishes().pinned == (two,)
    assert wishes.everything(bench.home) == [one, two], "only looked at"
    share = bench.home.settings().measuring_share
    assert wishes.tidied(bench.home, bench.desk.mirror, share).pinned == (two,)
    assert wishes.everything(bench.home) == [two]


def test_a_later_task_of_the_same_id_is_another_one(bench: Workbench) -> None:
    [one] = choosable(bench, 1)
    row = {"id": one, "data": {"text": "new"}, "updated_at": STAMP, "annotations": []}
    bench.desk.mirror.keep([row | {"created_at": "2026-01-01T00:00:00.000000Z"}])
    bench.configure(measuring_share=0.0)
    bench.exclude([one])
    bench.desk.mirror.remove([one])
    assert bench.wishes() == Wishes()
    bench.desk.mirror.keep([row | {"created_at": "2026-02-02T00:00:00.000000Z"}])
    assert bench.wishes() == Wishes()


def test_a_wish_is_over_once_its_task_is_for_measuring(bench: Workbench) -> None:
    bench.pin(choosable(bench, 3))
    bench.configure(measuring_share=1.0)
    assert bench.wishes() == Wishes()


def test_a_project_that_lsal_left_takes_no_wishes(bench: Workbench) -> None:
    bench.home.path("detached.json").write_text("{}")
    with pytest.raises(BadRequest, match="is detached"):
        bench.pin(choosable(bench, 1))


def test_of_two_writers_neither_loses_a_wish(bench: Workbench) -> None:
    bench.configure(measuring_share=0.0)
    code = (
        "import sys; from pathlib import Path; from lsal import wishes; from lsal.home import open_home\n"
        "for task in sys.argv[3:]: wishes.wish(open_home(Path(sys.argv[1])), sys.argv[2], {int(task): ''})"
    )
    parts = {"pinned": range(25, 43), "excluded": range(43, 61)}
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(bench.home.folder), kind, *map(str, tasks)])
        for kind, tasks in parts.items()
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0]
    assert bench.wishes() == Wishes(**{kind: tuple(tasks) for kind, tasks in parts.items()})


def _answer(bench: Workbench, task: int) -> None:
    annotation = {"id": 900 + task, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": []}
    row = {"id": task, "data": {"text": "x"}, "updated_at": STAMP, "annotations": [annotation]}
    bench.desk.mirror.keep([row])


# What a ranking makes of it ------------------------------------------------------------------


def ranked(
    wished: Wishes, n: int = 40, size: int = 10, strategy: str = "margin", reserve: Sequence[int] = ()
) -> Ranking:
    told, kind = predictions(n), TextChoices()
    each = [Candidates(CONTROL, make_pool(told, CONTROL), told, lambda p: kind.result(CONTROL, p))]
    return rank(each, reserve, strategy, size, 0.1, {"c": 3}, wishes=wished)


def ids(made: Ranking) -> list[int]:
    return [entry.task_id for entry in made.entries]


def test_pins_stand_first_with_what_the_model_says_and_the_strategy_picks_the_rest() -> None:
    usual = ids(ranked(Wishes()))
    sure = max(predictions(40), key=lambda one: one.confidence)
    made = ranked(Wishes(pinned=(sure.task_id, usual[4])))
    assert ids(made) == [sure.task_id, usual[4], *[task for task in usual if task != usual[4]][:8]]
    first = made.entries[0]
    assert first.pinned
    assert first.result["c"][0]["value"]["choices"] == [first.guess] == [sure.target.text]
    assert first.parts["uncertainty"] == first.score == pytest.approx(1 - first.margin)
    assert first.probability is None
    assert [entry.pinned for entry in made.entries] == [True, True] + [False] * 8
    assert made.why == "2 pinned by a person; the tasks whose two likeliest classes are closest"


def test_measuring_tasks_keep_their_share_and_their_places_beside_pins() -> None:
    pinned = tuple(range(15))
    made = ranked(Wishes(pinned=pinned), reserve=[1000, 1001])
    assert ids(made) == [0, 1, 2, 3, 4, 1000, 5, 6, 7, 8], "as many as there is room for; the others come next"
    assert made.why == "9 pinned by a person"


def test_pins_are_never_random_draws_and_draws_tell_their_chance_among_the_rest() -> None:
    made = ranked(Wishes(pinned=(1, 2), last=(3, 4, 5), excluded=(6, 7)), strategy="random")
    assert [entry.probability for entry in made.entries[:2]] == [None, None]
    assert [entry.probability for entry in made.entries[2:]] == pytest.approx([8 / 33] * 8)
    assert not {3, 4, 5, 6, 7} & {*ids(made)}
    assert made.pool == 38


def test_pushed_last_are_picked_only_when_nothing_else_is_left() -> None:
    last = tuple(range(34))
    made = ranked(Wishes(last=last), strategy="random")
    assert {*ids(made)[:6]} == {34, 35, 36, 37, 38, 39}
    assert {*ids(made)[6:]} <= {*last}
    assert [entry.probability for entry in made.entries[6:]] == [None] * 4
    assert made.why.endswith("; 4 that were pushed last, no other one is left")
    assert not {*last} & {*ids(ranked(Wishes(last=last), size=6))}
    every = ranked(Wishes(last=tuple(range(40))))
    assert ids(every) == ids(ranked(Wishes())), "in the strategy's order"


def test_excluded_tasks_are_never_picked() -> None:
    out = tuple(range(0, 40, 2))
    made = ranked(Wishes(excluded=out), size=100)
    assert sorted(ids(made)) == list(range(1, 40, 2))
    with pytest.raises(EmptyPool, match="40 tasks left, excluded by a person") as caught:
        ranked(Wishes(excluded=tuple(range(40))))
    assert "lsal give-back --all" in caught.value.fix


def test_a_pinned_task_that_no_model_can_read_is_shown_without_a_guess() -> None:
    made = ranked(Wishes(pinned=(77,)))
    assert made.entries[0].task_id == 77
    assert (made.entries[0].result, made.entries[0].guess, made.entries[0].pinned) == ({}, "", True)
    assert made.pool == 41


def test_wishes_count_before_the_first_version_too() -> None:
    vectors = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
    each = [Candidates(CONTROL, start_pool(list(range(30)), CONTROL, vectors))]
    made = rank(each, [], "auto", 6, 0.1, wishes=Wishes(pinned=(9,), excluded=tuple(range(10, 30))))
    assert ids(made)[0] == 9
    assert {*ids(made)} <= {*range(10)}
    assert made.entries[0].score == 0.0


def test_two_controls_both_say_what_they_think_of_a_pin() -> None:
    kind, told = TextChoices(), predictions(12)
    other = replace(CONTROL, name="d")
    both = [
        Candidates(each, make_pool(told, each), told, lambda p, each=each: kind.result(each, p))
        for each in (CONTROL, other)
    ]
    made = rank(both, [], "margin", 4, 0.0, wishes=Wishes(pinned=(5,)))
    assert set(made.entries[0].result) == {"c", "d"}
    assert made.entries[0].guess == told[5].target.text


# On a real Label Studio ------------------------------------------------------------------------


@pytest.mark.usefixtures("label_studio")
def test_people_get_what_was_pinned_first_and_never_what_was_excluded(root: Path, tmp_path: Path) -> None:
    bench = demo_of_texts(root, tmp_path, count=40)
    one, two, three, four = choosable(bench, 4)
    bench.pin([three, one])
    bench.exclude([two])
    bench.push_last([four])
    made = bench.rank().wait(240)
    assert made["exact"]
    live = publishing.live_publication(bench.home)
    assert live.task_ids[:2] == (three, one)
    assert not {two, four} & {*live.task_ids}
    assert bench.desk.project.next_task()["id"] == three
    assert [(row.task_id, row.pinned) for row in bench.queue(2)] == [(three, True), (one, True)]
    assert "pinned" in to_text(bench.queue(2))
    kept = scored.read(bench.home)
    assert kept
    assert (kept.ranking, kept.version) == (live.name, None)
    share = bench.home.settings().measuring_share
    assert kept.task_ids.tolist() == [t.id for t in bench.desk.mirror.tasks() if t.place >= share]
    assert kept.embeddings is not None
    assert bench.label(6).in_order == 6
    bench.round().wait(240)
    later = scored.read(bench.home)
    assert later
    assert later.version == 1
    assert later.chances is not None
    assert later.chances.shape == (len(later.task_ids), len(later.classes))
    assert {three, one} <= {*later.labelled_ids.tolist()}
    assert bench.wishes() == Wishes((), (four,), (two,)), "what is labelled is forgotten"
    assert two in later.task_ids, "it can be found, to be given back"
    assert two not in publishing.live_publication(bench.home).task_ids
    bench.give_back([two])
    bench.pin([two])
    bench.rank().wait(240)
    first = bench.queue(1)[0]
    assert (first.task_id, first.pinned) == (two, True)
    assert first.guess
    assert bench.verify().exact
