"""The map without a browser: places that keep, groups with names and numbers, and what becomes of chosen tasks."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mapped import HOSTILE, before_the_first_version, pool_of, vectors_of, with_pool

from lsal import projecting, scored
from lsal.dashboard import map_scatter, map_words
from lsal.dashboard.look import look
from lsal.dashboard.map_drawing import Drawing
from lsal.dashboard.map_groups import OKABE_ITO, WAYS, legend_of, table_of
from lsal.dashboard.map_page import Page
from lsal.dashboard.map_scatter import BATCH, BATCH_RING, DOT, GAP, PLAIN, RING, Scatter, drawn
from lsal.dashboard.map_section import MapSection
from lsal.errors import Cancelled
from lsal.jobs import ENDED, Job, State
from lsal.label_studio.mirror import Mirror
from lsal.projecting import kept, layout
from lsal.records import Progress, Wishes
from lsal.workbench import Workbench
from lsal.workbench.mapping import EARLIER, GONE, LABELLED, MEASURING, OPEN, Mapped

LATER = "2026-01-02T00:00:00Z"


def quiet(_: Progress) -> None:
    """Nobody listens."""


def stirred(n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Three groups of vectors, and which each belongs to."""
    draw = np.random.default_rng(1)
    group = draw.integers(0, 3, n)
    return (8 * np.eye(3, 12)[group] + draw.normal(size=(n, 12))).astype(np.float32), group


def own_neighbours(places: np.ndarray, group: np.ndarray) -> float:
    """The share of tasks whose nearest neighbour on the map is of their own group."""
    gaps = ((places[:, None] - places[None]) ** 2).sum(axis=-1)
    np.fill_diagonal(gaps, np.inf)
    return float((group[gaps.argmin(axis=1)] == group).mean())


# Places ----------------------------------------------------------------------------------


def test_what_is_alike_lies_together_also_where_only_some_were_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, group = stirred()
    vectors[3, 2] = np.nan  # as a broken model may say
    found = layout.reduced(vectors, 0, quiet)
    assert found.dtype == np.float32
    for places in (layout.by_components(found), layout.by_neighbours(found, 0, quiet)):
        assert np.abs(places).max() <= 1
        assert own_neighbours(places, group) > 0.95
    monkeypatch.setattr(layout, "FITTED", 80)
    told = list[str]()
    places = layout.by_neighbours(found, 0, lambda progress: told.append(progress.message))
    assert own_neighbours(places, group) > 0.95
    assert any("neighbours" in text for text in told)
    assert any("step 750 of 750" in text for text in told)
    np.testing.assert_array_equal(places, layout.by_neighbours(found, 0, quiet))


def test_placing_stops_within_a_few_steps_when_it_is_cancelled() -> None:
    found, told = layout.reduced(stirred()[0], 0, quiet), list[str]()

    def stop(progress: Progress) -> None:
        told.append(progress.message)
        if "step" in progress.message:
            raise Cancelled()

    with pytest.raises(Cancelled):
        layout.by_neighbours(found, 0, stop)
    assert told[-1] == "t-SNE, step 10 of 750"


@pytest.mark.parametrize("n", [1, 2, 9, 12])
def test_a_handful_of_tasks_can_be_placed_too(n: int) -> None:
    found = layout.reduced(stirred(n)[0], 0, quiet)
    for places in (layout.by_components(found), layout.by_neighbours(found, 0, quiet)):
        assert places.shape == (n, 2)
        assert np.isfinite(places).all()


def test_a_map_is_known_by_its_tasks_and_embeddings(isolated_root: Path) -> None:
    home = with_pool(isolated_root).home
    ids = np.arange(40)
    rows, places = kept.rows_of(ids, vectors_of(ids)), np.random.default_rng(0).random((40, 2))
    folder = home.path("maps", projecting.named(rows))
    folder.mkdir(parents=True)
    (folder / "job.json").write_text("{}")
    projecting.keep(folder, projecting.LINEAR, rows, places)
    assert projecting.named(rows) == projecting.named(rows[::-1])
    some = projecting.covering(home, rows[[7, 3]])
    assert some
    np.testing.assert_allclose(some.places, places[[7, 3]].astype(np.float32))
    assert projecting.covering(home, kept.rows_of(ids, vectors_of(ids, shift=0.1))) is None
    more = np.arange(41)
    assert projecting.covering(home, kept.rows_of(more, vectors_of(more))) is None
    assert projecting.newest(home, rows) is None, "only a map by neighbours is one to begin from"
    projecting.keep(folder, projecting.NEIGHBOURS, rows, places)
    known = projecting.newest(home, kept.rows_of(more, vectors_of(more, shift=0.1)))
    assert known is not None
    assert np.isnan(known[40]).all()
    assert np.isfinite(known[:40]).all()


