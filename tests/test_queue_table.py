"""The table of all open tasks in the kernel: columns, sifting, what a page is sent, and what it may wish."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from open_tasks import open_tasks
from prepared import HOSTILE, STAMP, prepared, publish

from lsal.dashboard.board import Dashboard
from lsal.dashboard.in_sight import AT_ONCE, CLASSES, InSight
from lsal.dashboard.on_demand import AT_ONCE_S, OnDemand
from lsal.dashboard.previews import LETTERS, Previews
from lsal.dashboard.queue_section import QueueSection
from lsal.dashboard.sifting import CUT, SORTS, Wish, order, sift
from lsal.files import write_json
from lsal.label_studio.mirror import Mirror
from lsal.records import Entry, Ranking
from lsal.workbench import Workbench
from lsal.workbench.open_pool import MARKS, MEASURING, OpenPool

TASKS, BATCH = 400, 40


@pytest.fixture
def bench(isolated_root: Path) -> Workbench:
    return open_tasks(isolated_root, TASKS, BATCH)


@pytest.fixture
def pool(bench: Workbench) -> OpenPool:
    return bench.open_pool()


# The columns -----------------------------------------------------------------------------


def test_the_batch_comes_first_then_the_rest_by_doubt(pool: OpenPool) -> None:
    places = order(pool, "rank", False)
    assert len(places) == TASKS
    assert pool.rank[places[:BATCH]].tolist() == list(range(BATCH))
    assert set(pool.rank[places[BATCH:]].tolist()) == {-1}
    doubts = pool.doubt[places[BATCH:]]
    known = doubts[~np.isnan(doubts)]
    assert len(known) > TASKS / 2
    assert (np.diff(known) <= 0).all()
    assert np.isnan(doubts[len(known) :]).all(), "those without one come last"


def test_nothing_is_told_of_what_a_model_said_of_measuring_tasks(pool: OpenPool) -> None:
    hidden = pool.marks & MEASURING > 0
    assert 4 <= hidden.sum() < 20
    assert (pool.guess[hidden] == -1).all()
    assert (pool.runner_up[hidden] == -1).all()
    assert all(np.isnan(values[hidden]).all() for values in (pool.chance, pool.margin, pool.doubt))
    assert (pool.guess[~hidden] >= 0).all()


def test_without_arrays_the_batch_still_speaks_for_itself(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    publish(bench, list(range(25, 50)))
    pool = bench.open_pool()
    assert pool.classes == ("spam", "ham")
    assert len(pool) == 36
    told = (pool.rank >= 0) & (pool.marks & MEASURING == 0)
    assert told.sum() > 10
    assert (~np.isnan(pool.doubt) == told).all()
    assert not pool.address, "its Label Studio is down"


def test_what_has_no_single_class_is_told_in_words(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    bench.configure(measuring_share=0.0)
    found, hidden = Entry(30, 1.0, guess="2 disc", chance=0.4), Entry(31, 0.0, measuring=True, guess="1 disc")
    again = Entry(3, 0.0, guess="ham", relabel="doubtful")
    publish(bench, [30, 31, 3])
    ranking = Ranking((found, hidden, again), "auto", {}, 0.0)
    write_json(bench.home.path("rankings", "lsal-queue-test.json"), asdict(ranking))
    pool = bench.open_pool()
    assert pool.said == {30: "2 disc"}
    assert set(pool.guess.tolist()) == {-1}
    assert 3 not in pool.task_ids, "it is labelled, and was not sent back"
    write_json(bench.home.path("sent_back.json"), {"tasks": {"3": {}}, "looked": {}})
    pool = bench.open_pool()
    assert pool.marks[pool.places([3])].tolist() == [1 << MARKS.index("sent back")]


# Sifting ---------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("down", [False, True])
def test_every_order_holds_all_tasks_once_and_unknown_ones_last(pool: OpenPool, sort: str, down: bool) -> None:
    places = order(pool, sort, down)
    assert sorted(places.tolist()) == list(range(TASKS))
    keys = {
        "rank": pool.rank,
        "guess": pool.guess,  # the classes stand in the order of the alphabet
        "task": pool.task_ids,
        "cluster": pool.cluster,
        **{name: getattr(pool, name) for name in ("chance", "margin", "doubt")},
    }
    values = keys[sort][places].astype(float)
    known = values[~np.isnan(values) & (values >= 0)]
    assert np.isnan(values[len(known) :]).all() or (values[len(known) :] < 0).all()
    assert (np.diff(-known if down else known) >= 0).all()
    assert len(set(known.tolist())) > 1


def test_filters_leave_what_is_asked_for(bench: Workbench, pool: OpenPool) -> None:
    def ids(only: Any = None, found: Any = None, **wish: Any) -> set[int]:
        return set(pool.task_ids[sift(pool, Wish.read(wish), only, found)].tolist())

    card, both = pool.classes.index("card"), [pool.classes.index(name) for name in ("refund", "transfer")]
    assert ids(label="card") == set(pool.task_ids[pool.guess == card].tolist())
    assert ids(label="F") == set(pool.task_ids[np.isin(pool.guess, [*both, pool.classes.index("fees")])].tolist())
    assert not ids(label="no such class")
    assert len(ids(batch=True)) == BATCH
    assert ids(cluster=3) == set(pool.task_ids[pool.cluster == 3].tolist())
    assert len(ids(mark="random slice")) == 1
    told = int((~np.isnan(pool.doubt)).sum())
    assert len(ids(doubt="most 5")) == pytest.approx(0.05 * told, abs=1.5)
    assert not ids(doubt="most 5") & ids(doubt="least 25")
    assert ids(only=np.array([3, 9, 10**9]), cluster=-1) == {3, 9}
    assert ids(found=bench.holding("Message 39:")) == {39}
    assert ids() == set(range(1, TASKS + 1))


def test_what_a_page_wishes_may_be_nonsense() -> None:
    wish = Wish.read({"sort": "<b>", "down": 1, "batch": "yes", "cluster": True, "text": None, "more": 3})
    assert wish == Wish()
    assert Wish.read({"sort": "margin", "down": True, "cluster": 4}) == Wish("margin", True, cluster=4)


def test_texts_are_found_by_what_is_in_them_alone(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    there = {"updated_at": STAMP, "annotations": []}
    texts = {90: 'a "quoted" 100% C:\\folder_x', 91: "Zoë said\nhello", 92: "\x00null", 93: "x" * 1_000_000 + "needle"}
    bench.desk.mirror.keep([{"id": n, "data": {"text": text, "word": n}, **there} for n, text in texts.items()])
    finds = {'"QUOTED"': [90], "100%": [90], "%": [90], "r_x": [90], "\\f": [90], "Zoë": [91], "said\nh": [91]}
    for text, wanted in (finds | {"needle": [93], "word": [], "26": [26], "#26": [26], "\ud800": []}).items():
        assert [n for n in bench.holding(text).tolist() if n > 60 or text.strip("#").isdigit()] == wanted, text
    assert bench.holding("Message 7:").tolist() == [], "it is labelled"


# In the dashboard ------------------------------------------------------------------------


def section_of(bench: Workbench) -> QueueSection:
    return Dashboard(bench).queue


def say(section: QueueSection, **content: Any) -> None:
    """As a page does."""
    section.table._handle_custom_msg({"view": "a page", **content}, [])


def test_a_page_is_sent_what_it_shows(bench: Workbench) -> None:
    section = section_of(bench)
    told = section.table.told
    assert (told["total"], told["all"], told["batch"]) == (TASKS, TASKS, BATCH)
    assert set(told["columns"]) == {"guess", "chance", "second", "margin", "cluster"}
    sent: list[dict[str, Any]] = []
    section.table.send = lambda content, buffers=None: sent.append(content)
    say(section, ask="rows", first=0, count=30)
    say(section, ask="rows", first=TASKS - 5, count=10**6)
    say(section, ask="rows", first="0", count=None)
    assert [len(one["rows"]) for one in sent] == [30, 5]
    assert len(section.sight.rows(0, 10**6, ())) == AT_ONCE
    assert len(json.dumps(sent[0])) < 4000
    first = sent[0]["rows"][0]
    assert first[:2] == [section.sight.tasks(0, 0)[0], 0]
    assert first[8] == 1 << MARKS.index("random slice")


def test_ticked_tasks_are_steered_with_measuring_ones_left_out(bench: Workbench) -> None:
    section = section_of(bench)
    epoch, tasks = section.sight.epoch, section.sight.tasks(0, 9)
    say(section, do="tick", first=0, last=9, on=True, epoch=epoch)
    assert section.table.ticked.items() >= {"count": 10, "hidden": 0, "kept": 1}.items()
    assert [row[-1] for row in section.sight.rows(0, 11, section._ticked)] == [True] * 10 + [False]
    say(section, do="tick", first=0, last=0, on=False, epoch=epoch)
    say(section, do="tick", first=0, last=300, on=True, epoch=epoch + 1)
    assert section.table.ticked["count"] == 9, "of another order a page cannot know what stands there"
    say(section, do="pin")
    pinned = set(bench.wishes().pinned)
    assert pinned == {*tasks[1:]} - {tasks[4]}
    assert section.table.pending == "Waits for the next Re-rank: 8 pinned."
    assert section.table.told["marks"]["pinned"] == 8
    section.table.wish = {"mark": "pinned"}
    assert set(section.sight.tasks(0, 99)) == pinned
    assert section.table.ticked["hidden"] == 1
    say(section, do="untick")
    section.table.current = tasks[1]
    say(section, do="give_back")
    assert set(bench.wishes().pinned) == pinned - {tasks[1]}
    say(section, do="tick_all")
    say(section, do="exclude")
    assert set(bench.wishes().excluded) == pinned - {tasks[1]}


def test_measuring_tasks_alone_are_refused_with_a_reason(bench: Workbench) -> None:
    board = Dashboard(bench)
    section = board.queue
    section.table.wish = {"mark": "measuring", "sort": "task"}
    mine = next(row[0] for row in section.sight.rows(0, 20, ()) if row[1] < 0)
    section.table.current = mine
    say(section, do="exclude")
    assert "is for measuring" in board.error.value
    assert not bench.wishes().excluded
    say(section, do="round")
    say(section, do="__init__")
    assert not bench.jobs()


def test_only_some_tasks_with_the_reason_why(bench: Workbench) -> None:
    section = section_of(bench)
    section.only([5, 7, 10**9], why=HOSTILE)
    assert section.table.told["only"] == {"why": HOSTILE[:CUT], "count": 3}
    assert sorted(section.sight.tasks(0, 9)) == [5, 7]
    section.table.wish = {"sort": "task", "down": True}
    assert section.sight.tasks(0, 9) == [7, 5]
    say(section, do="all")
    assert section.table.told["only"] is None
    assert section.table.told["total"] == TASKS


def test_a_cell_of_the_confusion_matrix_shows_what_might_be_confused_next(bench: Workbench) -> None:
    board = Dashboard(bench)
    section, pool = board.queue, bench.open_pool()
    known = np.flatnonzero((pool.guess >= 0) & (pool.runner_up >= 0))
    guess, truth = int(pool.guess[known[0]]), int(pool.runner_up[known[0]])
    board.curve.on_cell(pool.classes[truth], pool.classes[guess])
    like = pool.task_ids[(pool.guess == guess) & (pool.runner_up == truth)]
    assert 0 < len(like) < TASKS
    assert sorted(section.sight.tasks(0, TASKS)) == like.tolist()
    assert section.table.told["only"]["why"] == f"guess {pool.classes[guess]}, runner-up {pool.classes[truth]}"
    board.refresh()
    assert board.tabs.titles[0] == "Queue (some)"
    board.curve.on_cell("", "")
    board.refresh()
    assert section.table.told["total"] == TASKS
    assert board.tabs.titles[0] == "Queue"


def test_a_task_that_is_looked_at_is_explained(bench: Workbench) -> None:
    section = section_of(bench)
    section.table.current = section.sight.tasks(1, 1)[0]
    assert (section.why.view.why["task"], section.why.view.why["place"]) == (section.table.current, 1)
    section.table.current = 0
    assert section.why.view.why == {}


def test_a_look_that_finds_nothing_new_keeps_the_order(bench: Workbench) -> None:
    board = Dashboard(bench)
    told, sight = board.queue.table.told, board.queue.sight
    bench.configure(batch=30)
    board.refresh()
    assert board.queue.table.told is told or board.queue.table.told == told
    assert board.queue.sight.epoch == sight.epoch
    answer = {"id": 1, "completed_by": 1, "was_cancelled": False, "updated_at": STAMP, "result": []}
    bench.desk.mirror.keep([{"id": 5, "data": {"text": ""}, "updated_at": STAMP, "annotations": [answer]}])
    board.refresh()
    assert board.queue.sight.epoch == sight.epoch + 1
    assert board.queue.table.told["all"] == TASKS - 1


def test_many_classes_with_hostile_names_do_not_choke_it(isolated_root: Path) -> None:
    names = ("\u202e" + "x" * 1_000_000, HOSTILE, "", *(f"class {n}" for n in range(10_000)))
    section = section_of(open_tasks(isolated_root, 3000, classes=names))
    assert len(section.table.told["classes"]) == CLASSES
    assert len(json.dumps(section.table.told)) < 40_000
    assert len(json.dumps(section.sight.rows(0, 100, ()))) < 60_000
    section.table.wish = {"label": "class 99", "sort": "guess"}
    assert {row[2] for row in section.sight.rows(0, 100, ())} <= {"class 99"}


# Previews --------------------------------------------------------------------------------


class Alone:
    """What previews ask of a dashboard: a bench, and threads."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.tasks = bench, set[asyncio.Task[None]]()

    async def apart(self, work: Callable[..., Any], *given: Any) -> Any:
        return await asyncio.to_thread(work, *given)

    def spawn(self, work: Any) -> None:
        self.tasks.add(asyncio.get_running_loop().create_task(work))