# The worker ------------------------------------------------------------------------------


def ended(bench: Workbench) -> State:
    folder = bench.map_making()
    assert folder
    for state in Job(bench.home.path("maps", folder.id)).follow():
        last = state
    return last


def test_a_map_is_made_once_and_found_by_whoever_looks_next(isolated_root: Path) -> None:
    bench = with_pool(isolated_root)
    assert bench.map_making() is None
    seen = bench.map()
    assert seen
    assert seen.places is None
    bench.make_map()
    assert ended(bench).state == "done", ended(bench).error
    assert not bench.jobs(), "the strip of trainings knows nothing of it"
    other = Workbench(bench.root)
    again = other.make_map()
    assert again
    assert again.state == "done"
    seen = other.map()
    assert seen
    assert seen.places is not None
    assert seen.method == projecting.NEIGHBOURS
    assert own_neighbours(seen.places, seen.task_ids % 2) == 1
    assert (seen.cluster == seen.task_ids % 2).all(), "a labelled task is told the group beside which it lies"
    scored.keep(bench.home, replace(pool_of(bench.home), ranking="next", task_ids=pool_of(bench.home).task_ids))
    assert bench.make_map() == again, "the same tasks, looked at the same: nothing is worked out again"
    scored.keep(bench.home, pool_of(bench.home, "third", shift=1.0))
    assert bench.map_making() is None
    meanwhile = bench.map()
    assert meanwhile
    assert meanwhile.method == EARLIER, "until then the tasks stay where they lay"
    bench.make_map()
    assert ended(bench).state == "done"
    assert [path.name for path in bench.home.path("maps").iterdir()] == [ended(bench).id]
    third = bench.map()
    assert third
    assert third.places is not None
    assert np.median(np.abs(third.places - seen.places)) < 0.35, "it begins from the map before"


def test_the_making_of_a_map_can_be_cancelled_and_begun_again(isolated_root: Path) -> None:
    bench = with_pool(isolated_root)
    assert not bench.cancel_map()
    bench.make_map()
    assert bench.cancel_map()
    assert ended(bench).state == "cancelled"
    state = bench.make_map()
    assert state
    assert state.state == "cancelled", "who opens the map again does not begin it behind one's back"
    assert "cancelled" in map_words.doing(state, None)["text"]
    state = bench.make_map(again=True)
    assert state
    assert state.state not in ENDED
    bench.cancel_map()
    assert ended(bench).state in ENDED


# What is known of each task --------------------------------------------------------------


def placed(bench: Workbench) -> Mapped:
    """With places as a worker would leave them."""
    seen = bench.map()
    assert seen
    spots = np.stack([np.where(seen.task_ids % 2, 0.8, -0.8), np.linspace(-1, 1, len(seen.task_ids))], axis=1)
    return replace(seen, places=spots.astype(np.float32), method=projecting.NEIGHBOURS)


def label(bench: Workbench, task: int) -> None:
    home = bench.home
    mirror = Mirror(home.path("mirror.sqlite"), home.order_key)
    (found,) = mirror.tasks(ids=[task])
    answer = {"id": 900 + task, "completed_by": 1, "was_cancelled": False, "updated_at": LATER, "result": []}
    mirror.keep([{"id": task, "data": found.data, "updated_at": LATER, "annotations": [answer]}])


def test_tasks_stand_as_they_do_now_not_as_the_ranking_saw_them(isolated_root: Path) -> None:
    bench = with_pool(isolated_root)
    before = bench.map()
    assert before
    first, second = (int(task) for task in before.task_ids[:2])
    assert (before.standing[: len(pool_of(bench.home).task_ids)] == OPEN).all()
    label(bench, first)
    Mirror(bench.home.path("mirror.sqlite"), bench.home.order_key).remove([second])
    after = bench.map()
    assert after
    assert after.standing[:2].tolist() == [LABELLED, GONE]
    bench.configure(measuring_share=0.9)
    measuring = bench.map()
    assert measuring
    assert (measuring.standing == MEASURING).any()
    assert set(after.task_ids[after.batch & (after.standing == OPEN)]) <= set(range(25, 50))


def test_a_class_keeps_its_colour_and_rare_ones_are_others(isolated_root: Path) -> None:
    seen = placed(with_pool(isolated_root))
    by_guess, by_label = legend_of(seen, "prediction"), legend_of(seen, "label")
    assert [group.name for group in by_guess.groups] == ["ham", HOSTILE[:60]]
    assert [group.colour for group in by_guess.groups] == list(OKABE_ITO[:2])
    assert [group.colour for group in by_label.groups[:2]] == list(OKABE_ITO[:2])
    assert by_label.groups[-1].name == "not labelled at the last ranking"
    for by in WAYS:
        told = legend_of(seen, by, dark=True)
        assert sum(group.tasks for group in told.groups) == len(seen.task_ids)
        assert sum(group.labelled for group in told.groups) == int((seen.standing == LABELLED).sum())
    classes = tuple(f"class {n}" for n in range(1_000_000))
    guess = np.arange(len(seen.guess)) % 12 * 80_000
    many = legend_of(replace(seen, classes=classes, guess=guess, label=np.full(len(guess), -1)), "prediction")
    assert [group.name for group in many.groups][-2:] == ["4 others", "no single class"]
    assert len({group.colour for group in many.groups}) == len(many.groups) == 10


def test_another_colouring_moves_no_point(isolated_root: Path) -> None:
    seen = placed(with_pool(isolated_root))
    first, *others = (drawn(seen, legend_of(seen, by), "#222222", "#ffffff") for by in WAYS)
    shown = Scatter(lambda point: None, lambda points: None)
    shown.draw(first)
    assert shown.view.non_spatial_points_update is False
    for other in others:
        assert np.array_equal(first.points[:, :2], other.points[:, :2])
        assert shown.draw(other) > 0
        assert shown.view.non_spatial_points_update is True
    assert shown.draw(other) == 0, "what is drawn already is not sent"


def test_a_page_that_missed_the_points_gets_them_again(isolated_root: Path) -> None:
    seen = placed(with_pool(isolated_root))
    made = Drawing(Alone(Workbench(isolated_root)), lambda point: None, lambda points: None)
    sent = list[Any]()

    async def begun() -> None:
        await made.hear(2)  # the page has the two corners of the empty drawing, and there are no points yet
        await made.draw(points, Page(able=True))
        assert made.scatter
        made.scatter.view.observe(lambda change: sent.append(change["new"]), "points")
        await made.hear(len(points.points))
        assert sent == []
        await made.hear(2)

    points = drawn(seen, legend_of(seen, "label"), "#222222", "#ffffff")
    asyncio.run(begun())
    [told] = sent
    assert not np.array_equal(told, points.points), "of equal ones a page hears nothing"
    assert np.allclose(told, points.points)


def test_the_map_can_be_read_as_a_table(isolated_root: Path) -> None:
    seen = placed(with_pool(isolated_root))
    told = table_of(seen)
    assert [row["name"] for row in told] == ["group 1", "group 2", "in no group"]
    assert told[0]["guess"] == "ham, 100%"
    assert sum(int(str(row["open"])) + int(str(row["labelled"])) for row in told) == len(seen.task_ids)
    assert told[0]["doubt"] == pytest.approx(float(seen.doubt[seen.guess == 0].mean()))


def test_rings_lie_beneath_their_tasks(isolated_root: Path) -> None:
    seen = placed(with_pool(isolated_root))
    told = drawn(seen, legend_of(seen, "label"), "#222222", "#ffffff")
    done = int(np.flatnonzero(seen.standing == LABELLED)[0])
    waiting = int(np.flatnonzero(seen.batch & (seen.standing == OPEN))[0])
    plain = int(np.flatnonzero(~seen.batch & (seen.standing == OPEN))[0])
    assert told.points[told.tasks == done, 3].tolist() == [RING, DOT]
    assert told.points[told.tasks == waiting, 3].tolist() == [BATCH_RING, GAP, BATCH]
    assert told.points[told.tasks == plain, 3].tolist() == [PLAIN]
    colours = [told.colours[int(code)] for code in told.points[told.tasks == waiting, 2]]
    assert colours[:2] == ["#222222", "#ffffff"]
    dots = np.flatnonzero(np.isin(told.points[:, 3], (DOT, BATCH)))
    assert dots.min() > np.flatnonzero(np.isin(told.points[:, 3], (RING, BATCH_RING, GAP, PLAIN))).max()


# The section -----------------------------------------------------------------------------