def test_previews_of_rows_that_were_scrolled_away_are_never_made(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, leave, made, real = threading.Event(), threading.Event(), list[int](), Previews.of

    def of(self: Previews, rows: Any) -> Any:
        begun.set()
        leave.wait(60)
        made.extend(row.task_id for row in rows)
        return real(self, rows)

    monkeypatch.setattr(Previews, "of", of)

    async def play() -> None:
        live, sent = Alone(bench), list[dict[str, Any]]()
        demand = OnDemand(live, sent.append)  # type: ignore[arg-type]
        demand.want("one", range(1, 41))
        assert await asyncio.to_thread(begun.wait, 60)
        await asyncio.sleep(2 * AT_ONCE_S)  # the first is under way, and its time is over
        demand.want("one", [100, 101])
        demand.want("other", [101, 10**9])
        leave.set()
        await asyncio.gather(*live.tasks)
        seen = {int(task): one for part in sent for task, one in part["previews"].items()}
        assert set(seen) == {1, 100, 101, 10**9}
        assert seen[100]["text"].startswith("Message 100:")
        assert "no longer" in seen[10**9]["problem"]

    asyncio.run(play())
    assert sorted(made) == [1, 100, 101]


def test_previews_that_could_not_be_made_are_made_when_they_are_asked_for_again(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = list[dict[str, Any]]()

    async def play() -> None:
        live = Alone(bench)
        demand = OnDemand(live, sent.append)  # type: ignore[arg-type]
        with monkeypatch.context() as patch:
            patch.setattr(Mirror, "tasks", broken)
            demand.want("one", [7])
            with pytest.raises(OSError, match="locked"):
                await asyncio.gather(*live.tasks)
        live.tasks.clear()
        demand.want("one", [7])
        await asyncio.gather(*live.tasks)

    def broken(*_: Any, **__: Any) -> Any:
        raise OSError("the file is locked")

    asyncio.run(play())
    assert [list(part["previews"]) for part in sent] == [["7"]]


def test_previews_are_cut_and_kept(isolated_root: Path) -> None:
    bench = prepared(isolated_root)
    long = {"id": 90, "data": {"text": "\x07" + HOSTILE + "x" * 1_000_000}, "updated_at": STAMP, "annotations": []}
    bench.desk.mirror.keep([long])
    sent = list[dict[str, Any]]()

    async def play() -> None:
        live = Alone(bench)
        demand = OnDemand(live, sent.append)  # type: ignore[arg-type]
        demand.want("one", [90, 30])
        await asyncio.gather(*live.tasks)

    asyncio.run(play())
    told = {task: one for part in sent for task, one in part["previews"].items()}
    assert len(told["90"]["text"]) == LETTERS
    assert len(json.dumps(sent)) < 3 * LETTERS


def test_a_window_on_nothing_is_nothing(bench: Workbench, pool: OpenPool) -> None:
    sight = InSight(0, pool, np.zeros(0, np.int64))
    assert sight.rows(-5, 10, ()) == sight.tasks(0, 9) == []
    assert sight.hidden([1, 2, 10**9]) == 2
    assert pool.places([10**9]).tolist() == []