class Alone:
    """What a section may ask, without a dashboard around it."""

    def __init__(self, bench: Workbench) -> None:
        self.bench, self.asked = bench, list[tuple[Any, ...]]()

    async def apart(self, work: Callable[..., Any], *given: Any) -> Any:
        return work(*given)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        asyncio.run(work)

    def act(self, name: str, *given: Any, **more: Any) -> None:
        self.asked.append((name, *given))


@pytest.fixture
def section(isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> MapSection:
    """One that shows a map whose places are there."""
    bench = with_pool(isolated_root)
    seen, state = placed(bench), State("x", "map", "done", Progress(1, 1), 0.0, 1.0)
    monkeypatch.setattr(bench, "map", lambda: seen)
    monkeypatch.setattr(bench, "map_making", lambda: state)
    made = MapSection(Alone(bench))
    made.show(look(bench), None)
    asyncio.run(made.step())
    return made


def say(section: MapSection, what: str, **more: Any) -> None:
    section.panel._handle_custom_msg({"do": what, **more}, [])


def test_chosen_tasks_are_counted_and_only_open_ones_are_acted_on(section: MapSection) -> None:
    looked = list[list[int]]()
    section.on_look = looked.append
    say(section, "pick", key=0)
    told, seen = section.panel.chosen, section._seen
    assert seen
    assert told["tasks"] == section.panel.legend[0]["tasks"]
    assert told["open"] < told["tasks"]
    assert told["left_out"] == f"left out: {told['tasks'] - told['open']} labelled"
    say(section, "look")
    say(section, "exclude")
    say(section, "pin")
    assert [one[0] for one in section._live.asked] == ["exclude", "pin"]  # type: ignore[attr-defined]
    for ids in (*looked, *(one[1] for one in section._live.asked)):  # type: ignore[attr-defined]
        assert len(ids) == told["open"]
        assert all(task % 2 == 0 and task >= 25 for task in ids)
    section._wishes = Wishes(excluded=(looked[0][0],))
    say(section, "give_back")
    assert section._live.asked[-1] == ("give_back", [looked[0][0]])  # type: ignore[attr-defined]
    say(section, "clear")
    assert section.panel.chosen == {}
    say(section, "cluster", key=1)
    assert section.panel.chosen["tasks"] == int((seen.cluster == 1).sum())


def test_what_a_page_must_not_ask_changes_nothing(section: MapSection) -> None:
    before = dict(section.panel.get_state())
    for wrong in ("detach", "__class__", "", None):
        section.panel._handle_custom_msg({"do": wrong}, [])
    say(section, "colour", by="nonsense")
    say(section, "pick", key="all")
    say(section, "page", able=False, ink="red;}", ground=HOSTILE)
    assert section._live.asked == []  # type: ignore[attr-defined]
    assert {k: v for k, v in section.panel.get_state().items() if k != "chosen"} == {
        k: v for k, v in before.items() if k != "chosen"
    }
    assert section._page.ground == "#ffffff"


def test_seeds_are_chosen_before_the_first_version(section: MapSection, isolated_root: Path) -> None:
    bench = section._live.bench
    scored.keep(bench.home, before_the_first_version(pool_of(bench.home)))
    seen = placed(Workbench(bench.root))
    told = map_words.chosen(seen, np.arange(3), Wishes())
    assert told["first"] is True
    assert legend_of(seen, "prediction").groups[-1].name == "no guess before the first version"
    assert map_words.card(seen, 0, Wishes())["facts"] == [("group", str(seen.cluster[0] + 1))]


def test_empty_states_say_what_to_do(isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "press Re-rank" in map_words.empty(None)
    bench = with_pool(isolated_root)
    scored.keep(bench.home, replace(pool_of(bench.home), embeddings=None, labelled_embeddings=None))
    assert bench.make_map() is None
    assert "has no embeddings" in map_words.empty(bench.map())
    shown = MapSection(Alone(bench))
    shown.show(look(bench), None)
    monkeypatch.setattr(map_scatter, "find_spec", lambda name: None)
    asyncio.run(shown.step())
    assert "pip install 'lsal[map]'" in shown.panel.empty


def test_a_picture_of_some_says_so(isolated_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = placed(with_pool(isolated_root))
    assert "by t-SNE of their embeddings" in map_words.caption(seen)
    monkeypatch.setattr(map_words, "FITTED", 20)
    assert "t-SNE of 20 of them; each other task lies among its nearest neighbours" in map_words.caption(seen)
    assert "principal components" in map_words.caption(replace(seen, method=projecting.LINEAR))
    assert "on the map before" in map_words.caption(replace(seen, method=EARLIER))
